"""Which of a server's token counts can be true, and whether a prompt was cut.

Servers count nothing (0), only what was not in their cache, or in units of their own. A count that
cannot be true is unknown, and the answer stays an answer: what was miscounted was still said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.engines.servers.fewest_tokens import fewest_of, fewest_tokens, most_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.domain import Answer, Request

# No server runs with a smaller context: a count below it is no sign of a prompt that was cut.
_SMALLEST_CONTEXT = 256
# Servers differ in whether they count what begins and ends an answer.
_SLACK = 16


class TokenCounts:
    """What one engine's servers count; any number of threads may ask.

    Once a count was seen that no cut explains, the servers cannot count, and no later count that
    is too small is taken for a cut prompt.
    """

    def __init__(self) -> None:
        self._doubted: str | None = None

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know about the counts."""
        return (self._doubted,) if self._doubted else ()

    def checked(self, answer: Answer, request: Request, max_tokens: int) -> Answer:
        """Return the answer without impossible counts, or the error that its prompt was cut.

        ``max_tokens`` is the most tokens that the answer was allowed.
        """
        if answer.error == "context-overflow":
            return answer  # found out already, by a rule that knows the server
        fewest, counted = max(fewest_tokens(request), 1), answer.input_tokens
        if counted is not None and not fewest <= counted <= most_tokens(request):
            if _SMALLEST_CONTEXT <= counted < fewest and not self._doubted:
                return _cut(answer, counted, fewest)
            self._doubt(f"{counted:,} prompt tokens, where there are {fewest:,} at least")
            answer = replace(answer, input_tokens=None)
        counted = answer.output_tokens
        fewest = _fewest_said(answer)
        if counted is not None and not fewest <= counted <= max_tokens + _SLACK:
            self._doubt(f"{counted:,} tokens of an answer that has {fewest:,} to {max_tokens:,}")
            answer = replace(answer, output_tokens=None, reasoning_tokens=None)
        return answer

    def _doubt(self, example: str) -> None:
        if self._doubted is None:
            self._doubted = (
                f"the server's token counts cannot be true ({example}): where they cannot, they "
                "are unknown; the answers count"
            )


def _fewest_said(answer: Answer) -> int:
    return max(int(fewest_of(answer.text or "")), 1 if answer.text or answer.tool_calls else 0)


def _cut(answer: Answer, counted: int, fewest: int) -> Answer:
    return replace(
        answer,
        text=None,
        tool_calls=(),
        finish_reason=None,
        reasoning_tokens=None,
        ttft_ms=None,
        error="truncated-by-server",
        error_detail=f"the server counted {counted} prompt tokens; "
        f"the prompt has {fewest} at least",
    )
