"""Log formats: raw records to calls.

A reader is a module or object with ``name``, ``title``, ``matches`` and ``read`` (``model.Reader``).
Third parties add one under the entry point group ``auditor.readers``; it is asked before our own.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

import orjson

from auditor.readers.formats import pair
from auditor.readers.model import Call, Json, NotCall, Outcome, Reader, Reject

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

__all__ = ["Call", "Json", "NotCall", "Outcome", "Reader", "Reject", "parse", "read", "readers"]

_OWN: tuple[ModuleType, ...] = (pair,)
"""In the order they are asked: the first whose signature matches reads the record."""


@cache
def readers() -> tuple[Reader, ...]:
    """Return all readers in the order they are asked, those of other packages first."""
    found = [point.load() for point in entry_points(group="auditor.readers")]
    return (*found, *(cast("Reader", module) for module in _OWN))


def parse(raw: bytes) -> Json | Reject | NotCall:
    """Parse one line of JSON; say why when it is none."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _why_not(raw, str(error))
    if type(value) is dict:
        return value
    return Reject("not-an-object", f"a JSON {type(value).__name__} is no record")


def _why_not(raw: bytes, words: str) -> Json | Reject | NotCall:
    import json

    if not raw.strip():
        return NotCall("blank line")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Reject("not-utf8", f"byte {error.start}: {error.reason}")
    try:
        # Python's own parser takes NaN, huge numbers and lone surrogates, as Python's loggers write.
        value = json.loads(text)
    except RecursionError:
        return Reject("too-deep", "nested too deeply")
    except ValueError:
        return Reject("bad-json", words)
    return value if isinstance(value, dict) else Reject("not-an-object", type(value).__name__)


def read(record: Json) -> Iterable[Outcome]:
    """Read a parsed record by the first reader that knows it."""
    for reader in readers():
        if reader.matches(record):
            return _named(reader.name, reader.read(record))
    return (Reject("unknown-format", f"keys: {', '.join(list(map(str, record))[:8])}"),)


def _named(name: str, outcomes: Iterable[Outcome]) -> list[Outcome]:
    found = list(outcomes)
    for outcome in found:
        if isinstance(outcome, Call):
            outcome.reader = outcome.reader or name
    return found
