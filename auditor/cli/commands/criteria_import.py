"""``auditor criteria import``: a configuration of promptfoo's becomes criteria and labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Common, common, overwrite_option

if TYPE_CHECKING:
    from auditor.cli.terminal import Terminal
    from auditor.criteria.promptfoo import ImportResult, LoggedCall


@click.command("import")
@click.argument("configuration", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("criteria.yaml"),
    show_default=True,
    metavar="FILE",
    help="Write the criteria here; '-' is standard output, without labels.",
)
@click.option(
    "--labels",
    "labels_file",
    type=click.Path(path_type=Path),
    default=Path("labels.jsonl"),
    show_default=True,
    metavar="FILE",
    help="Write the expected answers of the tests' calls here.",
)
@overwrite_option
@common
def import_criteria(
    options: Common, configuration: Path, out: Path, labels_file: Path, overwrite: bool
) -> None:
    """Make criteria of a promptfoo configuration.

    Tests with the same kinds of assertion become one criterion for the calls of their prompt.
    What differs from test to test becomes the label of the call with the same request: run this
    where the audit of your log is. What cannot be taken over is listed with its line.

    \b
    Examples:
      auditor criteria import promptfooconfig.yaml
      auditor criteria import promptfooconfig.yaml -o - | less
    """
    with options.terminal() as terminal:
        from auditor.criteria.promptfoo import import_promptfoo

        result = import_promptfoo(configuration, _calls(options.db))
        for line in result.left:
            terminal.warn(line)
        if "file://" in result.text and out.resolve().parent != configuration.resolve().parent:
            terminal.warn(f"values from files are looked for beside {out}: move the files there")
        if str(out) == "-":
            click.echo(result.text, nl=False)
        elif result.text:
            _write(terminal, result, out, labels_file, overwrite=overwrite)
        else:
            terminal.say("Nothing could be taken over, so no file was written")
        terminal.result(
            options.name,
            {
                "tests": result.tests,
                "labels": dict(result.labels),
                "criteria": result.text,
                "not_taken_over": list(result.left),
            },
        )


def _calls(database: Path) -> list[LoggedCall]:
    """The calls of the audit, where there is one."""
    from auditor.criteria.promptfoo import LoggedCall
    from auditor.criteria.request_facts import last_user_text
    from auditor.store.store import Store

    if not database.exists():
        return []
    with Store.open(database, read_only=True) as store:
        rows = store.rows("SELECT call_id, messages FROM calls JOIN contents USING (call_id)")
        found = ((call_id, last_user_text(messages)) for call_id, messages in rows)
        return [LoggedCall(call_id, text) for call_id, text in found if text is not None]


def _write(
    terminal: Terminal, result: ImportResult, out: Path, labels_file: Path, *, overwrite: bool
) -> None:
    from auditor import outputs

    files = {out: result.text}
    if result.labels:
        lines = ({"id": call, "expected": said} for call, said in result.labels.items())
        files[labels_file] = "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in lines)
    for path in files:
        outputs.claim(path, "", overwrite=overwrite)  # what people wrote is never an earlier one
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    terminal.say(f"Wrote {out}: criteria from {result.tests:,} tests")
    if result.labels:
        terminal.say(f"Wrote {labels_file}: the expected answers of {len(result.labels):,} calls")
        terminal.hint(f'Name it in auditor.toml: [grade] labels = "{labels_file}"')
