"""Check digits, tried on published example numbers and on those numbers with one digit wrong."""

from __future__ import annotations

import pytest

from auditor.privacy.check_digits import is_card_number, is_iban, is_social_security_number

CARDS = [  # the test numbers that card networks and payment providers publish
    "4111 1111 1111 1111",
    "4222222222222",
    "5555-5555-5555-4444",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "6011111111111117",
    "6205500000000000004",
]
IBANS = [  # the examples of the registry and of ISO 13616
    "DE89 3704 0044 0532 0130 00",
    "GB29 NWBK 6016 1331 9268 19",
    "FR14 2004 1010 0505 0001 3M02 606",
    "NO93 8601 1117 947",
    "BE68 5390 0754 7034",
    "CH93 0076 2011 6238 5295 7",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "SA03 8000 0000 6080 1016 7519",
    "ES91 2100 0418 4502 0005 1332",
]


def one_digit_off(number: str) -> list[str]:
    return [
        number[:i] + str((int(c) + 1) % 10) + number[i + 1 :]
        for i, c in enumerate(number)
        if c.isdigit()
    ]


@pytest.mark.parametrize("number", CARDS)
def test_a_published_card_number_is_one(number):
    assert is_card_number(number)


@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_with_any_digit_wrong_is_none(number):
    assert not [wrong for wrong in one_digit_off(number) if is_card_number(wrong)]


@pytest.mark.parametrize("number", ["", "0" * 16, "4111 1111 111", "4" * 20, "٤١١١١١١١١١١١١١١١"])
def test_what_has_not_the_shape_of_a_card_number_is_none(number):
    assert not is_card_number(number)


@pytest.mark.parametrize("number", IBANS)
def test_a_published_account_number_is_one_however_it_is_written(number):
    assert is_iban(number)
    assert is_iban(number.replace(" ", "").lower())


@pytest.mark.parametrize("number", IBANS)
def test_an_account_number_with_any_digit_wrong_is_none(number):
    assert not [wrong for wrong in one_digit_off(number) if is_iban(wrong)]


def test_an_account_number_has_the_length_of_its_country():
    # The check digits of both are right; Germany has 22 characters, and there is no country ZZ.
    assert not is_iban("DE86 3704 0044 0532 0130")
    assert not is_iban("ZZ22 3704 0044 0532 0130 00")


@pytest.mark.parametrize("number", ["", "DE", "DE89-3704-0044-0532-0130-00", "DE89 3704 ÄÄÄÄ"])
def test_what_has_not_the_shape_of_an_account_number_is_none(number):
    assert not is_iban(number)


@pytest.mark.parametrize(
    ("number", "issued"),
    [
        ("536-90-4399", True),
        ("001-01-0001", True),
        ("899-99-9999", True),
        ("000-12-3456", False),
        ("666-12-3456", False),
        ("900-12-3456", False),
        ("536-00-4399", False),
        ("536-90-0000", False),
        ("078-05-1120", False),
    ],
)
def test_a_social_security_number_is_in_the_range_that_is_issued(number, issued):
    assert is_social_security_number(number) is issued
