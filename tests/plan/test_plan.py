"""The plan stage: what counts as evidence, and what is kept of a look at it."""

from __future__ import annotations

import pytest
from planted import plant
from planted_audit import PlantedEngine, copied, decide, prepare

from auditor.config import PlanConfig
from auditor.plan import plan_stage as plan


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    log = plant()
    return log, *prepare(log, tmp_path_factory.mktemp("plan"))


@pytest.fixture
def planned(prepared):
    """Return an audit that is decided, and its settings."""
    log, base, config = prepared
    with copied(base) as store:
        decide(store, config, PlantedEngine(log.local_answers(1)), seed=1, samples=120, top=3)
        yield store, config


def verdicts(store):
    return {row[0]: row[1:] for row in store.rows("SELECT category_id, n, verdict FROM decisions")}


def test_more_spend_than_was_drawn_from_is_not_decided(planned):
    store, config = planned
    before = verdicts(store)
    category = next(c for c, (n, _) in before.items() if n)
    store.execute(
        "UPDATE calls SET cost_usd = cost_usd * 2 WHERE call_id IN"
        " (SELECT call_id FROM call_categories WHERE category_id = ?)",
        [category],
    )
    plan.run(store, config.plan, config.local)
    after = verdicts(store)
    assert after[category] == (0, "unmeasured")
    assert {c: v for c, v in after.items() if c != category} == {
        c: v for c, v in before.items() if c != category
    }
    reason = store.value("SELECT reason FROM plan_items WHERE category_id = ?", [category])
    assert "have changed since its calls were drawn" in reason


def test_a_category_with_an_answer_missing_is_not_decided(planned):
    store, config = planned
    category, call = store.rows("SELECT category_id, min(call_id) FROM draws GROUP BY ALL")[0]
    store.execute("DELETE FROM answers WHERE candidate_id IS NOT NULL AND call_id = ?", [call])
    plan.run(store, config.plan, config.local)
    assert verdicts(store)[category] == (0, "unmeasured")


def test_every_number_of_draws_is_one_look(planned):
    store, config = planned
    started = store.value("SELECT count(DISTINCT design_id) FROM draws")
    assert store.value("SELECT count(*) FROM looks") == started
    plan.run(store, config.plan, config.local)
    assert store.value("SELECT count(*) FROM looks") == started
    assert not store.rows("SELECT 1 FROM decisions WHERE list_contains(flags, 'looked-again')")


def test_more_draws_are_another_look_and_say_so(prepared, planned):
    log, _, config = prepared
    store, _ = planned
    decide(store, config, PlantedEngine(log.local_answers(1)), seed=1, samples=130, top=3)
    assert set(store.rows("SELECT DISTINCT look_no, n FROM looks")) == {(1, 120), (2, 130)}
    flagged = store.rows("SELECT flags FROM decisions WHERE n > 0")
    assert flagged
    assert all("looked-again" in flags for (flags,) in flagged)


def test_the_bars_are_the_priced_spend_whatever_the_margin(planned):
    store, config = planned
    for margin in (0.01, 0.2):
        plan.run(store, PlanConfig(margin=margin), config.local)
        assert store.value("SELECT sum(spend_usd) FROM bars") == store.value(
            "SELECT sum(cost_usd) FROM calls"
        )


class Recording(PlantedEngine):
    """The planted model, and the sets of calls it was asked for."""

    def __init__(self, answers):
        super().__init__(answers)
        self.sets = []

    def answers(self, requests, done=frozenset()):
        self.sets.append({request.call_id for request in requests})
        yield from super().answers(requests, done)


def test_more_draws_are_replayed_as_a_set_of_their_own(prepared):
    log, base, config = prepared
    with copied(base) as store:
        engine = Recording(log.local_answers(1))
        decide(store, config, engine, seed=1, samples=100, top=2)
        decide(store, config, engine, seed=1, samples=120, top=3)
        drawn = {row[0] for row in store.rows("SELECT DISTINCT call_id FROM draws")}
    first, second = engine.sets
    assert first
    assert second
    assert not first & second
    assert first | second == drawn
