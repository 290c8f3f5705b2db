"""What a reader yields: calls, and outcomes of records that are not calls.

``Call`` is the one mutable type of the readers: a decoder sets what it knows on a fresh instance
and the class attributes stand for the rest. A million of them are made in a run, and an instance
that stores only what is known is several times cheaper to make than a frozen dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Json = dict[str, Any]

TOKEN_COUNTS = (
    "input_uncached_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
"""The disjoint buckets, and the part of the output that was reasoning."""

UNREAD = "unread"
"""The ``time_kind`` of a call whose log has a time of no form that is known."""


class Call:
    """One logged API call in canonical form; unknown is ``None``.

    The token buckets are disjoint: uncached + cache read + cache written = all input.
    ``output_tokens`` includes ``reasoning_tokens``. Times are microseconds since the epoch, UTC.

    ``extra_units`` counts what is billed beside plain text: ``output_audio_tokens`` (a part of the
    output), ``file_searches``, ... ``inner_usage`` holds the buckets of other models that worked
    inside the answer, each with its ``model``. ``context_tokens`` is the input of the largest
    request where the buckets are a sum of several. ``logged_cost_by`` is ``provider`` where the
    cost is the provider's bill. ``copy_key`` is what copies of a call in other files share with it.
    """

    reader: str = ""
    log_id: str | None = None
    provider_response_id: str | None = None
    called_at: int | None = None
    time_kind: str | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    provider: str | None = None
    model: str | None = None
    model_requested: str | None = None
    endpoint: str | None = None
    api_shape: str = "other"
    conversation_id: str | None = None
    trace_id: str | None = None
    parent_id: str | None = None
    attempt_no: int | None = None
    project: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    team: str | None = None
    tags: Mapping[str, Any] | None = None
    status: str = "unknown"
    http_status: int | None = None
    error: str | None = None
    finish_reason: str | None = None
    choices: int | None = None
    content_state: str = "full"
    usage_state: str = "absent"
    input_uncached_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    web_searches: int | None = None
    extra_units: dict[str, int] | None = None
    inner_usage: list[Json] | None = None
    context_tokens: int | None = None
    region: str | None = None
    service_tier: str = "standard"
    needs_vision: bool = False
    needs_hosted_tools: bool = False
    logged_cost_usd: float | None = None
    implausible: list[str] | None = None
    """Figures that were taken off, as ``column=figure`` (``plausible``)."""
    logged_cost_by: str | None = None
    copy_key: str | None = None

    system_text: str | None = None
    messages: list[Json] | None = None
    tools: list[Json] | None = None
    params: Json | None = None
    response_text: str | None = None
    tool_calls: list[Json] | None = None


def add_unit(call: Call, unit: str, n: int | None) -> None:
    """Count units that are billed beside plain text tokens; none is nothing to count."""
    if n:
        call.extra_units = {
            **(call.extra_units or {}),
            unit: (call.extra_units or {}).get(unit, 0) + n,
        }


@dataclass(frozen=True, slots=True)
class NotCall:
    """A record that is not a call by design: a wrapper span, metadata, a blank line."""

    why: str
    call: Call | None = None
    """The call this record is a part of, where records are folded together."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that should have been a call and could not be read."""

    reason: str
    detail: str = ""


INTERNAL_ERROR = "internal-error"
"""The reason of a record that auditor itself stumbled over: a bug, and no reason to end a run."""

Outcome = Call | NotCall | Reject


def stumbled(error: Exception) -> Reject:
    """Return the reject of a record at which our own code failed: too deep to follow, or a bug."""
    if isinstance(error, RecursionError):
        return Reject("too-deep", "nested too deeply")
    return Reject(INTERNAL_ERROR, f"{type(error).__name__}: {error}")


class RecordReader(Protocol):
    """A log format whose records each stand for themselves."""

    name: str
    """A slug, as ``auditor readers`` and the column ``reader`` show it."""
    title: str
    """What the format is called, for people."""

    def matches(self, record: Json) -> bool:
        """Say whether the record is of this format; cheap, for it is asked for every record."""

    def read(self, record: Json) -> Iterable[Outcome]:
        """Turn the record into calls, not-calls and rejects, one for each record that it holds."""


class FoldingReader(Protocol):
    """A log format whose records belong together: the lines of an answer, the spans of a trace."""

    name: str
    title: str
    reach: str
    """How far records belong together: within a ``file``, a ``folder``, or all files of a ``run``.
    """

    def matches(self, record: Json) -> bool:
        """Say whether the record is of this format; cheap, for it is asked for every record."""

    def fold(self, records: Sequence[Json]) -> list[list[Outcome]]:
        """Read records together; returns the outcomes of each, in the order of the records."""


Reader = RecordReader | FoldingReader
"""What a module or an object must have to be a reader."""
