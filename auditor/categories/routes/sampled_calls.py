"""The sampled calls as the search sees them: one per conversation, rare keys made coarse."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.categories.routes import contract, tool_sets
from auditor.categories.routes.contract import Contract, count_labels
from auditor.categories.routes.matcher import any_format, structural_key
from auditor.categories.routes.route import ANY_TOOLS, CallText, StructuralKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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
    """Replace sets of tools and names of schemas that do not tell routes apart."""
    tools: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for m in members:
        tools[m.structure.system][m.structure.tools] += 1
    # Where the system prompt tells callers apart, each template is looked at later on its own.
    keys = {
        system: tool_sets.keys(counts, support)
        for system, counts in tools.items()
        if system != "specific"
    }
    formats = Counter((m.structure.system, m.structure.response_format) for m in members)
    out = []
    for m in members:
        key = m.structure
        if key.system in keys:
            key = replace(key, tools=keys[key.system][key.tools])
        elif key.tools and tools[key.system][key.tools] < support:
            key = replace(key, tools=ANY_TOOLS)
        if formats[key.system, key.response_format] < support:
            key = replace(key, response_format=any_format(key.response_format))
        out.append(replace(m, structure=key))
    return out


def contract_of(members: Sequence[SampledCall]) -> Contract:
    """What the logged answers of some calls have in common."""
    return Contract.of(
        Counter(m.call.shape for m in members if m.call.shape is not None),
        count_labels(m.call.label for m in members),
    )


def differ(left: Sequence[SampledCall], right: Sequence[SampledCall]) -> bool:
    """Whether the answers of two groups show that they are two tasks, as far as can be told."""
    return contract.differ(contract_of(left), contract_of(right)) is not None
