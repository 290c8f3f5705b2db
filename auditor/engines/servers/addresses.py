"""Where servers are and with which key: URLs and environment variables, checked before use."""

from __future__ import annotations

import os

import httpx2

from auditor.errors import EngineError


def base_url(url: str, *, path: str) -> str:
    """Return a server's address without a closing slash; ``path`` is added where the URL has none.

    Raises:
        EngineError: it is not a URL, or holds a password.
    """
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL("")
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise EngineError(f"{url!r} is not a URL", hint="--model http://host:port/v1#name")
    if parsed.userinfo:
        raise EngineError(
            f"the URL of {parsed.host} holds a password",
            hint="put the key into the environment: AUDITOR_ENGINE_API_KEY",
        )
    path = parsed.path.rstrip("/") or path
    return str(parsed.copy_with(raw_path=(path or "/").encode())).rstrip("/")


def is_loopback(url: str) -> bool:
    """Return whether a URL names this machine."""
    host = httpx2.URL(url).host
    return host in {"localhost", "::1"} or host.startswith("127.")


def key_from(variable: str) -> str:
    """Return the key in an environment variable, empty where it is not set.

    Raises:
        EngineError: it holds characters that a header cannot.
    """
    key = os.environ.get(variable, "")
    if key and not (key.isascii() and key.isprintable()):
        raise EngineError(
            f"the key in {variable} holds characters that a header cannot", hint="set it anew"
        )
    return key
