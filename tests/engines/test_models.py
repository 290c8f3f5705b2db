"""Models found on a machine, presets, the table of engines and the doctor."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from auditor.engines import models, open_engine
from auditor.engines.doctor import diagnose
from auditor.engines.presets import PRESETS, preset_named
from auditor.engines.registry import ENGINES
from auditor.errors import ConfigError, EngineError


def pair(key: str, kind: int, raw: bytes) -> bytes:
    return struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + raw


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def write(path: Path, name: str, architecture: str = "qwen3") -> Path:
    pairs = [
        pair("general.architecture", 8, text(architecture)),
        pair("general.name", 8, text(name)),
        pair("general.license", 8, text("apache-2.0")),
        pair("general.file_type", 4, struct.pack("<I", 15)),
        pair(f"{architecture}.context_length", 4, struct.pack("<I", 40960)),
    ]
    raw = b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw + name.encode() * 40)
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE", "OLLAMA_MODELS", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def rows(**kwargs):
    return {row.name: row for row in models.list_models(**kwargs)}


def test_files_are_found_where_other_tools_keep_them(home):
    hub = (
        home / ".cache" / "huggingface" / "hub" / "models--Qwen--Qwen3-4B-GGUF" / "snapshots" / "a"
    )
    write(hub / "Qwen3-4B-Q4_K_M.gguf", "Qwen3 4B")
    write(home / ".lmstudio" / "models" / "x" / "y" / "Other-7B.gguf", "Other 7B")
    write(home / "models" / "Mine.gguf", "Mine")
    blob = write(home / ".ollama" / "models" / "blobs" / "sha256-abc", "Blob 1B")
    manifest = home / ".ollama" / "models" / "manifests" / "host" / "library" / "blob" / "1b"
    manifest.parent.mkdir(parents=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:abc"}
    manifest.write_text(json.dumps({"layers": [{"mediaType": "x", "digest": "y"}, layer]}))
    found = rows()
    assert found["Qwen3 4B"].where == "Hugging Face cache"
    assert found["Other 7B"].where == "LM Studio"
    assert found["Mine"].spec == "models/Mine.gguf"
    assert found["Blob 1B"].spec == "ollama:blob:1b"
    assert found["Blob 1B"].size == blob.stat().st_size
    assert found["Mine"].quantisation == "Q4_K_M"
    assert found["Mine"].licence == "apache-2.0"
    assert found["Mine"].fits
    assert "qwen3-4b" not in found, "the preset is here already"
    assert found["qwen3-8b"].spec is None


def test_what_is_no_chat_model_or_damaged_is_left_out(home):
    write(home / "models" / "mmproj.gguf", "Projector", "clip")
    write(home / "models" / "part-00002-of-00003.gguf", "Second part")
    (home / "models" / "broken.gguf").write_bytes(b"GGUF\3\0")
    manifest = home / ".ollama" / "models" / "manifests" / "h" / "l" / "m" / "t"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("[]")
    assert not {"Projector", "Second part"} & rows().keys()


def test_presets_say_how_to_get_them_and_whether_they_fit(home, monkeypatch):
    monkeypatch.setattr(models, "available_bytes", lambda: 16 * 10**9)
    found = rows()
    wanted = found["qwen3.6-35b-a3b"]
    assert list(found).index("qwen3.6-35b-a3b") <= 1, "the model people ask about comes first"
    assert (wanted.spec, wanted.fits, wanted.licence) == (None, False, "Apache-2.0")
    assert wanted.how[0] == "ollama pull qwen3.6:35b"
    assert found["qwen3-8b"].fits


@pytest.mark.parametrize(("name", "preset"), [
    ("Qwen3-8B-Q4_K_M.gguf", "qwen3-8b"),
    ("Qwen3-0.8B-Q4_K_M.gguf", None),
    ("Qwen3-4B.gguf", "qwen3-4b"),
    ("Qwen3.6-35B-A3B-UD-Q4_K_M.gguf", "qwen3.6-35b-a3b"),
    ("gpt-oss-20b-mxfp4.gguf", "gpt-oss-20b"),
    ("gpt-oss-120b.gguf", None),
])  # fmt: skip
def test_a_file_is_taken_for_the_right_preset(home, name, preset):
    path = write(home / "models" / name, "x")
    for one in PRESETS:
        if one.name == preset:
            assert models.resolve(one.name) == str(path.relative_to(home))
        else:
            with pytest.raises(EngineError, match="not on this machine") as caught:
                models.resolve(one.name)
            assert "ollama pull" in caught.value.hint


def test_names_are_resolved_when_an_engine_is_opened(home):
    pytest.importorskip("llama_cpp")
    hub = home / ".cache" / "huggingface" / "hub" / "models--me--Model-GGUF" / "snapshots" / "a"
    write(hub / "model-q4.gguf", "Model")
    write(hub / "model-q8.gguf", "Model")
    assert open_engine("hf:me/Model-GGUF:q8").candidate.model == "model-q8"
    with pytest.raises(EngineError, match="not in the Hugging Face cache"):
        open_engine("hf:me/Model-GGUF:q6")
    with pytest.raises(EngineError, match="not on this machine"):
        open_engine("QWEN3-8B")
    assert preset_named("nothing") is None


def test_the_doctor_says_what_is_there_and_no_key(monkeypatch, tmp_path):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    checks = diagnose(str(tmp_path))
    named = {check.name: check for check in checks}
    assert {"Python", "C++ compiler", "llama.cpp", "memory", "processor", "API keys"} <= set(named)
    assert "ANTHROPIC_API_KEY" in named["API keys"].detail
    assert "sk-secret" not in str(checks)
    for check in checks:
        assert check.status in {"ok", "note", "problem"}
        assert check.detail
        assert check.hint or check.status != "problem"


@pytest.mark.parametrize("entry", ENGINES, ids=lambda entry: entry.form)
def test_every_entry_of_the_table_opens_its_own_form(entry, monkeypatch):
    for key in entry.keys:
        monkeypatch.setenv(key, "sk-test")
    assert entry.form.startswith(entry.prefixes)
    assert all(server.spec.startswith(entry.prefixes) for server in entry.local_servers)
    engine = open_engine(entry.form.replace("port", "8080"))
    engine.close()
    assert engine.candidate.model == entry.form.replace("#", ":").rpartition(":")[2]


def test_an_unknown_model_is_told_every_form(home):
    with pytest.raises(ConfigError) as caught:
        open_engine("smollm")
    assert all(entry.form in caught.value.hint for entry in ENGINES)
