"""What the prompts of a category demand of an answer: the sentences that come back in them."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from auditor.criteria.proposals.checkable import checks_of, plain_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.criteria.model import Assertion
    from auditor.criteria.proposals.sample import Sample

SAID_SHARE = 0.2
"""Share of the requests that must hold a sentence for it to be a demand of the category."""
SAID_BY_USERS_SHARE = 0.6
"""The same for a sentence of the user's messages where there is a system prompt too."""
MIN_SAID = 3
MAX_DEMANDS = 20
MIN_WORDS = 2
_MAX_READ = 6_000

_ABBREVIATION = re.compile(r"(?i)\b(m[aá]x|min|incl|approx|ca|e\.g|i\.e|z\.B|vs|p\.ej)\.[ \t]")
_SPLIT = re.compile(r"\n+|(?<=[.!?;])[^\S\u00a0]+(?=\S)")
# A role, a tag, a heading, a field with its value, code: they demand nothing that can be judged.
_NO_DEMAND = re.compile(
    r"(?i)^(?:you are|you're|act as|du bist|sie sind|tu es|vous êtes|eres|usted es|sei|você é)\b"
    r"[^,:]*$|^\W*</?\w|</?\w+\W*$|^[\w ]{1,30}[:=]\s*\S+$|[{}]"
)


class Demand(NamedTuple):
    """A sentence of the prompts, the share of requests with it, and what of it can be checked."""

    sentence: str
    share: float
    checks: Sequence[Assertion]


def demands(sample: Sample) -> list[Demand]:
    """The demands of the category's prompts, in the order in which they are said."""
    by_system: Counter[str] = Counter()
    by_user: Counter[str] = Counter()
    order: dict[str, None] = {}
    prompted = 0
    for example in sample.examples:
        system = _sentences(example.request.system or "")
        user = _sentences(example.request.user or example.request.prompt)
        prompted += bool(example.request.system)
        by_system.update(set(system))
        by_user.update(set(user))
        order.update(dict.fromkeys((*system, *user)))
    n = len(sample)
    least = SAID_SHARE if prompted < n / 2 else SAID_BY_USERS_SHARE
    counts = {s: c for s, c in by_user.items() if c >= least * n}
    for sentence, count in by_system.items():
        if count >= SAID_SHARE * n:
            counts[sentence] = max(count, counts.get(sentence, 0))
    told = [s for s in order if counts.get(s, 0) >= MIN_SAID][:MAX_DEMANDS]
    return [Demand(s, counts[s] / n, checks_of(s)) for s in told]


@lru_cache(maxsize=1024)
def _sentences(text: str) -> tuple[str, ...]:
    """The sentences of a prompt that may demand something, each on one line."""
    found = []
    for part in _SPLIT.split(_ABBREVIATION.sub("\\1.\u00a0", text[:_MAX_READ])):
        said = plain_value(part.replace("\u00a0", " ").strip(" \t-*#>\u2022"))
        long_enough = len(said.split()) >= MIN_WORDS and not said.endswith((":", ","))
        if long_enough and not _NO_DEMAND.search(said):
            found.append(said)
    return tuple(found)
