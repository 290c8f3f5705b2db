"""Anthropic's API through Anthropic's own library: the key, the address, and one message at a time.

Everything that asks this API goes through here: the engine that runs a baseline again, and single
questions such as the names of categories. Of a request only the headers in ``_SENT_HEADERS`` leave
the machine; the library would add the version of Python, the operating system and the processor.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import httpx2

from auditor.engines.servers.addresses import base_url, is_loopback, key_from
from auditor.engines.servers.http_client import (
    Arrived,
    Failure,
    failure_of,
    failure_told_by,
    json_object,
    open_client,
    timeout_until,
)
from auditor.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY_VARIABLE = "ANTHROPIC_API_KEY"
DEFAULT_MODEL = "claude-sonnet-4-6"
_ADDRESS = "https://api.anthropic.com/"
_VERSION = "2023-06-01"
"""The version of the API that logged requests and our reading of replies are written for."""
_SENT_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "anthropic-version", "connection", "content-length",
        "content-type", "host", "user-agent", "x-api-key",
    }
)  # fmt: skip
_ANSWER_TOKENS = 8192
_ANSWER_WAIT_S = 120.0
_RETRIES = 2


def require_key() -> str:
    """Return the key of ``ANTHROPIC_API_KEY``.

    Raises:
        EngineError: the variable is not set, or holds what a header cannot.
    """
    key = key_from(KEY_VARIABLE)
    if not key:
        raise EngineError(
            "Anthropic's API needs a key", hint=f"put it into the environment: {KEY_VARIABLE}"
        )
    return key


def address() -> str:
    """Return the address that is asked: that of ``ANTHROPIC_BASE_URL``, else Anthropic's own.

    Raises:
        EngineError: it is not a URL, or holds a password.
    """
    return base_url(os.environ.get("ANTHROPIC_BASE_URL") or _ADDRESS, path="")


class MessagesApi:
    """``POST /v1/messages`` on one connection pool, for any number of threads.

    ``retries`` are the library's own. An engine has none of them: ``ServerEngine`` tries again
    itself, because it has to know how loaded the server is.
    """

    def __init__(self, client: httpx2.Client, url: str, key: str, *, retries: int = 0) -> None:
        from anthropic import Anthropic

        client.event_hooks["request"].append(_send_no_more_than_needed)
        self._api = Anthropic(
            api_key=key,
            base_url=url,
            http_client=client,
            max_retries=retries,
            open_telemetry=False,
            default_headers={"x-api-key": key, "anthropic-version": _VERSION},
        )

    def send(self, body: Mapping[str, Any], *, deadline: float) -> Arrived:
        """Send one message and read the whole reply before ``deadline`` (``time.monotonic``).

        Raises:
            Failure: no complete reply came.
        """
        import anthropic

        began = time.monotonic()
        try:
            # Not ``messages.create``: it takes the parameters of the newest models only, and logs
            # are older. ``post`` sends the body as it is, and hands the reply over unparsed.
            reply = self._api.post(
                "/v1/messages",
                cast_to=httpx2.Response,
                body=dict(body),
                options={"timeout": timeout_until(deadline)},
            )
        except anthropic.APIStatusError as error:
            raise failure_told_by(error.response) from None
        except anthropic.APIConnectionError as error:
            cause = error.__cause__
            if isinstance(cause, Failure):
                raise cause from None
            raise failure_of(cause if isinstance(cause, Exception) else error) from None
        return Arrived(
            events=(json_object(reply.content),),
            streamed=False,
            ttft_ms=None,
            latency_ms=(time.monotonic() - began) * 1000,
        )


def ask_anthropic(model: str = DEFAULT_MODEL) -> Callable[[str], str]:
    """Return a function that sends one question and returns the text of the answer.

    The function raises ``EngineError`` when the API refuses or cannot be reached.

    Raises:
        EngineError: no key is set, or the address is not a URL.
    """
    key, url = require_key(), address()

    def ask(question: str) -> str:
        body = {
            "model": model,
            "max_tokens": _ANSWER_TOKENS,
            "messages": [{"role": "user", "content": question}],
        }
        with open_client(connections=1, trust_env=not is_loopback(url)) as client:
            try:
                api = MessagesApi(client, url, key, retries=_RETRIES)
                arrived = api.send(body, deadline=time.monotonic() + _ANSWER_WAIT_S)
            except Failure as failure:
                raise EngineError(
                    f"{model} did not answer: {failure.detail}",
                    hint="check the model's name and the key; nothing was changed",
                    transient=failure.transient,
                ) from None
        return text_of_reply(arrived.events[0])

    return ask


def text_of_reply(reply: Mapping[str, Any]) -> str:
    """Return the text of a message, its text blocks joined."""
    blocks = reply.get("content")
    return "".join(
        str(block.get("text", ""))
        for block in (blocks if isinstance(blocks, list) else ())
        if isinstance(block, dict) and block.get("type") == "text"
    )


def _send_no_more_than_needed(request: httpx2.Request) -> None:
    for name in list(request.headers):
        if name not in _SENT_HEADERS:
            del request.headers[name]
    request.headers["user-agent"] = "auditor"
