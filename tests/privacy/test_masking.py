"""Secrets and personal data: found, counted, replaced; look-alikes left alone."""

from __future__ import annotations

import json
import re
import time
from itertools import product
from urllib.parse import quote

import orjson
import pytest
import re2
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from auditor.privacy import masking
from auditor.privacy.rules import RULES

PLANTED = {
    "aws-access-key": "AKIAQ3EGRXKZ7PLM2VWN",
    "aws-secret-key": "aws_secret_access_key = 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",
    "anthropic-key": "sk-ant-api03-" + "aB3dE5gH7jK9mN1pQ3sT",
    "openai-key": "sk-proj-" + "aB3dE5gH7jK9mN1pQ3sT5vW7",
    "github-token": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "gitlab-token": "glpat-" + "a1B2c3D4e5F6g7H8i9J0",
    "slack-token": "xoxb-" + "123456789012-abcdefABCDEF",
    "google-api-key": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "stripe-key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "npm-token": "npm_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
    "password-in-url": "postgres://admin:s3cr3tpw@db.internal/x",
    "password": 'password = "Tr0ub4dor&3xyz"',
    "payment-card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "us-ssn": "536-90-4399",
    "email": "jane.doe@example.com",
    "phone": "+49 30 901820 55",
    "ip-address": "81.2.69.142",
}
INNOCENT = [
    "order 4111 1111 1111 1112 of 2026-11-21",  # fails Luhn
    "sk-learn and sk-image-processing-with-python-for-beginners",
    "version 10.0.0.1 and 1.2.3",
    "call 555-1234, invoice 123-45-678",
    "DE00 0000 0000 0000 0000 00",
    "the password is required; api_key: null",
    "AKIA is a prefix",
    "eyJ alone says nothing",
]


def mask(text, *, personal=True):
    masker = masking.Masker(masking.suspects(text), personal=personal)
    return masker.text(text), masker


AROUND = ["{}", "see {} there", "line\n{}\nline", '"{}",']


def test_planted_values_are_found():
    failed = []
    for (rule_id, value), around in product(PLANTED.items(), AROUND):
        masked, masker = mask(around.format(value))
        found = rule_id in masker.counts and f":{rule_id}]" in masked
        if not found or value.split()[-1] in masked:
            failed.append((rule_id, around, masked))
    assert not failed


def test_the_prefilter_sees_them_in_json_too():
    unseen = []
    for rule_id, value in PLANTED.items():
        suspected = masking.suspects(json.dumps({"content": f"x\n{value}\ny"}))
        if rule_id not in {rule.rule_id for rule in suspected}:
            unseen.append(rule_id)
    assert not unseen


@pytest.mark.parametrize("text", INNOCENT)
def test_look_alikes_stay(text):
    masked, masker = mask(text)
    assert (masked, masker.masked) == (text, 0)


def test_personal_data_is_counted_but_stays_unless_asked():
    masked, masker = mask("jane.doe@example.com", personal=False)
    assert (masked, masker.masked, dict(masker.counts)) == ("jane.doe@example.com", 0, {"email": 1})


def test_equal_values_get_equal_placeholders():
    masked, _ = mask("a@x.org b@x.org a@x.org")
    assert masked == "[CONTACT:email] [CONTACT:email:2] [CONTACT:email]"


@given(st.text(max_size=200))
def test_any_text_survives(text):
    text = text.encode("utf-8", "replace").decode()
    masked, masker = mask(text)
    assert masker.masked or masked == text


@given(
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.text(st.characters(codec="utf-8"), max_size=60),
)
def test_a_key_between_any_texts_is_masked(before, after):
    secret = PLANTED["stripe-key"]
    assert secret not in mask(f"{before} {secret} {after}")[0]


def test_excerpts_are_masked_and_printable():
    shown = masking.excerpt(b"\x1b[2J\xff " + PLANTED["aws-access-key"].encode() + b"\x00")
    assert "AKIA" not in shown
    assert shown.isprintable()


def test_every_rule_has_a_name_of_its_own_and_a_class():
    assert len({rule.rule_id for rule in RULES}) == len(RULES)
    assert {masking.sensitivity_class(rule.rule_id) for rule in RULES} == {
        "secret",
        "financial",
        "gov_id",
        "contact",
    }


SECRETS = [rule for rule in RULES if rule.kind == "secret"]


def found(rule, text):
    return f":{rule.rule_id}]" in mask(text)[0]


def unfound(rules, *ways):
    """Return the rules that miss their example in a text that one of the ways makes of it."""
    return [
        (rule.rule_id, way(rule.example)[:80])
        for rule, way in product(rules, ways)
        if not found(rule, way(rule.example))
    ]


def test_a_rule_finds_its_example():
    assert not unfound(RULES, *(around.format for around in AROUND))


def test_a_rule_finds_its_example_between_colours_of_a_terminal():
    assert not unfound(SECRETS, "\x1b[1m{}\x1b[0m".format)


def nested(text, deep):
    for _ in range(deep):
        text = json.dumps({"arguments": text})
    return text


def test_a_rule_finds_its_example_in_json_within_json():
    failed = []
    for rule, deep in product(RULES, range(4)):
        masked, _ = mask(nested(rule.example.replace("/", "\\/"), deep))
        if f":{rule.rule_id}]" not in masked:
            failed.append((rule.rule_id, deep))
        for _ in range(deep):
            masked = json.loads(masked)["arguments"]  # still JSON
    assert not failed


def test_a_secret_is_found_however_its_signs_are_escaped():
    def in_code_points(text):
        return "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text)

    def in_an_address(text):
        return f"https://acme.dev/?next={quote(text, safe='')}"

    def in_an_address_in_an_address(text):
        return quote(in_an_address(text), safe="")

    assert not unfound(SECRETS, in_code_points, in_an_address, in_an_address_in_an_address)


def test_what_an_escape_hides_is_replaced_where_it_stands():
    key = PLANTED["google-api-key"]
    text = f"50%25 of \\u002d {key[:9]}\\u002d{key[9:]} \\u002d /?next=%2F{key}%2F"
    assert mask(text)[0] == (
        "50%25 of \\u002d [SECRET:google-api-key] \\u002d /?next=%2F[SECRET:google-api-key:2]%2F"
    )


def test_a_key_behind_a_word_is_found_where_a_log_joins_the_parts_of_a_text():
    joined = ["aws-access-key", "github-token", "google-api-key", "jwt", "npm-token", "stripe-key"]
    rules = [rule for rule in RULES if rule.rule_id in joined]
    assert len(rules) == len(joined)
    assert not unfound(rules, "see{}".format, "Key{}".format, "page 12{}".format)


def test_an_id_whose_word_ends_like_the_beginning_of_a_key_stays():
    text = "task-5e68b92a1428e09f60bed160 disk-5e68b92a-1428-409f-a0be-d1602fe29474"
    assert mask(text)[0] == text


def test_a_rule_leaves_its_decoy_alone():
    masked = {rule.rule_id: mask(rule.decoy)[0] for rule in RULES if mask(rule.decoy)[1].masked}
    assert masked == {}


def test_a_rule_is_fast_on_hostile_texts():
    slow = []
    for rule in RULES:
        hostile = rule.example * 40 + "\\" * 4_000 + "a" * 4_000 + '="' * 2_000 + "%25" * 2_000
        began = time.process_time()
        masking.Masker([rule], personal=True).text(hostile)
        if time.process_time() - began > 0.5:  # quadratic steps would take seconds
            slow.append((rule.rule_id, time.process_time() - began))
    assert not slow


@pytest.mark.parametrize(
    "value",
    [
        {"password": "Tr0ub4dor&3"},
        {"headers": {"X-Api-Key": "Vb3kQ9xT2mZp7LrW0nYc"}},
        [{"name": "DB_PASSWORD", "value": "Tr0ub4dor&3"}],
        {"env": [{"key": "SERVICE_TOKEN", "value": "Vb3kQ9xT2mZp7LrW0nYc"}]},
        {"authorization": "Vb3kQ9xT2mZp7LrW0nYc"},
        {"headers": [["Host", "acme.dev"], ["X-Api-Key", "Vb3kQ9xT2mZp7LrW0nYc"]]},
        {"rawHeaders": ["Host", "acme.dev", "X-Api-Key", "Vb3kQ9xT2mZp7LrW0nYc"]},
    ],
)
def test_a_field_that_is_named_a_secret_is_masked_as_a_whole(value):
    raw = orjson.dumps(value)
    masked = masking.Masker(masking.suspects(raw)).value(value)
    assert "Tr0ub" not in str(masked)
    assert "Vb3k" not in str(masked)
    assert "[SECRET:" in str(masked)


def test_a_field_that_tells_of_a_secret_stays():
    schema = {"password": {"type": "string"}, "token": "the token that the user was given"}
    assert masking.Masker(RULES).value(schema) == schema


def test_a_key_that_the_end_of_an_excerpt_cuts_is_not_shown():
    block = "-----BEGIN PRIVATE KEY-----\n" + "QmFz " * 120 + "\n-----END PRIVATE KEY-----\n"
    for before in range(700, 800, 7):
        raw = (block + "x " * before)[:before] + " " + PLANTED["stripe-key"]
        shown = masking.excerpt(raw.encode()[:1000])
        assert PLANTED["stripe-key"][:12] not in shown


def test_a_key_longer_than_an_excerpt_is_not_shown():
    assert "Qk3v" not in masking.excerpt(b"token eyJ" + b"hbGciOiJ9" + b"Qk3v" * 500)


OWN_HINTS = [rule for rule in RULES if rule.hint not in rule.pattern]


@settings(
    max_examples=200, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(data=st.data())
def test_a_hint_matches_wherever_its_pattern_does(data):
    rule = data.draw(st.sampled_from(OWN_HINTS))
    text = data.draw(st.from_regex(re.compile(rule.pattern.replace(r"\z", r"\Z"), re.ASCII)))
    assume(re2.search(rule.pattern, text))
    for searched in (text.encode(), orjson.dumps(text)):
        assert re2.search(rule.hint, searched), rule.rule_id


def test_a_password_is_found_in_json_within_json():
    for deep in range(4):
        text = nested('connect with\n{"password":\n "Tr0ub4dor&3xyz"}', deep)
        masked = masking.Masker(masking.suspects(text)).text(text)
        assert "Tr0ub4dor" not in masked
        assert "[SECRET:password]" in masked
        assert "Tr0ub4dor" not in masking.excerpt(text.encode())


def test_a_line_of_its_own_is_found_in_json_within_json():
    failed = []
    for (rule_id, value), deep in product(PLANTED.items(), range(3)):
        masked, _ = mask(nested(f"first line\n{value}\n", deep))
        if f":{rule_id}]" not in masked or value.split()[-1].strip("'\"") in masked:
            failed.append((rule_id, deep))
    assert not failed


def test_a_secret_beside_half_a_character_is_masked_all_the_same():
    key = PLANTED["openai-key"]
    masker = masking.Masker(masking.suspects(key))
    assert masker.value(["\ud800", f"\ud83d {key}"]) == ["\ufffd", "\ufffd [SECRET:openai-key]"]
