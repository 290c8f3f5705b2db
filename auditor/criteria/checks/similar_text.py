"""Checks by meaning, as static word vectors see it: no model runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, CheckInput, UnusableError, outcome
from auditor.criteria.checks.record import (
    NUMBER,
    REFERENCES,
    Argument,
    Example,
    check,
    references,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from auditor.domain import Grade

MAX_COMPARED = 200_000
"""Characters of a text whose vector is still computed."""

_VALUE = Argument("value", REFERENCES, "the text to be close to, or several, of which one will do")
_UNNOTICED = (
    "what few words change: `not`, a number, a name, who did what to whom; the order of words"
)


def _vectors(given: CheckInput) -> tuple[NDArray[Any], NDArray[Any]]:
    """The vector of the answer, and one row for each text to compare with."""
    from auditor.text.vectors import embed

    wanted = references(given)
    if any(len(text) > MAX_COMPARED for text in wanted):
        raise CannotTellError(f"a text to compare with is longer than {MAX_COMPARED:,} characters")
    if len(given.text) > MAX_COMPARED:
        raise UnusableError(f"longer than {MAX_COMPARED:,} characters")
    vectors = embed([given.text, *wanted], max_chars=None)
    return vectors[0], vectors[1:]


def _best(
    given: CheckInput, measure: Callable[[NDArray[Any], NDArray[Any]], Sequence[float]]
) -> Grade:
    score = max(float(value) for value in measure(*_vectors(given)))
    return outcome(score >= given.arguments["threshold"], f"similarity {score:.3f}", score)


@check(
    "similar",
    family="similarity",
    value=_VALUE,
    arguments=(Argument("threshold", NUMBER, "the least cosine of the two vectors", 0.75),),
    unnoticed=_UNNOTICED,
    example=Example(
        assertion='{type: similar, value: "{{reference}}", threshold: 0.7}',
        logged="The parcel arrived late and the customer wants a refund.",
        passes="The customer wants a refund because the parcel was late.",
        fails="Water boils at 100 degrees.",
        unnoticed="The customer wants no refund because the parcel was not late.",
    ),
)
def similar(given: CheckInput) -> Grade:
    """The answer is about the same as the value: the cosine of their mean word vectors.

    The vectors are WordLlama's, which come with auditor: a text has the mean of its word pieces'.
    Thresholds for a model's embeddings do not fit them; try yours on answers you know.
    """
    from auditor.text.vectors import unit

    return _best(given, lambda one, others: list(unit(others) @ unit(one[None])[0]))


@check(
    "similar:dot",
    family="similarity",
    value=_VALUE,
    arguments=(Argument("threshold", NUMBER, "the least product of the two vectors", 0.75),),
    unnoticed=_UNNOTICED,
    example=Example(
        assertion='{type: similar:dot, value: "{{reference}}", threshold: 5}',
        logged="parcel refund late customer",
        passes="late parcel, customer wants refund",
        fails="Water boils at 100 degrees.",
        unnoticed="no late parcel, no customer, no refund",
    ),
)
def similar_dot(given: CheckInput) -> Grade:
    """The product of the mean word vectors of answer and value is at least the ``threshold``.

    The vectors are not scaled to length one, so that the product has no greatest value: prefer
    ``similar``.
    """
    return _best(given, lambda one, others: list(others @ one))


@check(
    "similar:euclidean",
    family="similarity",
    value=_VALUE,
    arguments=(Argument("threshold", NUMBER, "the least 1 / (1 + distance)", 0.75),),
    unnoticed=_UNNOTICED,
    example=Example(
        assertion='{type: similar:euclidean, value: "{{reference}}", threshold: 0.4}',
        logged="parcel refund late customer",
        passes="late customer parcel refund",
        fails="Water boils at 100 degrees.",
        unnoticed="refund customer late parcel",
    ),
)
def similar_euclidean(given: CheckInput) -> Grade:
    """The mean word vectors of answer and value are near: 1 / (1 + their distance).

    As in promptfoo, the distance is turned into a similarity, so that a greater one is better.
    """
    import numpy as np

    return _best(given, lambda one, others: list(1 / (1 + np.linalg.norm(others - one, axis=1))))


_LONGER = Example(
    assertion='{type: similar:cosine, value: "{{reference}}", threshold: 0.7}',
    logged="The parcel arrived late and the customer wants a refund.",
    passes="The customer wants a refund because the parcel was late.",
    fails="Water boils at 100 degrees.",
    unnoticed="The customer wants no refund because the parcel was not late.",
)
DECLARED = (replace(similar, name="similar:cosine", example=_LONGER),)
"""promptfoo's longer name of the same check."""
