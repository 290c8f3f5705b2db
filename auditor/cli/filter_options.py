"""The options that choose calls: the same on every command that has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.cli.options import F
    from auditor.store.filters import CallFilter
    from auditor.store.store import Store

_WHEN = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
NAMES = ("since", "until", "logged_models", "projects", "where")


def filtering(model: str) -> Callable[[F], F]:
    """Make the decorator that adds --since, --until, ``model``, --project and --where."""
    options = (
        click.option("--since", type=_WHEN, metavar="DATE", help="From then on, UTC."),
        click.option("--until", type=_WHEN, metavar="DATE", help="Before then, UTC."),
        click.option(
            model,
            "logged_models",
            multiple=True,
            metavar="GLOB",
            help="Models of the log, for example 'gpt-4*'.",
        ),
        click.option("--project", "projects", multiple=True, metavar="GLOB", help="Projects."),
        click.option(
            "--where", metavar="SQL", help="A condition on columns of calls, in DuckDB's SQL."
        ),
    )

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


filter_options = filtering("--model")
audit_filter_options = filtering("--logged-model")
"""The same where ``--model`` is the local model."""


def call_filter(
    store: Store,
    *,
    since: datetime | None,
    until: datetime | None,
    logged_models: tuple[str, ...],
    projects: tuple[str, ...],
    where: str | None,
) -> CallFilter:
    """Return the filter that the options describe, tried on the database.

    Raises:
        ConfigError: ``where`` is no condition on calls.
    """
    from auditor.store.filters import CallFilter

    found = CallFilter(
        since=_utc(since), until=_utc(until), models=logged_models, projects=projects, where=where
    )
    found.check(store)
    return found


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def described(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, for ``--json``."""
    return {name: given[name] for name in NAMES if given[name]}
