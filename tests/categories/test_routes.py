"""Routes and categories are found, stable, and the same whatever the order of the calls."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from auditor.categories.routes import Doc, Matcher, RuleSet, find_routes, learn_more
from auditor.categories.routes.search import minimum_support

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
NOUNS = [
    "printer",
    "cloud",
    "river",
    "ledger",
    "garden",
    "engine",
    "letter",
    "harbour",
    "window",
    "lantern",
    "kettle",
    "compass",
]


def words(rng: random.Random, n: int) -> str:
    return " ".join(rng.choice(NOUNS) + rng.choice("abcdefghij") for _ in range(n))


def tenant_log(n: int = 600, seed: int = 1) -> tuple[list[Doc], list[str]]:
    """Four tasks whose system prompts hold a tenant and a date: hundreds of distinct prompts."""
    rng = random.Random(seed)
    docs, truth = [], []
    for i in range(n):
        task = rng.choice(sorted(TASKS))
        system = TASKS[task].format(
            tenant=rng.choice(TENANTS), date=f"2026-10-{rng.randint(1, 30):02}"
        )
        user = words(rng, rng.randint(5, 40))
        docs.append(Doc(call_id=f"c{i:05}", system=system, user=user, shape=SHAPES[task]))
        truth.append(task)
    return docs, truth


def categories(docs: list[Doc], **options: int) -> list[str]:
    found = find_routes(docs, **options)
    return [found.category_of(m).category_id for m in found.matches]


def test_values_inside_system_prompts_do_not_split_a_category():
    docs, truth = tenant_log()
    assert len({d.system for d in docs}) > 300
    assert adjusted_rand_score(truth, categories(docs)) == 1.0


def test_order_of_the_calls_does_not_matter():
    docs, _ = tenant_log(300)
    shuffled = docs[:]
    random.Random(7).shuffle(shuffled)
    one, two = find_routes(docs), find_routes(shuffled)
    assert one.rules == two.rules
    assert one.categories == two.categories
    assert one.evidence == two.evidence


def test_rules_survive_json_and_classify_single_requests_alike():
    docs, _ = tenant_log(300)
    found = find_routes(docs)
    rules = RuleSet.from_rules(map(found.rules.rule, reversed(found.rules.routes)))
    assert rules == found.rules
    matcher = Matcher(rules)
    for doc, expected in list(zip(docs, found.matches, strict=True))[:40]:
        assert matcher.match(doc) == found.rules.routes[expected.route].route_id


def test_a_sample_finds_the_same_routes_as_the_whole():
    docs, truth = tenant_log(1500)
    assert adjusted_rand_score(truth, categories(docs, sample=400)) == 1.0
    assert categories(docs, sample=400, seed=1) == categories(docs, sample=400, seed=1)


def test_user_templates_under_a_generic_system_prompt_are_routes():
    rng = random.Random(3)
    templates = {
        "classify": "Classify the following product review as positive or negative.\n\nReview: {}\n\nAnswer:",
        "translate": "Translate this paragraph into French, keep the tone:\n\n{}",
    }
    docs, truth = [], []
    for i in range(200):
        task = rng.choice(sorted(templates))
        text = templates[task].format(words(rng, rng.randint(4, 30)))
        docs.append(Doc(call_id=f"c{i:04}", system="You are a helpful assistant.", user=text))
        truth.append(task)
    assert adjusted_rand_score(truth, categories(docs)) == 1.0


def test_one_task_under_a_task_bearing_system_prompt_stays_whole():
    """People write what they like to a bot; some of it many times."""
    rng = random.Random(5)
    system = "You are Nora, the travel desk of Fjord Air. Help customers change or cancel their booking, politely."
    popular = [
        "I want to cancel my flight to {} please",
        "Can I bring my {} on board as hand luggage?",
    ]
    docs = [
        Doc(
            call_id=f"c{i:04}",
            system=system,
            shape="prose",
            user=rng.choice(popular).format(words(rng, 2)) if i % 2 else words(rng, 12),
        )
        for i in range(300)
    ]
    assert len(set(categories(docs))) == 1


def test_another_task_under_a_shared_system_prompt_is_another_route():
    rng = random.Random(6)
    system = "You are the assistant of Elmwood Clinic. Follow the style guide: plain words, British spelling, no jargon, no names."
    docs, truth = [], []
    for i in range(300):
        if i % 2:
            user = f"Extract every medication from this note as JSON with the keys name and dose.\n\n{words(rng, 20)}"
            shape = "json:[]"
        else:
            user, shape = words(rng, 15), "prose"
        docs.append(Doc(call_id=f"c{i:04}", system=system, user=user, shape=shape))
        truth.append(shape)
    assert adjusted_rand_score(truth, categories(docs)) == 1.0


def test_a_long_conversation_does_not_become_a_template():
    rng = random.Random(8)
    first = "My grandmother's recipe for plum cake asks for two pounds of plums and one of flour"
    talk = [Doc(call_id=f"t{i:03}", system=None, user=first, turns=i + 1) for i in range(60)]
    chat = [Doc(call_id=f"c{i:03}", system=None, user=words(rng, 12)) for i in range(60)]
    found = find_routes(talk + chat)
    assert all(route.free for route in found.rules.routes)
    assert len({m.route for m in found.matches[:60]}) == 1


def test_rare_tool_sets_do_not_split_an_agent():
    rng = random.Random(9)
    system = "You are the automation agent of the warehouse. Call every tool that the request needs, with values from the request."
    docs = [
        Doc(
            call_id=f"c{i:03}",
            system=system,
            user=words(rng, 10),
            tools=(f"tool_{i % 90}",),
            shape="tool_call",
        )
        for i in range(200)
    ]
    assert len(set(categories(docs))) == 1


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
def test_templates_in_other_languages(one: str, two: str):
    rng = random.Random(10)
    alphabet = "的一是不了人我在有他这为之大来以个中上们" if "请" in one else "abcdefgh"
    docs, truth = [], []
    for i in range(120):
        gap = "" if "请" in one else " "
        value = gap.join("".join(rng.choices(alphabet, k=4)) for _ in range(12))
        docs.append(Doc(call_id=f"c{i:03}", system=None, user=(one, two)[i % 2].format(value)))
        truth.append(i % 2)
    assert adjusted_rand_score(truth, categories(docs)) == 1.0


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_tiny_logs(n: int):
    docs = [Doc(call_id=f"c{i}", system=None, user=f"hello {i}") for i in range(n)]
    found = find_routes(docs)
    assert len(found.matches) == n
    assert all(found.category_of(m).name for m in found.matches)


def test_hundred_thousand_tokens_are_read_at_head_and_tail():
    rng = random.Random(11)
    bulk = words(rng, 100_000)
    head, tail = (
        "Read the contract below and list the duties of the tenant.\n\n",
        "\n\nAnswer with a numbered list of duties.",
    )
    docs = [
        Doc(call_id=f"c{i:02}", system=None, user=head + bulk[i * 100 :] + tail) for i in range(20)
    ]
    found = find_routes(docs)
    assert len({m.route for m in found.matches}) == 1
    assert (
        "duties of the tenant"
        in found.evidence[found.rules.routes[found.matches[0].route].route_id].template
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.none() | st.text(max_size=40), st.text(max_size=60)), max_size=12))
def test_every_call_gets_a_route_and_a_named_category(texts):
    docs = [Doc(call_id=str(i), system=s, user=u) for i, (s, u) in enumerate(texts)]
    found = find_routes(docs)
    assert len(found.matches) == len(docs)
    for m in found.matches:
        assert 0 <= m.confidence <= 1
        assert found.category_of(m).name.strip()
    assert len({c.name for c in found.categories}) == len(found.categories)


@pytest.mark.parametrize(("n", "least"), [(10, 2), (100, 8), (8000, 8), (30_000, 30)])
def test_minimum_support(n: int, least: int):
    assert minimum_support(n) == least


def test_matcher_of_no_rules_finds_nothing():
    found = Matcher(RuleSet(routes=(), fragments=())).assign(
        [Doc(call_id="a", system=None, user="x")]
    )
    assert found[0].route == -1


def test_a_call_unlike_any_in_the_sample_has_a_place_of_its_own():
    docs, _ = tenant_log(400)
    rules = find_routes(docs).rules
    stranger = Doc(call_id="x", system=None, user="Where do storks spend the winter?")
    found = Matcher(rules).assign([stranger, docs[0]])
    assert rules.routes[found[0].route].free
    assert not rules.routes[found[1].route].free


def test_thousands_of_rare_tool_sets_do_not_fill_the_sample():
    rng = random.Random(12)
    docs, truth = tenant_log(1500)
    docs += [
        Doc(
            call_id=f"a{i}",
            system="You run the errands of the office.",
            user=words(rng, 8),
            tools=(f"t{i}",),
        )
        for i in range(700)
    ]
    found = categories(docs, sample=500)
    assert adjusted_rand_score([*truth, *["agent"] * 700], found) == 1.0


def hidden(docs, truth, hide):
    """Learn without some routes, then with them; returns rules before and after."""
    seen = [d for d, t in zip(docs, truth, strict=True) if t not in hide]
    before = find_routes(seen).rules
    return before, learn_more(before, [d for d in docs if d not in seen])


@pytest.mark.parametrize("hide", [{"sql"}, {"summary", "invoice"}])
def test_hidden_routes_are_found_later_and_old_calls_keep_theirs(hide):
    docs, truth = tenant_log(500)
    before, after = hidden(docs, truth, hide)
    old = Matcher(before).assign(docs)
    new = Matcher(after).assign(docs)
    for t, a, b in zip(truth, old, new, strict=True):
        same = before.routes[a.route].route_id == after.routes[b.route].route_id
        assert same == (t not in hide)
    known = {route.route_id for route in before.routes}
    found = [after.routes[b.route].route_id for t, b in zip(truth, new, strict=True) if t in hide]
    assert not set(found) & known


def test_a_new_button_under_a_known_bot_is_a_new_route():
    rng = random.Random(14)
    system = (
        "You are Max, the assistant of a note taking app. Help the user with the note that is open."
    )
    chat = [
        Doc(call_id=f"c{i}", system=system, user=words(rng, 12), shape="prose") for i in range(100)
    ]
    button = [
        Doc(
            call_id=f"b{i}",
            system=system,
            user=f"Translate this note into French:\n\n{words(rng, 30)}",
            shape="prose",
        )
        for i in range(40)
    ]
    before = find_routes(chat).rules
    after = learn_more(before, button)
    matcher = Matcher(after)
    assert len({matcher.match(doc) for doc in button}) == 1
    assert matcher.match(button[0]) != matcher.match(chat[0])
    assert matcher.match(chat[0]) == Matcher(before).match(chat[0])
