"""Proposals as criteria.yaml: a person reads it, the program reads it back, no log breaks out."""

import pytest

from auditor.criteria.file import read_criteria
from auditor.criteria.proposals import CategoryProposal, LoggedExample, as_yaml, propose
from auditor.criteria.request_facts import RequestFacts

LABELS = [LoggedExample(text=["yes", "no"][i % 2]) for i in range(30)]
FEW = LABELS[:2]


def prose(system):
    facts = RequestFacts(system=system, user="Go on.", prompt=system)
    return [
        LoggedExample(text=f"The {i}th tale of the old harbour.", request=facts) for i in range(20)
    ]


def entry(name, examples, **more):
    return CategoryProposal(name=name, proposal=propose(examples, category="a1b2"), **more)


def read_back(text, tmp_path):
    path = tmp_path / "criteria.yaml"
    path.write_text(text, encoding="utf-8")
    return read_criteria(path)


def test_what_is_written_is_read_back_as_it_was_proposed(tmp_path):
    entries = [entry("answers", LABELS), entry("tales", prose("Keep it under 90 words."))]
    criteria = read_back(as_yaml(entries), tmp_path)
    proposed = [e.proposal.criterion for e in entries]
    assert [c.definition() for c in criteria] == [c.definition() for c in proposed]
    assert [c.selector for c in criteria] == [c.selector for c in proposed]
    assert [c.description for c in criteria] == [c.description for c in proposed]


def test_a_person_reads_what_it_is_for_and_what_it_misses():
    text = as_yaml(
        [
            entry(
                "answers",
                LABELS,
                spend_usd=12.5,
                share=0.25,
                passing=0.975,
                failing=[(f"call-{i}", "got 'maybe', wanted 'yes'") for i in range(5)],
            ),
            entry("few", FEW),
            entry("tales", prose("Keep it warm.")),
        ]
    )
    assert "# answers ($12.50, 25.0% of spend)" in text
    assert "# 97.5% of the logged answers pass." in text
    assert text.count("# fails: call-") == 3
    assert text.count("# Would not notice:") == 2
    assert "# No criterion: only 2 logged answers with text" in text
    assert "# Waits for a judge or people: until then it moves nothing." in text


def test_without_any_criterion_the_file_is_still_valid(tmp_path):
    assert read_back(as_yaml([entry("few", FEW)]), tmp_path) == ()
    assert read_back(as_yaml([]), tmp_path) == ()


@pytest.mark.parametrize(
    "hostile",
    [
        "x\n  - category: '*'\n    assert: [{type: is-json}]",
        "name\u2028- category: y",
        "\x1b[2J\x00 \ud800 {{reference}} {% raw %}",
        "' \" : # & * ! | > %TAG",
        "a" * 5000,
    ],
)
def test_hostile_text_stays_in_its_comment_or_value(hostile, tmp_path):
    entries = [
        entry(hostile, LABELS, passing=0.5, failing=[(hostile, hostile)]),
        entry(hostile, prose(f"Say {hostile} twice.\nBe kind to {hostile}")),
    ]
    criteria = read_back(as_yaml(entries), tmp_path)
    assert [c.selector.category for c in criteria] == ["a1b2", "a1b2"]
    assert all(c.variables <= {"reference"} for c in criteria)
