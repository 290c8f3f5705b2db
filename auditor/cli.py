"""The command line: parse, call ``pipeline``, print. No SQL, no statistics, no formatting here."""

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

from auditor import __version__
from auditor.errors import AuditorError, ExitCode, GateError

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.console import Terminal
    from auditor.pipeline import Pipeline

DB_NAME = "audit.duckdb"
REPORT_NAME = "auditor-report.html"
F = TypeVar("F", bound=Callable[..., Any])

INTRO = """\
auditor finds which part of an LLM API bill a local model can take over.

  auditor demo                       the whole audit on sample logs, offline
  auditor audit logs.jsonl           the whole audit on your logs
  auditor ingest logs.jsonl          read logs into audit.duckdb
  auditor replay --top 10            the ten costliest categories on a local model
  auditor report                     write auditor-report.html, plan.md, report.json

Run 'auditor --help' for every command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The options every command has."""

    db: Path
    config: Path | None
    as_json: bool
    quiet: bool
    color: bool | None
    debug: bool
    command: str

    @contextmanager
    def terminal(self) -> Iterator[Terminal]:
        """Run a command body; the only place where errors become lines and exit codes."""
        from auditor.console import Terminal

        color = False if os.environ.get("NO_COLOR") and self.color is None else self.color
        terminal = Terminal(as_json=self.as_json, quiet=self.quiet, color=color)
        try:
            yield terminal
        except AuditorError as error:
            if self.debug:
                raise
            terminal.close()
            terminal.error(error)
            sys.exit(error.exit_code)
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
        force: bool = False,
    ) -> Iterator[tuple[Pipeline, Terminal]]:
        """Open database and settings; ``overrides`` are flags by section of ``auditor.toml``."""
        with self.terminal() as terminal:
            from auditor.config import load_config
            from auditor.pipeline import Pipeline
            from auditor.store import Store

            config = _override(load_config(self.config), overrides or {})
            with Store.open(self.db, read_only=read_only) as store:
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


def _override(config: Config, overrides: dict[str, dict[str, Any]]) -> Config:
    """Put flags over the file: those that were given, and validated like the file."""
    data = config.model_dump()
    for section, values in overrides.items():
        data[section] |= {key: value for key, value in values.items() if value is not None}
    return type(config).model_validate(data)


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
            command=_spelled(ctx),
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
                "--model", "models", multiple=True, metavar="MODEL", envvar="AUDITOR_MODEL",
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


def _model_overrides(
    models: Sequence[str],
    top: int | None,
    samples: int | None,
    seed: int | None,
    slots: int | None,
    exact: bool | None,
) -> dict[str, dict[str, Any]]:
    return {
        "sample": {"top": top, "samples": samples, "seed": seed},
        "replay": {"model": list(models) or None, "slots": slots, "exact": exact},
    }  # fmt: skip


force_option = click.option("--force", is_flag=True, help="Run stages that are up to date too.")


class _Commands(click.Group):
    """The group; its help keeps the order in which an audit goes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order they were defined."""
        del ctx
        return list(self.commands)


@click.group(
    cls=_Commands, invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "AUDITOR"},
)  # fmt: skip
@click.version_option(__version__, prog_name="auditor")
@click.pass_context
def cli(ctx: click.Context) -> None:
    r"""Find which share of an LLM API bill can move to a local model.

    \b
    Examples:
      auditor demo
      auditor audit logs.jsonl --top 10
      auditor ingest logs.jsonl && auditor replay --top 10 && auditor report
    """
    if ctx.invoked_subcommand is None:
        click.echo(INTRO)


@cli.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--redact", is_flag=True, default=None, help="Mask personal data too.")
@common
def ingest(options: Common, paths: tuple[str, ...], redact: bool | None) -> None:
    r"""Read logs into the database: every record is a call, a duplicate, no call, or a reject.

    PATHS are files, folders or globs; '-' is standard input. Reading a log again adds nothing;
    of a log that grew only the new part is read.

    \b
    Examples:
      auditor ingest logs.jsonl
      auditor ingest 'logs/2026-10-*.jsonl.gz' --redact
    """
    from auditor import show

    with options.pipeline({"ingest": {"redact": redact}}) as (pipeline, terminal):
        result = pipeline.ingest(paths)
        if options.as_json:
            terminal.result("ingest", result.detail)
            return
        show.stages(terminal, [result])
        show.ingest(terminal, result, pipeline.store)
        terminal.hint("Next: auditor replay --top 10   (or 'auditor audit' for everything)")


def _stage_command(name: str, doc: str) -> None:
    """Define the command of a stage that only needs what is in the database."""

    @cli.command(name, help=doc)
    @force_option
    @common
    def command(options: Common, force: bool) -> None:
        from auditor import show

        with options.pipeline(force=force) as (pipeline, terminal):
            results = pipeline.run_to(name)
            if name == "plan":
                _show_plan(options, pipeline, terminal, results)
            elif options.as_json:
                terminal.result(name, _stage_json(results))
            else:
                show.stages(terminal, results)


def _stage_json(results: Sequence[Any]) -> dict[str, Any]:
    return {"stages": [_stage_row(result) for result in results]}


def _stage_row(result: Any) -> dict[str, Any]:
    return {
        "stage": result.stage, "skipped": result.skipped, "rows_written": result.rows_written,
        "seconds": result.seconds, **result.detail,
    }  # fmt: skip


def _show_plan(
    options: Common, pipeline: Pipeline, terminal: Terminal, results: Sequence[Any], **more: Any
) -> None:
    from auditor import show

    if options.as_json:
        for result in results:
            terminal.warnings.extend(result.warnings)
        terminal.result(
            options_command(options), show.plan_result(pipeline.store) | _stage_json(results) | more
        )
        return
    show.stages(terminal, results)
    show.plan(terminal, pipeline.store)


def options_command(options: Common) -> str:
    """Return the name of the command that was called."""
    words = options.command.split()
    return words[1] if len(words) > 1 else "audit"


_stage_command(
    "categorize",
    r"""Find the task categories of all calls.

    \b
    Examples:
      auditor categorize
      auditor categorize --json
    """,
)


@cli.command()
@model_options
@force_option
@common
def sample(options: Common, force: bool, **choice: Any) -> None:
    r"""Draw the calls to replay, in proportion to spend.

    \b
    Examples:
      auditor sample --top 10 --samples 200
    """
    _to("sample", options, force=force, choice=choice)


@cli.command()
@model_options
@force_option
@common
def replay(options: Common, force: bool, **choice: Any) -> None:
    r"""Answer the drawn calls with a local model.

    Runs what it needs first. Ctrl-C keeps what is finished; the same command goes on.

    \b
    Examples:
      auditor replay --top 10
      auditor replay --model ./qwen3.6-35b-a3b-q4_k_m.gguf
      auditor replay --model ollama:qwen3.6:35b --samples 300
      auditor replay --model http://localhost:8000/v1#qwen3.6-35b
    """
    _to("replay", options, force=force, choice=choice)


def _to(target: str, options: Common, *, force: bool, choice: dict[str, Any]) -> None:
    from auditor import show

    with options.pipeline(_model_overrides(**choice), force=force) as (pipeline, terminal):
        results = pipeline.run_to(target)
        if options.as_json:
            terminal.result(target, _stage_json(results))
            return
        show.stages(terminal, results)
        if target == "replay":
            show.replayed(terminal, results[-1])
            terminal.hint("Next: auditor report")


_stage_command(
    "grade",
    r"""Grade logged and local answers by the same criteria.

    Criteria come from criteria.yaml ([grade] in auditor.toml); without one they are proposed
    from the logged answers.

    \b
    Examples:
      auditor grade
    """,
)
_stage_command(
    "cost",
    r"""Work out what each category costs a month, and how much work it would be locally.

    \b
    Examples:
      auditor cost
    """,
)
_stage_command(
    "plan",
    r"""Decide which categories can move, and show it.

    \b
    Examples:
      auditor plan
      auditor plan --json
    """,
)


@cli.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=REPORT_NAME,
    show_default=True,
    help="The page; plan.md and report.json are written beside it.",
)
@click.option("--examples/--no-examples", default=None, help="Show excerpts of prompts.")
@common
def report(options: Common, output: Path, examples: bool | None) -> None:
    r"""Write the report: one HTML page, plan.md and report.json.

    \b
    Examples:
      auditor report
      auditor report -o october.html --no-examples
    """
    with options.pipeline({"report": {"examples": examples}}) as (pipeline, terminal):
        pipeline.output = output
        results = pipeline.run_to("report")
        _show_plan(options, pipeline, terminal, results)
        terminal.say(f"Wrote {_written(results)}")


def _written(results: Sequence[Any]) -> str:
    return ", ".join(str(path) for path in results[-1].detail["files"])


@cli.command()
@click.argument("paths", nargs=-1)
@model_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=REPORT_NAME,
    show_default=True,
    help="The page; plan.md and report.json are written beside it.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with 3 when less of spend is shown movable.",
)
@force_option
@common
def audit(
    options: Common,
    paths: tuple[str, ...],
    output: Path,
    fail_under: float | None,
    force: bool,
    **choice: Any,
) -> None:
    r"""Run the whole audit: read PATHS if given, then every stage that is not up to date.

    \b
    Examples:
      auditor audit logs.jsonl --top 10
      auditor audit --model ollama:qwen3.6:35b --fail-under 30
    """
    with options.pipeline(_model_overrides(**choice), force=force) as (pipeline, terminal):
        pipeline.output = output
        _audit(options, pipeline, terminal, paths)
        _gate(pipeline, fail_under)


def _audit(options: Common, pipeline: Pipeline, terminal: Terminal, paths: Sequence[str]) -> None:
    from auditor import show

    results = []
    if paths:
        results.append(pipeline.ingest(paths))
        show.ingest(terminal, results[0], pipeline.store)
    results += pipeline.audit()
    _show_plan(options, pipeline, terminal, results)
    terminal.say(f"Wrote {_written(results)}")


def _gate(pipeline: Pipeline, fail_under: float | None) -> None:
    low = pipeline.store.value("SELECT low FROM v_headline")
    if fail_under is not None and low * 100 < fail_under:
        raise GateError(
            f"{low:.0%} of spend is shown movable, under the {fail_under:g} % asked for"
        )


@cli.command()
@common
def status(options: Common) -> None:
    r"""Show where every stage stands; works while another command runs.

    \b
    Examples:
      auditor status
      watch auditor status
    """
    from auditor import show

    with options.pipeline(read_only=True) as (pipeline, terminal):
        states = pipeline.states()
        if options.as_json:
            terminal.result(
                "status", {"db": str(options.db), "stages": [s._asdict() for s in states]}
            )
            return
        show.status(terminal, states, str(options.db))


@cli.command()
@model_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=REPORT_NAME,
    show_default=True,
    help="The page; plan.md and report.json are written beside it.",
)
@common
def demo(options: Common, output: Path, **choice: Any) -> None:
    r"""Run the whole audit on the sample logs, with the embedded model, offline.

    \b
    Examples:
      auditor demo
      auditor demo --db /tmp/demo.duckdb -o /tmp/demo.html
    """
    from auditor.resources import resource

    logs = resource("sample_logs")
    files = {"criteria": logs / "criteria.yaml", "labels": logs / "labels.jsonl"}
    if choice["samples"] is None:
        choice["samples"] = DEMO_SAMPLES
    if choice["top"] is None:
        choice["top"] = DEMO_TOP
    overrides = _model_overrides(**choice) | {"grade": files}
    with options.pipeline(overrides) as (pipeline, terminal):
        pipeline.output = output
        _audit(options, pipeline, terminal, sorted(str(path) for path in logs.glob("*.jsonl*")))


DEMO_TOP, DEMO_SAMPLES = 5, 160
"""What fits into four minutes on two cores: n >= 150 for the costliest categories."""


def main() -> None:
    """Run the command line; everything it writes holds logged prompts, so only the owner reads it."""
    os.umask(0o077)
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        click.echo("Interrupted.", err=True)
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader went away (head, less): nothing is wrong, and there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.DONE
    sys.exit(code if isinstance(code, int) else ExitCode.DONE)
