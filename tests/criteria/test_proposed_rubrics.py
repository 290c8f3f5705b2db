"""What a prompt demands of prose: found in it, checked where a rule can, else put before a judge."""

import pytest

from auditor.criteria import GradeInput, grade
from auditor.criteria.grading import grade_assertion
from auditor.criteria.proposals import LoggedExample, propose
from auditor.criteria.proposals.checkable import checks_of
from auditor.criteria.request_facts import RequestFacts
from auditor.criteria.validation import refuse_unusable

SYSTEM = (
    "You are the florist's assistant.\n"
    "Answer in under 20 words. No markdown, no exclamation marks.\n"
    "Always include the phrase 'Bloom & Co'. Never mention the word 'discount'.\n"
    "Keep a warm tone."
)
SAID = "Dear customer, your {i} tulips are on the way today. Your Bloom & Co"


def prose(make, n=30, system=SYSTEM):
    facts = RequestFacts(system=system, user="Where are my flowers?", prompt=system)
    return [LoggedExample(text=make(i), request=facts) for i in range(n)]


def failing(criterion, text):
    """Names of the assertions that a text fails, without a judge."""
    given = GradeInput(text=text, reference_text=text)
    failed = [a for a in criterion.deciding if grade_assertion(a, given).passed is False]
    return {a.metric or a.name for a in failed}


def test_each_checkable_demand_is_an_assertion_and_the_others_wait_for_a_judge():
    proposal = propose(prose(lambda i: SAID.format(i=i)))
    criterion = proposal.criterion
    assert proposal.kind == "rubric"
    assert proposal.waits
    assert criterion.form_only
    rubrics = [a.value for a in criterion.assertions if a.type == "llm-rubric"]
    assert "Keep a warm tone." in rubrics
    assert not any("You are the florist" in rubric for rubric in rubrics)
    assert failing(criterion, SAID.format(i=7)) == set()
    assert failing(criterion, SAID.format(i=7) + "!") == {"no exclamation marks"}
    assert failing(criterion, SAID.format(i=7) + " **now**") == {"no markdown"}
    assert failing(criterion, SAID.format(i=7) + ", with a discount") == {"not-icontains"}
    assert failing(criterion, "Your tulips are on the way, dear customer.") == {"icontains"}
    assert "word-count" in failing(criterion, "Bloom & Co sends many flowers to you. " * 5)


def test_nothing_passes_a_rubric_before_a_judge_speaks():
    criterion = propose(prose(lambda i: SAID.format(i=i))).criterion
    right = GradeInput(text=SAID.format(i=1), reference_text=SAID.format(i=1))
    assert grade(criterion, right).passed is None
    assert "waits for a judge" in grade(criterion, right).explanation
    refuse_unusable(criterion)


def test_a_demand_that_the_logged_answers_break_does_not_decide():
    proposal = propose(prose(lambda i: SAID.format(i=i) + "!" * (i % 3 == 0)))
    assert "no exclamation marks" not in [a.metric for a in proposal.criterion.assertions]
    assert "The logged answers themselves break: no exclamation marks" in proposal.reason


def test_a_demand_of_some_prompts_says_so_to_the_judge():
    some = prose(lambda i: SAID.format(i=i), 20) + prose(
        lambda i: SAID.format(i=i), 20, SYSTEM + " Mention the shop's opening hours."
    )
    rubrics = [a.value for a in propose(some).criterion.assertions if a.type == "llm-rubric"]
    assert "Where the prompt asks for it: Mention the shop's opening hours." in rubrics
    assert "Keep a warm tone." in rubrics


def test_a_template_in_a_prompt_is_no_variable_of_ours():
    criterion = propose(
        prose(lambda i: SAID.format(i=i), system="Greet {{user}} by name.")
    ).criterion
    assert criterion.variables == frozenset()
    refuse_unusable(criterion)


LENGTHS = {
    "Reply in at most two sentences.": ("count", {"of": "sentences", "max": 2}),
    "Keep it under 60 words.": ("word-count", {"max": 60}),
    "Write 150-220 words.": ("word-count", {"min": 150, "max": 220}),
    "at most 72 characters, imperative mood": ("count", {"of": "characters", "max": 72}),
    "Use no more than 3 bullets": ("count", {"of": "bullets", "max": 3}),
    "Schreibe höchstens drei Sätze.": ("count", {"of": "sentences", "max": 3}),
    "Responde en máximo 40 palabras.": ("word-count", {"max": 40}),
    "Réponds en deux phrases.": ("count", {"of": "sentences", "max": 2}),
    "One short sentence.": ("count", {"of": "sentences", "max": 1}),
    "Give at least 100 words.": ("word-count", {"min": 100}),
}


def test_lengths_are_read_in_several_languages():
    got = {s: [(a.type, a.value) for a in checks_of(s)] for s in LENGTHS}
    assert got == {sentence: [wanted] for sentence, wanted in LENGTHS.items()}


DEMANDS = {
    "Answer in German.": ("language", "de"),
    "Start with 'Subject:'": ("starts-with", "Subject:"),
    "Finish with a line starting 'REC:'.": ("icontains", "REC:"),
    "End with the phrase 'Kind regards'.": ("icontains", "Kind regards"),
    "Sign as Luz.": ("icontains", "Luz"),
    "Never say 'as an AI'.": ("not-icontains", "as an AI"),
    "End with a tag from <nod> <laugh> <shrug>.": ("contains-any", ["<nod>", "<laugh>", "<shrug>"]),
    "Sections: Goal, Steps, Risks.": ("icontains-all", ["Goal", "Steps", "Risks"]),
    "Answer in the language of the customer.": None,
    "Answer in English unless the customer writes in another language.": None,
}


def test_other_demands_are_read():
    got = {s: [(a.name, a.value) for a in checks_of(s)] for s in DEMANDS}
    assert got == {s: [] if wanted is None else [wanted] for s, wanted in DEMANDS.items()}


@pytest.mark.parametrize(
    "hostile", ["(" * 5000, "at most " * 2000, "<a>" * 3000, "1-" * 4000 + " words"]
)
def test_hostile_prompts_neither_crash_nor_hang(hostile):
    assert propose(prose(lambda i: SAID.format(i=i), system=hostile)).kind == "rubric"
