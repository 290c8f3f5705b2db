"""Whose fault it is that an answer is missing or cannot be used: one table of every such error.

What the model did counts as a fail of the model. What the server did, or an engine of ours, says
nothing about the model: the call is asked again, at the end of the run and by every later
``auditor replay``, and until it is answered it cannot be graded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_CAUSES = 3


class Fault(StrEnum):
    """Who is to blame for an answer that is missing."""

    MODEL = "model"
    SERVER = "server"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerError:
    """One kind of error: whose fault it is, and its name as people read it, in the plural.

    ``passing`` says that the same request may well succeed a little later, so that it is worth
    asking again within the same run.
    """

    fault: Fault
    words: str
    passing: bool = False


def _model(words: str) -> AnswerError:
    return AnswerError(fault=Fault.MODEL, words=words)


def _server(words: str, *, passing: bool) -> AnswerError:
    return AnswerError(fault=Fault.SERVER, words=words, passing=passing)


def _engine(words: str) -> AnswerError:
    return AnswerError(fault=Fault.ENGINE, words=words)


# A content filter and a context that is too small would meet production's calls too: they belong
# to the candidate as it would be served.
ERRORS: Mapping[str, AnswerError] = {
    "truncated": _model("answers cut at their token limit"),
    "empty-answer": _model("empty answers"),
    "filtered": _model("answers withheld by a content filter"),
    "context-overflow": _model("prompts beyond the model's context"),
    "no-answer": _model("logged calls without an answer"),
    "no-connection": _server("servers that took no connection", passing=True),
    "connection-lost": _server("lost connections", passing=True),
    "timeout": _server("server timeouts", passing=True),
    "rate-limited": _server("requests put off by the server", passing=True),
    "server-error": _server("server errors", passing=True),
    "out-of-memory": _server("servers out of memory", passing=True),
    "invalid-response": _server("malformed replies", passing=True),
    "half-answer": _server("replies that broke off", passing=True),
    "oversized-reply": _server("replies too long to read", passing=False),
    "compressed-reply": _server("replies compressed unasked", passing=False),
    # Asked again, a server that counts only what its cache lacks gives itself away.
    "truncated-by-server": _server("prompts cut by the server", passing=True),
    "refused": _server("requests refused by the server", passing=False),
    "aborted": _server("requests that were broken off", passing=True),
    "template": _engine("prompts the model's chat template cannot render"),
    "decode-failed": _engine("prompts llama.cpp failed to decode"),
}
"""Every ``error`` that an answer may have, by its slug."""

MODELS_OWN = frozenset(slug for slug, error in ERRORS.items() if error.fault is Fault.MODEL)
"""The errors that count as a fail of the model."""

_OTHER = AnswerError(fault=Fault.ENGINE, words="errors of an unknown kind")


def error_of(slug: str) -> AnswerError:
    """Return what is known of an error; one that nobody knows is not blamed on the model."""
    return ERRORS.get(slug, _OTHER)


def spares_the_model(slug: str | None) -> bool:
    """Say whether an answer has an error that is not the model's fault."""
    return slug is not None and slug not in MODELS_OWN


def causes_in_words(causes: Mapping[str, int]) -> str:
    """Return why answers could not be graded, most frequent first: ``server timeouts (10), ...``.

    A cause is the slug of an error, or already in words; the counts are left out where there is
    one cause alone.
    """
    ordered = sorted(causes.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) == 1:
        return _words(ordered[0][0])
    told = [f"{_words(cause)} ({n:,})" for cause, n in ordered[:_MOST_CAUSES]]
    if rest := sum(n for _, n in ordered[_MOST_CAUSES:]):
        told.append(f"other causes ({rest:,})")
    return ", ".join(told)


def asking_again_helps(causes: Mapping[str, int]) -> bool:
    """Say whether ``auditor replay`` would ask for any of these answers again."""
    return any(cause in ERRORS and spares_the_model(cause) for cause in causes)


def _words(cause: str) -> str:
    return ERRORS[cause].words if cause in ERRORS else cause
