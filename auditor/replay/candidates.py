"""The models that the configuration names: opened as engines, and what draws for them rest on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.replay.eligibility import draws_unanswered

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.engines.base import Engine
    from auditor.stage import StageContext


def open_engines(config: Config) -> list[Engine]:
    """Open every model of ``[replay] model``, cheapest first; no weights are loaded yet.

    Raises:
        EngineError: a model that cannot be found or used.
        MissingExtraError: the embedded engine is needed and not installed.
        ConfigError: nothing by that name.
    """
    from auditor import engines

    chosen = config.replay
    specs = chosen.model if isinstance(chosen.model, list) else [chosen.model]
    settings = engines.EngineSettings(
        slots=chosen.slots or engines.EngineSettings().slots,
        exact=chosen.exact,
        max_output_tokens=chosen.max_output_tokens,
        answer_headroom=chosen.answer_headroom,
        context_tokens=chosen.context_tokens,
        threads=chosen.threads,
        gpu_layers=chosen.gpu_layers,
        cpu_expert_layers=chosen.cpu_expert_layers,
        cache_gb=chosen.cache_gb,
        grammar=chosen.grammar,
        timeout_s=chosen.timeout_s,
        urls_concurrency=chosen.concurrency,
        template_kwargs=chosen.template_kwargs,
        seed=config.sample.seed,
    )
    return [engines.open_engine(spec, replace(settings, rung=n)) for n, spec in enumerate(specs)]


def settings_of_draws(context: StageContext) -> object:
    """Return what draws follow from; the replay, which answers them, follows from the same."""
    candidates = [engine.candidate.candidate_id for engine in context.engines()]
    facts: list[object] = [candidates, context.config.sample.model_dump()]
    return [*facts, "unanswered"] if unanswered_wanted(context) else facts


def unanswered_wanted(context: StageContext) -> bool:
    """Whether calls without a logged answer are drawn too."""
    return draws_unanswered(context.store, wanted=context.agreed is not None)
