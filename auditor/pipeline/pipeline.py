"""Runs the stages: which are needed, which are stale, what is resumed.

A stage is skipped when its last finished run has the fingerprint it would have now. What a stage
is, ``auditor.stage`` says; which there are, ``auditor.pipeline.order``.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor import __version__
from auditor.domain import StageResult, Watch, canonical_json, digest, silent
from auditor.errors import NotReadyError
from auditor.ingest.repricing import reprice_if_changed
from auditor.ingest.stage import IngestResult, require_calls
from auditor.pipeline.order import STAGES, ancestors
from auditor.pipeline.runs import RunRecord
from auditor.replay import baseline_stage, candidates
from auditor.stage import REPORT_NAME, StageContext
from auditor.store.filters import CallFilter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from auditor.config import Config
    from auditor.engines.base import Engine
    from auditor.pipeline.runs import StageState
    from auditor.replay.baseline_stage import Rerun
    from auditor.stage import Stage
    from auditor.store.store import Store


class _Undone(Exception):  # noqa: N818 - rolls a trial back, it is no error
    """Ends a transaction that was a trial."""


@dataclass(slots=True)
class Pipeline:
    """One audit: a database, settings, and who watches."""

    store: Store
    config: Config
    watch: Watch = silent
    force: bool = False
    output: Path = field(default_factory=lambda: Path(REPORT_NAME))
    overwrite: bool = False
    command: str = "auditor audit"
    only: CallFilter = field(default_factory=CallFilter)
    agreed: AbstractSet[str] | None = None
    """Calls the user agreed to have asked again of the API; None where nobody asked for it."""
    _engines: list[Engine] | None = None

    # -- running -----------------------------------------------------------------------------------

    def ingest(self, paths: Sequence[str]) -> IngestResult:
        """Read logs; new ones only.

        Raises:
            LogError: a log that cannot be read, or no call in any of them.
        """
        self._reprice()
        result = self._recorded(STAGES["ingest"], self._context(paths=paths))
        assert isinstance(result, IngestResult)
        require_calls(self.store, result)
        return result

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
            if any(stage.needs_model for stage in needed):
                self.engines()  # a wrong --model is told before hours of other work
            return [self._run(stage) for stage in needed]
        finally:
            self._close_engines()

    def audit(self) -> list[StageResult]:
        """Run every stage that is not up to date, the replay on the models asked for included."""
        return self.run_to("replay") + self.run_to("report")

    def rerun_due(self) -> Rerun:
        """Return what ``--baseline-rerun`` would ask the API for, once the calls are drawn.

        Draws on trial: until the user agrees nothing of it is kept.
        """
        self.run_to("criteria")
        try:
            with suppress(_Undone), self.store.transaction():
                STAGES["sample"].run(self._context(agreed=frozenset()), silent)
                found = baseline_stage.due(self.store)
                raise _Undone
        finally:
            self._close_engines()
        return found

    def _needed(self, target: str) -> list[Stage]:
        """Return the stages on the way to ``target``, in order, without ingest."""
        wanted = {target, *ancestors(target)} - {"ingest"}
        model = {name for name in wanted if STAGES[name].needs_model}
        if not STAGES[target].needs_model and "replay" in model and self._replayed():
            wanted -= model
            if self._stale(STAGES["sample"]):
                self.watch.warn(
                    "calls, prices or criteria have changed since the last replay: "
                    "run 'auditor replay' to draw anew"
                )
        return [
            stage
            for stage in STAGES.values()
            if stage.name in wanted or (stage.beside == target and self.agreed is not None)
        ]

    def _replayed(self) -> bool:
        return bool(
            self.store.value(
                "SELECT count(*) FROM stage_runs WHERE stage = 'replay' AND status <> 'running'"
            )
        )

    def _run(self, stage: Stage) -> StageResult:
        # Gaps are found by the stage itself; a fingerprint cannot know of a killed run.
        must = self.force or stage.always or stage.beside is not None
        must = must or (stage.due is not None and stage.due(self._context()))
        if not must and not self._stale(stage):
            return StageResult(stage=stage.name, skipped=True)
        return self._recorded(stage, self._context())

    def _recorded(self, stage: Stage, context: StageContext) -> StageResult:
        return RunRecord(self.store).keep(
            stage.name,
            lambda watch: stage.run(context, watch),
            lambda: self._facts(stage),
            self.watch,
        )

    def _reprice(self) -> None:
        changed = reprice_if_changed(self.store, self.config.prices)
        if changed:
            self.watch.warn(f"[prices] changed: {changed:,} calls were priced anew")

    def _context(self, **changes: Any) -> StageContext:
        context = StageContext(
            store=self.store,
            config=self.config,
            engines=self.engines,
            force=self.force,
            only=self.only,
            output=self.output,
            overwrite=self.overwrite,
            command=self.command,
            agreed=self.agreed,
        )
        return replace(context, **changes)

    # -- engines -----------------------------------------------------------------------------------

    def engines(self) -> list[Engine]:
        """Open the engines that were asked for, cheapest first; no weights are loaded yet."""
        if self._engines is None:
            self._engines = candidates.open_engines(self.config)
        return self._engines

    def _close_engines(self) -> None:
        for engine in self._engines or ():
            engine.close()
        self._engines = None

    # -- fingerprints ------------------------------------------------------------------------------

    def fingerprint(self, stage: Stage) -> str:
        """Return the hash of everything the result of a stage follows from."""
        if stage.needs_model and self._engines is None:
            # Nobody asked for a model: the replay stands as it is.
            return str(self._last(stage).get("fingerprint"))
        return digest(
            stage.name, __version__, stage.settings(self._context()), self._rests_on(stage)
        )

    def _rests_on(self, stage: Stage) -> list[str]:
        return [self.fingerprint(STAGES[earlier]) for earlier in stage.rests_on]

    def _stale(self, stage: Stage) -> bool:
        last = self._last(stage)
        if last.get("status") != "done":
            return True
        if stage.needs_model and self._engines is None:
            # Nobody asked for a model: only what the stage rests on can have changed.
            return bool(json.loads(last["detail"])["rests_on"] != self._rests_on(stage))
        return bool(last["fingerprint"] != self.fingerprint(stage))

    # -- the record of runs ------------------------------------------------------------------------

    def _last(self, stage: Stage) -> dict[str, Any]:
        return RunRecord(self.store).last(stage.name)

    def _facts(self, stage: Stage) -> dict[str, object]:
        return {
            "fingerprint": self.fingerprint(stage),
            "settings": canonical_json(stage.settings(self._context())),
            "rests_on": self._rests_on(stage),
        }

    def states(self) -> list[StageState]:
        """Return where every stage stands; for a read-only database too."""
        record = RunRecord(self.store)
        return [
            record.state(stage.name, lambda stage=stage: self._outdated(stage))  # type: ignore[misc]
            for stage in STAGES.values()
            if stage.beside is None or record.last(stage.name)
        ]

    def _outdated(self, stage: Stage) -> bool:
        if stage.always or not stage.rests_on:
            return False  # its result is no table, or what it rests on is outside the database
        return self._stale(stage)
