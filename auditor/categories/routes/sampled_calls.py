"""The sampled calls as the search sees them: one per conversation, rare keys made coarse."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.categories.routes.matcher import any_format, structural_key
from auditor.categories.routes.route import ANY_TOOLS, CallText, StructuralKey
from auditor.categories.routes.shape import family

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MIN_SHARE_OF_ONE_FAMILY = 0.8  # of the answers of a group, for the group to have a family


@dataclass(frozen=True, slots=True)
class SampledCall:
    """One sampled call, its structural key, and the fragments that its system prompt holds."""

    call: CallText
    structure: StructuralKey
    system: tuple[int, ...] = ()


def minimum_support(n: int) -> int:
    """Calls that a template needs in a sample of `n`: 0.1 %, at least 8; fewer in tiny logs."""
    return max(min(8, max(2, n // 12)), round(0.001 * n))


def prepare(calls: Iterable[CallText], support: int) -> list[SampledCall]:
    """One call of each conversation, in the order of the call ids, with keys that are not rare."""
    ordered = sorted(calls, key=lambda call: call.call_id)
    kept = _one_per_conversation(ordered)
    return _coarsen_rare([SampledCall(call, structural_key(call)) for call in kept], support)


def _one_per_conversation(calls: Sequence[CallText]) -> list[CallText]:
    """Keep one call of each conversation, so that a long one does not become a template.

    Calls that share their first message are one conversation if any of them has more turns.
    """
    long = {(c.system, c.user) for c in calls if c.turns > 1 and c.conversation is None}
    seen: set[object] = set()
    kept = []
    for call in calls:
        conversation: object = call.conversation
        if conversation is None and (call.system, call.user) in long:
            conversation = (call.system, call.user)
        if conversation is not None:
            if conversation in seen:
                continue
            seen.add(conversation)
        kept.append(call)
    return kept


def _coarsen_rare(members: Sequence[SampledCall], support: int) -> list[SampledCall]:
    """Replace sets of tools and names of schemas that are too rare to tell routes apart."""
    tools = Counter((m.structure.system, m.structure.tools) for m in members)
    formats = Counter((m.structure.system, m.structure.response_format) for m in members)
    out = []
    for m in members:
        key = m.structure
        if key.tools and tools[key.system, key.tools] < support:
            key = replace(key, tools=ANY_TOOLS)
        if formats[key.system, key.response_format] < support:
            key = replace(key, response_format=any_format(key.response_format))
        out.append(replace(m, structure=key))
    return out


def same_family(left: Sequence[SampledCall], right: Sequence[SampledCall]) -> bool:
    """Whether the answers of two groups are of one family of shapes, as far as can be told."""
    families = []
    for side in (left, right):
        counts = Counter(family(m.call.shape) for m in side if m.call.shape is not None)
        if not counts:
            return True
        top, n = max(counts.items(), key=lambda item: (item[1], item[0]))
        if n < MIN_SHARE_OF_ONE_FAMILY * counts.total():
            return True
        families.append(top)
    return families[0] == families[1]
