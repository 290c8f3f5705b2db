"""What commands share: options, settings, and the one place where errors become lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from auditor.errors import AuditorError, ExitCode

if TYPE_CHECKING:
    from auditor.cli.terminal import Terminal
    from auditor.pipeline.pipeline import Pipeline

DB_NAME = "audit.duckdb"
REPORT_NAME = "auditor-report.html"
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The options every command has."""

    db: Path
    config: Path | None
    as_json: bool
    quiet: bool
    color: bool | None
    debug: bool
    name: str
    """The command that was called, for example ``replay``."""
    command: str
    """The whole line as it was typed."""

    @contextmanager
    def terminal(self) -> Iterator[Terminal]:
        """Run a command body; the only place where errors become lines and exit codes."""
        from auditor.cli.terminal import Terminal

        color = False if os.environ.get("NO_COLOR") and self.color is None else self.color
        terminal = Terminal(as_json=self.as_json, quiet=self.quiet, color=color)
        try:
            yield terminal
        except (BrokenPipeError, click.Abort):
            raise  # the reader went away (head, less), or the user said no: click ends quietly
        except Exception as error:
            if self.debug:
                raise
            told = _told(error)
            terminal.close()
            terminal.error(told)
            sys.exit(told.exit_code)
        except KeyboardInterrupt:
            terminal.close()
            click.echo(
                "\nInterrupted. What was finished is kept; run the same command to go on.",
                err=True,
            )
            sys.exit(ExitCode.INTERRUPTED)
        finally:
            terminal.close()

    @contextmanager
    def pipeline(
        self,
        overrides: dict[str, dict[str, Any]] | None = None,
        *,
        read_only: bool = False,
        create: bool = False,
        force: bool = False,
    ) -> Iterator[tuple[Pipeline, Terminal]]:
        """Open database and settings; ``overrides`` are flags by section of ``auditor.toml``.

        Only a command that reads logs may ``create`` a database.
        """
        with self.terminal() as terminal:
            from auditor.config import load_config, override
            from auditor.pipeline.pipeline import Pipeline
            from auditor.store.connection import require
            from auditor.store.store import Store

            config = override(load_config(self.config, trust=terminal.trusts), overrides or {})
            if not create:
                require(self.db)
            with Store.open(self.db, read_only=read_only) as store:
                if store.finished_deletion:
                    terminal.warn(store.finished_deletion)
                yield (
                    Pipeline(
                        store=store,
                        config=config,
                        watch=terminal,
                        force=force,
                        command=self.command,
                    ),
                    terminal,
                )


def _told(error: Exception) -> AuditorError:
    """Return what the user is told: their error, what the machine refused, or that it is a bug."""
    if isinstance(error, AuditorError):
        error.hint = error.hint or "mend that, then run the same command again: it goes on"
        return error
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return AuditorError(
            f"{error.filename}: {reason}" if error.filename else reason,
            hint="check the path, its permissions and the room on the disk; "
            "then run the same command again",
        )
    return AuditorError(
        f"this is a bug in auditor: {type(error).__name__}: {error}",
        hint="run the same command with --debug and report what it prints",
    )


def common(function: F) -> F:
    """Add the options every command has and hand them over as one ``Common``."""

    @click.option(
        "--db",
        type=click.Path(path_type=Path),
        default=DB_NAME,
        show_default=True,
        envvar="AUDITOR_DB",
        help="The audit database.",
    )
    @click.option(
        "--config",
        type=click.Path(path_type=Path),
        envvar="AUDITOR_CONFIG",
        help="Settings; by default the nearest auditor.toml.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")
    @click.option("--color/--no-color", default=None, help="Force or forbid colour.")
    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @click.pass_context
    @wraps(function)
    def wrapper(
        ctx: click.Context,
        /,
        db: Path,
        config: Path | None,
        as_json: bool,
        quiet: bool,
        color: bool | None,
        debug: bool,
        **kwargs: Any,
    ) -> Any:
        options = Common(
            db=db, config=config, as_json=as_json, quiet=quiet, color=color, debug=debug,
            name=str(ctx.info_name), command=_spelled(ctx),
        )  # fmt: skip
        return function(options, **kwargs)

    return wrapper  # type: ignore[return-value]


def _spelled(ctx: click.Context) -> str:
    """Return the command as it was typed: it is printed in the report to reproduce it."""
    import shlex

    return shlex.join(["auditor", *sys.argv[1:]]) if sys.argv[1:] else ctx.command_path


def model_options(function: F) -> F:
    """Add the options that choose the local model and the draws."""
    for option in reversed(
        [
            click.option(
                "--model", "models", multiple=True, metavar="MODEL",
                help="A GGUF file, ollama:NAME, or URL#NAME of an OpenAI-compatible server. "
                "Several make a ladder, cheapest first. Default: the embedded SmolLM2-135M.",
            ),
            click.option("--top", type=click.IntRange(1), help="Categories, by spend."),
            click.option("--samples", type=click.IntRange(1), help="Draws from each category."),
            click.option("--seed", type=int, help="Another seed draws other calls."),
            click.option("--slots", type=click.IntRange(1), help="Requests decoded at a time."),
            click.option("--exact", is_flag=True, default=None, help="One request at a time."),
        ]
    ):  # fmt: skip
        function = option(function)
    return function


def model_overrides(
    models: Sequence[str],
    top: int | None,
    samples: int | None,
    seed: int | None,
    slots: int | None,
    exact: bool | None,
) -> dict[str, dict[str, Any]]:
    """Return the options of ``model_options`` by section of ``auditor.toml``."""
    return {
        "sample": {"top": top, "samples": samples, "seed": seed},
        "replay": {"model": list(models) or None, "slots": slots, "exact": exact},
    }  # fmt: skip


def sql_options(function: F) -> F:
    """Add the options that say whether SQL is run to grade it, and on what."""
    for option in reversed(
        [
            click.option(
                "--run-sql/--no-run-sql", "run_sql", default=None,
                help="Run SQL answers beside the logged ones, in a process without rights.",
            ),
            click.option(
                "--sql-database", "sql_database", metavar="FILE",
                type=click.Path(path_type=Path, dir_okay=False),
                help="The SQLite or DuckDB file they run on, as a copy; "
                "by default rows generated from the schema in the prompt.",
            ),
        ]
    ):  # fmt: skip
        function = option(function)
    return function


def sql_overrides(run_sql: bool | None, sql_database: Path | None) -> dict[str, dict[str, Any]]:
    """Return the options of ``sql_options`` by section of ``auditor.toml``."""
    path = None if sql_database is None else sql_database.resolve()
    return {"grade": {"run_sql": run_sql, "database": path}}


force_option = click.option("--force", is_flag=True, help="Run stages that are up to date too.")
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace files there that auditor did not write, too."
)


def output_options(function: F) -> F:
    """Add the options that say where the report goes."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        default=REPORT_NAME,
        show_default=True,
        help="The page; plan.md and report.json are written beside it.",
    )(overwrite_option(function))
