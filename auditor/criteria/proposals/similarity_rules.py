"""The rule for answers that say again what the request holds: translations, summaries, rewrites.

Closeness to the logged answer is a similarity and no equality: a right answer in other words can
fail, a wrong one in the same words can pass. The threshold comes from the category itself: answers
to other calls are the wrong answers that are at hand, and nearly all of them must fail.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.criteria.checks.base import GradeInput
from auditor.criteria.grading import grade_assertion
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, REFERENCE_VALUE, Rule
from auditor.criteria.proposals.rubric import language_check, numbers_check

if TYPE_CHECKING:
    from auditor.criteria.proposals.sample import Sample

METRIC = "f1"
ASKED_SHARE = 0.8
"""Share of the requests that must ask to say something again."""
OTHERS_FAIL = 0.98
"""Share of the other calls' answers that must fail."""
LEAST, MOST = 0.3, 0.7
"""A lower threshold says nothing; a higher one is reached by no answer in other words."""
MARGIN = 0.05
_LENGTH = Assertion(
    type="count",
    value={"of": "characters", "min": 0.6, "max": 1.7, "relative_to": REFERENCE_VALUE},
    metric="length",
)
_COMPARED, _EACH = 25, 3
_MAX_READ = 3_000

_SAY_AGAIN = re.compile(
    r"(?i)\b(?:translat(?:e|ion|or)\w*|summari[sz]\w*|write (?:a|the)(?: \w+){0,3} summary|rewrite"
    r"|re-?phrase|paraphrase|simplify|anonymi[sz]e|de-?identify|condense|shorten|proofread"
    r"|formali[sz]e|make this sound|transcribe|übersetz\w*|zusammenfass\w*|fasse|vereinfach\w*"
    r"|umformulier\w*|traduc\w+|traduis\w*|tradui[rt]\w*|traduz\w*|résume\w*|resum[ei]\w*"
    r"|reformul\w+|simplifi\w+|réécri\w+|reescrib\w+|sustituye|riassum\w+|riscriv\w+"
    r"|locali[sz](?:e|ation|er)\w*|переве\w+|翻译|要約)"
)
_NOT_SO = re.compile(
    r"(?i)\b(?:do not|don['\u2019]t|never|without|not|nicht|kein\w*|ne|no|n[ãa]o|non|sin|sans|ohne)"
    r"\s+(?:\w+\s+)?$"
)


def similarity_rule(sample: Sample) -> Rule | None:
    """Close to the logged answer, closer than answers to other calls are."""
    asked = [
        (e.request.system or "") + "\n" + (e.request.user or "")[:_MAX_READ]
        for e in sample.examples
    ]
    if sum(map(_says_again, asked)) < ASKED_SHARE * len(sample):
        return None
    others = _of_others(sample.texts)
    if len(others) < _EACH:
        return None
    threshold = round(others[int(OTHERS_FAIL * (len(others) - 1))] + MARGIN, 2)
    if threshold > MOST:
        return None
    threshold = max(threshold, LEAST)
    close = Assertion(type=METRIC, value=REFERENCE_VALUE, threshold=threshold)
    more = [a for a in (language_check(sample), numbers_check(sample)) if a is not None]
    words = (
        f"The answer is close to the logged one ({METRIC} of at least {threshold}, which"
        f" {OTHERS_FAIL:.0%} of answers to other calls do not reach). This is a similarity: it is"
        " not whether the answer says the same."
    )
    unnoticed = (
        "a wrong name or a `not` among words that are right, and a right answer in other words"
    )
    return Rule("similarity", (close, _LENGTH, *more), words + AGREEMENT, unnoticed)


def _says_again(prompt: str) -> bool:
    """Whether a prompt asks to say something again, and not only forbids it."""
    read = prompt[:_MAX_READ]
    return any(
        _NOT_SO.search(read[max(0, found.start() - 30) : found.start()]) is None
        for found in _SAY_AGAIN.finditer(read)
    )


def _of_others(texts: list[str]) -> list[float]:
    """How close answers to other calls are, in rising order; calls with one answer left out."""
    metric = Assertion(type=METRIC, value=REFERENCE_VALUE)
    scores = []
    step = max(1, len(texts) // _COMPARED)
    for i in range(0, len(texts), step):
        for k in range(1, _EACH + 1):
            j = (i + k * (len(texts) // (_EACH + 1) or 1)) % len(texts)
            if texts[i] != texts[j]:
                given = GradeInput(text=texts[j], reference_text=texts[i])
                score = grade_assertion(metric, given).score
                scores.append(0.0 if score is None else score)
    return sorted(scores)
