"""The evidence that two routes are one task or two, one kind at a time."""

from __future__ import annotations

import pytest

from auditor.categories.routes import tool_sets
from auditor.categories.routes.contract import Contract, count_labels, differ, label_of, same
from auditor.categories.routes.likeness import Likeness, compare
from auditor.categories.routes.merge import RouteProfile, compare_routes, idle_sentences
from auditor.categories.routes.route import ANY_TOOLS
from auditor.categories.routes.succession import (
    DAY,
    QUANTILES,
    Activity,
    Prompt,
    successions,
    takes_over,
)
from auditor.text.language import language_of


def labels(*names: str, n: int = 10) -> Contract:
    return Contract.of({"label": n * len(names)}, dict.fromkeys(names, n))


def keys(*names: str) -> Contract:
    return Contract.of({"json:{" + ",".join(sorted(names)) + "}": 20}, {})


@pytest.mark.parametrize(
    ("one", "two", "shown"),
    [
        (labels("red", "green"), labels("low", "high"), "labels"),
        (labels("red", "green", "blue"), labels("green"), None),
        (keys("street", "town"), keys("vendor", "total"), "keys"),
        (keys("street", "town"), keys("street", "town", "country"), None),
        (labels("red", "green"), keys("red", "green"), "answers"),
        (Contract.of({"code:python": 9}, {}), Contract.of({"code:rust": 9}, {}), "language"),
        (labels("red"), Contract.of({"json:{a}": 2}, {}), None),
    ],
)
def test_contracts_differ(one: Contract, two: Contract, shown: str | None):
    assert differ(one, two) == shown
    assert differ(two, one) == shown


def test_words_that_are_copied_are_no_set_of_labels():
    open_words = Contract.of({"label": 20}, {f"name{i}": 1 for i in range(20)})
    assert not open_words.closed
    assert differ(open_words, Contract.of({"label": 20}, {f"n{i}": 1 for i in range(20)})) is None
    assert differ(open_words, labels("red", "green")) == "labels"


def test_keys_that_change_from_call_to_call_are_no_contract():
    varying = Contract.of({f"json:{{k{i},l{i}}}": 1 for i in range(20)}, {})
    assert varying.keys == frozenset()
    assert differ(varying, keys("street", "town")) is None


def test_a_key_that_was_cut_off_is_not_read():
    cut = "json:{" + ",".join(f"key_number_{i}" for i in range(9))[:60] + "}"
    assert all(len(key) == len("key_number_0") for key in Contract.of({cut: 9}, {}).keys)


@pytest.mark.parametrize(
    ("one", "two", "shown"),
    [
        (labels("plants", "tools", "pots"), labels("plants", "tools", "pots"), "labels"),
        (labels("low", "medium", "high"), labels("low", "medium", "high"), None),
        (keys("plant", "count", "pot"), keys("plant", "count", "pot"), "keys"),
        (keys("label", "confidence", "reason"), keys("label", "confidence", "reason"), None),
    ],
)
def test_only_a_particular_contract_shows_one_task(one, two, shown):
    assert same(one, two) == shown


def test_an_answer_that_lists_labels_counts_for_each():
    assert count_labels([label_of("**Noise**, staff"), label_of("noise."), None]) == {
        "noise": 2,
        "staff": 1,
    }


@pytest.mark.parametrize(
    ("one", "two", "likeness"),
    [
        (
            "Label the garden note with one bed: sun, shade, bog. Reply with the bed only.",
            "Label the garden note with exactly one bed: sun, shade, bog, pot. Reply with the bed only, in lower case.",
            Likeness.SAME,
        ),
        (
            "You serve Marlow Gardens, speak plainly and never guess prices. Shorten the note for the board.",
            "You serve Marlow Gardens, speak plainly and never guess prices. Correct the spelling of all words.",
            Likeness.ALIKE,
        ),
        (
            "You serve Marlow Gardens, speak plainly, and never guess prices of plants.",
            "You serve Marlow Gardens, speak plainly, and never guess prices of plants. Shorten the note.",
            Likeness.ALIKE,
        ),
        ("Shorten the note for the board.", "Draw the garden as a map.", Likeness.OTHER),
        (
            "Sort the note into one of the beds and do not explain it.",
            "Ordne die Notiz in eines der Beete ein und erkläre es nicht.",
            Likeness.FOREIGN,
        ),
        ("Shorten the note.", "", Likeness.NOTHING),
    ],
)
def test_likeness_of_instructions(one: str, two: str, likeness: Likeness):
    assert compare(one, two).likeness == likeness
    assert compare(two, one).likeness == likeness


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Sort the note into one of the beds.", "en"),
        ("Ordne die Notiz in eines der Beete ein.", "de"),
        ("Range la note dans un des carrés.", "fr"),
        ("把 的 笔记 在 花园 里 分类", "zh"),
        ("xyzzy 12", None),
    ],
)
def test_language_is_told_by_function_words(text: str, language: str | None):
    assert language_of(text) == language


def profile(words: str, shape: str = "prose", **more) -> RouteProfile:
    return RouteProfile(words=words, shapes={shape: 10}, **more)


def test_two_languages_are_one_task_where_the_tools_are_the_same():
    english = "You run the garden gate. Use the tools and ask before you open it to the visitor."
    german = "Du bedienst das Gartentor. Nutze die Werkzeuge und frage, bevor du es für den Gast öffnest."
    tools = ("open_gate", "ring", "look")
    assert compare_routes(
        profile(english, "tool_call", tools=tools), profile(german, "tool_call", tools=tools)
    ).together == ("tools",)
    other = compare_routes(
        profile(english, "tool_call", tools=tools), profile(german, "tool_call", tools=("water",))
    )
    assert other.apart == ("tools",)
    assert not other.joined


def test_under_one_instruction_any_tool_in_common_shows_one_caller():
    text = "You run the garden gate. Use the tools that fit."
    one = profile(text, "tool_call", tools=("ring", "look", "open", "shut", "wait"))
    assert compare_routes(one, profile(text, "tool_call", tools=("ring", "water", "dig"))).joined
    assert not compare_routes(one, profile(text, "tool_call", tools=("water", "dig"))).joined


def test_a_drafts_answers_are_not_an_agents():
    text = "You are the desk of Marlow Gardens and may look up orders."
    tools = ("find_order",)
    found = compare_routes(
        profile(text, "tool_call", tools=tools), profile(text, "prose", tools=tools)
    )
    assert "answers" in found.apart


def test_sentences_of_several_tasks_are_idle():
    rules = ("Recommend pots over beds.", "Give the opening hours.")
    mails = [profile(f"Write the visitor a mail of ninety words. {rule}") for rule in rules]
    desks = [
        RouteProfile(words=f"Name the desk. {rule}", shapes={"label": 10}, labels={"pots": 10})
        for rule in rules
    ]
    assert not compare_routes(*mails).joined
    assert compare_routes(*mails, idle_sentences([*mails, *desks])).together == ("instruction",)


def test_sets_of_tools():
    found = tool_sets.keys(
        {("a", "b", "c"): 20, ("b", "c", "d"): 20, ("x", "y"): 20, ("q",): 1, ("b", "d"): 1}, 8
    )
    pool = (*ANY_TOOLS, "a", "b", "c", "d")
    assert found[("a", "b", "c")] == found[("b", "c", "d")] == found[("b", "d")] == pool
    assert found[("x", "y")] == ("x", "y")
    assert found[("q",)] == ANY_TOOLS
    assert tool_sets.fits(pool, ("a", "d"))
    assert not tool_sets.fits(pool, ("a", "z"))
    assert not tool_sets.fits(ANY_TOOLS, ())


def test_one_tool_that_all_have_does_not_make_callers_one():
    found = tool_sets.keys({("search", "a"): 20, ("search", "b"): 20}, 8)
    assert len(set(found.values()) - {()}) == 2


def activity(first: float, last: float, calls: int = 100) -> Activity:
    """Calls at an even pace from one day to another."""
    return Activity(calls=calls, times=tuple((first + q * (last - first)) * DAY for q in QUANTILES))


@pytest.mark.parametrize(
    ("old", "new", "follows"),
    [
        (activity(0, 14), activity(13.5, 30), True),
        (activity(0, 30), activity(13, 30), False),
        (activity(0, 14), activity(0, 30), False),
        (activity(0, 5), activity(25, 30), False),
        (activity(13.5, 30), activity(0, 14), False),
        (activity(0, 14, calls=2), activity(14, 30, calls=2), False),
    ],
)
def test_a_prompt_takes_the_place_of_another(old: Activity, new: Activity, follows: bool):
    assert takes_over(old, new, 0.0, 30 * DAY) is follows


def test_the_new_version_is_the_one_about_the_same():
    def prompt(times: Activity, *words: str) -> Prompt:
        return Prompt(activity=times, subject=dict.fromkeys(words, 0.5))

    found = successions(
        [
            prompt(activity(0, 14), "fern", "moss", "bed"),
            prompt(activity(14, 30), "fern", "moss", "pot"),
            prompt(activity(14, 30), "engine", "song", "night"),
            prompt(activity(0, 30), "harbour", "letter"),
            Prompt(activity=None, subject={"fern": 1.0, "moss": 1.0}),
        ]
    )
    assert found == [(0, 1)]


def test_json_answers_alone_name_no_task():
    """That answers are JSON is no word of the instruction: many tasks are answered so."""
    asked = profile("Generate three questions on the lesson.", "json:{ask,choices,right}")
    other = profile("Générateur de quiz pour les leçons.", "json:{ask,choices,right}")
    assert other.task_type == "extract"
    assert "task" not in compare_routes(asked, other).apart


def test_messages_under_one_prompt_are_two_tasks_only_where_one_orders_something():
    prompt = "Sort the note of the visitor by its subject and by its haste."
    bare = profile(prompt, system=("p",), calls=60)
    titled = profile(f"{prompt}\n---\nNote of the visitor:", system=("p",), user=("n",), calls=40)
    assert compare_routes(bare, titled).joined
    ordered = profile(
        f"{prompt}\n---\nTranslate the reply into plain verse:",
        system=("p",),
        user=("o",),
        calls=40,
    )
    assert "message" in compare_routes(bare, ordered).apart
