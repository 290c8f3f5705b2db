"""The tests of a configuration: written in it, in files beside it, or made by scenarios."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.criteria.inclusions import FILE
from auditor.criteria.promptfoo.files import read_text
from auditor.criteria.promptfoo.shorthand import assertion_of
from auditor.errors import ConfigError
from auditor.text import marked_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

MAX_TESTS = 20_000
"""Tests of a configuration, with every list of values written out."""

_KNOWN = frozenset(("vars", "assert", "threshold", "description", "options"))
_COLUMN = re.compile(r"__expected\d*")


class Written(NamedTuple):
    """An assertion as it was written, where, and whether it is of every test."""

    place: str
    entry: Any
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test: its variables, its assertions as they were written, and where it stands."""

    place: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    assertions: Sequence[Written] = ()
    threshold: float | None = None
    transform: str | None = None


@dataclass(slots=True)
class Reading:
    """One configuration on its way to tests; ``left`` says what was not taken over, by place."""

    document: marked_yaml.MarkedYaml
    folder: Path
    left: list[str] = field(default_factory=list)

    def leave(self, place: str, words: str) -> None:
        """Note what is not taken over."""
        line = f"{place}: {words}"
        if line not in self.left:
            self.left.append(line)

    def tests(self) -> list[Test]:
        """Every test, with the assertions and variables of ``defaultTest`` in it.

        Raises:
            ConfigError: more tests than are read.
        """
        value = self.document.value
        default = self._default(value.get("defaultTest"))
        written = list(self._written(value.get("tests"), ("tests",), default))
        for i, scenario in enumerate(self._listed(value.get("scenarios"), ("scenarios",))):
            written += self._scenario(scenario, ("scenarios", i), default)
        if len(written) > MAX_TESTS:
            raise ConfigError(f"{self.document.name}: more than {MAX_TESTS:,} tests")
        return written or ([default] if default.assertions else [])

    def _listed(self, value: Any, path: tuple[Any, ...]) -> list[Any]:
        """A list as it is; anything else is said, and is none."""
        if value is not None and not isinstance(value, list):
            self.leave(self.document.place(path), f"{path[-1]} is no list, and is not read")
        return value if isinstance(value, list) else []

    def _default(self, entry: Any) -> Test:
        place = self.document.place(("defaultTest",))
        if isinstance(entry, str):
            loaded = self._file(entry, place)
            return self._test(
                loaded, place, Test(place=place), path=("defaultTest",), keep_places=False
            )
        return self._test(entry or {}, place, Test(place=place), path=("defaultTest",))

    def _written(self, value: Any, path: tuple[Any, ...], default: Test) -> Iterator[Test]:
        """The tests of a list, of a file, or of a list of files."""
        if isinstance(value, str):
            yield from self._of_file(value, self.document.place(path), default)
        elif isinstance(value, list):
            for i, entry in enumerate(value):
                place = self.document.place((*path, i))
                if isinstance(entry, str):
                    yield from self._of_file(entry, place, default)
                else:
                    yield from self._expanded(self._test(entry, place, default, path=(*path, i)))
        elif value is not None:
            self.leave(self.document.place(path), "tests that are no list are not read")

    def _scenario(self, entry: Any, path: tuple[Any, ...], default: Test) -> Iterator[Test]:
        place = self.document.place(path)
        if not isinstance(entry, dict):
            self.leave(place, "a scenario from a file is not read")
            return
        shared = entry.get("config") or [{}]
        tests = list(self._written(entry.get("tests") or [{}], (*path, "tests"), default))
        for data, test in itertools.product(
            shared if isinstance(shared, list) else [shared], tests
        ):
            base = self._test(data, place, default)
            own = test.assertions[len(default.assertions) :]
            yield from self._expanded(
                Test(
                    place=test.place,
                    variables={**base.variables, **test.variables},
                    assertions=(*base.assertions, *own),
                    threshold=test.threshold if test.threshold is not None else base.threshold,
                    transform=test.transform or base.transform,
                )
            )

    def _test(
        self,
        entry: Any,
        place: str,
        default: Test,
        *,
        path: tuple[Any, ...] | None = None,
        keep_places: bool = True,
    ) -> Test:
        if not isinstance(entry, dict):
            self.leave(place, "this test is not read: it is no mapping")
            return Test(place=place)
        options = entry.get("options") or {}
        if not isinstance(options, dict):
            self.leave(place, "options that are no mapping are not read")
            options = {}
        for key in sorted(entry.keys() - _KNOWN, key=str):
            self.leave(place, f"{key} of a test is not taken over")
        for key in sorted(options.keys() - {"transform", "disableDefaultAsserts"}, key=str):
            self.leave(place, f"options.{key} of a test is not taken over")
        variables = entry.get("vars") or {}
        if isinstance(variables, str):
            variables = self._file(variables, place) or {}
        if not isinstance(variables, dict):
            self.leave(place, "vars that are no mapping are not read")
            variables = {}
        listed = entry.get("assert") or []
        if not isinstance(listed, list):
            self.leave(place, "assert is no list, and is not read")
            listed = []
        own = []
        for i, one in enumerate(listed):
            known = path is not None and keep_places
            where = self.document.place((*(path or ()), "assert", i)) if known else place
            own.append(Written(where, one, shared=path == ("defaultTest",)))
        inherited = () if options.get("disableDefaultAsserts") else default.assertions
        return Test(
            place=place,
            variables={**default.variables, **variables},
            assertions=(*inherited, *own),
            threshold=entry.get("threshold", default.threshold),
            transform=options.get("transform") or default.transform,
        )

    def _expanded(self, test: Test) -> Iterator[Test]:
        """One test for each combination of the values that its variables list."""
        lists = {k: v for k, v in test.variables.items() if isinstance(v, list) and v}
        if not lists:
            yield test
            return
        combinations = itertools.product(*lists.values())
        for values in itertools.islice(combinations, MAX_TESTS + 1):
            yield Test(
                place=test.place,
                variables={**test.variables, **dict(zip(lists, values, strict=True))},
                assertions=test.assertions,
                threshold=test.threshold,
                transform=test.transform,
            )

    def _of_file(self, name: str, place: str, default: Test) -> Iterator[Test]:
        loaded = self._file(name, place)
        for entry in loaded if isinstance(loaded, list) else [loaded] if loaded else []:
            number = entry.pop("__line", None) if isinstance(entry, dict) else None
            where = place if number is None else f"{name.removeprefix(FILE)}:{number}"
            yield from self._expanded(self._test(entry, where, default, keep_places=False))

    def _file(self, name: str, place: str) -> Any:
        """What a file of tests or of one mapping holds; None, and a line, where it is not read."""
        plain = name.removeprefix(FILE)
        path = (self.folder / plain).resolve()
        reader = _READERS.get(path.suffix.lower())
        if reader is None or "*" in plain or not path.is_relative_to(self.folder.resolve()):
            why = "is no CSV, JSON, JSON lines or YAML file beside the configuration"
            self.leave(place, f"{plain} is not read: it {why}")
            return None
        try:
            return reader(read_text(path), path.name)
        except (OSError, ValueError, ConfigError, RecursionError) as error:
            self.leave(place, f"{plain} is not read: {error}")
            return None


def _of_csv(text: str, name: str) -> list[dict[str, Any]]:  # noqa: ARG001 the same for all kinds
    rows = csv.DictReader(io.StringIO(text), strict=True)
    try:
        return [_of_row(row, number) for number, row in enumerate(rows, 2)]
    except csv.Error as error:
        raise ValueError(f"no CSV: {error}") from error


def _of_row(row: Mapping[str | None, Any], number: int) -> dict[str, Any]:
    """The test of one row: columns with two underscores say how, the others are variables."""
    cells = {(name or "").strip(): cell for name, cell in row.items() if isinstance(cell, str)}
    own = {name: cell for name, cell in cells.items() if name.startswith("__") and cell.strip()}
    test: dict[str, Any] = {
        "vars": {name: cell for name, cell in cells.items() if name and not name.startswith("__")},
        "assert": [assertion_of(cell) for name, cell in own.items() if _COLUMN.fullmatch(name)],
        "__line": number,
    }
    metric = own.pop("__metric", None)
    if metric:
        test["assert"] = [{**one, "metric": metric} for one in test["assert"]]
    if "__threshold" in own:
        test["threshold"] = float(own.pop("__threshold"))
    if "__description" in own:
        test["description"] = own.pop("__description")
    return test | {name: cell for name, cell in own.items() if not _COLUMN.fullmatch(name)}


def _of_lines(text: str, name: str) -> list[Any]:  # noqa: ARG001 the same for all kinds
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _of_json(text: str, name: str) -> Any:  # noqa: ARG001 the same for all kinds
    return json.loads(text)


def _of_yaml(text: str, name: str) -> Any:
    return marked_yaml.load(text, name=name).value


_READERS = {
    ".csv": _of_csv,
    ".json": _of_json,
    ".jsonl": _of_lines,
    ".yaml": _of_yaml,
    ".yml": _of_yaml,
}
