"""auditor.toml: where it is found, what wins, and what is said about what cannot be used."""

from __future__ import annotations

import inspect
from decimal import Decimal
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel

from auditor.config import Config, load_config, override
from auditor.errors import ConfigError, ExitCode


def keys(model: type[BaseModel], prefix: str = ""):
    """Yield every key of auditor.toml with its field, tables inside tables included."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if get_origin(kind) is dict and inspect.isclass(get_args(kind)[1]):
            kind = get_args(kind)[1]
        yield f"{prefix}{name}", field
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            yield from keys(kind, f"{prefix}{name}.")


def test_every_key_says_what_it_means():
    found = dict(keys(Config))
    assert {"sample.top", "local.usd_per_hour", "prices.models.input"} <= set(found)
    for key, field in found.items():
        table = inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel)
        assert field.annotation.__doc__ if table else field.description, key


def test_every_default_is_within_its_own_range():
    assert Config.model_validate(Config().model_dump()) == Config()


def test_without_a_file_the_defaults_hold(tmp_path):
    assert load_config(start=tmp_path) == Config()


def test_the_nearest_file_upward_is_read(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "auditor.toml").write_text("[sample]\ntop = 3\n")
    assert load_config(start=inner).sample.top == 3
    (tmp_path / "a" / "auditor.toml").write_text("[sample]\ntop = 4\n")
    assert load_config(start=inner).sample.top == 4
    other = tmp_path / "other.toml"
    other.write_text("[sample]\ntop = 5\n")
    assert load_config(other, start=inner).sample.top == 5


def test_paths_are_relative_to_the_file_that_names_them(tmp_path):
    inner = tmp_path / "a"
    inner.mkdir()
    (tmp_path / "auditor.toml").write_text(
        '[grade]\ncriteria = "c.yaml"\nlabels = "l.jsonl"\ndatabase = "d.sqlite"\n'
    )
    grade = load_config(start=inner).grade
    assert grade.criteria == (tmp_path / "c.yaml").resolve()
    assert grade.labels == (tmp_path / "l.jsonl").resolve()
    assert grade.database == (tmp_path / "d.sqlite").resolve()


def test_criteria_beside_the_file_are_found(tmp_path):
    assert load_config(start=tmp_path).grade.criteria is None
    (tmp_path / "criteria.yaml").write_text("[]\n")
    assert load_config(start=tmp_path).grade.criteria == (tmp_path / "criteria.yaml").resolve()
    (tmp_path / "auditor.toml").write_text('[grade]\ncriteria = "other.yaml"\n')
    assert load_config(start=tmp_path).grade.criteria == (tmp_path / "other.yaml").resolve()


def test_flags_win_over_the_file_and_none_is_no_flag(tmp_path):
    (tmp_path / "auditor.toml").write_text("[sample]\ntop = 3\nsamples = 70\n")
    chosen = override(load_config(start=tmp_path), {"sample": {"top": 9, "samples": None}})
    assert (chosen.sample.top, chosen.sample.samples) == (9, 70)


def test_money_is_exact(tmp_path):
    (tmp_path / "auditor.toml").write_text("[local]\nusd_per_hour = 1.1\nusd_per_kwh = 0.3\n")
    local = load_config(start=tmp_path).local
    assert (local.usd_per_hour, local.usd_per_kwh) == (Decimal("1.1"), Decimal("0.3"))
    assert local.capex_usd is None


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[smple]\ntop = 3\n", "unknown key smple", 'did you mean "sample"?'),
        ("[sample]\ntpo = 3\n", "unknown key sample.tpo", 'did you mean "top"? known: top'),
        ("[sample]\ntop = 0\n", "sample.top should be greater than", "How many categories"),
        ("[replay]\nmodel = 3\n", "replay.model should be", "A GGUF path"),
        ("[plan]\nmargin = 1.5\n", "plan.margin should be less than 1", "How much worse"),
        ("[local]\nusd_per_hour = -1\n", "local.usd_per_hour should be", "Rented machine"),
        (
            "[local]\nusd_per_hour = 1\ncapex_usd = 2600\n",
            "local.capex_usd stands beside usd_per_hour: a machine is either bought or rented",
            "Bought machine",
        ),
        ("sample = 3\n", "sample is a table", "[sample]"),
        ("[prices.models.x]\ninput = 1\noutput = 2\nz = 3\n", "unknown key prices.models.x.z", "known: input"),
        ("[prices.models]\nx = 3\n", "prices.models.x is a table", "[prices.models.x]"),
        ("[sample\n", "line 1", "TOML"),
        ("a = '\udcff'\n", "auditor.toml", "TOML"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_with_what_would_be_right(tmp_path, text, message, hint):
    (tmp_path / "auditor.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as caught:
        load_config(start=tmp_path)
    assert message in caught.value.message
    assert "auditor.toml" in caught.value.message
    assert hint in str(caught.value.hint)
    assert "\n" not in caught.value.message + str(caught.value.hint)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file|is a folder"):
        load_config(tmp_path / name)


def test_a_flag_out_of_range_is_told_like_a_key():
    with pytest.raises(ConfigError, match=r"command line: sample\.top should be"):
        override(Config(), {"sample": {"top": 0}})


def test_settings_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="frozen"):
        Config().sample.top = 3


def test_flags_leave_it_known_what_the_user_said(tmp_path):
    (tmp_path / "auditor.toml").write_text("[local]\ncapex_usd = 2600\n")
    config = override(load_config(tmp_path / "auditor.toml"), {"sample": {"top": 3, "seed": None}})
    assert config.local.model_fields_set == {"capex_usd"}
    assert config.sample.model_fields_set == {"top"}
    assert config.local.life_months == 36
