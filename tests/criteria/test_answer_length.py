"""Answers that were cut, and short ones that are whole all the same."""

import pytest

from auditor.criteria.answer_length import was_cut
from auditor.criteria.proposals import LoggedExample, propose

LONG = "It was one of many long and winding stories told on that evening by the fire."


@pytest.mark.parametrize("reason", ["length", "max_tokens"])
def test_a_long_answer_that_ended_at_its_limit_was_cut(reason):
    assert was_cut(LONG, reason)


@pytest.mark.parametrize(
    ("text", "reason"), [(LONG, "stop"), (LONG, None), ("refund", "length"), (None, "length")]
)
def test_a_label_at_its_limit_and_an_answer_that_stopped_are_whole(text, reason):
    assert not was_cut(text, reason)


def test_what_was_cut_is_not_an_example_for_a_proposal():
    cut = [LoggedExample(text=f"{LONG} {i}", finish_reason="length") for i in range(20)]
    assert propose(cut).kind == "too-few"
    labels = [LoggedExample(text="yes", finish_reason="length") for _ in range(20)]
    assert propose(labels).kind == "label"
