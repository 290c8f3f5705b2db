"""Names of one thing, as people write them; and names that are of two."""

from auditor.criteria.comparators import aliases
from auditor.criteria.comparators.aliases import MAX_LETTERS, same_name
from auditor.criteria.comparators.comparator import parse_comparator, rules_of
from auditor.criteria.comparators.fields import Comparison

ONE_THING = [
    ("Denver", "denver."), ("Denver", "Denver, CO"), ("CO, Denver", "Denver, CO"),
    ("Salt Lake City", "SLC"), ("Baton Rouge, Louisiana", "B.R., LA"), ("United Nations", "the UN"),
    ("Texas", "TX"), ("Nov", "November"), ("kg", "kilograms"), ("l", "litres"), ("cubic meters", "m^3"),
    ("mile", "miles"), ("oz", "ounces"), ("Swiss francs", "CHF"), ("Deutsche Bahn", "DB"),
    ("Battle of Hastings", "the Battle of Hastings in England"), ("oil painting", "painting"),
    ("2024-03-09", "March 9, 2024"), ("09/03/2024", "2024-03-09"), ("paediatric", "pediatrics"),
]  # fmt: skip
TWO_THINGS = [
    ("Denver", "Dallas"), ("New York", "New Jersey"), ("room 12", "room 14"), ("12 eggs", "eggs"),
    ("vegan", "not vegan"), ("with sugar", "without sugar"), ("kg", "km"), ("meters", "miles"),
    ("m", "miles"), ("t", "tea"), ("north", "south"), ("increase", "decrease"), ("red", "read"),
    ("EUR", "USD"), ("2024-03-09", "2024-03-10"), ("Monday", "Tuesday"), ("", "x"), ("?", "!"),
    ("Ford Focus", "Ford Fiesta"),
]  # fmt: skip


def test_names_of_one_thing_are_near_enough():
    pairs = [*ONE_THING, *((right, left) for left, right in ONE_THING)]
    assert [pair for pair in pairs if not same_name(*pair)] == []


def test_names_of_two_things_are_not():
    pairs = [*TWO_THINGS, *((right, left) for left, right in TWO_THINGS)]
    assert [pair for pair in pairs if same_name(*pair)] == []


def test_a_long_text_is_no_name_and_costs_nothing():
    long = "word " * MAX_LETTERS
    assert not same_name(long, long + "more")
    assert not same_name("a b c d e f g h i j k l", "l k j i h g f e d c b z")


def test_words_that_fit_each_other_in_many_ways_are_not_tried_in_all_of_them(monkeypatch):
    tried = []
    is_name_of = aliases._is_name_of
    monkeypatch.setattr(aliases, "_is_name_of", lambda *pair: tried.append(1) or is_name_of(*pair))
    hostile = "aa aaa aaaa aaaaa aa aaa aaaa aa aaa aaaa aa zz"
    assert not same_name(hostile, "aaaa aaa aa aaaaa aaa aa aa aaaa aaa aa aaaa yy")
    assert len(tried) < 10_000


def test_an_alias_is_no_equality_and_leaves_numbers_to_their_types():
    assert not parse_comparator("alias").lossless
    comparison = Comparison(rules=rules_of({"*": "alias"}))
    wanted = {"city": "Denver", "nights": 3, "with": ["Anna Lee", "Bo"], "sizes": [1, 2]}
    got = {"city": "Denver, CO", "nights": 3.0, "with": ["Bo", "Anna Lee"], "sizes": [2, 1]}
    different = [field.path for field in comparison.fields(wanted, got) if not field.same]
    assert different == [("sizes", 0), ("sizes", 1)]
