"""What an assertion takes from elsewhere: ``$ref`` from a template, ``file://`` from a file.

Both are put in place when the user's file is read, so that everything after it, the database too,
sees plain values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from auditor.criteria import own_code
from auditor.errors import ConfigError
from auditor.text import marked_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILE = "file://"
TEMPLATES = "assertionTemplates"
MAX_FILE = 2_000_000
"""Bytes of a file that a value may be."""

_TEMPLATE = f"#/{TEMPLATES}/"
_SCRIPTS = {
    ".js": "JavaScript", ".mjs": "JavaScript", ".cjs": "JavaScript", ".ts": "TypeScript",
    ".mts": "TypeScript", ".cts": "TypeScript", ".rb": "Ruby",
}  # fmt: skip
_Path = tuple[str | int, ...]


def included(document: marked_yaml.MarkedYaml, folder: Path | None) -> marked_yaml.MarkedYaml:
    """The document with templates and files put into its assertions.

    ``folder`` is where the user's file lies; without one, as for criteria kept in a database,
    nothing is read.

    Raises:
        ConfigError: no such template or file, or one that is not read; names the line.
    """
    if not isinstance(document.value, dict):
        return document
    reading = _Reading(document, folder, _templates(document))
    value = {key: item for key, item in document.value.items() if key != TEMPLATES}
    return replace(document, value=reading.walked(value, ()))


def _templates(document: marked_yaml.MarkedYaml) -> Mapping[str, Any]:
    templates = document.value.get(TEMPLATES) or {}
    if not isinstance(templates, dict):
        raise ConfigError(f"{document.place((TEMPLATES,))}: {TEMPLATES} is a mapping of assertions")
    return templates


@dataclass(frozen=True, slots=True)
class _Reading:
    """One document, read with its templates, from its folder."""

    document: marked_yaml.MarkedYaml
    folder: Path | None
    templates: Mapping[str, Any]

    def walked(self, value: Any, path: _Path) -> Any:
        """A value of the document outside any list of assertions."""
        if isinstance(value, dict):
            return {
                key: self.assertions(item, (*path, key))
                if key == "assert" and isinstance(item, list)
                else self.walked(item, (*path, key))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.walked(item, (*path, i)) for i, item in enumerate(value)]
        return value

    def assertions(self, entries: Sequence[Any], path: _Path) -> list[Any]:
        return [self.assertion(entry, (*path, i)) for i, entry in enumerate(entries)]

    def assertion(self, entry: Any, path: _Path, seen: tuple[str, ...] = ()) -> Any:
        if not isinstance(entry, dict):
            return entry
        if "$ref" in entry:
            name = self._template_name(entry["$ref"], path)
            if name in seen:
                raise ConfigError(f"{self.document.place(path)}: $ref goes in a circle")
            own = {key: item for key, item in entry.items() if key != "$ref"}
            return self.assertion({**self.templates[name], **own}, path, (*seen, name))
        if isinstance(entry.get("assert"), list):
            entry = {**entry, "assert": self.assertions(entry["assert"], (*path, "assert"))}
        if "value" in entry:
            kind = str(entry.get("type")).removeprefix("not-")
            place = self.document.place((*path, "value"))
            value = entry["value"]
            entry = {
                **entry,
                "value": self.code(value, place) if kind == "python" else self.plain(value, place),
            }
        return entry

    def code(self, value: Any, place: str) -> Any:
        """The value of ``python``: code that is the user's own, or as it stood in a database."""
        if self.folder is None or not isinstance(value, str):
            return value
        criteria = self.folder / self.document.name
        try:
            if value.startswith(FILE):
                return own_code.trust_file(value.removeprefix(FILE), criteria)
            return own_code.trust_text(value, criteria)
        except ConfigError as error:
            raise ConfigError(f"{place}: {error.message}", hint=error.hint) from error

    def plain(self, value: Any, place: str) -> Any:
        """A value with what its files hold."""
        if isinstance(value, dict):
            return {key: self.plain(item, place) for key, item in value.items()}
        if isinstance(value, list):
            return [self.plain(item, place) for item in value]
        if isinstance(value, str) and value.startswith(FILE) and self.folder is not None:
            return _file_value(value.removeprefix(FILE), self.folder, place)
        return value

    def _template_name(self, reference: Any, path: _Path) -> str:
        name = str(reference).removeprefix(_TEMPLATE)
        if not str(reference).startswith(_TEMPLATE) or not isinstance(
            self.templates.get(name), dict
        ):
            raise ConfigError(
                f"{self.document.place(path)}: no assertion template {reference!r}",
                hint=f"write $ref: '{_TEMPLATE}NAME', and the assertion under {TEMPLATES}",
            )
        return name


def _file_value(name: str, folder: Path, place: str) -> Any:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ConfigError(f"{place}: {name} lies outside the folder of the criteria")
    suffix = path.suffix.lower()
    if suffix in _SCRIPTS:
        raise ConfigError(
            f"{place}: {_SCRIPTS[suffix]} is not run", hint="write the function in Python"
        )
    if suffix == ".py" or ".py:" in name:
        raise ConfigError(
            f"{place}: only the type python runs a function",
            hint="write the value into a text, JSON or YAML file",
        )
    try:
        if path.stat().st_size > MAX_FILE:
            raise ConfigError(f"{place}: {name} is larger than {MAX_FILE:,} bytes")
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{place}: {name} is not UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"{place}: cannot read {name}: {error.strerror}") from error
    if suffix == ".json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{place}: {name} is not JSON") from error
    if suffix in {".yaml", ".yml"}:
        return marked_yaml.load(text, name=name).value
    return text.removesuffix("\n")
