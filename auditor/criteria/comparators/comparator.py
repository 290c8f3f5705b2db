"""How a field is compared: the comparators by name, and the rules of an assertion's ``fields``."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.criteria.comparators.aliases import same_name
from auditor.criteria.comparators.dates import same_date
from auditor.criteria.comparators.numbers import close, only_number
from auditor.criteria.comparators.paths import FieldPattern, Path, parse_path
from auditor.criteria.comparators.text_forms import label_key, plain
from auditor.domain import canonical_json
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_SIMILAR = 50_000
"""Characters of a text whose edit distance is still computed."""


class Comparator(NamedTuple):
    """How values are compared.

    ``same`` compares two scalars; None where the values' types decide. ``of_texts``: two texts
    alone, which are the same by their types too. ``shape`` says what becomes of lists, or that the
    field does not count. ``lossless`` is whether values that are the same by it say the same, and
    not only nearly.
    """

    name: str
    same: Callable[[Any, Any], bool] | None = None
    of_texts: bool = False
    shape: str = "as it is"
    lossless: bool = True


COMPARATORS: Mapping[str, str] = {
    "exact": "the same value of the same type, letter by letter",
    "label": "up to letter case, punctuation around it, and hyphens or underscores between words",
    "number": "the same number, in figures or in a text that has one number: `$1,234.50` is 1234.5",
    "{number: 0.01}": "numbers with that relative difference at most; `{number: {absolute: 2}}`"
    " with that absolute one",
    "date": "the same date or time in any usual writing; a date with midnight is the date alone, a"
    " time without a zone is UTC's, and 05/06/2024 is neither of its two readings",
    "{date: day-first}": "the same, where 05/06/2024 is the fifth of June; or `month-first`",
    "alias": "texts that may well name one thing, `LA` and Los Angeles, `Seattle, WA` and Seattle,"
    " `km` and kilometers, and a list of them in any order; `Paris` is Paris, Texas, too: it is no"
    " equality",
    "list": "a list in any order: elements are paired so that most of their fields are the same",
    "set": "a list in any order, in which an element counts once; for this and `list` a text is cut"
    " at its commas",
    "{similar: 0.8}": "texts of that similarity at least: 1 - edits / length of the longer one",
    "ignore": "whatever it is",
}
"""Every comparator as it is written, and when two values are the same by it."""

BY_TYPE = Comparator("by type")
IGNORE = Comparator("ignore", shape="ignored")


def parse_comparator(written: Any) -> Comparator:
    """A comparator from its name, or its name with its one setting.

    Raises:
        ConfigError: not a comparator.
    """
    simple = _SIMPLE.get(written) if isinstance(written, str) else None
    if simple is not None:
        return simple
    if isinstance(written, Mapping) and len(written) == 1:
        ((name, setting),) = written.items()
        made = _with_setting(name, setting)
        if made is not None:
            return made
    raise ConfigError(
        f"{canonical_json(written)} is no comparator of a field",
        hint="comparators: " + ", ".join(COMPARATORS),
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """The comparators of an assertion's ``fields``.

    Where fields are listed, the others do not count; where they are mapped to comparators, the
    others are compared by their types.
    """

    by_path: tuple[tuple[FieldPattern, Comparator], ...] = ()
    rest: Comparator = BY_TYPE
    _known: dict[Path, Comparator] = field(default_factory=dict)

    def at(self, path: Path) -> Comparator:
        """The comparator of the value at a path."""
        if not self.by_path:
            return self.rest
        place = tuple(0 if isinstance(step, int) else step for step in path)
        found = self._known.get(place)
        if found is None:
            covering = [(p.rank, c) for p, c in self.by_path if p.covers(place)]
            found = max(covering, key=lambda pair: pair[0])[1] if covering else self.rest
            if len(self._known) < _MAX_KNOWN:
                self._known[place] = found
        return found

    @property
    def lossless(self) -> bool:
        """Whether values that are the same by all of them say the same."""
        return all(comparator.lossless for _, comparator in self.by_path)

    @property
    def start_in_lists(self) -> bool:
        """Whether some path is of the elements of a list, and not of an object's fields."""
        return any(pattern.steps[0] == 0 for pattern, _ in self.by_path)

    @property
    def needed(self) -> Iterator[FieldPattern]:
        """The fields that must be in one of two values, or their names are wrong."""
        for pattern, comparator in self.by_path:
            if comparator is not IGNORE and not pattern.optional and None not in pattern.steps:
                yield pattern

    def absent_from(self, *values: Any) -> FieldPattern | None:
        """The first field that must be there and is in none of the values."""
        absent = (p for p in self.needed if not any(p.is_in(value) for value in values))
        return next(absent, None)


_MAX_KNOWN = 10_000
ALL_BY_TYPE = Rules()


def rules_of(fields: Sequence[str] | Mapping[str, Any]) -> Rules:
    """The rules that an assertion's ``fields`` stand for.

    Raises:
        ConfigError: a path or a comparator that cannot be used.
    """
    if not fields:
        return ALL_BY_TYPE
    if isinstance(fields, Mapping):
        return _rules(json.dumps(fields), listed=False)
    return _rules(json.dumps(list(fields)), listed=True)


@functools.lru_cache(maxsize=512)
def _rules(written: str, *, listed: bool) -> Rules:
    fields = json.loads(written)
    if listed:
        return Rules(tuple((parse_path(name), BY_TYPE) for name in fields), IGNORE)
    return Rules(tuple((parse_path(name), parse_comparator(c)) for name, c in fields.items()))


def _with_setting(name: Any, setting: Any) -> Comparator | None:
    if name == "number":
        bounds = setting if isinstance(setting, Mapping) else {"relative": setting}
        if (
            bounds
            and bounds.keys() <= {"relative", "absolute"}
            and all(map(_bound, bounds.values()))
        ):
            same = functools.partial(same_number, **bounds)
            return Comparator("number", same, lossless=not any(bounds.values()))
    elif name == "similar" and _bound(setting) and 0 < setting <= 1:
        return Comparator("similar", functools.partial(_similar, setting), lossless=setting == 1)
    elif name == "date" and setting in {"day-first", "month-first"}:
        return Comparator("date", functools.partial(same_moment, order=setting))
    return None


def _bound(value: Any) -> bool:
    return type(value) in {int, float} and 0 <= value < float("inf")


def _exact(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def same_label(left: Any, right: Any) -> bool:
    """Whether two scalars are one label."""
    return label_key(_text(left)) == label_key(_text(right))


def same_number(left: Any, right: Any, relative: float = 0.0, absolute: float = 0.0) -> bool:
    """Whether two scalars are one number; texts that are none are compared as texts."""
    one, other = _number(left), _number(right)
    if one is None or other is None:
        return plain(_text(left)).strip() == plain(_text(right)).strip()
    return close(one, other, relative, absolute)


def same_moment(left: Any, right: Any, order: Any = None) -> bool:
    """Whether two scalars are one date or time; texts that are none are compared as labels."""
    if isinstance(left, str) and isinstance(right, str):
        same = same_date(left, right, order)
        return same_label(left, right) if same is None else same
    return _exact(left, right)


def _similar(threshold: float, left: Any, right: Any) -> bool:
    from rapidfuzz.distance import Levenshtein

    one, other = plain(_text(left)), plain(_text(right))
    if max(len(one), len(other)) > _MAX_SIMILAR:
        return one == other
    return bool(Levenshtein.normalized_similarity(one, other, score_cutoff=threshold) >= threshold)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return only_number(value) if isinstance(value, str) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical_json(value)


_SIMPLE: Mapping[str, Comparator] = {
    "exact": Comparator("exact", _exact),
    "label": Comparator("label", same_label),
    "number": Comparator("number", same_number),
    "date": Comparator("date", same_moment),
    "alias": Comparator("alias", same_name, of_texts=True, shape="texts", lossless=False),
    "list": Comparator("list", shape="list"),
    "set": Comparator("set", shape="set"),
    "ignore": IGNORE,
}
