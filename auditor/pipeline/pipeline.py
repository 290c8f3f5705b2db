"""The order of the stages, what is stale, what is resumed.

A stage is skipped when its last finished run has the fingerprint it would have now: a hash of the
code version, its settings and the fingerprints of the stages it rests on. That is ``make`` for an
audit, and why ``auditor audit`` can be run again and again.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor import __version__
from auditor.domain import StageResult, Watch, canonical_json, digest, silent
from auditor.errors import LogError, NotReadyError
from auditor.pipeline.runs import RunRecord
from auditor.store.filters import CallFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.config import Config
    from auditor.engines.base import Engine
    from auditor.ingest.stage import IngestSettings
    from auditor.pipeline.runs import StageState
    from auditor.replay.baseline_stage import Rerun
    from auditor.replay.sample_stage import SampleSettings
    from auditor.store.store import Store

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
BASELINE = "baseline"
"""What runs beside the stages when the user asks for it: the API's models asked again."""


class _Undone(Exception):  # noqa: N818 - rolls a trial back, it is no error
    """Ends a transaction that was a trial."""


@dataclass(slots=True)
class Pipeline:
    """One audit: a database, settings, and who watches."""

    store: Store
    config: Config
    watch: Watch = silent
    force: bool = False
    output: Path = field(default_factory=lambda: Path("auditor-report.html"))
    command: str = "auditor audit"
    only: CallFilter = field(default_factory=CallFilter)
    rerun: AbstractSet[str] | None = None
    """Calls the user agreed to have asked again of the API; None: nobody asked for it."""
    _engines: list[Engine] | None = None

    # -- running -----------------------------------------------------------------------------------

    def ingest(self, paths: Sequence[str]) -> StageResult:
        """Read logs; new ones only.

        Raises:
            LogError: a log that cannot be read, or no call in any of them.
        """
        from auditor.ingest import stage as ingest

        self._reprice()
        settings = self._ingest_settings()
        result = self._recorded(
            "ingest", lambda watch: ingest.run(self.store, paths, settings, watch)
        )
        self._require_calls(result)
        return result

    def _require_calls(self, result: StageResult) -> None:
        """Refuse logs without a single call: the audit would go on without them in silence."""
        sources = result.detail["sources"]
        if not sources or any(source["calls"] or source["duplicates"] for source in sources):
            return
        named = sources[0]["path"] if len(sources) == 1 else f"the {len(sources)} files"
        records = sum(source["records"] for source in sources)
        why = self.store.value(
            "SELECT concat_ws(', ', reason, detail) FROM rejects JOIN sources USING (source_id)"
            " WHERE path = ? ORDER BY record_no LIMIT 1",
            [sources[0]["path"]],
        )
        held = f"{records:,} record{'' if records == 1 else 's'}" if records else "empty"
        raise LogError(
            f"no call in {named}: {held}" + (f", the first rejected as {why}" if why else ""),
            hint="give logs of API calls, requests with their answers; 'auditor demo' shows some",
        )

    def _ingest_settings(self) -> IngestSettings:
        from auditor.ingest.stage import IngestSettings

        return IngestSettings(
            redact=self.config.ingest.redact,
            prices=self.config.prices,
            readers=self.config.readers,
            only=self.only,
        )

    def _reprice(self) -> None:
        """Price all calls anew when ``[prices]`` says something else than it did."""
        from auditor.ingest import stage as ingest

        wanted = self._prices()
        known = self.store.value("SELECT value FROM meta WHERE key = 'prices'")
        if known == wanted:
            return
        changed = ingest.reprice(self.store, self._ingest_settings()) if known else 0
        with self.store.transaction():
            self.store.execute("DELETE FROM meta WHERE key IN ('prices', 'priced_at')")
            facts = {"prices": wanted, "priced_at": datetime.now(UTC).isoformat()}
            self.store.append("meta", [{"key": k, "value": v} for k, v in facts.items()])
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
        needed = self._needed(target)
        try:
            if "replay" in needed or "sample" in needed:
                self.engines()  # a wrong --model is told before hours of other work
            results = [self._stage(stage) for stage in needed]
            if target == "replay" and self.rerun is not None:
                results.append(self._recorded(BASELINE, self._run_baseline))
            return results
        finally:
            self._close_engines()

    def audit(self) -> list[StageResult]:
        """Run every stage that is not up to date, the replay on the models asked for included."""
        return self.run_to("replay") + self.run_to("report")

    def rerun_due(self) -> Rerun:
        """Return what ``--baseline-rerun`` would ask the API for, once the calls are drawn.

        Draws on trial: until the user agrees nothing of it is kept.
        """
        from auditor.replay import baseline_stage as baseline
        from auditor.replay import sample_stage as sample

        self.run_to("criteria")
        try:
            with suppress(_Undone), self.store.transaction():
                sample.run(self.store, self._sample_settings(rerun=True))
                found = baseline.due(self.store)
                raise _Undone
        finally:
            self._close_engines()
        return found

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
        from auditor.categories import stage as categorize

        return categorize.run(self.store, self._categorize_settings(), watch)

    def _categorize_settings(self) -> Any:
        from auditor.categories import stage as categorize

        # --seed draws other calls; the categories stay what they are.
        chosen = self.config.categorize
        return categorize.CategorizeSettings(
            sample=chosen.sample, fine=chosen.fine, fresh=self.force
        )

    def _run_criteria(self, watch: Watch) -> StageResult:
        from auditor.criteria import choose_stage as criteria

        return criteria.run(self.store, self._criteria_settings(), watch)

    def _criteria_settings(self) -> Any:
        from auditor.criteria import choose_stage as criteria

        grade = self.config.grade
        return criteria.CriteriaSettings(criteria=grade.criteria, labels=grade.labels)

    def _run_sample(self, watch: Watch) -> StageResult:
        from auditor.replay import sample_stage as sample

        return sample.run(self.store, self._sample_settings(rerun=self.rerun is not None), watch)

    def _sample_settings(self, *, rerun: bool) -> SampleSettings:
        from auditor.replay import sample_stage as sample

        chosen = self.config.sample
        return sample.SampleSettings(
            candidates=[engine.candidate for engine in self.engines()],
            top=chosen.top,
            samples=chosen.samples,
            seed=chosen.seed,
            unanswered=sample.draws_unanswered(self.store, wanted=rerun),
        )

    def _run_replay(self, watch: Watch) -> StageResult:
        from auditor.replay import replay_stage as replay

        settings = replay.ReplaySettings(
            engines=self.engines(),
            max_output_tokens=self.config.replay.max_output_tokens,
            answer_headroom=self.config.replay.answer_headroom,
        )
        return replay.run(self.store, settings, watch)

    def _run_baseline(self, watch: Watch) -> StageResult:
        from auditor.replay import baseline_stage as baseline

        settings = baseline.BaselineSettings(
            agreed=self.rerun or frozenset(),
            max_output_tokens=self.config.replay.max_output_tokens,
            timeout_s=self.config.replay.timeout_s,
        )
        return baseline.run(self.store, settings, watch)

    def _run_grade(self, watch: Watch) -> StageResult:
        from auditor.criteria import grade_stage as grade

        return grade.run(self.store, watch)

    def _run_cost(self, watch: Watch) -> StageResult:
        from auditor.plan import cost_stage as cost

        return cost.run(self.store, self.config.local, watch)

    def _run_plan(self, watch: Watch) -> StageResult:
        from auditor.plan import plan_stage as plan

        return plan.run(self.store, self.config.plan, self.config.local, watch)

    def _run_report(self, watch: Watch) -> StageResult:
        from auditor.report import stage as report

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
                slots=chosen.slots or EngineSettings().slots,
                exact=chosen.exact,
                max_output_tokens=chosen.max_output_tokens,
                answer_headroom=chosen.answer_headroom,
                context_tokens=chosen.context_tokens,
                threads=chosen.threads,
                gpu_layers=chosen.gpu_layers,
                cpu_expert_layers=chosen.cpu_expert_layers,
                cache_gb=chosen.cache_gb,
                grammar=chosen.grammar,
                timeout_s=chosen.timeout_s,
                urls_concurrency=chosen.concurrency,
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
        if stage in {"sample", "replay"} and self._engines is None:
            # Nobody asked for a model: the replay stands as it is.
            return str(self._last(stage).get("fingerprint"))
        return digest(stage, __version__, self._settings(stage), self._rests_on(stage))

    def _settings(self, stage: str) -> object:
        """Return what of the configuration changes the result of a stage."""
        config = self.config
        if stage == "categorize":
            overrides = self.store.rows(
                "SELECT kind, subject, value FROM overrides ORDER BY override_no"
            )
            return [config.categorize.model_dump(), overrides]
        if stage == "criteria":
            from auditor.criteria import choose_stage as criteria

            return criteria.in_force(self.store, self._criteria_settings())
        if stage in {"sample", "replay"}:
            return self._sample_facts()
        if stage == "grade":
            return self._reruns()
        local = config.local.model_dump(mode="json")
        return {"cost": local, "plan": [config.plan.model_dump(mode="json"), local]}.get(stage)

    def _sample_facts(self) -> list[object]:
        from auditor.replay import sample_stage as sample

        candidates = [engine.candidate.candidate_id for engine in self.engines()]
        facts: list[object] = [candidates, self.config.sample.model_dump()]
        wanted = self.rerun is not None
        unanswered = sample.draws_unanswered(self.store, wanted=wanted)
        return [*facts, "unanswered"] if unanswered else facts

    def _reruns(self) -> object:
        """Return how many answers the API was asked for again, None before the first."""
        return (
            self.store.rows(
                "SELECT count(*), count(text) FROM answers"
                " WHERE candidate_id IS NULL AND answered_at IS NOT NULL HAVING count(*) > 0"
            )
            or None
        )

    def _last(self, stage: str) -> dict[str, Any]:
        return RunRecord(self.store).last(stage)

    def _stale(self, stage: str) -> bool:
        last = self._last(stage)
        if last.get("status") != "done":
            return True
        if stage == "sample" and self._engines is None:
            # Nobody asked for a model: only what it rests on can have changed.
            return bool(json.loads(last["detail"])["rests_on"] != self._rests_on(stage))
        return bool(last["fingerprint"] != self.fingerprint(stage))

    def _rests_on(self, stage: str) -> list[str]:
        return [self.fingerprint(earlier) for earlier in RESTS_ON.get(stage, ())]

    # -- the record of runs ------------------------------------------------------------------------

    def _recorded(self, stage: str, runner: Callable[[Watch], StageResult]) -> StageResult:
        return RunRecord(self.store).keep(stage, runner, lambda: self._facts(stage), self.watch)

    def _facts(self, stage: str) -> dict[str, object]:
        return {
            "fingerprint": self.fingerprint(stage),
            "settings": canonical_json(self._settings(stage)),
            "rests_on": self._rests_on(stage),
        }

    def states(self) -> list[StageState]:
        """Return where every stage stands; for a read-only database too."""
        record = RunRecord(self.store)
        stages = list(STAGES)
        if record.last(BASELINE):
            stages.insert(stages.index("grade"), BASELINE)
        return [record.state(stage, self._outdated) for stage in stages]

    def _outdated(self, stage: str) -> bool:
        return stage not in {"ingest", BASELINE, "report"} and self._stale(stage)
