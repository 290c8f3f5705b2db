"""The order of the stages, what is stale, what is resumed.

A stage is skipped when its last finished run has the fingerprint it would have now: a hash of the
code version, its settings and the fingerprints of the stages it rests on. That is ``make`` for an
audit, and why ``auditor audit`` can be run again and again.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor import __version__
from auditor.domain import StageResult, Watch, canonical_json, digest, silent
from auditor.errors import AuditorError, NotReadyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from auditor.config import Config
    from auditor.engines.base import Engine
    from auditor.stages.ingest import IngestSettings
    from auditor.store import Store

STAGES = (
    "ingest", "categorize", "criteria", "sample", "replay", "grade", "cost", "plan", "report",
)  # fmt: skip
RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "ingest": (),
    "categorize": ("ingest",),
    "criteria": ("categorize",),
    "sample": ("categorize", "criteria"),
    "replay": ("sample",),
    "grade": ("criteria", "replay"),
    "cost": ("categorize", "replay"),
    "plan": ("grade", "cost"),
    "report": ("plan",),
}
SIGN_OF_LIFE_S = 2.0
"""How often a running stage says where it is."""
DEAD_AFTER = timedelta(seconds=90)
"""A running stage that has not said so for that long was killed."""


class StageState(NamedTuple):
    """Where a stage stands, as ``auditor status`` shows it."""

    stage: str
    state: str
    """never, done, stale, running, interrupted or failed."""
    done: int | None
    total: int | None
    note: str | None
    when: datetime | None
    rows: int | None


@dataclass(slots=True)
class Pipeline:
    """One audit: a database, settings, and who watches."""

    store: Store
    config: Config
    watch: Watch = silent
    force: bool = False
    output: Path = field(default_factory=lambda: Path("auditor-report.html"))
    command: str = "auditor audit"
    _engines: list[Engine] | None = None

    # -- running -----------------------------------------------------------------------------------

    def ingest(self, paths: Sequence[str]) -> StageResult:
        """Read logs; new ones only."""
        from auditor.stages import ingest

        self._reprice()
        settings = self._ingest_settings()
        return self._recorded(
            "ingest", lambda watch: ingest.run(self.store, paths, settings, watch)
        )

    def _ingest_settings(self) -> IngestSettings:
        from auditor.stages.ingest import IngestSettings

        return IngestSettings(redact=self.config.ingest.redact, prices=self.config.prices)

    def _reprice(self) -> None:
        """Price all calls anew when ``[prices]`` says something else than it did."""
        from auditor.stages import ingest

        wanted = self._prices()
        known = self.store.value("SELECT value FROM meta WHERE key = 'prices'")
        if known == wanted:
            return
        changed = ingest.reprice(self.store, self._ingest_settings()) if known else 0
        with self.store.transaction():
            self.store.execute("DELETE FROM meta WHERE key = 'prices'")
            self.store.append("meta", [{"key": "prices", "value": wanted}])
        if changed:
            self.watch.warn(f"[prices] changed: {changed:,} calls were priced anew")

    def _prices(self) -> str:
        return digest("prices", self.config.prices.model_dump(mode="json"))

    def run_to(self, target: str) -> list[StageResult]:
        """Run the stages up to ``target`` that are not up to date.

        Commands behind the replay (grade, cost, plan, report) take the replay as it is: they
        never load a model unless there has been none.

        Raises:
            NotReadyError: no log has been read.
            AuditorError: a stage failed; what it had finished is kept.
        """
        if not self.store.value("SELECT count(*) FROM calls"):
            raise NotReadyError(
                f"{self.store.path} holds no calls yet", hint="run 'auditor ingest LOGS' first"
            )
        self._reprice()
        try:
            return [self._stage(stage) for stage in self._needed(target)]
        finally:
            self._close_engines()

    def audit(self) -> list[StageResult]:
        """Run every stage that is not up to date, the replay on the models asked for included."""
        return self.run_to("replay") + self.run_to("report")

    def _needed(self, target: str) -> list[str]:
        """Return the stages on the way to ``target``, in order, without ingest."""
        wanted = {target}
        for stage in reversed(STAGES):
            if stage in wanted:
                wanted.update(RESTS_ON[stage])
        wanted.discard("ingest")
        if STAGES.index(target) > STAGES.index("replay") and self._replayed():
            wanted -= {"sample", "replay"}
            if self._stale("sample"):
                self.watch.warn(
                    "calls, prices or criteria have changed since the last replay: "
                    "run 'auditor replay' to draw anew"
                )
        return [stage for stage in STAGES if stage in wanted]

    def _replayed(self) -> bool:
        return bool(
            self.store.value(
                "SELECT count(*) FROM stage_runs WHERE stage = 'replay' AND status <> 'running'"
            )
        )

    def _stage(self, stage: str) -> StageResult:
        # Gaps are found by the stage itself; a fingerprint cannot know of a killed run.
        if not self.force and stage != "report" and not self._stale(stage):
            return StageResult(stage=stage, skipped=True)
        runner: Callable[[Watch], StageResult] = getattr(self, f"_run_{stage}")
        return self._recorded(stage, runner)

    def _run_categorize(self, watch: Watch) -> StageResult:
        from auditor.stages import categorize

        return categorize.run(self.store, self._categorize_settings(), watch)

    def _categorize_settings(self) -> Any:
        from auditor.stages import categorize

        return categorize.CategorizeSettings(seed=self.config.sample.seed)

    def _run_criteria(self, watch: Watch) -> StageResult:
        from auditor.stages import criteria

        return criteria.run(self.store, self._criteria_settings(), watch)

    def _criteria_settings(self) -> Any:
        from auditor.stages import criteria

        grade = self.config.grade
        return criteria.CriteriaSettings(criteria=grade.criteria, labels=grade.labels)

    def _run_sample(self, watch: Watch) -> StageResult:
        from auditor.stages import sample

        chosen = self.config.sample
        engines = self.engines()
        settings = sample.SampleSettings(
            candidates=[engine.candidate for engine in engines],
            vision={e.candidate.candidate_id: self.config.replay.vision for e in engines},
            top=chosen.top,
            samples=chosen.samples,
            seed=chosen.seed,
        )
        return sample.run(self.store, settings, watch)

    def _run_replay(self, watch: Watch) -> StageResult:
        from auditor.stages import replay

        settings = replay.ReplaySettings(
            engines=self.engines(), max_output_tokens=self.config.replay.max_output_tokens
        )
        return replay.run(self.store, settings, watch)

    def _run_grade(self, watch: Watch) -> StageResult:
        from auditor.stages import grade

        return grade.run(self.store, watch)

    def _run_cost(self, watch: Watch) -> StageResult:
        from auditor.stages import cost

        return cost.run(self.store, self.config.local, watch)

    def _run_plan(self, watch: Watch) -> StageResult:
        from auditor.stages import plan

        return plan.run(self.store, self.config.plan, self.config.local, watch)

    def _run_report(self, watch: Watch) -> StageResult:
        from auditor.stages import report

        settings = report.ReportSettings(
            output=self.output, examples=self.config.report.examples, command=self.command
        )
        return report.run(self.store, settings, watch)

    # -- engines -----------------------------------------------------------------------------------

    def engines(self) -> list[Engine]:
        """Open the engines that were asked for, cheapest first; no weights are loaded yet."""
        if self._engines is None:
            from auditor.engines import EngineSettings, open_engine

            chosen = self.config.replay
            specs = chosen.model if isinstance(chosen.model, list) else [chosen.model]
            settings = EngineSettings(
                slots=chosen.slots,
                exact=chosen.exact,
                context_tokens=chosen.context_tokens,
                threads=chosen.threads,
                timeout_s=chosen.timeout_s,
                template_kwargs=chosen.template_kwargs,
                seed=self.config.sample.seed,
            )
            self._engines = [
                open_engine(spec, replace(settings, rung=rung)) for rung, spec in enumerate(specs)
            ]
        return self._engines

    def _close_engines(self) -> None:
        for engine in self._engines or ():
            engine.close()
        self._engines = None

    # -- fingerprints ------------------------------------------------------------------------------

    def fingerprint(self, stage: str) -> str:
        """Return the hash of everything the result of a stage follows from."""
        if stage == "ingest":
            return digest(
                "ingest",
                self._prices(),
                self.store.rows("SELECT source_id, bytes_read, calls FROM sources ORDER BY 1"),
            )
        if stage in {"sample", "replay"} and self._engines is None and self._replayed():
            # Nobody asked for a model: the replay stands as it is.
            return str(self._last(stage)["fingerprint"])
        return digest(stage, __version__, self._settings(stage), self._rests_on(stage))

    def _settings(self, stage: str) -> object:
        """Return what of the configuration changes the result of a stage."""
        config = self.config
        if stage == "categorize":
            overrides = self.store.rows(
                "SELECT kind, subject, value FROM overrides ORDER BY override_no"
            )
            return [str(self._categorize_settings()), overrides]
        if stage == "criteria":
            files = (config.grade.criteria, config.grade.labels)
            return [path.read_bytes().hex() if path else None for path in files]
        if stage in {"sample", "replay"}:
            candidates = [engine.candidate.candidate_id for engine in self.engines()]
            return [candidates, config.sample.model_dump(), config.replay.max_output_tokens]
        if stage == "cost":
            return config.local.model_dump(mode="json")
        if stage == "plan":
            return [config.plan.model_dump(mode="json"), config.local.model_dump(mode="json")]
        return None

    def _last(self, stage: str) -> dict[str, Any]:
        rows = self.store.dicts(
            "SELECT * FROM stage_runs WHERE stage = ? ORDER BY started_at DESC LIMIT 1", [stage]
        )
        return rows[0] if rows else {}

    def _stale(self, stage: str) -> bool:
        last = self._last(stage)
        if last.get("status") != "done":
            return True
        if stage == "sample" and self._engines is None and self._replayed():
            # Nobody asked for a model: only what it rests on can have changed.
            return bool(json.loads(last["detail"])["rests_on"] != self._rests_on(stage))
        return bool(last["fingerprint"] != self.fingerprint(stage))

    def _rests_on(self, stage: str) -> list[str]:
        return [self.fingerprint(earlier) for earlier in RESTS_ON[stage]]

    # -- the record of runs ------------------------------------------------------------------------

    def _recorded(self, stage: str, runner: Callable[[Watch], StageResult]) -> StageResult:
        """Run a stage and keep when, how far and how it ended."""
        run_id = secrets.token_hex(8)
        self._refuse_if_running(stage)
        self.store.execute("UPDATE stage_runs SET status = 'partial' WHERE status = 'running'")
        self.store.append(
            "stage_runs",
            [
                {
                    "run_id": run_id,
                    "stage": stage,
                    "fingerprint": "",
                    "status": "running",
                    "started_at": datetime.now(UTC),
                    "seen_at": datetime.now(UTC),
                    "detail": canonical_json({"pid": os.getpid()}),
                }
            ],
        )
        self.store.rest()
        with self._ending(run_id):
            result = runner(_SignsOfLife(self.store, run_id, self.watch))
            self._finish(
                run_id,
                "done",
                fingerprint=self.fingerprint(stage),
                settings=canonical_json(self._settings(stage)),
                rows_read=result.rows_read,
                rows_written=result.rows_written,
                detail=canonical_json(
                    {
                        **result.detail,
                        "warnings": list(result.warnings),
                        "rests_on": self._rests_on(stage),
                    }
                ),
            )
        self.store.rest()
        return result

    @contextmanager
    def _ending(self, run_id: str) -> Iterator[None]:
        """Write down how a run ended when it did not end well."""
        try:
            yield
        except KeyboardInterrupt:
            self._finish(run_id, "partial")
            raise
        except StoreError:
            raise  # the database itself is in trouble: there is nowhere to write
        except AuditorError as error:
            self._finish(run_id, "failed", detail=canonical_json({"error": error.message}))
            raise

    def _finish(self, run_id: str, status: str, **columns: object) -> None:
        columns |= {"status": status, "finished_at": datetime.now(UTC)}
        names = ", ".join(f"{name} = ?" for name in columns)
        self.store.execute(
            f"UPDATE stage_runs SET {names} WHERE run_id = ?", [*columns.values(), run_id]
        )
        self.store.rest()

    def _refuse_if_running(self, stage: str) -> None:
        for run in self.store.dicts(
            "SELECT stage, seen_at, detail ->> 'pid' AS pid FROM stage_runs"
            " WHERE status = 'running'"
        ):
            pid = int(run["pid"])
            fresh = datetime.now(UTC) - run["seen_at"] < DEAD_AFTER
            if pid != os.getpid() and fresh and _alive(pid):
                raise StoreError(
                    f"cannot {stage}: {run['stage']} is running on {self.store.path} (PID {pid})",
                    hint="wait for it ('auditor status' shows how far it is), or stop it first",
                )

    def states(self) -> list[StageState]:
        """Return where every stage stands; for a read-only database too."""
        return [self._state(stage) for stage in STAGES]

    def _state(self, stage: str) -> StageState:
        last = self._last(stage)
        if not last:
            return StageState(stage, "never", None, None, None, None, None)
        state = {"partial": "interrupted"}.get(last["status"], last["status"])
        if state == "running" and datetime.now(UTC) - last["seen_at"] > DEAD_AFTER:
            state = "interrupted"
        elif state == "done" and stage not in {"ingest", "report"} and self._stale(stage):
            state = "stale"
        return StageState(
            stage, state, last["done"], last["total"], last["note"],
            last["finished_at"] or last["seen_at"], last["rows_written"],
        )  # fmt: skip


class _SignsOfLife:
    """A ``Watch`` that passes everything on and keeps how far a stage is in ``stage_runs``."""

    def __init__(self, store: Store, run_id: str, watch: Watch) -> None:
        self._store, self._run_id, self._watch = store, run_id, watch
        self._task, self._done = "", 0
        self._total: int | None = None
        self._said_at = time.monotonic()

    def start(self, task: str, total: int | None = None, unit: str = "") -> None:
        self._task, self._done, self._total = task, 0, total
        self._watch.start(task, total, unit)
        self._say()

    def advance(self, n: int = 1, note: str = "") -> None:
        self._done += n
        self._watch.advance(n, note)
        if time.monotonic() - self._said_at > SIGN_OF_LIFE_S:
            self._say()

    def finish(self, note: str = "") -> None:
        self._watch.finish(note)
        self._say()

    def warn(self, message: str) -> None:
        self._watch.warn(message)

    def _say(self) -> None:
        self._store.execute(
            "UPDATE stage_runs SET done = ?, total = ?, note = ?, seen_at = ? WHERE run_id = ?",
            [self._done, self._total, self._task, datetime.now(UTC), self._run_id],
        )
        self._store.rest()
        self._said_at = time.monotonic()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
