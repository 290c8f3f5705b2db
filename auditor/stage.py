"""What a stage is: one record that says everything the pipeline and the terminal need of it.

A stage lives in its room: a module there defines ``STAGE``, and one line of
``auditor.pipeline.order`` puts it into the audit. It reads tables and writes tables; no stage
imports another. Three kinds of them may be run again at any time: one that appends by identity
(ingest), one that replaces its tables whole in one transaction (categorize, criteria, cost, plan),
and one that fills gaps row by row under keys that hash everything an answer follows from
(sample, replay, grade).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from auditor.store.filters import CallFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.config import Config
    from auditor.domain import StageResult, Watch
    from auditor.engines.base import Engine
    from auditor.store.store import Store

REPORT_NAME = "auditor-report.html"
"""The page of the report where the user names none."""


@dataclass(slots=True, kw_only=True)
class StageContext:
    """What a stage may look at: the database, the settings, and what the user asked for."""

    store: Store
    config: Config
    engines: Callable[[], Sequence[Engine]]
    """The models asked for, cheapest first; opened by the first call, no weights loaded yet."""
    force: bool = False
    """Run it although it is up to date, and forget what it found before."""
    paths: Sequence[str] = ()
    """The logs to read."""
    only: CallFilter = field(default_factory=CallFilter)
    """Which calls of the logs to read."""
    output: Path = Path(REPORT_NAME)
    overwrite: bool = False
    """Give up what lies where the report goes, whoever wrote it."""
    command: str = "auditor audit"
    """The command as it was typed; the report prints it."""
    agreed: AbstractSet[str] | None = None
    """Calls the user agreed to have asked again of the API; None where nobody asked for it."""


Kind = Literal["text", "sentence", "count", "usd", "percent", "hours"]
"""How people read the values of a column; ``sentence`` is text that may wrap or be left out."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view: its title, the key of its values, and how they read."""

    title: str
    key: str
    kind: Kind = "text"
    when_several: bool = False
    """Left out where every row says the same: one model needs no column."""


@dataclass(frozen=True, slots=True)
class View:
    """Rows of what a stage wrote, for the terminal to draw."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]


def nothing(_: StageContext) -> None:
    """No settings: the result follows from what the stage rests on alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of an audit.

    Its fingerprint is a hash of the version of auditor, of ``settings`` and of the fingerprints of
    the stages it rests on; a stage whose last finished run has the fingerprint it would have now
    is not run again. That is ``make`` for an audit.
    """

    name: str
    run: Callable[[StageContext, Watch], StageResult]
    rests_on: tuple[str, ...] = ()
    settings: Callable[[StageContext], object] = nothing
    """What beside the earlier stages the result follows from; kept with the run, so plain JSON."""
    due: Callable[[StageContext], bool] | None = None
    """Whether it left something to try again; then it runs although nothing has changed."""
    view: Callable[[Store], View] | None = None
    """What it wrote, as far as people read it."""
    needs_model: bool = False
    """Only a command that names the replay runs it: the others take the replay as it is."""
    always: bool = False
    """Run whenever it is asked for: what it writes is not in the database."""
    beside: str | None = None
    """It runs after that stage, and only where the user agreed to it in this command."""
