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
    from collections.abc import Iterable

    from auditor.readers.call import Call

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


def of_requests(
    models: Iterable[bytes],
    systems: Iterable[bytes],
    settings: Iterable[bytes],
    messages: Iterable[bytes],
) -> list[str]:
    """Return the hashes by which equal requests are found; systems and settings as hashes."""
    copy, found = keyed().copy, []
    for parts in zip(models, systems, settings, messages, strict=True):
        hashed = copy()
        hashed.update(b"\x00".join(parts))
        found.append(hashed.hexdigest())
    return found


def of_system(text: bytes) -> bytes:
    """Return the hash of a system prompt, which many requests share."""
    return _part(text)


def of_settings(tools: bytes | None, params: bytes | None) -> bytes:
    """Return the hash of what is asked for beside the messages."""
    return _part(b"\x00".join((tools or b"", params or b"")))


def _part(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=16).hexdigest().encode()


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
    return of_responses([response_id])[0] if len(response_id) >= TRUSTED_ID else None


def of_responses(response_ids: Iterable[str]) -> list[str]:
    """Return the identities of the calls that trusted response ids name."""
    copy, found = named().copy, []
    for response_id in response_ids:
        hashed = copy()
        hashed.update(response_id.encode("utf-8", "replace"))
        found.append(hashed.hexdigest())
    return found


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
