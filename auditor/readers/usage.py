"""The token algebra: what a log calls input to disjoint buckets.

Some sources count cached tokens in their input number, some beside it. A mapping says which; where
it cannot, ``auto`` asks the total and, failing that, whether the cached part even fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from auditor.readers.call import Call

Rule = Literal["inclusive", "exclusive", "auto"]


def set_tokens(
    call: Call,
    *,
    given_input: int | None,
    output: int | None,
    cache_read: int | None = None,
    cache_write: int | None = None,
    cache_write_1h: int | None = None,
    reasoning: int | None = None,
    total: int | None = None,
    rule: Rule = "inclusive",
    state: str = "provider",
) -> None:
    """Set the token buckets of a call from counts as a log gives them.

    ``cache_write`` is all that was written, ``cache_write_1h`` the part of it kept for an hour.
    Reasoning that was counted beside the output is added to it (``with_reasoning``). Cached tokens
    that do not fit into an inclusive input say that it excludes them after all. Nothing is set when
    neither input nor output is known.
    """
    if given_input is None and output is None:
        return
    read, hour = cache_read or 0, cache_write_1h or 0
    written = max(cache_write or 0, hour)
    cached = read + written
    if reasoning is not None and output is not None:
        output = with_reasoning(given_input, output, reasoning, total, cached)
        call.reasoning_tokens = min(reasoning, output)
    call.output_tokens = output
    call.usage_state = state
    if given_input is None:
        return
    if rule == "auto":
        beside = cached > given_input or (
            cached > 0
            and total is not None
            and output is not None
            and total == given_input + cached + output
        )
        rule = "exclusive" if beside else "inclusive"
    if rule == "inclusive" and cached <= given_input:
        given_input -= cached
    call.input_uncached_tokens = given_input
    call.cache_read_tokens = read
    call.cache_write_5m_tokens = written - hour
    call.cache_write_1h_tokens = hour


def with_reasoning(
    given_input: int | None, output: int, reasoning: int, total: int | None, cached: int = 0
) -> int:
    """Return the output with its reasoning, which some count inside it and others beside it.

    Source: xAI's usage, whose total is prompt + completion + reasoning; OpenAI's is prompt +
    completion. Without a total a reasoning count above the output cannot be inside.
    """
    given = given_input or 0
    if total is not None and total in (given + output, given + cached + output):
        return output
    if reasoning > output or total in (
        given + output + reasoning,
        given + cached + output + reasoning,
    ):
        return output + reasoning
    return output
