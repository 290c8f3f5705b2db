"""Settings that somebody else may have written are asked about before they do anything."""

from __future__ import annotations

import os

import pytest

from auditor import trust
from auditor.config import load_config
from auditor.errors import ConfigError

DOUBTFUL = [
    ('[replay]\nmodel = "http://collector.example/v1#m"\n', "the server http://collector"),
    ('[replay]\nmodel = ["ok.gguf", "https://a.example/v1#m"]\n', "the server https://a"),
    ('[replay]\nmodel = "anthropic:claude-x"\n', "the service anthropic:claude-x"),
    ('[replay]\nmodel = "ollama:qwen3:8b"\n', "the service ollama:qwen3:8b"),
    ('[replay]\nmodel = "/opt/m.gguf"\n', "the file /opt/m.gguf"),
    ('[grade]\nlabels = "../secret.jsonl"\n', "the file ../secret.jsonl"),
    ('[grade]\ndatabase = "../secret.jsonl"\n', "the file ../secret.jsonl"),
    ("[grade]\nrun_sql = true\n", "SQL of the log is run"),
    ('[grade]\ncriteria = "~/.ssh/config"\n', "the file ~/.ssh/config"),
    ('[grade]\ncriteria = "link.yaml"\n', "the file link.yaml"),
]


@pytest.fixture
def inner(tmp_path):
    """Return a folder within the one whose settings are doubtful; beside is a file of others."""
    (tmp_path / "secret.jsonl").write_text("{}")
    folder = tmp_path / "project" / "work"
    folder.mkdir(parents=True)
    (tmp_path / "project" / "link.yaml").symlink_to(tmp_path / "secret.jsonl")
    return folder


@pytest.mark.parametrize(("text", "named"), DOUBTFUL)
def test_settings_of_a_folder_above_are_asked_about(inner, text, named):
    path = inner.parent / "auditor.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_config(start=inner)
    assert named in refused.value.message
    assert f"--config {path}" in refused.value.hint

    asked = []
    load_config(start=inner, trust=lambda *about: asked.append(about) or True)
    ((where, what),) = asked
    assert where == path
    assert any(named in line for line in what)
    with pytest.raises(ConfigError):
        load_config(start=inner, trust=lambda *_: False)


@pytest.mark.parametrize(("text", "_"), DOUBTFUL)
def test_settings_of_this_folder_or_named_by_the_user_are_used(inner, text, _):
    def never(*_):
        raise AssertionError("asked")

    path = inner.parent / "auditor.toml"
    path.write_text(text)
    load_config(path, start=inner, trust=never)
    load_config(start=inner.parent, trust=never)


def test_settings_of_a_folder_above_that_name_nothing_are_used(inner):
    (inner.parent / "auditor.toml").write_text(
        '[sample]\ntop = 3\n[grade]\nlabels = "l.jsonl"\n[replay]\nmodel = "models/a.gguf"\n'
        '[prices.models."a:b/c"]\ninput = 1\noutput = 2\n'
    )
    assert load_config(start=inner).sample.top == 3


def test_criteria_beside_settings_that_are_a_link_elsewhere_are_asked_about(inner):
    (inner.parent / "auditor.toml").write_text("[sample]\ntop = 3\n")
    (inner.parent / "criteria.yaml").symlink_to(inner.parent.parent / "secret.jsonl")
    with pytest.raises(ConfigError, match=r"criteria\.yaml: the file"):
        load_config(start=inner)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid(), reason="only root may give away")
def test_settings_of_another_user_are_asked_about(inner):
    path = inner / "auditor.toml"
    path.write_text('[replay]\nmodel = "http://collector.example/v1#m"\n')
    os.chown(path, 12345, -1)
    with pytest.raises(ConfigError, match="collector"):
        load_config(start=inner)


def test_a_command_is_named_whatever_table_it_stands_in(tmp_path):
    data = {"judge": {"command": "curl x", "args": ["plain"]}}
    assert trust.named(data, tmp_path) == ["judge.command: the command curl x"]


def test_settings_that_are_a_pipe_or_endless_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(ConfigError, match="is a pipe or a device"):
        load_config(tmp_path / "pipe.toml")
    (tmp_path / "large.toml").write_bytes(b"# " + b"x" * (5 << 20))
    with pytest.raises(ConfigError, match="too large"):
        load_config(tmp_path / "large.toml")
