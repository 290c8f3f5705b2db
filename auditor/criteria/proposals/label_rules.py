"""The rule for answers that are one of few labels, alone or inside a short text."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from auditor.criteria.answer_length import is_short
from auditor.criteria.checks.base import UnusableError
from auditor.criteria.checks.label import label_set
from auditor.criteria.comparators.text_forms import bare_label, label_key
from auditor.criteria.inference import coverage
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.checkable import plain_value
from auditor.criteria.proposals.model import AGREEMENT, REFERENCE_VALUE, SHAPE_SHARE, Rule
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.criteria.proposals.sample import Sample

MAX_LABELS, MAX_LABEL_WORDS = 150, 6
LABEL_COVERAGE = 0.9
"""Estimated share of the answers to come whose label has been seen."""
LISTED_SHARE = 0.3
"""Share of a list in the prompt that must be labels seen for the others to be labels too."""
MAX_ANSWER_WORDS = 40
"""Words of an answer that says more than its label."""
_MAX_PROMPT = 20_000

_ITEM = re.compile(
    r"^\s*(?:[-*\u2022]|\d{1,3}[.)]|[A-Z]\))?\s*(.{1,80}?)\s*(?:[:\u2013\u2014(].*| - .*)?$"
)
_BETWEEN = re.compile(
    r"\s*(?:[,;|/\u00b7]|\bor\b|\band\b|\boder\b|\bund\b|\bou\b|\bet\b|\bo\b|\by\b)\s*"
)
_ASIDE = re.compile(r"\([^()]{0,80}\)")
_CLAUSE = re.compile(r"[:?\[\]{}()]|\.(?=\s|$)")
_LEADING_CELL = re.compile(
    r"^\s*[*_\"'`]{0,3}([^|\t;:,(\n\u2013\u2014]{1,60}?)[*_\"'`]{0,3}\s*(?:[|\t;:,(\n\u2013\u2014]|\s-\s|$)"
)


def label_rule(sample: Sample) -> Rule | None:
    """The label of the logged answer; live, one of those seen or listed in the prompt."""
    seen = _alone(sample) or _inside(sample)
    if seen is None:
        return None
    names = _with_listed(seen, sample)
    content = Assertion(type="label", value=REFERENCE_VALUE, labels=list(names))
    if not _closed(seen, sample):  # a label that nobody has seen yet is compared letter by letter
        same = Assertion(type="equals", value=REFERENCE_VALUE, transform="label")
        content = Assertion(type="assert-set", threshold=0.5, assertions=(content, same))
    live = Assertion(type="label", labels=list(names), live_only=True)
    words = (
        f"The answer gives the label of the logged answer, alone or inside a sentence; it is one of"
        f" {len(names)} labels, which are seen in the answers or listed in the prompt."
    )
    unnoticed = "a reason that stands beside the label, or a logged label that is wrong itself"
    return Rule("label", (live, content), words + AGREEMENT, unnoticed)


def _closed(seen: dict[str, str], sample: Sample) -> bool:
    """Whether no other label is to come: all are listed in the prompt, or were seen often."""
    listed = {label_key(item) for items in _lists(sample) for item in items}
    counts = Counter(label_key(text) for text in sample.texts)
    return all(key in listed or counts[key] > 1 for key in seen)


def _alone(sample: Sample) -> dict[str, str] | None:
    """The labels that nearly all answers are, each by its key as it is written most often."""
    short = [t for t in sample.texts if is_short(t) and "\n" not in t]
    written = Counter((label_key(text), _as_written(text)) for text in short)
    labels = Counter[str]()
    for (key, said), n in written.items():
        if key and len(said.split()) <= MAX_LABEL_WORDS:
            labels[key] += n
    few = len(labels) <= min(MAX_LABELS, len(sample) // 2)
    if labels.total() < SHAPE_SHARE * len(sample) or not few or coverage(labels) < LABEL_COVERAGE:
        return None
    commonest = {key: said for (key, said), _ in reversed(written.most_common()) if key in labels}
    return commonest if _all_read(sample, list(commonest.values())) else None


def _inside(sample: Sample) -> dict[str, str] | None:
    """The labels that begin short answers or are named in them, and are listed in the prompt."""
    if sum(len(t.split()) <= MAX_ANSWER_WORDS for t in sample.texts) < SHAPE_SHARE * len(sample):
        return None
    cells = Counter[str]()
    for text in sample.texts:
        found = _LEADING_CELL.match(text)
        if found and is_short(found[1]) and len(found[1].split()) <= MAX_LABEL_WORDS:
            cells[_as_written(found[1])] += 1
    listed = {label_key(item) for items in _lists(sample) for item in items}
    names: dict[str, str] = {}
    for said, n in cells.most_common():
        if n > 1 and label_key(said) in listed:
            names.setdefault(label_key(said), said)
    if len(names) < 2 or len(names) > MAX_LABELS:  # noqa: PLR2004 - one label is no choice
        return None
    return names if _all_read(sample, list(_with_listed(names, sample))) else None


def _all_read(sample: Sample, names: list[str]) -> bool:
    """Whether nearly all answers give one of the labels, as the check reads them."""
    try:
        known = label_set(names)
    except ConfigError:
        return False
    read = 0
    for text in sample.texts:
        try:
            read += len(known.read(text)) == 1
        except UnusableError:
            continue
    return read >= SHAPE_SHARE * len(sample)


def _with_listed(seen: dict[str, str], sample: Sample) -> tuple[str, ...]:
    """The labels seen, and those that stand in one list with them in the prompt."""
    names = dict(seen)
    for items in _lists(sample):
        keys = {label_key(item): item for item in items}
        known = sum(key in seen for key in keys)
        if known > 1 and known >= LISTED_SHARE * len(keys):
            for key, item in keys.items():
                if key and len(item.split()) <= MAX_LABEL_WORDS:
                    names.setdefault(key, item)
    return tuple(sorted(plain_value(name) for name in names.values()))[:MAX_LABELS]


def _lists(sample: Sample) -> Iterator[list[str]]:
    """Lists in the commonest prompts: lines one after another, and words with commas between."""
    prompts = Counter(e.request.system or e.request.user or "" for e in sample.examples)
    for prompt, _ in prompts.most_common(5):
        block: list[str] = []
        for line in prompt[:_MAX_PROMPT].splitlines():
            item = _ITEM.match(line)
            heading = line.rstrip().endswith(":")
            if item and is_short(item[1]) and not heading:
                block.append(_as_written(item[1]))
            else:
                yield block
                block = []
            for part in _CLAUSE.split(_ASIDE.sub("", line)):
                parts = [_as_written(p) for p in _BETWEEN.split(part) if p.strip()]
                if len(parts) > 1:
                    yield [p for p in parts if is_short(p)]
        yield block


def _as_written(text: str) -> str:
    """A label without what stands around it, in its own capitals."""
    inner = bare_label(text)
    start = text.casefold().find(inner.split(" ")[0]) if inner else -1
    said = " ".join(text[start : start + len(inner)].split()) if start >= 0 else inner
    return said if said.casefold() == inner else inner
