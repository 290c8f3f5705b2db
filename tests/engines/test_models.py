"""Models found on a machine, presets, the doctor, and Anthropic's API as an engine."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from loopback import Handler, listening

from auditor.domain import Request
from auditor.engines import EngineSettings, models, open_engine
from auditor.engines.doctor import diagnose
from auditor.engines.presets import PRESETS, preset_named
from auditor.engines.servers import server as server_module
from auditor.errors import EngineError


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


@pytest.fixture
def messages_api(monkeypatch):
    """Anthropic's API as far as an engine needs it; ``replies`` are given out in turn."""
    seen, replies = [], []

    class Replying(Handler):
        def post(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append((self.path, headers, self.body()))
            self.send_json(*replies.pop(0))

    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setattr(server_module, "pause", lambda attempt, failure: 0.0)
    with listening(Replying) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        yield seen, replies


def message(*blocks, reason="end_turn"):
    usage = {"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 3}
    return {"content": list(blocks), "stop_reason": reason, "usage": usage}


def test_a_baseline_is_run_again_in_anthropic_s_words(messages_api):
    seen, replies = messages_api
    replies += [
        (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}),
        (200, message({"type": "text", "text": "Hi"},
                      {"type": "tool_use", "id": "t2", "name": "get", "input": {"a": 2}},
                      reason="tool_use")),
    ]  # fmt: skip
    call = {"id": "t1", "type": "function", "function": {"name": "get", "arguments": '{"a": 1}'}}
    tool = {"type": "function", "function": {"name": "get", "parameters": {"type": "object"}}}
    request = Request(
        call_id="c",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Go"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "t1", "content": "42"},
            {"role": "user", "content": "And?"},
        ],
        tools=[tool],
        params={"temperature": 1.5, "stop": "END", "seed": 4, "tool_choice": "required"},
    )
    engine = open_engine("anthropic:claude-x", EngineSettings(timeout_s=5))
    ((_, answer),) = engine.answers([request])
    engine.close()
    path, headers, body = seen[-1]
    assert (path, headers["x-api-key"]) == ("/v1/messages", "sk-test")
    assert body == {
        "model": "claude-x", "max_tokens": 512, "system": "Be brief.", "temperature": 1.0,
        "stop_sequences": ["END"], "tool_choice": {"type": "any"},
        "tools": [{"name": "get", "description": "", "input_schema": {"type": "object"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Go"}]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "t1", "name": "get", "input": {"a": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "42"},
                {"type": "text", "text": "And?"}]},
        ],
    }  # fmt: skip
    assert (answer.text, answer.finish_reason) == ("Hi", "tool_calls")
    assert (answer.input_tokens, answer.output_tokens) == (14, 3)
    assert json.loads(answer.tool_calls[0]["function"]["arguments"]) == {"a": 2}
    assert answer.fidelity.keys() == {"seed", "temperature"}


@pytest.mark.parametrize(("reply", "slug"), [
    ((200, message(reason="refusal")), "filtered"),
    ((200, message({"type": "text", "text": "half"}, reason="max_tokens")), "truncated"),
    ((200, message()), "empty-answer"),
    ((400, {"error": {"message": "prompt is too long: 300000 tokens"}}), "context-overflow"),
])  # fmt: skip
def test_what_anthropic_says_of_failures_has_a_name(messages_api, reply, slug):
    messages_api[1].append(reply)
    engine = open_engine("anthropic:claude-x", EngineSettings(timeout_s=5))
    ((_, answer),) = engine.answers(
        [Request(call_id="c", messages=[{"role": "user", "content": "Go"}])]
    )
    engine.close()
    assert answer.error == slug


def test_without_a_key_anthropic_is_one_clear_error(monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(EngineError, match="needs a key") as caught:
        open_engine("anthropic:claude-x")
    assert "ANTHROPIC_API_KEY" in caught.value.hint
