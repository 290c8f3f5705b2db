"""Turns logged calls into requests and answers into rows, for every stage that asks a model."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from auditor.domain import Request, canonical_json, digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from auditor.domain import Answer
    from auditor.store.store import Store

_SAVE_EVERY_S = 3.0
_SAVE_EVERY = 100


def request_of(
    row: Mapping[str, Any], max_output_tokens: int, answer_limit: int | None = None
) -> Request:
    """Return the request of a row of ``contents``, system message first."""
    messages = json.loads(row["messages"]) if row["messages"] else []
    if row["system_text"] is not None:
        messages.insert(0, {"role": "system", "content": row["system_text"]})
    return Request(
        call_id=row["call_id"],
        messages=messages,
        tools=json.loads(row["tools"]) if row["tools"] else (),
        params=json.loads(row["params"]) if row["params"] else {},
        max_output_tokens=max_output_tokens,
        answer_limit=answer_limit,
    )


class AnswerLog:
    """Saves answers in batches; the database rests in between. ``with`` saves the last ones.

    ``candidate_id`` names the model that answers; None is the API's own model, asked again.
    ``replaces`` are calls whose former answer, with its grades, makes room for the new one.
    """

    def __init__(
        self,
        store: Store,
        candidate_id: str | None,
        replaces: AbstractSet[str] = frozenset(),
    ) -> None:
        self._store = store
        self._candidate_id = candidate_id
        self._replaces = replaces
        self._pending: list[dict[str, Any]] = []
        self._saved_at = time.monotonic()
        self.saved = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._save()

    def add(self, call_id: str, answer: Answer, replicate: int = 0) -> None:
        """Add one answer and save the batch when it is full or a few seconds old."""
        self._pending.append(_row(call_id, self._candidate_id, replicate, answer))
        waited = time.monotonic() - self._saved_at
        if len(self._pending) >= _SAVE_EVERY or waited > _SAVE_EVERY_S:
            self._save()

    def _save(self) -> None:
        if self._pending:
            former = [r["answer_id"] for r in self._pending if r["call_id"] in self._replaces]
            with self._store.transaction():
                for table in ("grades", "answers") if former else ():
                    self._store.execute(
                        f"DELETE FROM {table} WHERE list_contains(?, answer_id)", [former]
                    )
                self._store.append("answers", pa.Table.from_pylist(self._pending))
            self._store.rest()
        self.saved += len(self._pending)
        self._pending, self._saved_at = [], time.monotonic()


def _row(call_id: str, candidate_id: str | None, replicate: int, answer: Answer) -> dict[str, Any]:
    return {
        "answer_id": digest("answer", call_id, candidate_id, replicate, size=16),
        "call_id": call_id,
        "candidate_id": candidate_id,
        "replicate": replicate,
        "text": _utf8(answer.text),
        "tool_calls": _utf8(canonical_json(list(answer.tool_calls))) if answer.tool_calls else None,
        "finish_reason": _utf8(answer.finish_reason),
        "error": answer.error,
        "error_detail": _utf8(answer.error_detail),
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "reasoning_tokens": answer.reasoning_tokens,
        "ttft_ms": answer.ttft_ms,
        "latency_ms": answer.latency_ms,
        "fidelity": canonical_json(dict(answer.fidelity)) if answer.fidelity else None,
        "answered_at": datetime.now(UTC),
    }


def _utf8(text: str | None) -> str | None:
    """Return text that the database can hold: JSON of a server may spell half a character."""
    return None if text is None else text.encode("utf-8", "replace").decode()
