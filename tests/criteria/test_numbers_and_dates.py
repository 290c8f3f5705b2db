"""Numbers, dates and plain text as people, programs and models write them."""

import pytest

from auditor.criteria import Assertion, Criterion, GradeInput, grade
from auditor.criteria.checks.transforms import transformed
from auditor.criteria.comparators.dates import same_date
from auditor.criteria.comparators.numbers import is_number, number_in, only_number

NUMBERS = {
    "1 234,5": 1234.5, "1'234.5": 1234.5, "CHF 1\u2019234.50": 1234.5, "12,34,567": 1234567, "1,00,000.50": 100000.5,
    "1_000": 1000, "1.5e3": 1500, "1.5 \u00d7 10^3": 1500, "2\u00d710\u207b\u00b2": 0.02, "\u00bd": 0.5, "2 \u00bd": 2.5,
    "(1,234)": -1234, "($1,234.50)": -1234.5, "-$5": -5, "\u22125": -5, "\uff11\uff0c\uff12\uff13\uff14": 1234,
    "\u0661\u066c\u0662\u0663\u0664\u066b\u0665": 1234.5, "\u20b9 5,00,000": 500000, "0,125": 0.125, "1.234.567": 1234567,
    "12 %": 12, "1{,}234": 1234, r"3\,000": 3000, "3,5": 3.5, "1,234": 1234, "2019\u20132021": 2021,
}  # fmt: skip
ANSWERS = {
    "We add 3 and 4.\n#### 7": 7, r"So $x = \boxed{1{,}200}$, which is 3 times 400.": 1200, "Answer: 42 apples (6 x 7)": 42,
    "**Answer:** $18\nThat is 2 weeks of 9.": 18, "The answer is 5 \u00d7 8 = 40 for 3 people.": 40, "First 3, then 9": 9,
    "Answer: 7\nCorrection. Answer: 9 (not 7)": 9, "The answer is that after 3 days she has 40": 40, "none": None,
}  # fmt: skip


def test_a_number_is_read_in_every_usual_grouping():
    wrong = {text: number_in(text) for text, number in NUMBERS.items() if number_in(text) != number}
    assert not wrong
    wrong = {text: number_in(text) for text, number in ANSWERS.items() if number_in(text) != number}
    assert not wrong


def test_a_text_is_a_number_only_where_nothing_else_stands_in_it():
    for text in (
        "1,234.50",
        "$5",
        "EUR 12.50",
        "12.50 EUR",
        "12%",
        "(1,234)",
        "-3",
        "1e6",
        "1_000",
    ):
        assert is_number(text), text
    for text in ("A12", "v2", "room 5", "3 or 4", "", "2024-01-05", "12 apples"):
        assert not is_number(text), text
    assert only_number("12 apples") == 12
    assert only_number("12 apples or 13") is None


@pytest.mark.parametrize(
    ("transform", "text", "seen"),
    [
        ("percent", "12 %", 0.12),
        ("percent", "about 12.5 percent", 0.125),
        ("scale-words", "1.5 million users", 1_500_000),
        ("scale-words", "$12k", 12_000),
        ("scale-words", "2,5 Mrd. Euro", 2_500_000_000),
        ("scale-words", "3 crore", 30_000_000),
        ("scale-words", "3 months", 3),
        ("fractions", "3/4", 0.75),
        ("fractions", "1 1/2 cups", 1.5),
        ("fractions", r"\frac{3}{8}", 0.375),
        ("fractions", "1/0", 0),
    ],
)
def test_what_a_number_means_by_its_text_is_read_where_a_transform_asks(transform, text, seen):
    assert number_in(transformed(text, transform)) == pytest.approx(seen)
    rule = Assertion(type="similar-number", value=seen, transform=transform)
    assert grade(Criterion(assertions=(rule,)), GradeInput(text=text)).passed is True


def test_numbers_are_near_by_a_relative_or_an_absolute_difference():
    def near(text, **settings):
        rule = Assertion(type="similar-number", value="{{reference}}", **settings)
        given = GradeInput(text=text, reference_text="Total: 200")
        return grade(Criterion(assertions=(rule,)), given).passed

    assert near("201") is False
    assert near("201", tolerance=0.01) is True
    assert near("201", absolute_tolerance=1) is True
    assert near("202", absolute_tolerance=1) is False


SAME_DATES = [
    ("2031-01-05", "5 January 2031"), ("2031-01-05", "January 5th, 2031"), ("2031-01-05", "Sun, 5 Jan 2031"),
    ("2031-01-05", "2031-01-05T00:00:00Z"), ("2031-01-05", "05.01.2031"), ("2031-01-25", "25/01/2031"),
    ("2031-01-25", "1/25/31"), ("2031-01-05", "20310105"), ("2031-01-05", "5. Januar 2031"), ("2031-08-05", "le 5 ao\u00fbt 2031"),
    ("2031-01-05", "5 de enero de 2031"), ("2031-01-05", "2031\u5e741\u67085\u65e5"), ("2031-01", "Jan 2031"), ("05/01/2031", "5/1/2031"),
    ("2031-01-05T10:00:00+02:00", "2031-01-05T08:00:00Z"), ("2031-01-05 10:00", "2031-01-05T10:00:00.000Z"),
    ("2031-01-05T16:05:00", "January 5, 2031 at 4:05 PM"), ("10:30", "10:30:00"), ("3 pm", "15:00"), ("2031-05-05", "05/05/2031"),
]  # fmt: skip
OTHER_DATES = [
    ("2031-01-05", "2031-01-06"), ("2031-01-05", "05/01/2031"), ("2031-01-05", "2031-01-05T12:00:00Z"), ("2031-01", "2031-01-05"),
    ("2031-01-05T10:00:00+02:00", "2031-01-05T10:00:00Z"), ("10:30", "22:30"), ("2031", "2031-01"), ("2031-01-05", "2030-01-05"),
]  # fmt: skip
NO_DATES = ["next Friday", "2031-02-30", "", "25:00", "13 pm", "January", "a" * 1000, "1 2 3 2031"]


def test_a_date_is_the_same_in_every_writing_that_is_clear():
    both = [*SAME_DATES, *(pair[::-1] for pair in SAME_DATES)]
    assert not [pair for pair in both if same_date(*pair) is not True]
    assert not [pair for pair in OTHER_DATES if same_date(*pair) is not False]
    assert not [text for text in NO_DATES if same_date(text, "2031-01-05") is not None]


def test_the_order_of_day_and_month_can_be_said():
    assert same_date("05/01/2031", "2031-01-05", "day-first") is True
    assert same_date("05/01/2031", "2031-05-01", "month-first") is True
    assert same_date("05/01/2031", "2031-01-05", "month-first") is False
    assert same_date("25/01/2031", "2031-01-25", "month-first") is True


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\u201cWe\u2019re 10\u00a0km away \u2013 really\u2026\u201d", "\"We're 10 km away - really...\""),
        ("\uff26\uff35\uff2c\uff2c\u3000\uff17", "FULL 7"), ("o\ufb03ce", "office"), ("co\u00adop\u200b", "coop"),
        ("cafe\u0301", "caf\u00e9"), ("x\u00b2 \u2460 \u00bd", "x\u00b2 \u2460 \u00bd"), ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
    ],
)  # fmt: skip
def test_plain_text_loses_typography_and_no_meaning(text, plain):
    assert transformed(text, "plain") == plain


def test_large_whole_numbers_that_differ_by_one_are_two_numbers():
    rule = Assertion(type="similar-number", value="{{reference}}")
    given = GradeInput(text="4,000,000,001", reference_text="4000000000")
    assert grade(Criterion(assertions=(rule,)), given).passed is False


@pytest.mark.parametrize(
    "text", ["\n" * 200_000, "1," * 300_000, r"\boxed{" * 50_000, "answer: " * 50_000, "\u0661" * 90_000]
)  # fmt: skip
@pytest.mark.parametrize("transform", ["none", ("percent", "scale-words", "fractions"), "label"])
def test_hostile_texts_are_read_in_linear_time(text, transform):
    for rule in (
        Assertion(type="similar-number", value=7, transform=transform),
        Assertion(type="label", value="spam", labels=["spam", "ham"], transform=transform),
        Assertion(type="label", value=["spam"], transform=transform),
    ):
        assert not grade(Criterion(assertions=(rule,)), GradeInput(text=f"{text} x")).passed
