"""The record of runs: when a stage ran, how far it is, how it ended, and what it rested on."""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.domain import Part, canonical_json
from auditor.errors import AuditorError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from auditor.domain import StageResult, Watch
    from auditor.store.store import Store

SIGN_OF_LIFE_S = 2.0
"""How often a running stage says where it is."""
DEAD_AFTER = timedelta(hours=1)
"""A running stage that has not said so for that long was killed, and its PID is another's now.

One answer of a large model to a long prompt takes minutes, so silence alone proves nothing.
"""


class StageState(NamedTuple):
    """Where a stage stands, as ``auditor status`` shows it."""

    stage: str
    state: str
    """never, done, stale, running, interrupted or failed."""
    done: int | None
    total: int | None
    note: str | None
    began: datetime | None
    when: datetime | None
    """When it ended, or gave its last sign of life."""
    rows: int | None
    parts: Sequence[Part] = ()
    """How far each part is, of a stage that has parts and has not ended."""


class RunRecord:
    """The table ``stage_runs`` of one database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last(self, stage: str) -> dict[str, Any]:
        """Return the newest run of a stage, empty if there was none."""
        rows = self._store.dicts(
            "SELECT * FROM stage_runs WHERE stage = ? ORDER BY started_at DESC LIMIT 1", [stage]
        )
        return rows[0] if rows else {}

    def state(self, stage: str, stale: Callable[[], bool]) -> StageState:
        """Return where a stage stands; ``stale`` is asked where it is done."""
        last = self.last(stage)
        if not last:
            return StageState(stage, "never", None, None, None, None, None, None)
        state = {"partial": "interrupted"}.get(last["status"], last["status"])
        if state == "running" and not _runs(last):
            state = "interrupted"
        elif state == "done" and stale():
            state = "stale"
        return StageState(
            stage, state, last["done"], last["total"], last["note"], last["started_at"],
            last["finished_at"] or last["seen_at"], last["rows_written"],
            _parts(last) if state in {"running", "interrupted"} else (),
        )  # fmt: skip

    def keep(
        self,
        stage: str,
        runner: Callable[[Watch], StageResult],
        rests_on: Callable[[], Mapping[str, object]],
        watch: Watch,
    ) -> StageResult:
        """Run a stage and write down how it went.

        ``rests_on`` gives fingerprint and settings; it is asked when the stage is over, because
        what a stage rests on may be known only then.

        Raises:
            StoreError: another process runs a stage on this database.
        """
        run_id = secrets.token_hex(8)
        self._refuse_if_running(stage)
        self._store.execute("UPDATE stage_runs SET status = 'partial' WHERE status = 'running'")
        self._store.append(
            "stage_runs",
            [
                {
                    "run_id": run_id,
                    "stage": stage,
                    "fingerprint": "",
                    "status": "running",
                    "started_at": datetime.now(UTC),
                    "seen_at": datetime.now(UTC),
                    "detail": _sign(),
                }
            ],
        )
        self._store.rest()
        with self._ending(run_id):
            result = runner(_SignsOfLife(self._store, run_id, watch))
            facts = dict(rests_on())
            detail = {
                **result.detail,
                "warnings": list(result.warnings),
                "rests_on": facts.pop("rests_on"),
            }
            self._finish(
                run_id,
                "done",
                **facts,
                rows_read=result.rows_read,
                rows_written=result.rows_written,
                detail=canonical_json(detail),
            )
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
        self._store.execute(
            f"UPDATE stage_runs SET {names} WHERE run_id = ?", [*columns.values(), run_id]
        )
        self._store.rest()

    def _refuse_if_running(self, stage: str) -> None:
        for run in self._store.dicts(
            "SELECT stage, seen_at, detail FROM stage_runs WHERE status = 'running'"
        ):
            pid = _pid(run)
            if pid != os.getpid() and _runs(run):
                raise StoreError(
                    f"cannot {stage}: {run['stage']} is running on {self._store.path} (PID {pid})",
                    hint="wait for it ('auditor status' shows how far it is), or stop it first",
                )


class _SignsOfLife:
    """A ``Watch`` that passes everything on and keeps how far a stage is in ``stage_runs``."""

    def __init__(self, store: Store, run_id: str, watch: Watch) -> None:
        self._store, self._run_id, self._watch = store, run_id, watch
        self._task, self._done = "", 0
        self._total: int | None = None
        self._parts: Sequence[Part] = ()
        self._said_at = time.monotonic()

    def start(
        self, task: str, total: int | None = None, unit: str = "", parts: Sequence[Part] = ()
    ) -> None:
        self._task, self._done, self._total, self._parts = task, 0, total, parts
        self._watch.start(task, total, unit, parts)
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
            "UPDATE stage_runs SET done = ?, total = ?, note = ?, seen_at = ?, detail = ?"
            " WHERE run_id = ?",
            [
                self._done, self._total, self._task, datetime.now(UTC), _sign(self._parts),
                self._run_id,
            ],
        )  # fmt: skip
        self._store.rest()
        self._said_at = time.monotonic()


_PART = tuple(field.name for field in fields(Part))


def _sign(parts: Sequence[Part] = ()) -> str:
    """Return the ``detail`` of a run that has not ended: its process, and how far its parts are."""
    rows = [{name: getattr(part, name) for name in _PART} for part in parts]
    return canonical_json({"pid": os.getpid(), "parts": rows})


def _parts(run: Mapping[str, Any]) -> tuple[Part, ...]:
    detail = json.loads(run["detail"] or "{}")
    return tuple(Part(**row) for row in detail.get("parts", ()))


def _pid(run: Mapping[str, Any]) -> int:
    """Return the process of a run that has not ended."""
    return int(json.loads(run["detail"])["pid"])


def _runs(run: Mapping[str, Any]) -> bool:
    """Say whether a run that has not ended is still under way: its process may have been killed."""
    return datetime.now(UTC) - run["seen_at"] < DEAD_AFTER and _alive(_pid(run))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
