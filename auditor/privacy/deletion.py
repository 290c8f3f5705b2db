"""Deleting on purpose: a source, a category, a user; or all texts, keeping the figures.

How it is done, and finished after a kill, is in ``auditor.store.deletion``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from auditor.errors import ConfigError
from auditor.store.deletion import Deletion, carry_out, count

if TYPE_CHECKING:
    from auditor.store.deletion import Kind
    from auditor.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was deleted, or would be."""

    calls: int
    answers: int
    rejects: int


def subject(*, source: str | None, category: str | None, user: str | None) -> tuple[str, str]:
    """Return which of the three was given, and its value.

    Raises:
        ConfigError: none of them, or several.
    """
    named = {"source": source, "category": category, "user": user}
    given = [(kind, value) for kind, value in named.items() if value]
    if len(given) != 1:
        raise ConfigError("forget needs one of --source, --category and --user", hint="name one")
    return given[0]


def preview(
    store: Store,
    *,
    source: str | None = None,
    category: str | None = None,
    user: str | None = None,
) -> Forgotten:
    """Return what ``forget`` would delete; for a read-only database too.

    Raises:
        ConfigError: as ``forget``.
    """
    return _counted(store, _meant(*subject(source=source, category=category, user=user)))


def forget(
    store: Store,
    *,
    source: str | None = None,
    category: str | None = None,
    user: str | None = None,
) -> Forgotten:
    """Delete the calls of a source (path or id), category (name or id) or user, with their answers.

    The ledger keeps one line per record, without the call. A source that is forgotten is read anew
    when it is named again. What is interrupted is finished when the file is opened again.

    Raises:
        ConfigError: not exactly one of the three, or nothing matches.
        StoreError: no room for the file that is written anew, or the database is in use.
    """
    meant = _meant(*subject(source=source, category=category, user=user))
    found = _counted(store, meant)
    carry_out(store, meant)
    return found


def purge_text(store: Store) -> int:
    """Drop every text and keep the figures; return the number of calls that had any.

    Raises:
        StoreError: no room for the file that is written anew, or the database is in use.
    """
    had = int(store.value("SELECT count(*) FROM contents"))
    carry_out(store, Deletion(kind="text"))
    return had


def _meant(kind: str, value: str) -> Deletion:
    paths = [str(Path(value).absolute()), str(Path(value).resolve())] if kind == "source" else []
    return Deletion(kind=cast("Kind", kind), values=(value, *paths))


def _counted(store: Store, meant: Deletion) -> Forgotten:
    """Count what is meant; refuse what matches nothing."""
    counted = count(store, meant)
    if not counted.calls and not counted.sources:
        kind, value = meant.kind, meant.values[0]
        raise ConfigError(
            f"no call of {kind} {value} in {store.path}",
            hint="name one that 'auditor ingest' showed, with its whole path"
            if kind == "source"
            else f"'auditor spend --by {kind}' lists them",
        )
    return Forgotten(calls=counted.calls, answers=counted.answers, rejects=counted.rejects)
