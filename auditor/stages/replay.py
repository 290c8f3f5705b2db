"""replay: answers of the candidates to the drawn calls. Writes answers and speeds.

Fills the gaps, row by row: an answer is keyed by call, candidate and replicate, and the candidate
by everything that changes its answers. Ctrl-C or kill -9 lose what was in flight; the same command
goes on, and another model or setting adds answers beside the old ones.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from auditor.domain import Answer, Request, StageResult, Watch, canonical_json, digest, silent
from auditor.errors import NotReadyError

if TYPE_CHECKING:
    from auditor.engines.base import Engine
    from auditor.store import Store
    from collections.abc import Mapping, Sequence

_SAVE_EVERY_S = 3.0
_SAVE_EVERY = 100

_DRAWN = """
SELECT DISTINCT call_id, d.category_id FROM draws d JOIN designs USING (design_id)
WHERE active AND candidate_id = ?
ORDER BY call_id
"""

_LOGGED = """
INSERT INTO answers BY NAME
SELECT md5(concat('logged', call_id)) AS answer_id, call_id,
       NULL::VARCHAR AS candidate_id, 0 AS replicate, response_text AS text, tool_calls, finish_reason,
       CASE WHEN response_text IS NULL AND tool_calls IS NULL THEN 'no-answer' END AS error,
       input_uncached_tokens + coalesce(cache_read_tokens, 0) + coalesce(cache_write_5m_tokens, 0)
         + coalesce(cache_write_1h_tokens, 0) AS input_tokens,
       output_tokens, reasoning_tokens, ttft_ms, latency_ms
FROM calls JOIN contents USING (call_id)
SEMI JOIN (SELECT call_id FROM draws) USING (call_id)
ANTI JOIN (SELECT call_id FROM answers WHERE candidate_id IS NULL AND replicate = 0) USING (call_id)
ORDER BY call_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """The engines to ask, cheapest first, and the cap where a request names none."""

    engines: Sequence[Engine]
    max_output_tokens: int = 1024
    machine: str | None = None


@dataclass(slots=True)
class _Tally:
    """What happened in one category."""

    calls: int = 0
    done: int = 0
    failed: int = 0
    output_tokens: int = 0
    latencies_ms: list[float] = field(default_factory=list)


def run(store: Store, settings: ReplaySettings, watch: Watch = silent) -> StageResult:
    """Ask every candidate for the answers it still owes.

    Raises:
        NotReadyError: nothing has been drawn.
        EngineError: a model cannot be used at all; what it answered before is kept.
    """
    began = time.monotonic()
    if not store.value("SELECT count(*) FROM draws"):
        raise NotReadyError(
            "no call has been drawn: no category of the log has a criterion",
            hint="write one for it in criteria.yaml, then run 'auditor grade'",
        )
    with store.transaction():
        store.execute(_LOGGED)
    written, resumed = 0, 0
    warnings: list[str] = []
    categories: dict[str, dict[str, Any]] = {}
    for engine in settings.engines:
        drawn = dict(store.rows(_DRAWN, [engine.candidate.candidate_id]))
        known = {
            row[0]
            for row in store.rows(
                "SELECT call_id FROM answers WHERE candidate_id = ? AND replicate = 0",
                [engine.candidate.candidate_id],
            )
        }
        done = known & drawn.keys()
        resumed += len(done)
        warnings.extend(engine.notes)
        if len(done) == len(drawn):
            continue
        requests = _requests(store, sorted(drawn), settings.max_output_tokens)
        store.rest()
        tallies = {
            c: _Tally(calls=n) for c, n in Counter(drawn[c] for c in drawn if c not in done).items()
        }
        written += _replay(store, engine, requests, done, drawn, tallies, watch)
        _save_speed(store, engine, settings.machine)
        categories |= _table(store, tallies, engine)
    store.rest()
    return StageResult(
        stage="replay",
        rows_read=written + resumed,
        rows_written=written,
        seconds=time.monotonic() - began,
        warnings=tuple(warnings),
        detail={"resumed": resumed, "categories": list(categories.values())},
    )


def request_of(row: Mapping[str, Any], max_output_tokens: int) -> Request:
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
    )


def _requests(store: Store, call_ids: Sequence[str], max_output_tokens: int) -> list[Request]:
    rows = store.dicts(
        "SELECT call_id, system_text, messages, tools, params FROM contents"
        " WHERE list_contains(?, call_id) ORDER BY call_id",
        [list(call_ids)],
    )
    return [request_of(row, max_output_tokens) for row in rows]


def _replay(
    store: Store,
    engine: Engine,
    requests: Sequence[Request],
    done: set[str],
    category_of: Mapping[str, str],
    tallies: Mapping[str, _Tally],
    watch: Watch,
) -> int:
    """Ask for what is missing and save it in batches; the database rests in between."""
    watch.start(
        f"Replaying on {engine.candidate.model}", total=len(requests) - len(done), unit="calls"
    )
    pending: list[dict[str, Any]] = []
    saved, saved_at = 0, time.monotonic()
    try:
        for call_id, answer in engine.answers(requests, frozenset(done)):
            pending.append(_row(engine, call_id, answer))
            tally = tallies[category_of[call_id]]
            tally.done += 1
            tally.failed += answer.error is not None
            tally.output_tokens += answer.output_tokens or 0
            if answer.latency_ms is not None:
                tally.latencies_ms.append(answer.latency_ms)
            watch.advance(1, category_of[call_id])
            if len(pending) >= _SAVE_EVERY or time.monotonic() - saved_at > _SAVE_EVERY_S:
                saved += _save(store, pending)
                pending, saved_at = [], time.monotonic()
    finally:
        saved += _save(store, pending)
    watch.finish()
    return saved


def _row(engine: Engine, call_id: str, answer: Answer) -> dict[str, Any]:
    candidate_id = engine.candidate.candidate_id
    return {
        "answer_id": digest("answer", call_id, candidate_id, 0, size=16),
        "call_id": call_id,
        "candidate_id": candidate_id,
        "replicate": 0,
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


def _save(store: Store, rows: Sequence[Mapping[str, Any]]) -> int:
    if not rows:
        return 0
    store.append("answers", pa.Table.from_pylist(list(rows)))
    store.rest()
    return len(rows)


def _save_speed(store: Store, engine: Engine, machine: str | None) -> None:
    measured_at = datetime.now(UTC)
    with store.transaction():
        store.append(
            "speeds",
            [
                {
                    "candidate_id": speed.candidate_id,
                    "concurrency": speed.concurrency,
                    "prompt_tokens_per_s": speed.prompt_tokens_per_s,
                    "output_tokens_per_s": speed.output_tokens_per_s,
                    "ttft_ms_p50": speed.ttft_ms_p50,
                    "requests": speed.requests,
                    "machine": machine,
                    "measured_at": measured_at,
                }
                for speed in engine.speed()
            ],
        )


def _table(
    store: Store, tallies: Mapping[str, _Tally], engine: Engine
) -> dict[str, dict[str, Any]]:
    """Return what the console shows per category: calls, failures, median seconds, tokens."""
    names = dict(store.rows("SELECT category_id, name FROM categories"))
    table = {}
    for category_id, tally in sorted(tallies.items(), key=lambda item: names[item[0]]):
        times = sorted(tally.latencies_ms)
        table[f"{engine.candidate.candidate_id}/{category_id}"] = {
            "category_id": category_id,
            "name": names[category_id],
            "model": engine.candidate.model,
            "calls": tally.done,
            "failed": tally.failed,
            "latency_ms_p50": times[len(times) // 2] if times else None,
            "output_tokens": tally.output_tokens,
        }
    return table
