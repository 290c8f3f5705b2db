"""The proposals for an audit as a ``criteria.yaml``, each with how it does on trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.criteria.category_samples import category_samples
from auditor.criteria.dry_run import is_named
from auditor.criteria.proposals import CategoryProposal, as_yaml, propose
from auditor.criteria.trials import Trial, try_criterion
from auditor.domain import Watch, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedFile:
    """What is proposed for each category, the costliest first, and the text of the file.

    ``trials`` are by the place of the proposal; None where nothing is proposed.
    """

    proposals: Sequence[CategoryProposal]
    trials: Sequence[Trial | None]
    text: str


def proposed_file(
    store: Store,
    *,
    category: str = "*",
    in_words: Callable[[Trial], str],
    watch: Watch = silent,
) -> ProposedFile:
    """Propose a criterion for every category that the glob names, and try it.

    ``in_words`` is the sentence that says what a trial showed.
    """
    spend = {
        row[0]: row[1:]
        for row in store.rows("SELECT category_id, spend_usd, share, spend_rank FROM v_spend")
    }
    found: list[tuple[int, CategoryProposal, Trial | None]] = []
    watch.start("Proposing criteria", unit="categories")
    for sample in category_samples(store):
        watch.advance()
        if not is_named(sample, category):
            continue
        proposal = propose(sample.examples, category=sample.category_id)
        usd, share, rank = spend[sample.category_id]
        trial = None
        if proposal.criterion is not None:
            trial = try_criterion(proposal.criterion, sample)
            noticed = in_words(trial).rstrip(".")
            proposal = replace(proposal, unnoticed=f"{proposal.unnoticed}. On trial: {noticed}")
        entry = CategoryProposal(
            name=sample.name,
            proposal=proposal,
            spend_usd=float(usd),
            share=share,
            passing=trial.pass_share if trial else None,
            failing=[(one.call_id, one.explanation) for one in trial.failures] if trial else (),
        )
        found.append((rank, entry, trial))
    watch.finish()
    found.sort(key=lambda one: one[0])
    proposals = [entry for _, entry, _ in found]
    return ProposedFile(
        proposals=proposals, trials=[trial for *_, trial in found], text=as_yaml(proposals)
    )
