"""``auditor criteria show``: what grades each category, and what that would notice."""

from __future__ import annotations

import click

from auditor.cli.options import Common, common


@click.command()
@click.argument("category", required=False)
@common
def show(options: Common, category: str | None) -> None:
    """Show the criteria in force, or all that is known of one.

    How many of the logged answers pass, and which kinds of planted errors each one notices. A
    criterion that notices none of them can move nothing.

    \b
    Examples:
      auditor criteria show
      auditor criteria show "classify ticket"
      auditor criteria show --json
    """
    from auditor.categories.listing import find_category
    from auditor.cli.views import criteria as views
    from auditor.criteria.listing import list_criteria

    with options.pipeline() as (pipeline, terminal):
        pipeline.run_to("trials")
        rows = list_criteria(pipeline.store)
        if category is None:
            views.listing(terminal, rows)
            terminal.result(options.name, {"criteria": rows})
            terminal.hint("One with its evidence: auditor criteria show CATEGORY")
            return
        wanted = find_category(pipeline.store, category).category.category_id
        row = next(row for row in rows if row.category_id == wanted)
        views.one(terminal, row)
        terminal.result(options.name, {"criterion": row})
