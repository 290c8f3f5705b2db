"""Proposals as a ``criteria.yaml`` that a person reads, changes and keeps."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from auditor.text.surrogates import without_surrogates
from auditor.text.visible import one_line

if TYPE_CHECKING:
    from auditor.criteria.proposals.model import Proposal

MAX_FAILING = 3
"""Logged answers that fail and are shown."""
_WIDTH = 98
_MAX_COMMENT = 600

_HEAD = """\
# Criteria that auditor proposes from the logged answers; no model was asked. Change what is not
# what you mean, and name this file as [grade] criteria in auditor.toml. docs/criteria.md has all
# checks.
version: 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryProposal:
    """A proposal with what is known of its category.

    Attributes:
        name: the category's name.
        proposal: what is proposed for it.
        spend_usd: what its calls cost in the log; None where unknown.
        share: its share of all spend, 0 to 1; None where unknown.
        passing: share of the logged answers that pass, of those that can be told; None where none
            was graded.
        failing: logged answers that fail, each as the call's id and why.
    """

    name: str
    proposal: Proposal
    spend_usd: float | None = None
    share: float | None = None
    passing: float | None = None
    failing: Sequence[tuple[str, str]] = ()


def as_yaml(proposals: Sequence[CategoryProposal]) -> str:
    """A valid ``criteria.yaml``; above each criterion stands what it is for and what it misses.

    Texts of the log stand in comments on one line and in values quoted, so that none of them is
    read as YAML. A category without a criterion is a comment.
    """
    blocks = [_block(entry) for entry in proposals]
    any_written = any(entry.proposal.criterion for entry in proposals)
    return _HEAD + ("criteria:\n" if any_written else "criteria: []\n") + "\n".join(blocks)


def _block(entry: CategoryProposal) -> str:
    proposal = entry.proposal
    lines = [f"{entry.name}{_spend(entry)}"]
    if proposal.criterion is None:
        lines.append(f"No criterion: {proposal.reason}")
        return "".join(map(_comment, lines))
    lines.append(f"Checks: {proposal.reason}")
    lines.append(f"Would not notice: {proposal.unnoticed}.")
    if proposal.waits:
        lines.append("Waits for a judge or people: until then it moves nothing.")
    if proposal.set_aside:
        lines.append(
            f"{proposal.set_aside:.1%} of the logged answers decline or ask back; they were set"
            " aside when the rule was looked for."
        )
    if entry.passing is not None:
        lines.append(f"{entry.passing:.1%} of the logged answers pass.")
    lines += [f"fails: {call}: {why}" for call, why in entry.failing[:MAX_FAILING]]
    criterion = proposal.criterion
    written = criterion.selector.definition() | criterion.definition()
    if criterion.description:
        written = {"description": _clean(criterion.description), **written}
    return "".join(map(_comment, lines)) + _item(_clean(written))


def _spend(entry: CategoryProposal) -> str:
    if entry.spend_usd is None:
        return ""
    share = "" if entry.share is None else f", {entry.share:.1%} of spend"
    return f" (${entry.spend_usd:,.2f}{share})"


def _comment(line: str) -> str:
    said = one_line(without_surrogates(line))
    said = said if len(said) <= _MAX_COMMENT else said[:_MAX_COMMENT] + "\u2026"
    wrapped = textwrap.wrap(said, _WIDTH - 4, break_on_hyphens=False) or [""]
    return "".join(
        f"  # {part}\n" if i == 0 else f"  #   {part}\n" for i, part in enumerate(wrapped)
    )


def _item(written: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(
        [written], allow_unicode=True, sort_keys=False, width=_WIDTH, default_flow_style=None
    )
    return textwrap.indent(text, "  ")


def _clean(value: Any) -> Any:
    """Plain values that YAML writes, without what is no character."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
