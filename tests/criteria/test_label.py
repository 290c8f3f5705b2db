"""Labels as models write them: alone, introduced, in a sentence, several at once."""

import pytest

from auditor.criteria import Assertion, Criterion, GradeInput, grade
from auditor.criteria.checks.transforms import transformed
from auditor.criteria.file import parse_criteria, read_criteria
from auditor.errors import ConfigError

MAIL = {"spam": ["junk", "unwanted mail"], "ham": ["legitimate"], "not sure": None}
DESK = ["billing", "delivery_delay", "refund"]


def graded(text, labels=None, value="{{reference}}", logged=None, **settings):
    assertion = Assertion(type="label", value=value, labels=labels, **settings)
    return grade(Criterion(assertions=(assertion,)), GradeInput(text=text, reference_text=logged))


@pytest.mark.parametrize(
    "text",
    [
        "spam", "**Spam**.", "Label: spam", "Category: **Spam**", "**Answer:** spam", "The category is **spam**.",
        "My final answer is: spam", '{"label": "spam"}', '```json\n{"category": "Spam"}\n```', "- spam",
        "\u201cspam\u201d", "\uff33\uff50\uff41\uff4d", "Kategorie: Spam", "R\u00e9ponse : spam",
    ],
)  # fmt: skip
def test_a_label_is_the_same_however_it_is_wrapped(text):
    assert transformed(text, "label") == "spam"
    assert graded(text, logged="spam").passed is True


@pytest.mark.parametrize(
    "text",
    [
        "not spam", "Label: not spam", "no spam", "non-spam", "spam or ham", "Label: spam, ham", "billing: spam",
        "The label is not spam.", '{"error": "spam"}', "spam-free", "C++", "",
    ],
)  # fmt: skip
def test_the_transform_keeps_what_makes_another_label(text):
    assert transformed(text, "label") != "spam"


@pytest.mark.parametrize(
    "text",
    [
        "This message looks like spam to me.", "It is junk: it sells pills.", "I would say\n\n**Spam**",
        "The mail could be ham at first sight, but the link is wrong.\nLabel: spam", "unwanted-mail",
        "The sender is unknown, so the answer is spam (fake lottery).", "SPAM\n",
    ],
)  # fmt: skip
def test_the_label_inside_a_sentence_is_read_when_it_is_the_only_one(text):
    assert graded(text, MAIL, logged="spam").passed is True
    assert graded(text, MAIL, logged="ham").passed is False


def test_an_object_gives_its_label_under_a_key_for_labels():
    text = '{"category": "refund", "reason": "This is no billing question.", "score": 0.9}'
    assert graded(text, DESK, logged="refund").passed is True
    assert graded(f"```json\n{text}\n```", DESK, logged="billing").passed is False
    several = '{"labels": ["billing", "Refund"], "note": "delivery_delay was ruled out"}'
    assert graded(several, DESK, logged="refund, billing").passed is True
    assert graded('{"reason": "refund"}', DESK, logged="billing").passed is False


def test_labels_of_scripts_without_spaces_are_found_in_their_sentences():
    labels = ["\u9000\u6b3e", "\u7269\u6d41", "\u8fd4\u54c1"]  # refund, delivery; return of goods
    refund = "\u8fd9\u662f\u4e00\u4e2a\u9000\u6b3e\u95ee\u9898\u3002"
    assert graded(refund, labels, logged="\u9000\u6b3e").passed is True
    assert graded(refund, labels, logged="\u7269\u6d41").passed is False
    for no_refund in ("\u8fd9\u4e0d\u662f\u9000\u6b3e", "\u8fd4\u54c1\u3067\u306f\u306a\u3044"):
        assert graded(no_refund, labels, logged=labels[0]).passed is False
        assert graded(no_refund, labels, logged=labels[2]).passed is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("not spam", "may say that it is not 'spam'"),
        ("This is definitely not spam.", "may say that it is not 'spam'"),
        ("It isn't junk mail.", "may say that it is not 'spam'"),
        ("spam = false", "may say that it is not 'spam'"),
        ("Spam? No.", "may say that it is not 'spam'"),
        ("non-spam", "names no label"),
        ("a spammer wrote this", "names no label"),
        ("spam or ham", "names 2 labels: 'ham', 'spam'"),
        ("Label: spam\nLabel: ham", "got 'ham', 'spam', wanted 'spam'"),
        ("not sure, maybe spam", "names 2 labels: 'not sure', 'spam'"),
        ("I cannot help with that.", "names no label"),
    ],
)
def test_an_answer_that_is_not_clear_fails_and_says_why(text, why):
    result = graded(text, MAIL, logged="spam")
    assert result.passed is False
    assert why in result.explanation


def test_a_label_that_contains_another_is_the_longer_one():
    labels = ["spam", "not spam"]
    assert graded("This is not spam.", labels, logged="not spam").passed is True
    assert graded("This is not spam.", labels, logged="spam").passed is False
    assert graded("not_spam", labels, logged="Not spam").passed is True


def test_several_labels_are_a_set():
    for logged in ("billing, refund", '["refund", "billing"]', "refund and billing"):
        for text in ("refund; billing", "- Billing\n- Refund", '["billing", "refund"]', "Labels: billing, refund"):  # fmt: skip
            assert graded(text, DESK, logged=logged).passed is True, (logged, text)
        for text in ("billing", "billing, refund, delivery-delay", "billing, delivery delay"):
            assert graded(text, DESK, logged=logged).passed is False, (logged, text)
    wanted = ["billing", "refund"]
    assert graded("refund, billing", DESK, value=wanted).passed is True
    assert graded("refund, billing", value=wanted).passed is True
    assert graded("refund", value=wanted).passed is False


def test_a_wanted_label_that_is_none_of_the_labels_cannot_be_compared_with():
    result = graded("spam", MAIL, logged="phishing")
    assert result.passed is None
    assert "none of the labels: 'phishing'" in result.explanation


def test_without_a_value_any_one_of_the_labels_will_do():
    assert graded("It is a refund.", DESK, value=None).passed is True
    assert graded("billing, refund", DESK, value=None).passed is False
    assert graded("weather", DESK, value=None).passed is False


def test_a_file_gives_labels_as_a_list_or_with_synonyms(tmp_path):
    path = tmp_path / "criteria.yaml"

    def written(labels):
        path.write_text(
            "version: 1\ncriteria:\n  - category: '*'\n    assert:\n"
            f"      - {{type: label, value: '{{{{reference}}}}', labels: {labels}}}\n",
            encoding="utf-8",
        )
        return read_criteria(path)[0]

    for labels in ("[spam, ham]", "{spam: [junk], ham: }", "{spam: junk, ham: []}"):
        criterion = written(labels)
        assert criterion.assertions[0].definition()["labels"]
        logged = GradeInput(text="spam!", reference_text="spam")
        assert grade(criterion, logged).passed is True
    with pytest.raises(ConfigError, match=r"criteria.yaml:5: .*'junk' stands for two labels"):
        written("{spam: [junk], ham: [junk]}")
    with pytest.raises(ConfigError, match=r"criteria.yaml:5"):
        written("7")


def test_transforms_are_done_in_the_order_of_a_list(tmp_path):
    text = (
        "version: 1\ncriteria:\n  - category: '*'\n    assert:\n"
        "      - {type: equals, value: spam, transform: [first-line, label]}\n"
    )
    (criterion,) = parse_criteria(text)
    assert grade(criterion, GradeInput(text="\nLabel: Spam\nIt sells pills.")).passed is True
    assert criterion.assertions[0].definition()["transform"] == ["first-line", "label"]
    with pytest.raises(ConfigError, match=r"'lable' is not .*did you mean 'label'"):
        parse_criteria(text.replace("-line, label", "-line, lable"))
    with pytest.raises(ConfigError, match="json makes no text: it comes last"):
        parse_criteria(text.replace("[first-line, label]", "[json, label]"))
