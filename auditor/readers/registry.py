"""Which readers there are, and which one reads a record."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from auditor.readers.call import Call, Json, NotCall, Outcome, Reject
from auditor.readers.formats import (
    aggregates,
    azure,
    batch_anthropic,
    batch_openai,
    bedrock,
    bedrock_parts,
    claude_code,
    codex,
    gateways,
    har,
    helicone,
    langfuse,
    langsmith,
    litellm,
    llm_db,
    otlp,
    pair,
    span_dump,
    spendlogs,
    vcr,
    vertex,
)
from auditor.readers.mapped import FormatTable, Mapped, declared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OWN: tuple[Any, ...] = (
    bedrock_parts,
    bedrock,
    otlp,
    har,
    litellm,
    spendlogs,
    codex,
    claude_code,
    batch_anthropic,
    batch_openai,
    helicone,
    langfuse,
    langsmith,
    gateways.portkey,
    gateways.cloudflare,
    gateways.weave,
    azure,
    vertex,
    span_dump,
    declared("openrouter"),
    aggregates,
    gateways.stored_chat,
    vcr,
    pair,
)
"""In the order they are asked: the first whose signature matches reads the record."""

_TABLES = TypeAdapter(dict[str, FormatTable])


def pack(tables: Mapping[str, FormatTable]) -> str:
    """Return declared formats as text, which a registry is made from and remembered by."""
    return _TABLES.dump_json(dict(tables)).decode()


class Registry:
    """The readers in the order they are asked."""

    def __init__(self, readers: Iterable[Any]) -> None:
        self.readers = tuple(readers)
        self.ours_only = self.readers == _OWN
        self._pairs: set[tuple[str, ...]] = set()

    def find(self, record: Json) -> Any:
        """Return the reader of a record; None: nobody knows it."""
        keys = tuple(record)
        if keys in self._pairs:
            return pair
        if self.ours_only and pair.only_pairs(keys):
            # Most logs are pairs: their keys are looked at once, not by twenty readers each time.
            self._pairs.add(keys)
            return pair
        for reader in self.readers:
            if reader.matches(record):
                return reader
        return None

    def read(self, record: Json) -> Iterable[Outcome]:
        """Read a record that stands for itself; one that does not is read alone."""
        if tuple(record) in self._pairs:
            try:
                return pair.read(record)
            except Exception:  # noqa: BLE001 - told apart where it is not in the way
                return read_with(pair, record)
        reader = self.find(record)
        if reader is None:
            return (unknown(record),)
        return named(reader, read_with(reader, record))


@lru_cache(maxsize=8)
def registry(tables: str = "{}") -> Registry:
    """Return the readers: the user's declared formats, other packages', our own."""
    declared_here = [Mapped(n, t) for n, t in sorted(_TABLES.validate_json(tables).items())]
    added = [p.load() for p in sorted(entry_points(group="auditor.readers"), key=lambda p: p.name)]
    return Registry([*declared_here, *added, *_OWN])


def listed() -> list[tuple[str, str]]:
    """Return (name, title) of every reader, for ``auditor readers``."""
    return [(r.name, r.title) for r in (*registry().readers, llm_db)]


def reach(reader: Any) -> str | None:
    """Return how far a reader's records belong together: file, folder, run; None: not at all."""
    return getattr(reader, "reach", None)


def read_with(reader: Any, record: Json) -> list[Outcome]:
    """Read one record by a reader; one whose records belong together reads it alone."""
    try:
        found = list(reader.read(record)) if reach(reader) is None else reader.fold([record])[0]
    except RecursionError:
        return [Reject("too-deep", "nested too deeply")]
    except Exception as error:  # noqa: BLE001 - what a reader did not foresee costs one record
        return [Reject(READER_ERROR, f"{reader.name}: {type(error).__name__}: {error}")]
    return found or [NotCall("empty")]


def fold_with(reader: Any, records: list[Json]) -> list[list[Outcome]]:
    """Read records together; if that fails, each alone, so that only the bad ones are lost."""
    try:
        folded = reader.fold(records)
    except Exception:  # noqa: BLE001
        return [read_with(reader, record) for record in records]
    return [found or [NotCall("empty")] for found in folded]


READER_ERROR = "reader-error"


def named(reader: Any, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Write the reader's name on its calls, unless it wrote a better one."""
    found = list(outcomes)
    for outcome in found:
        if isinstance(outcome, Call):
            outcome.reader = outcome.reader or reader.name
    return found


def unknown(record: Json) -> Reject:
    """Return the reject of a record that nobody knows."""
    return Reject("unknown-format", f"keys: {', '.join(list(map(str, record))[:8])}")
