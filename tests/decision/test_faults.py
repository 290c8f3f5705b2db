"""Whose fault an error is, and how causes read."""

from auditor.decision.faults import (
    ERRORS,
    Fault,
    asking_again_helps,
    causes_in_words,
    error_of,
    spares_the_model,
)


def test_only_what_the_model_did_is_its_fault():
    assert [spares_the_model(slug) for slug in ("truncated", "timeout", "template", None)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert spares_the_model("never-heard-of")
    assert error_of("never-heard-of").fault is Fault.ENGINE


def test_what_the_model_did_is_not_asked_again():
    assert not any(error.passing for error in ERRORS.values() if error.fault is Fault.MODEL)


def test_causes_read_from_the_most_frequent_down():
    assert causes_in_words({"timeout": 12}) == "server timeouts"
    assert causes_in_words({"waits for a judge": 3}) == "waits for a judge"
    many = {"half-answer": 1, "timeout": 10, "no label": 2, "refused": 1, "server-error": 2}
    assert causes_in_words(many) == (
        "server timeouts (10), no label (2), server errors (2), other causes (2)"
    )


def test_asking_again_helps_only_where_something_failed():
    assert asking_again_helps({"no label": 9, "refused": 1})
    assert not asking_again_helps({"no label": 9, "waits for a judge": 1})
