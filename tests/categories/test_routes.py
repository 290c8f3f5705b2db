"""Routes and categories are found, stable, and the same whatever the order of the calls."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from task_log import WORDS, add_calls, categorized, of_calls, snapshot

from auditor.categories import tables
from auditor.categories.routes import CallText, Matcher, RuleSet
from auditor.categories.routes.matcher import NO_ROUTE
from auditor.categories.routes.sampled_calls import minimum_support
from auditor.categories.stage import CategorizeSettings, run
from auditor.store.store import Store

TENANTS = (
    "Acme Holding",
    "Blue Harbor Ltd",
    "Cobalt",
    "Dune & Sons",
    "Elmwood Clinic",
    "Fjord Bank",
    "Granite",
    "Harvest Foods GmbH",
    "Iris",
    "Juniper Air",
    "Kestrel Media Group",
    "Lumen",
)
TASKS = {
    "triage": "You triage support tickets for {tenant}. Today is {date}. Answer with one queue: billing, bug, account or other.",
    "summary": "Summarize the meeting transcript for {tenant} in three bullet points. Date of the meeting: {date}. Name every decision.",
    "sql": "You write PostgreSQL for the warehouse of {tenant}. Current date: {date}. Return one SELECT statement and nothing else.",
    "invoice": "Extract supplier, total and due date from the invoice sent to {tenant} on {date}. Output JSON with the keys supplier, total, due.",
}
SHAPES = {
    "triage": "label",
    "summary": "list",
    "sql": "sql",
    "invoice": "json:{due,supplier,total}",
}
NOUNS = [*WORDS, "kettle", "compass"]


def words(rng: random.Random, n: int) -> str:
    return " ".join(rng.choice(NOUNS) + rng.choice("abcdefghij") for _ in range(n))


def tenant_log(n: int = 600, seed: int = 1) -> tuple[list[CallText], list[str]]:
    """Four tasks whose system prompts hold a tenant and a date: hundreds of distinct prompts."""
    rng = random.Random(seed)
    calls, truth = [], []
    for i in range(n):
        task = rng.choice(sorted(TASKS))
        system = TASKS[task].format(
            tenant=rng.choice(TENANTS), date=f"2026-10-{rng.randint(1, 30):02}"
        )
        user = words(rng, rng.randint(5, 40))
        calls.append(CallText(call_id=f"c{i:05}", system=system, user=user, shape=SHAPES[task]))
        truth.append(task)
    return calls, truth


def test_values_inside_system_prompts_do_not_split_a_category(store):
    calls, truth = tenant_log()
    assert len({call.system for call in calls}) > 300
    assert adjusted_rand_score(truth, categorized(store, calls)) == 1.0


def test_order_of_the_calls_does_not_matter(store):
    calls, _ = tenant_log(300)
    shuffled = calls[:]
    random.Random(7).shuffle(shuffled)
    categorized(store, calls)
    before = snapshot(store)
    categorized(store, shuffled)
    assert snapshot(store) == before


def test_rules_survive_json_and_classify_single_requests_alike(store):
    calls, _ = tenant_log(300)
    categorized(store, calls)
    rules = tables.load(store).rules
    assert RuleSet.from_rules(map(rules.rule, reversed(rules.routes))) == rules
    matcher = Matcher(rules)
    for call, route_id in list(zip(calls, of_calls(store, calls, "route_id"), strict=True))[:40]:
        assert matcher.match(call) == route_id


def test_a_sample_finds_the_same_routes_as_the_whole(store):
    calls, truth = tenant_log(1500)
    assert adjusted_rand_score(truth, categorized(store, calls, sample=400)) == 1.0
    one = categorized(store, calls, sample=400, seed=1)
    assert one == categorized(store, calls, sample=400, seed=1)


def test_user_templates_under_a_generic_system_prompt_are_routes(store):
    rng = random.Random(3)
    templates = {
        "classify": "Classify the following product review as positive or negative.\n\nReview: {}\n\nAnswer:",
        "translate": "Translate this paragraph into French, keep the tone:\n\n{}",
    }
    calls, truth = [], []
    for i in range(200):
        task = rng.choice(sorted(templates))
        text = templates[task].format(words(rng, rng.randint(4, 30)))
        calls.append(CallText(call_id=f"c{i:04}", system="You are a helpful assistant.", user=text))
        truth.append(task)
    assert adjusted_rand_score(truth, categorized(store, calls)) == 1.0


def test_one_task_under_a_task_bearing_system_prompt_stays_whole(store):
    """People write what they like to a bot; some of it many times."""
    rng = random.Random(5)
    system = "You are Nora, the travel desk of Fjord Air. Help customers change or cancel their booking, politely."
    popular = [
        "I want to cancel my flight to {} please",
        "Can I bring my {} on board as hand luggage?",
    ]
    calls = [
        CallText(
            call_id=f"c{i:04}",
            system=system,
            shape="prose",
            user=rng.choice(popular).format(words(rng, 2)) if i % 2 else words(rng, 12),
        )
        for i in range(300)
    ]
    assert len(set(categorized(store, calls))) == 1


def test_another_task_under_a_shared_system_prompt_is_another_route(store):
    rng = random.Random(6)
    system = "You are the assistant of Elmwood Clinic. Follow the style guide: plain words, British spelling, no jargon, no names."
    calls, truth = [], []
    for i in range(300):
        if i % 2:
            user = f"Extract every medication from this note as JSON with the keys name and dose.\n\n{words(rng, 20)}"
            shape = "json:[]"
        else:
            user, shape = words(rng, 15), "prose"
        calls.append(CallText(call_id=f"c{i:04}", system=system, user=user, shape=shape))
        truth.append(shape)
    assert adjusted_rand_score(truth, categorized(store, calls)) == 1.0


def test_a_long_conversation_does_not_become_a_template(store):
    rng = random.Random(8)
    first = "My grandmother's recipe for plum cake asks for two pounds of plums and one of flour"
    talk = [CallText(call_id=f"t{i:03}", system=None, user=first, turns=i + 1) for i in range(60)]
    chat = [CallText(call_id=f"c{i:03}", system=None, user=words(rng, 12)) for i in range(60)]
    categorized(store, talk + chat)
    assert all(route.free_form for route in tables.load(store).rules.routes)
    assert len(set(of_calls(store, talk, "route_id"))) == 1


def test_rare_tool_sets_do_not_split_an_agent(store):
    rng = random.Random(9)
    system = "You are the automation agent of the warehouse. Call every tool that the request needs, with values from the request."
    calls = [
        CallText(
            call_id=f"c{i:03}",
            system=system,
            user=words(rng, 10),
            tools=(f"tool_{i % 90}",),
            shape="tool_call",
        )
        for i in range(200)
    ]
    assert len(set(categorized(store, calls))) == 1


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (
            "请将下面的客户评论分类为正面或负面，只回答一个词。评论：{}",
            "请把下面的会议记录总结成三个要点，不要添加任何信息。记录：{}",
        ),
        (
            "Klassifiziere die folgende Kundennachricht in eine der Kategorien: Rechnung, Technik, Sonstiges.\n\n{}",
            "Fasse das folgende Gesprächsprotokoll in drei Sätzen zusammen.\n\n{}",
        ),
        (
            "Определи тональность отзыва: положительный или отрицательный.\n\nОтзыв: {}",
            "Переведи следующий текст на английский язык, сохраняя стиль.\n\n{}",
        ),
    ],
)
def test_templates_in_other_languages(store, one: str, two: str):
    rng = random.Random(10)
    alphabet = "的一是不了人我在有他这为之大来以个中上们" if "请" in one else "abcdefgh"
    calls, truth = [], []
    for i in range(120):
        gap = "" if "请" in one else " "
        value = gap.join("".join(rng.choices(alphabet, k=4)) for _ in range(12))
        calls.append(
            CallText(call_id=f"c{i:03}", system=None, user=(one, two)[i % 2].format(value))
        )
        truth.append(i % 2)
    assert adjusted_rand_score(truth, categorized(store, calls)) == 1.0


@pytest.mark.parametrize("n", [1, 2, 5])
def test_tiny_logs(store, n: int):
    calls = [CallText(call_id=f"c{i}", system=None, user=f"hello {i}") for i in range(n)]
    assert len(categorized(store, calls)) == n
    assert all(name for (name,) in store.rows("SELECT name FROM categories"))


def test_hundred_thousand_tokens_are_read_at_head_and_tail(store):
    rng = random.Random(11)
    bulk = words(rng, 100_000)
    head = "Read the contract below and list the duties of the tenant.\n\n"
    tail = "\n\nAnswer with a numbered list of duties."
    calls = [
        CallText(call_id=f"c{i:02}", system=None, user=head + bulk[i * 100 :] + tail)
        for i in range(20)
    ]
    categorized(store, calls)
    ((template,),) = store.rows("SELECT template FROM routes")
    assert "duties of the tenant" in template
    assert "numbered list" in template


@pytest.fixture(scope="module")
def reused_store():
    with Store.open() as store:
        yield store


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(st.none() | st.text(max_size=40), st.text(max_size=60)), min_size=1, max_size=12
    )
)
def test_every_call_gets_a_route_and_a_named_category(reused_store, texts):
    store = reused_store
    calls = [CallText(call_id=str(i), system=s, user=u) for i, (s, u) in enumerate(texts)]
    assert len(categorized(store, calls)) == len(calls)
    assert store.check() == []
    assert store.value("SELECT bool_and(confidence BETWEEN 0 AND 1) FROM call_categories")
    names = [name for (name,) in store.rows("SELECT name FROM categories")]
    assert all(name.strip() for name in names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("n", "least"), [(10, 2), (100, 8), (8000, 8), (30_000, 30)])
def test_minimum_support(n: int, least: int):
    assert minimum_support(n) == least


def test_a_matcher_of_no_rules_finds_no_route():
    matcher = Matcher(RuleSet(routes=(), fragments=()))
    call = CallText(call_id="a", system=None, user="x")
    assert matcher.assign([call])[0].route == NO_ROUTE
    assert matcher.match(call) is None


def test_a_call_unlike_any_in_the_sample_has_a_place_of_its_own(store):
    calls, _ = tenant_log(400)
    categorized(store, calls)
    rules = tables.load(store).rules
    add_calls(store, [CallText(call_id="x", system=None, user="Where do storks winter?")])
    run(store, CategorizeSettings())
    ((route_id,),) = store.rows("SELECT route_id FROM call_categories WHERE call_id = 'x'")
    assert route_id not in {route.route_id for route in rules.routes}
    assert route_id in tables.load(store).rules.free_form


def test_thousands_of_rare_tool_sets_do_not_fill_the_sample(store):
    rng = random.Random(12)
    calls, truth = tenant_log(1500)
    calls += [
        CallText(
            call_id=f"a{i}",
            system="You run the errands of the office.",
            user=words(rng, 8),
            tools=(f"t{i}",),
        )
        for i in range(700)
    ]
    found = categorized(store, calls, sample=500)
    assert adjusted_rand_score([*truth, *["agent"] * 700], found) == 1.0


@pytest.mark.parametrize("hide", [{"sql"}, {"summary", "invoice"}])
def test_hidden_routes_are_found_later_and_old_calls_keep_theirs(store, hide):
    calls, truth = tenant_log(500)
    seen = [c for c, t in zip(calls, truth, strict=True) if t not in hide]
    late = [c for c, t in zip(calls, truth, strict=True) if t in hide]
    categorized(store, seen)
    before = tables.load(store).rules
    add_calls(store, late)
    run(store, CategorizeSettings())
    after = tables.load(store).rules
    # Also when they are asked anew: stored calls keep their route in any case.
    old, new = Matcher(before), Matcher(after)
    assert [old.match(call) for call in seen] == [new.match(call) for call in seen]
    known = {route.route_id for route in before.routes}
    assert not set(of_calls(store, late, "route_id")) & known


def test_a_new_button_under_a_known_bot_is_a_new_route(store):
    rng = random.Random(14)
    system = (
        "You are Max, the assistant of a note taking app. Help the user with the note that is open."
    )
    chat = [
        CallText(call_id=f"c{i}", system=system, user=words(rng, 12), shape="prose")
        for i in range(100)
    ]
    button = [
        CallText(
            call_id=f"b{i}",
            system=system,
            user=f"Translate this note into French:\n\n{words(rng, 30)}",
            shape="prose",
        )
        for i in range(40)
    ]
    categorized(store, chat)
    add_calls(store, button)
    run(store, CategorizeSettings())
    (of_chat,) = set(of_calls(store, chat, "route_id"))
    (of_button,) = set(of_calls(store, button, "route_id"))
    assert of_chat != of_button
    assert Matcher(tables.load(store).rules).match(chat[0]) == of_chat
