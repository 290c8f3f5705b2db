r"""Paths into a record: keys joined by dots, as a declared format writes them.

``usage.input`` is the key ``input`` of the object ``usage``; ``choices.0`` is the first item of a
list; ``a\\.b`` is one key with a dot in its name. JSON text on the way is parsed, as often as it
was encoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.readers.values import json_or_none

if TYPE_CHECKING:
    from auditor.readers.call import Json

Path = tuple[str, ...]


def split(path: str) -> Path:
    """Return the parts of a written path."""
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path))


def value_at(record: Any, path: Path) -> Any:
    """Return what a path leads to; None where it leads nowhere."""
    for part in path:
        if isinstance(record, str):
            record = json_or_none(record)
        if isinstance(record, list) and part.isdigit() and int(part) < len(record):
            record = record[int(part)]
        elif isinstance(record, Mapping):
            record = record.get(part)
        else:
            return None
    return record


def exists(record: Json, path: Path) -> bool:
    """Say whether the last key of a path exists, whatever it holds."""
    if len(path) == 1:
        return path[0] in record
    parent = value_at(record, path[:-1])
    return isinstance(parent, Mapping) and path[-1] in parent
