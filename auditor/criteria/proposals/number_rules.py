"""The rules for answers that are a number, or reason towards one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.criteria.answer_kinds import comes_to_number
from auditor.criteria.comparators.numbers import is_number
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, REFERENCE_VALUE, Rule
from auditor.criteria.proposals.sample import nearly_all

if TYPE_CHECKING:
    from auditor.criteria.proposals.sample import Sample

ENDING_SHARE = 0.9
"""Share of the answers that must end in a number for the task to be one of numbers."""
QUANTITY_SHARE = 0.8
"""Share of the requests that must ask for a quantity."""
_ENDING = 200
"""Characters from the end in which the result stands."""
_MAX_READ = 10_000

# "Answer: 42", "The answer is 42.", "#### 42", "\boxed{42}", "**42**" at the end.
_MARKED = re.compile(
    r"(?i)(?:\b(?:final )?(?:answer|result|total|antwort|ergebnis|respuesta|r[ée]ponse|risposta"
    r"|resposta)\b\W{0,12}(?:is|ist|es|est|[eéè])?\W{0,8}\d"
    r"|####\s*\D{0,3}\d|\\boxed\{\s*\D{0,3}\d|\*\*[^*\n]{0,40}\d[^*\n]{0,40}\*\*\W*$)"
)
_ASKS_QUANTITY = re.compile(
    r"(?i)\b(?:how (?:many|much|far|long|old|tall|fast|big|often)"
    r"|what (?:is|was|are|will be|percent|number|fraction)"
    r"|calculate|compute|find|solve|evaluate|work out|wie ?viele?|berechne\w*"
    r"|cu[áa]nt[oa]s?|calcula|combien|calcule[rz]?|quant[oi]|quant[ae]|quantos|hoeveel|сколько)\b"
    r"|[=+*/\u00d7\u00f7]\s*\?"
)
_CALCULATION = re.compile(
    r"\d[\d,.]{0,15}\s{0,3}(?:[-+*/x\u00d7\u00f7=]|plus|minus|times|divided by)"
    r"\s{0,3}[$€£]?\s{0,3}\d"
)


def number_rule(sample: Sample) -> Rule | None:
    """A number and nothing else."""
    if not nearly_all(is_number(text) for text in sample.texts):
        return None
    shape = Assertion(type="regex", value=r"\d", metric="has a number")
    content = Assertion(type="similar-number", value=REFERENCE_VALUE)
    words = "The answer has a number, and it is that of the logged answer." + AGREEMENT
    return Rule("number", (shape, content), words, "the unit, or a number that differs by rounding")


def final_number_rule(sample: Sample) -> Rule | None:
    """Reasoning that ends in a number: marked as the answer, or calculated towards."""
    texts = sample.texts
    endings = [text[-_ENDING:] for text in texts]
    if sum(map(comes_to_number, texts)) < ENDING_SHARE * len(texts):
        return None
    marked = sum(_MARKED.search(ending) is not None for ending in endings)
    asked = [e.request.user or e.request.prompt for e in sample.examples]
    wanted = sum(_ASKS_QUANTITY.search(text[-2000:]) is not None for text in asked)
    counted = sum(_CALCULATION.search(text[:_MAX_READ]) is not None for text in texts)
    calculates = wanted >= QUANTITY_SHARE * len(texts) and counted >= QUANTITY_SHARE * len(texts)
    if marked < ENDING_SHARE * len(texts) and not calculates:
        return None
    content = Assertion(type="similar-number", value=REFERENCE_VALUE, when="number")
    words = (
        "The answer reasons towards a number, and its final number is that of the logged answer;"
        " calls whose logged answer does not end with a number are not graded."
    )
    unnoticed = "the reasoning, the unit, and a right result that is not the last number"
    return Rule("final-number", (content,), words + AGREEMENT, unnoticed)
