"""Mixture of experts, hybrid and recurrent models: tiny ones with random weights, made here.

A recurrent state cannot be cut at a position, only copied whole: were anchors handled as for
attention alone, these answers would differ from those of one prompt at a time.
"""

from __future__ import annotations

import numpy as np
import pytest

from auditor.domain import Request
from auditor.engines import EngineSettings, open_engine
from auditor.engines.llama_cpp.gguf import read_gguf

pytest.importorskip("llama_cpp", reason="the extra 'embedded' is not installed")
gguf = pytest.importorskip("gguf", reason="the package gguf writes the tiny models")

WIDTH, LAYERS, HEADS, KV_HEADS, HEAD, EXPERTS, HIDDEN = 64, 4, 4, 2, 16, 4, 32
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def byte_tokens() -> list[str]:
    """The 256 byte symbols of GPT-2's vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    odd = [b for b in range(256) if b not in plain]
    letters = {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(odd)}
    return [letters[b] for b in range(256)]


class Maker:
    """Writes a model with random weights of the shapes that llama.cpp asks for."""

    def __init__(self, path, architecture: str) -> None:
        self.rng = np.random.default_rng(7)
        self.path = path
        self.writer = gguf.GGUFWriter(str(path), architecture)
        writer = self.writer
        writer.add_context_length(4096)
        writer.add_embedding_length(WIDTH)
        writer.add_block_count(LAYERS)
        writer.add_layer_norm_rms_eps(1e-6)
        writer.add_chat_template(TEMPLATE)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list([*byte_tokens(), "Ġt", "<|end|>"])
        writer.add_token_types([1] * 257 + [3])
        writer.add_token_merges(["Ġ t"])
        writer.add_eos_token_id(257)
        writer.add_bos_token_id(257)
        writer.add_add_bos_token(False)
        # Large embeddings and small layers would only echo; these make answers that wander.
        self.put("token_embd.weight", (258, WIDTH), scale=1.0)
        self.put("output_norm.weight", (WIDTH,), ones=True)
        self.put("output.weight", (258, WIDTH), scale=1.0)

    def put(self, name, shape, *, scale=None, ones=False, value=None) -> None:
        if value is None and ones:
            value = np.ones(shape)
        elif value is None:
            spread = scale or 1.0 / np.sqrt(shape[-1])
            value = self.rng.normal(0.0, spread, shape)
        self.writer.add_tensor(name, value.astype(np.float32))

    def attention(self, i: int, *, gated: bool) -> None:
        self.put(f"blk.{i}.attn_q.weight", (HEADS * HEAD * (2 if gated else 1), WIDTH))
        self.put(f"blk.{i}.attn_k.weight", (KV_HEADS * HEAD, WIDTH))
        self.put(f"blk.{i}.attn_v.weight", (KV_HEADS * HEAD, WIDTH))
        self.put(f"blk.{i}.attn_output.weight", (WIDTH, HEADS * HEAD))
        self.put(f"blk.{i}.attn_q_norm.weight", (HEAD,), ones=True)
        self.put(f"blk.{i}.attn_k_norm.weight", (HEAD,), ones=True)

    def experts(self, i: int, *, shared: bool) -> None:
        self.put(f"blk.{i}.ffn_gate_inp.weight", (EXPERTS, WIDTH))
        self.put(f"blk.{i}.ffn_gate_exps.weight", (EXPERTS, HIDDEN, WIDTH))
        self.put(f"blk.{i}.ffn_up_exps.weight", (EXPERTS, HIDDEN, WIDTH))
        self.put(f"blk.{i}.ffn_down_exps.weight", (EXPERTS, WIDTH, HIDDEN))
        if shared:
            self.put(f"blk.{i}.ffn_gate_inp_shexp.weight", (WIDTH,))
            self.put(f"blk.{i}.ffn_gate_shexp.weight", (HIDDEN, WIDTH))
            self.put(f"blk.{i}.ffn_up_shexp.weight", (HIDDEN, WIDTH))
            self.put(f"blk.{i}.ffn_down_shexp.weight", (WIDTH, HIDDEN))

    def head_sizes(self) -> None:
        self.writer.add_head_count(HEADS)
        self.writer.add_head_count_kv(KV_HEADS)
        self.writer.add_key_length(HEAD)
        self.writer.add_value_length(HEAD)
        self.writer.add_expert_count(EXPERTS)
        self.writer.add_expert_used_count(2)
        self.writer.add_expert_feed_forward_length(HIDDEN)
        self.writer.add_feed_forward_length(HIDDEN)

    def save(self):
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_tensors_to_file()
        self.writer.close()
        return self.path


def make_moe(path):
    """Qwen3-MoE: attention in every layer, experts."""
    maker = Maker(path, "qwen3moe")
    maker.head_sizes()
    for i in range(LAYERS):
        maker.put(f"blk.{i}.attn_norm.weight", (WIDTH,), ones=True)
        maker.put(f"blk.{i}.ffn_norm.weight", (WIDTH,), ones=True)
        maker.attention(i, gated=False)
        maker.experts(i, shared=False)
    return maker.save()


def make_hybrid(path):
    """Qwen3.5/3.6-MoE: three gated delta-net layers to one of attention, experts."""
    keys, values, state, kernel = 2, 4, 16, 4
    inner = values * state
    maker = Maker(path, "qwen35moe")
    maker.head_sizes()
    writer = maker.writer
    writer.add_ssm_conv_kernel(kernel)
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(state)
    writer.add_ssm_time_step_rank(values)
    writer.add_ssm_group_count(keys)
    writer.add_uint32("qwen35moe.full_attention_interval", 4)
    writer.add_expert_shared_feed_forward_length(HIDDEN)
    writer.add_rope_dimension_sections([4, 2, 2, 0])
    writer.add_rope_dimension_count(HEAD)
    mixed = 2 * keys * state + inner
    for i in range(LAYERS):
        maker.put(f"blk.{i}.attn_norm.weight", (WIDTH,), ones=True)
        maker.put(f"blk.{i}.post_attention_norm.weight", (WIDTH,), ones=True)
        if (i + 1) % 4 == 0:
            maker.attention(i, gated=True)
        else:
            maker.put(f"blk.{i}.attn_qkv.weight", (mixed, WIDTH))
            maker.put(f"blk.{i}.attn_gate.weight", (inner, WIDTH))
            maker.put(f"blk.{i}.ssm_conv1d.weight", (mixed, kernel), scale=0.5)
            maker.put(f"blk.{i}.ssm_dt.bias", (values,), ones=True)
            maker.put(f"blk.{i}.ssm_a", (values,), value=-np.linspace(0.01, 0.2, values))
            maker.put(f"blk.{i}.ssm_beta.weight", (values, WIDTH))
            maker.put(f"blk.{i}.ssm_alpha.weight", (values, WIDTH))
            maker.put(f"blk.{i}.ssm_norm.weight", (state,), ones=True)
            maker.put(f"blk.{i}.ssm_out.weight", (WIDTH, inner))
        maker.experts(i, shared=True)
    return maker.save()


def make_recurrent(path):
    """Mamba: no attention at all."""
    inner, state, kernel, rank = 2 * WIDTH, 8, 4, 4
    maker = Maker(path, "mamba")
    writer = maker.writer
    writer.add_ssm_conv_kernel(kernel)
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(state)
    writer.add_ssm_time_step_rank(rank)
    writer.add_head_count(0)
    writer.add_feed_forward_length(0)
    for i in range(LAYERS):
        maker.put(f"blk.{i}.attn_norm.weight", (WIDTH,), ones=True)
        maker.put(f"blk.{i}.ssm_in.weight", (2 * inner, WIDTH))
        maker.put(f"blk.{i}.ssm_conv1d.weight", (inner, kernel), scale=0.5)
        maker.put(f"blk.{i}.ssm_conv1d.bias", (inner,))
        maker.put(f"blk.{i}.ssm_x.weight", (rank + 2 * state, inner))
        maker.put(f"blk.{i}.ssm_dt.weight", (inner, rank))
        maker.put(f"blk.{i}.ssm_dt.bias", (inner,))
        steps = np.tile(-np.linspace(0.05, 1.0, state), (inner, 1))
        maker.put(f"blk.{i}.ssm_a", (inner, state), value=steps)
        maker.put(f"blk.{i}.ssm_d", (inner,), ones=True)
        maker.put(f"blk.{i}.ssm_out.weight", (WIDTH, inner))
    return maker.save()


def asked() -> list[Request]:
    """Two routes with prompts of their own, so that anchors change while slots are busy."""
    systems = ["Answer with the label of this ticket, and nothing else than it.",
               "Write back to the customer in a friendly tone, and sign with a name."]  # fmt: skip
    return [
        Request(
            call_id=f"r{i}",
            messages=[
                {"role": "system", "content": systems[i % 2]},
                {"role": "user", "content": f"Ticket {i * 37 % 100}: {'late ' * (i % 4)}parcel"},
            ],
            params={"max_tokens": 6 + i % 5, "temperature": 0},
        )
        for i in range(22)
    ]


@pytest.mark.parametrize(("make", "cuttable"), [
    pytest.param(make_moe, True, id="experts"),
    pytest.param(make_hybrid, False, id="hybrid"),
    pytest.param(make_recurrent, False, id="recurrent"),
])  # fmt: skip
def test_batched_answers_are_those_of_one_prompt_at_a_time(make, cuttable, tmp_path):
    path = make(tmp_path / "tiny.gguf")
    texts = {}
    for exact in (False, True):
        engine = open_engine(str(path), EngineSettings(slots=4, exact=exact, threads=1))
        run = engine.answers(asked())
        texts[exact] = {call_id: answer.text for call_id, answer in run}
        assert engine._model.cuttable is cuttable
        again = {call_id: answer.text for call_id, answer in engine.answers(asked())}
        assert again == texts[exact]
        engine.close()
    assert len(set(texts[True].values())) > 15, "the model says the same to everyone"
    assert texts[False] == texts[True]


def test_only_layers_with_attention_take_cache(tmp_path):
    dense = read_gguf(make_moe(tmp_path / "moe.gguf"))
    hybrid = read_gguf(make_hybrid(tmp_path / "hybrid.gguf"))
    assert dense.cache_bytes_per_token == LAYERS * KV_HEADS * 2 * HEAD * 2
    recurrent = read_gguf(make_recurrent(tmp_path / "recurrent.gguf"))
    assert hybrid.cache_bytes_per_token == KV_HEADS * 2 * HEAD * 2
    assert recurrent.cache_bytes_per_token == 0
    assert dense.state_bytes_per_stream == 0
    assert hybrid.state_bytes_per_stream == 3 * 4 * (16 * 64 + 3 * (64 + 2 * 2 * 16))
    assert recurrent.state_bytes_per_stream == LAYERS * 4 * (8 * 128 + 3 * 128)


def test_experts_can_stay_in_ordinary_memory(tmp_path):
    """On a build without a GPU that changes nothing, but the override must be accepted."""
    path = make_moe(tmp_path / "moe.gguf")
    texts = []
    for layers in (0, 2):
        engine = open_engine(str(path), EngineSettings(cpu_expert_layers=layers, threads=1))
        texts.append({call_id: answer.text for call_id, answer in engine.answers(asked()[:4])})
        engine.close()
    assert texts[0] == texts[1]
