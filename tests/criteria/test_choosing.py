"""Which criterion applies to a category: the rule that the stage runs."""

import pytest

from auditor.criteria.choosing import applicable_criterion
from auditor.criteria.model import Assertion, Criterion
from auditor.criteria.selector import CallFacts, Selector, glob_match


def criterion(**globs):
    return Criterion(assertions=(Assertion(type="is-json"),), selector=Selector(**globs))


def calls(*systems):
    names = ["Mood", "Old mood"]
    return [CallFacts(category_id="c1", category_names=names, system=text) for text in systems]


def test_the_first_that_applies_wins():
    special, general = criterion(system="*mood*"), criterion(category="*")
    assert applicable_criterion([special, general], calls("Tell the mood.")) is special
    assert applicable_criterion([general, special], calls("Tell the mood.")) is general
    assert applicable_criterion([special, general], calls("Tell a tale.")) is general


def test_where_none_applies_there_is_none():
    assert applicable_criterion([criterion(system="*mood*")], calls("Tell a tale.")) is None
    assert applicable_criterion([], calls("Tell a tale.")) is None


@pytest.mark.parametrize(("matching", "applies"), [(0, False), (1, False), (2, True), (4, True)])
def test_half_of_the_calls_must_match(matching, applies):
    rule = criterion(system="*mood*")
    sample = calls(*["Tell the mood."] * matching, *["Tell a tale."] * (4 - matching))
    assert (applicable_criterion([rule], sample) is rule) is applies


@pytest.mark.parametrize("glob", ["c1", "mood", "old*", "M??D"])
def test_a_category_goes_by_its_id_its_name_and_its_former_names(glob):
    rule = criterion(category=glob)
    assert applicable_criterion([rule], calls("Tell the mood.")) is rule


def test_all_globs_of_a_selector_must_match():
    call = CallFacts(category_id="c2", system="Text to SQL.", model="gpt-4o")
    assert Selector(system="*to SQL*", model="gpt-4?").matches(call)
    assert not Selector(system="*to SQL*", model="gpt-4").matches(call)
    assert not Selector(system="*to SQL*", user="?*").matches(call)


@pytest.mark.parametrize(
    ("glob", "text", "matches"),
    [
        ("*sentiment of the review*", "Tell the SENTIMENT of the review.\nOne word.", True),
        ("sentiment", "sentiments", False),
        ("gpt-4?", "gpt-4o", True),
        ("gpt-4?", "gpt-4", False),
        ("[a]*", "[a]b", True),
        ("[a]*", "ab", False),
        ("*a*a*a*a*a*a*a*a*b", "a" * 20_000, False),
        ("*\ud800*", "x", False),
        ("x", "x\ud800", False),
        ("", "", True),
    ],
)
def test_globs(glob, text, matches):
    assert glob_match(glob, text) is matches
