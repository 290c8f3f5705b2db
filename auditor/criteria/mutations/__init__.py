"""Planted wrong answers: logged answers of a category with an error put into each.

A criterion that passes them would pass a model that makes such errors. Every kind is one entry of
``MUTATIONS``. What may be right all the same is not planted: a label that is written otherwise, a
statement that may return the same rows, a field without which nothing changes.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from auditor.criteria.mutations import answers, calls, code, statements, texts
from auditor.criteria.mutations.model import Logged, Mutation, Planted, Pool, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.criteria.mutations.model import Maker
    from auditor.domain import Answer

__all__ = ["MUTATIONS", "Logged", "Mutation", "Planted", "plant"]

PER_KIND = 12
"""Wrong answers of one kind that are planted in a category."""

_MOST_STATEMENTS = 6
"""Of SQL, which takes milliseconds to compare."""

_TEXTS: tuple[Shape, ...] = ("json", "xml", "sql", "code", "pairs", "number", "short", "prose")
_LONG: tuple[Shape, ...] = ("json", "xml", "sql", "code", "pairs", "short", "prose")


def _for_all(maker: Maker, shapes: Sequence[Shape]) -> dict[Shape, Maker]:
    return dict.fromkeys(shapes, maker)


def _mutation(kind: str, words: str, makers: Mapping[Shape, Maker], *, content: bool) -> Mutation:
    return Mutation(kind=kind, words=words, content=content, makers=makers)


MUTATIONS: Mapping[str, Mutation] = {
    mutation.kind: mutation
    for mutation in (
        _mutation(
            "other-answer",
            "another call's answer",
            _for_all(texts.other_answer, (*_TEXTS, "calls")),
            content=True,
        ),
        _mutation("label-swapped", "another label", {"short": texts.label_swapped}, content=True),
        _mutation(
            "field-changed",
            "a field changed",
            {
                "json": answers.field_changed,
                "pairs": texts.pair_changed,
                "xml": texts.element_changed,
            },
            content=True,
        ),
        _mutation(
            "text-changed",
            "a written text changed",
            {"json": answers.text_changed, "calls": calls.written_argument_changed},
            content=True,
        ),
        _mutation(
            "field-dropped",
            "a field dropped",
            {
                "json": answers.field_dropped,
                "pairs": texts.pair_dropped,
                "xml": texts.element_dropped,
            },
            content=True,
        ),
        _mutation("field-added", "a field added", {"json": answers.field_added}, content=True),
        _mutation(
            "number-off",
            "a number off",
            {
                "json": answers.number_off,
                "calls": calls.number_off,
                **_for_all(texts.number_in_text_off, ("number", "short", "prose", "pairs")),
            },
            content=True,
        ),
        _mutation("other-tool", "another tool", {"calls": calls.other_tool}, content=True),
        _mutation("call-dropped", "a call dropped", {"calls": calls.call_dropped}, content=True),
        _mutation(
            "argument-changed",
            "an argument changed",
            {"calls": calls.argument_changed},
            content=True,
        ),
        _mutation(
            "argument-dropped",
            "an argument dropped",
            {"calls": calls.argument_dropped},
            content=True,
        ),
        _mutation(
            "clause-dropped", "a clause dropped", {"sql": statements.clause_dropped}, content=True
        ),
        _mutation(
            "operator-flipped",
            "an operator flipped",
            {"sql": statements.operator_flipped, "code": code.operator_flipped},
            content=True,
        ),
        _mutation(
            "literal-changed",
            "a literal changed",
            {"sql": statements.literal_changed},
            content=True,
        ),
        _mutation(
            "column-changed", "another column", {"sql": statements.column_changed}, content=True
        ),
        _mutation(
            "return-dropped", "a return dropped", {"code": code.return_dropped}, content=True
        ),
        _mutation("off-by-one", "off by one", {"code": code.off_by_one}, content=True),
        _mutation(
            "truncated",
            "cut off",
            {**_for_all(texts.truncated, _LONG), "calls": texts.calls_truncated},
            content=False,
        ),
        _mutation("refused", "refused", _for_all(texts.refused, (*_TEXTS, "calls")), content=False),
        _mutation(
            "other-language",
            "another language",
            _for_all(texts.other_language, ("prose", "pairs")),
            content=False,
        ),
        _mutation(
            "boilerplate",
            "says nothing",
            _for_all(texts.boilerplate, (*_TEXTS, "calls")),
            content=False,
        ),
    )
}
"""Every kind by its name, in the order of tables."""


def plant(
    logged: Sequence[Logged],
    *,
    among: Sequence[int] | None = None,
    seed: int = 0,
    per_kind: int = PER_KIND,
) -> Iterator[Planted]:
    """Plant wrong answers of every kind that the answers' shapes allow.

    ``among`` are the numbers of the answers that errors are put into (by default all); the others
    still lend their labels, values and texts. The same answers and seed give the same errors.
    """
    pool = Pool(answers=logged)
    numbers = range(len(logged)) if among is None else among
    for mutation in MUTATIONS.values():
        planted = 0
        for number in numbers:
            answer = logged[number]
            if planted >= (min(per_kind, _MOST_STATEMENTS) if answer.shape == "sql" else per_kind):
                break
            maker = mutation.makers.get(answer.shape)
            rng = Random(f"{seed} {mutation.kind} {number}")  # noqa: S311 - no secret
            mutant = maker(answer, pool, rng) if maker else None
            if mutant is not None and not _same(mutant.answer, answer):
                planted += 1
                yield Planted(mutation, number, mutant.answer, mutant.detail)


def _same(answer: Answer, logged: Logged) -> bool:
    """Whether nothing but white space was changed."""
    return (
        not answer.tool_calls
        and not logged.tool_calls
        and (answer.text or "").split() == logged.text.split()
    )
