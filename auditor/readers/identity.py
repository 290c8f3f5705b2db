"""What a call is known by: keyed hashes, taken before masking.

The key makes the hashes useless to whoever wants to guess a text from them; without one of the
user's own every machine has the same, so that results agree everywhere.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.readers.model import Call

DEFAULT_KEY = "auditor"
"""Used where AUDITOR_HASH_KEY is not set."""

TRUSTED_ID = 8
"""A response id shorter than this is a counter or a constant, not an identity."""

_UNIQUE_LOG_IDS = {
    "langfuse": "langfuse",
    "langsmith": "langsmith",
    "litellm": "litellm",
    "litellm-spendlogs": "litellm",
    "otel-genai": "span",
    "openllmetry": "span",
    "openinference": "span",
    "ai-sdk": "span",
    "llm": "llm",
    "weave": "weave",
}
"""Formats whose own ids are unique everywhere, and which of them share their ids."""


def digest(raw: bytes) -> str:
    """Hash with the key; a copy of a keyed hash is made faster than a new one."""
    found = keyed().copy()
    found.update(raw)
    text: str = found.hexdigest()
    return text


@cache
def keyed() -> Any:
    """The keyed hash of nothing, to be copied."""
    key = os.environ.get("AUDITOR_HASH_KEY", DEFAULT_KEY).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(digest_size=12, key=hashlib.blake2b(key, digest_size=32).digest())


@cache
def named() -> Any:
    """The keyed hash that a response id is added to, to be copied."""
    found = keyed().copy()
    found.update(b"response\x00")
    return found


def of_response(response_id: str) -> str | None:
    """Return the identity of the call that a provider's response id names, if it names one."""
    if len(response_id) < TRUSTED_ID:
        return None
    found = named().copy()
    found.update(response_id.encode("utf-8", "replace"))
    text: str = found.hexdigest()
    return text


def of_call(call: Call, request_hash: str, answered: bytes) -> str:
    """Return the identity of a call.

    The provider's response id names one call in whatever log it appears. Without one it is the id
    of the trace or gateway where those are unique; else the call is told by the log's own id, the
    time, the model, the request and the answer: all must agree.
    """
    named = of_response(call.provider_response_id) if call.provider_response_id else None
    if named is not None:
        return named
    if call.reader in _UNIQUE_LOG_IDS and call.log_id and len(call.log_id) >= TRUSTED_ID:
        family = _UNIQUE_LOG_IDS[call.reader]
        return digest(f"{family}\x00{call.log_id}".encode("utf-8", "replace"))
    parts = (call.log_id, call.called_at, call.model, request_hash)
    return digest("\x00".join(map(str, parts)).encode("utf-8", "replace") + b"\x00" + answered)
