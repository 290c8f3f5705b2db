"""The planted local model, in process and on a server, and audits with it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopback import Handler, listening
from planted import MARGIN, REPLAYED, PlantedLog

from auditor.config import load_config
from auditor.criteria import grade_stage as grade
from auditor.domain import Answer, Candidate
from auditor.pipeline.pipeline import Pipeline
from auditor.plan import cost_stage as cost
from auditor.plan import plan_stage as plan
from auditor.replay import replay_stage as replay
from auditor.replay import sample_stage as sample
from auditor.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal
    from pathlib import Path

    from auditor.config import Config


class PlantedEngine:
    """The local model in this process."""

    def __init__(
        self,
        answers: Mapping[str, str],
        *,
        model: str = "planted",
        context_tokens: int | None = None,
    ) -> None:
        self.candidate = Candidate(
            engine="planted",
            model=model,
            weights_hash=None,
            context_tokens=context_tokens,
            settings={},
        )
        self.notes: list[str] = []
        self._answers = answers

    def answers(self, requests, done=frozenset()) -> Iterator[tuple[str, Answer]]:
        """Yield the planted answer to each request's last message."""
        for request in requests:
            if request.call_id not in done:
                text = self._answers[request.messages[-1]["content"]]
                yield (
                    request.call_id,
                    Answer(text=text, finish_reason="stop", input_tokens=60, output_tokens=2),
                )

    thinks = None

    def speed(self):
        """Return nothing: it takes no time."""
        return ()

    def close(self) -> None:
        """There is nothing to close."""


class PlantedServer:
    """How the server behaves, and how often each prompt was asked.

    Each answer takes ``delay_s``; after ``hold_after`` more answers it gives none until released.
    """

    def __init__(self, answers: Mapping[str, str], delay_s: float) -> None:
        self.answers = answers
        self.delay_s = delay_s
        self.url = ""
        self.asked: Counter[str] = Counter()
        self.lock = threading.Lock()
        self._left: int | None = None
        self._released = threading.Event()

    def hold_after(self, answers: int) -> None:
        """Give so many more answers and then none."""
        self.release()
        self._released = threading.Event()
        self._left = answers

    def release(self) -> None:
        """Answer everything again, what is held included."""
        self._left = None
        self._released.set()

    def wait(self, prompt: str) -> None:
        """Count a request and keep it waiting as long as it has to."""
        with self.lock:
            self.asked[prompt] += 1
            released = self._released
            held = self._left == 0
            if self._left:
                self._left -= 1
        if held:
            released.wait(timeout=300)
        time.sleep(self.delay_s)


@contextmanager
def serving(answers: Mapping[str, str], *, delay_s: float = 0.0) -> Iterator[PlantedServer]:
    """Run an OpenAI-compatible server with the planted answers; ``url`` is a ``--model``."""
    planted = PlantedServer(answers, delay_s)

    class Completions(Handler):
        def post(self) -> None:
            body = self.body()
            prompt = body["messages"][-1]["content"]
            planted.wait(prompt)
            text = planted.answers[prompt]
            words = sum(len(str(message["content"]).split()) for message in body["messages"])
            reply = {
                "object": "chat.completion",
                "choices": [
                    {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
                ],
                "usage": {"prompt_tokens": 2 * words, "completion_tokens": 2},
            }  # fmt: skip
            self.send_json(200, reply)

    with listening(Completions) as url:
        planted.url = f"{url}/v1#planted"
        try:
            yield planted
        finally:
            planted.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What one audit said, and what is true: by name of the task."""

    verdicts: Mapping[str, str]
    differences: Mapping[str, Decimal]
    low: float
    high: float
    true_share: float
    total_usd: Decimal

    @property
    def movable(self) -> set[str]:
        """The tasks that are truly not worse by more than the margin."""
        return {name for name, value in self.differences.items() if value >= -MARGIN}

    @property
    def wrong_moves(self) -> set[str]:
        """The tasks that were said to move and are worse by more than the margin."""
        return {name for name in self.differences if self.verdicts[name] == "move"} - self.movable

    @property
    def wrong_keeps(self) -> set[str]:
        """The tasks that were shown worse and are not."""
        return {name for name in self.movable if self.verdicts[name] == "keep"}

    @property
    def covered(self) -> bool:
        """Whether the headline holds the true movable share of all spend."""
        return self.low - 1e-9 <= self.true_share <= self.high + 1e-9


def prepare(log: PlantedLog, folder: Path) -> tuple[Path, Config]:
    """Read the log, find its categories and choose their criteria, once for many audits."""
    paths = log.write(folder)
    config = load_config(folder / "auditor.toml")
    base = folder / "base.duckdb"
    with Store.open(base) as store:
        pipeline = Pipeline(store=store, config=config)
        pipeline.ingest([str(path) for path in paths])
        pipeline.run_to("criteria")
    return base, config


@contextmanager
def copied(base: Path) -> Iterator[Store]:
    """Open a copy of a database in memory."""
    with Store.open() as store:
        store.execute(f"ATTACH '{base}' AS base (READ_ONLY)")
        tables = store.rows("SELECT table_name FROM duckdb_tables() WHERE database_name = 'base'")
        for (table,) in tables:
            if table != "meta":
                store.execute(f"INSERT INTO {table} BY NAME SELECT * FROM base.{table}")
        store.execute("DETACH base")
        yield store


def tasks_of_categories(store: Store) -> dict[str, str]:
    """Return the task of each category; every category must hold the calls of one task."""
    rows = store.rows(
        """SELECT category_id, regexp_extract(log_id, '^log-(.+)-[0-9]+$', 1) AS task
        FROM calls JOIN call_categories USING (call_id) GROUP BY ALL ORDER BY ALL"""
    )
    found = dict(rows)
    assert len(found) == len(rows) == len(set(found.values())), rows
    return found


def decide(
    store: Store,
    config: Config,
    engine: PlantedEngine,
    *,
    seed: int,
    samples: int,
    top: int = REPLAYED,
) -> None:
    """Draw, replay, grade and decide."""
    settings = sample.SampleSettings(
        candidates=[engine.candidate], top=top, samples=samples, seed=seed
    )
    sample.run(store, settings)
    replay.run(
        store, replay.ReplaySettings(engines=[engine], max_output_tokens=512, answer_headroom=2.0)
    )
    grade.run(store)
    cost.run(store, config.local)
    plan.run(store, config.plan, config.local)
    assert store.check() == []


def audit(log: PlantedLog, base: Path, config: Config, *, seed: int, samples: int) -> Audited:
    """Audit a copy; the seed chooses the draws and the local model's mistakes."""
    answers = log.local_answers(seed)
    with copied(base) as store:
        decide(store, config, PlantedEngine(answers), seed=seed, samples=samples)
        task_of = tasks_of_categories(store)
        verdicts = store.rows("SELECT category_id, verdict FROM plan_items")
        headline = store.dicts("SELECT * FROM v_headline")[0]
    differences = log.differences(answers)
    spend = log.spend_by_task()
    movable = sum(spend[name] for name, value in differences.items() if value >= -MARGIN)
    return Audited(
        verdicts={task_of[category_id]: verdict for category_id, verdict in verdicts},
        differences=differences,
        low=headline["low"],
        high=headline["high"],
        true_share=float(movable / sum(spend.values())),
        total_usd=headline["total_usd"],
    )


# Times, and what follows from how fast a machine was.
VOLATILE = {
    "ingested_at", "born_at", "added_at", "made_at", "answered_at", "graded_at", "labelled_at",
    "looked_at",
    "latency_ms", "ttft_ms", "busy_hours_month", "local_usd_month", "net_usd_month",
}  # fmt: skip
_FACTS = {"calls": {"latency_ms", "ttft_ms"}}
_RECORD_OF_RUNS = {"meta", "stage_runs", "speeds", "machine_costs"}


def tables_of(path: Path) -> dict[str, list[tuple]]:
    """Return what an audit has found: every table, sorted, without times and speeds."""
    with Store.open(path, read_only=True) as store:
        assert store.check() == []
        columns: dict[str, list[str]] = {}
        for table, column in store.rows(
            "SELECT table_name, column_name FROM duckdb_columns() JOIN duckdb_tables()"
            " USING (database_name, schema_name, table_name)"
            " ORDER BY table_name, column_index"
        ):
            if table not in _RECORD_OF_RUNS and column not in VOLATILE - _FACTS.get(table, set()):
                columns.setdefault(table, []).append(column)
        return {
            table: store.rows(f"SELECT {', '.join(names)} FROM {table} ORDER BY ALL")
            for table, names in columns.items()
        }
