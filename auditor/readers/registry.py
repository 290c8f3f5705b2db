"""Which readers there are, and which one reads a record.

Four groups are asked, one after the other: the formats a user declared, the readers of other
packages, our own, and at last the search for request and response by their shape (``FALLBACK``),
which would find something in most records of the others. Within our own the order means nothing:
each knows its records by keys that no other format has (``tests/readers/test_formats.py``).
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NamedTuple

from pydantic import TypeAdapter

from auditor.readers.call import Call, Json, NotCall, Outcome, Reject
from auditor.readers.formats import (
    agent_telemetry,
    aggregates,
    azure,
    batch_anthropic,
    batch_bedrock,
    batch_google,
    batch_openai,
    bedrock,
    bedrock_parts,
    claude_code,
    cline,
    codex,
    collected,
    gateways,
    gemini_cli,
    har,
    helicone,
    langfuse,
    langsmith,
    litellm,
    llm_db,
    opencode,
    otlp,
    pair,
    pi,
    qwen_code,
    span_dump,
    spendlogs,
    vcr,
    vertex,
)
from auditor.readers.mapped import FormatTable, Mapped, declared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import TypeIs

    from auditor.readers.call import FoldingReader, Reader, RecordReader

FALLBACK: RecordReader = pair
_OWN: tuple[Reader, ...] = (
    bedrock_parts,
    bedrock,
    otlp,
    har,
    litellm,
    spendlogs,
    codex,
    claude_code,
    gemini_cli,
    qwen_code,
    opencode,
    pi,
    cline,
    agent_telemetry,
    batch_anthropic,
    batch_openai,
    batch_google,
    batch_bedrock,
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
)

_TABLES = TypeAdapter(dict[str, FormatTable])


def pack(tables: Mapping[str, FormatTable]) -> str:
    """Return declared formats as text, which a registry is made from and remembered by."""
    return _TABLES.dump_json(dict(tables)).decode()


class Registry:
    """The readers in the order they are asked."""

    def __init__(self, added: Iterable[Reader] = ()) -> None:
        self.added = tuple(added)
        """The readers that are not ours: the user's formats, and those of other packages."""
        self.readers: tuple[Reader, ...] = (
            *self.added,
            *_OWN,
            collected.Collected(self),
            FALLBACK,
        )
        self.ours_only = not self.added
        self._pairs: set[tuple[str, ...]] = set()

    def find(self, record: Json) -> Reader | None:
        """Return the reader of a record; None: nobody knows it."""
        keys = tuple(record)
        if keys in self._pairs:
            return pair
        if self.ours_only and pair.only_pairs(keys):
            # Most logs are pairs: their keys are looked at once, not by twenty readers each time.
            self._pairs.add(keys)
            return pair
        failed: Reader | None = None
        for reader in self.readers:
            try:
                if reader.matches(record):
                    return reader
            except Exception as error:  # noqa: BLE001 - it costs this record, if others do not know it
                failed = failed or _Failed(reader, error)
        return failed

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
    return Registry([*declared_here, *added])


class _Failed:
    """Stands for a reader that could not even say whether a record is of its format."""

    def __init__(self, reader: Reader, error: Exception) -> None:
        self.name = reader.name
        self.title = reader.title
        self._reject = _reader_error(reader, error)

    def matches(self, record: Json) -> bool:  # noqa: ARG002 - a reader's method
        """Say no: it is for one record only."""
        return False

    def read(self, record: Json) -> Iterable[Outcome]:  # noqa: ARG002 - a reader's method
        """Return what went wrong."""
        return [self._reject]


class Format(NamedTuple):
    """A format that is read, as ``auditor readers`` lists it."""

    name: str
    title: str


def formats() -> list[Format]:
    """Return every format that is read, but for those a user declared."""
    return [Format(reader.name, reader.title) for reader in (*registry().readers, llm_db)]


def folds(reader: Reader | None) -> TypeIs[FoldingReader]:
    """Say whether a reader's records belong together."""
    return hasattr(reader, "reach")


def read_with(reader: Reader, record: Json) -> list[Outcome]:
    """Read one record by a reader; one whose records belong together reads it alone."""
    try:
        found = reader.fold([record])[0] if folds(reader) else list(reader.read(record))
    except RecursionError:
        return [Reject("too-deep", "nested too deeply")]
    except Exception as error:  # noqa: BLE001 - what a reader did not foresee costs one record
        return [_reader_error(reader, error)]
    return found or [NotCall("empty")]


def fold_with(reader: FoldingReader, records: list[Json]) -> list[list[Outcome]]:
    """Read records together; if that fails, each alone, so that only the bad ones are lost."""
    try:
        folded = reader.fold(records)
    except Exception:  # noqa: BLE001
        return [read_with(reader, record) for record in records]
    return [found or [NotCall("empty")] for found in folded]


READER_ERROR = "reader-error"


def _reader_error(reader: Reader, error: Exception) -> Reject:
    return Reject(READER_ERROR, f"{reader.name}: {type(error).__name__}: {error}")


def named(reader: Reader, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Write the reader's name on its calls, unless it wrote a better one."""
    found = list(outcomes)
    for outcome in found:
        if isinstance(outcome, Call):
            outcome.reader = outcome.reader or reader.name
    return found


def unknown(record: Json) -> Reject:
    """Return the reject of a record that nobody knows."""
    return Reject("unknown-format", f"keys: {', '.join(list(map(str, record))[:8])}")
