"""What a pass by a criterion shows: a right form, the same answer, or a similar one.

Agreement with the logged answer shows that a model is no worse only where what agrees says the
same: equality after a lossless change of writing. What is near, contained or partly the same does
not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from auditor.criteria.checks import CHECKS
from auditor.criteria.comparators.comparator import rules_of
from auditor.criteria.model import COMPARED

if TYPE_CHECKING:
    from auditor.criteria.model import Assertion, Criterion

Kind = Literal["reference-free", "equivalence", "similarity"]


_ANSWERS = tuple(
    frozenset({"always", *kinds})
    for kinds in (("tool-calls",), ("text", "json"), ("text", "plain"), ("text", "plain", "number"))
)
"""What each sort of logged answer makes count."""


def kind_of(criterion: Criterion) -> Kind:
    """The kind of a criterion by the assertions that decide.

    ``reference-free`` compares with nothing of the call. ``equivalence`` passes only answers that
    equal what they are compared with; where every assertion must pass, one that is lossless is
    enough. Anything else is ``similarity``.
    """
    comparing = [a for a in criterion.deciding if a.variables & COMPARED]
    if not comparing:
        return "reference-free"
    if criterion.threshold is not None:
        equal = all(map(is_lossless, comparing))
    else:
        counting = ([a for a in comparing if a.when in kinds] for kinds in _ANSWERS)
        equal = all(any(map(is_lossless, some)) for some in counting if some)
    return "equivalence" if equal else "similarity"


def is_lossless(assertion: Assertion) -> bool:
    """Whether an answer that passes says the same as what it is compared with.

    It does where the check is one of equality, without tolerance, share or similar texts. Fields
    that a person leaves out are left out of what is meant by the same.
    """
    if assertion.assertions:
        return not assertion.negated and all(map(is_lossless, assertion.assertions))
    if assertion.negated or not CHECKS[assertion.type].equality:
        return False
    whole = assertion.threshold is None or assertion.threshold >= 1
    exact = not assertion.tolerance and not assertion.absolute_tolerance
    return whole and exact and rules_of(assertion.fields).lossless
