"""Gateways whose export needs more than a table: Portkey, Cloudflare, Weave, and stored chats.

Sources: the products' documentation; no export of theirs was at hand, so the samples in
``tests/formats`` are written after it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from auditor.readers.api_shapes.common import params_of
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.mapped import Mapped, declared
from auditor.readers.values import json_or_none, number, text

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

_CENTS = 100
_SDK_CALL = re.compile(
    r"(completions?\.(create|parse|stream)|messages\.(create|stream)|responses\.(create|parse|stream)|generate_content|embeddings\.create|converse|acompletion|[^a]completion)",
    re.IGNORECASE,
)


class _Portkey(Mapped):
    """Portkey gives costs in cents unless the currency says otherwise."""

    def read(self, record: Json) -> list[Outcome]:
        outcomes = super().read(record)
        cost = number(record.get("cost"))
        currency = str(record.get("cost_currency") or "").lower()
        for call in outcomes:
            if isinstance(call, Call) and cost and cost > 0:
                call.logged_cost_usd = cost if currency in ("usd", "$") else cost / _CENTS
        return outcomes


class _Cloudflare(Mapped):
    """Cloudflare's Logpush encrypts metadata and bodies: such records have no content."""

    def matches(self, record: Json) -> bool:
        return (
            super().matches(record) or {"Metadata", "RequestBody", "ResponseBody"} <= record.keys()
        )

    def read(self, record: Json) -> list[Outcome]:
        if "RequestBody" in record:
            bodies = {"request": "RequestBody", "response": "ResponseBody", "metadata": "Metadata"}
            plain = {k.lower(): v for k, v in record.items() if k not in bodies.values()}
            plain |= {o: None if _encrypted(record[k]) else record[k] for o, k in bodies.items()}
            renames = {
                "model": "model",
                "provider": "provider",
                "cached": "cached",
                "endpoint": "path",
            }
            plain |= {ours: plain[theirs] for theirs, ours in renames.items() if theirs in plain}
            record = {"tokens_in": None, "tokens_out": None, **plain}
        return super().read(record)


def _encrypted(value: Any) -> bool:
    value = json_or_none(value) if isinstance(value, str) else value
    return isinstance(value, dict) and {"key", "iv", "data"} <= value.keys()


class _Weave(Mapped):
    """Weave logs every traced function; only a provider SDK's own are calls."""

    def matches(self, record: Json) -> bool:
        return super().matches(_nested(record))

    def read(self, record: Json) -> list[Outcome]:
        record = _nested(record)
        operation = text(record.get("op_name")) or ""
        if not _SDK_CALL.search(operation.rpartition("/")[2]):
            return [NotCall("an operation that is no call to a model")]
        outcomes = super().read(record)
        inputs = json_or_none(record.get("inputs"))
        for call in outcomes:
            if isinstance(call, Call) and isinstance(inputs, dict):
                call.params = call.params or params_of(inputs)
                if record.get("exception"):
                    call.status = "error"
        return outcomes


def _nested(record: Json) -> Json:
    """Undo the dots of a CSV export."""
    if not any("." in key for key in record):
        return record
    found: Json = {}
    for key, value in record.items():
        *path, last = key.split(".")
        place = found
        for part in path:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            if value not in (None, ""):
                parsed = (
                    json_or_none(value) if isinstance(value, str) and value[:1] in "[{" else None
                )
                place.setdefault(last, value if parsed is None else parsed)
    return found


class _StoredChat(Mapped):
    """A stored chat completion is itself the response."""

    def read(self, record: Json) -> list[Outcome]:
        return super().read({**record, "_record": record})


def _of(kind: type[Mapped], name: str) -> Mapped:
    plain = declared(name)
    return kind(plain.name, plain.table)


portkey = _of(_Portkey, "portkey")
cloudflare = _of(_Cloudflare, "cloudflare")
weave = _of(_Weave, "weave")
stored_chat = _of(_StoredChat, "stored_chat")
