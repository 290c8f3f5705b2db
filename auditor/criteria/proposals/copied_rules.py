"""The rule for answers that are copied out of the request, or are single codes or dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.criteria.comparators.text_forms import label
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, REFERENCE_VALUE, Rule

if TYPE_CHECKING:
    from auditor.criteria.proposals.sample import Sample

COPIED_SHARE = 0.9
"""Share of the answers that must occur in their request for the task to be an extraction."""

# An order number, an ICD code, an e-mail address, an ISO date, an IBAN: no space, or spaces
# between groups of digits.
_CODE = re.compile(r"[\w.:/@#+-]{1,60}|[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?")


def copied_rule(sample: Sample) -> Rule | None:
    """The logged answer up to letter case and punctuation around it."""
    copied = [
        "\n" not in text and label(text) in source
        for source, text in zip(sample.asked, sample.texts, strict=True)
    ]
    codes = [_CODE.fullmatch(text) is not None for text in sample.texts]
    if max(sum(copied), sum(codes)) < COPIED_SHARE * len(sample):
        return None
    content = Assertion(type="equals", value=REFERENCE_VALUE, transform="label")
    words = (
        "The answer is the logged answer up to letter case and punctuation around it: nearly all"
        " logged answers are copied from their request, or are single codes or dates."
    )
    unnoticed = "letter case; and it fails an answer that is right in other words"
    return Rule("extraction", (content,), words + AGREEMENT, unnoticed)
