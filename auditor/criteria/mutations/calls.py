"""Errors in tool calls: another tool, or another argument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.criteria.mutations import documents
from auditor.criteria.mutations.model import Mutant

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from auditor.criteria.mutations.documents import Change, Known, Path
    from auditor.criteria.mutations.model import Logged, Pool


def other_tool(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """Another tool of the category's is called."""
    called = {name for name, _ in answer.calls}
    others = [name for name in pool.tools if name not in called]
    if not others:
        return None
    place, new = rng.randrange(len(answer.calls)), rng.choice(others)
    former, given = answer.calls[place]
    calls = [*answer.calls[:place], (new, given), *answer.calls[place + 1 :]]
    return Mutant(answer.calling(calls), f"{former} → {new}")


def call_dropped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """One of several calls is left out."""
    del pool
    if len(answer.calls) < 2:  # noqa: PLR2004 - several
        return None
    place = rng.randrange(len(answer.calls))
    calls = [*answer.calls[:place], *answer.calls[place + 1 :]]
    return Mutant(answer.calling(calls), f"without a call of {answer.calls[place][0]}")


def argument_changed(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """Another name, code or choice in an argument."""
    return _changed(answer, pool, rng, lambda v, known, _: documents.value_changed(v, known, rng))


def written_argument_changed(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """What another call says, in an argument of written text."""
    return _changed(answer, pool, rng, lambda v, known, _: documents.text_changed(v, known, rng))


def number_off(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """A number in the arguments is off."""
    return _changed(answer, pool, rng, lambda v, *_: documents.number_changed(v, rng))


def argument_dropped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """An argument is left out that is not the tool's default."""

    def dropped(value: Any, _: Known, tool: str) -> Change | None:
        return documents.value_dropped(value, rng, lambda path: _default(answer, tool, path))

    return _changed(answer, pool, rng, dropped)


def _changed(
    answer: Logged,
    pool: Pool,
    rng: Random,
    change: Callable[[Any, Known, str], Change | None],
) -> Mutant | None:
    """The answer with the arguments of one call changed."""
    places = list(range(len(answer.calls)))
    rng.shuffle(places)
    for place in places:
        name, given = answer.calls[place]
        if not isinstance(given, dict):
            continue
        known = {path[1:]: seen for path, seen in pool.arguments.items() if path[0] == name}
        changed = change(given, known, name)
        if changed is not None:
            calls = [*answer.calls[:place], (name, changed.value), *answer.calls[place + 1 :]]
            return Mutant(answer.calling(calls), f"{name}, {changed.detail}")
    return None


def _default(answer: Logged, tool: str, path: Path) -> Any:
    """The default of an argument in the tool's schema, or None."""
    for one in answer.tools:
        function = one.get("function") or one
        if isinstance(function, Mapping) and function.get("name") == tool:
            schema: Any = function.get("parameters")
            for step in path:
                inner = schema.get("properties") if isinstance(schema, Mapping) else None
                schema = inner.get(step) if isinstance(inner, Mapping) else None
            return schema.get("default") if isinstance(schema, Mapping) else None
    return None
