"""The decoder over a model that is a pure function of its tokens: nothing may leak between slots."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.engines.llama_cpp.batching import Decoder, Job
from auditor.engines.llama_cpp.cohorts import Unit, cut, lay_out
from auditor.engines.llama_cpp.token_choice import Picker
from auditor.engines.measuring.speed import DecodingSpeed
from auditor.engines.parameters import Sampling

SIZE = 16
END = 0


def following(tokens: tuple[int, ...]) -> int:
    return hashlib.blake2b(bytes(tokens), digest_size=1).digest()[0] % SIZE


class FakeModel:
    def __init__(self, cuttable: bool) -> None:
        self.cuttable = cuttable
        self.size = SIZE

    def ends(self, token: int) -> bool:
        return token == END

    def piece(self, token: int) -> bytes:
        return bytes([97 + token])


class FakeContext:
    """Streams of tokens that refuse what llama.cpp would refuse or silently get wrong."""

    def __init__(self, sequences: int, cuttable: bool, stop_after: int | None = None) -> None:
        self.model = FakeModel(cuttable)
        self.sequences = sequences
        self.streams: list[tuple[int, ...]] = [()] * sequences
        self.rows: list[tuple[int, ...]] = []
        self.decodes = 0
        self.stop_after = stop_after

    def drop(self, sequence: int, start: int = -1) -> bool:
        assert start == -1 or self.model.cuttable
        self.streams[sequence] = () if start == -1 else self.streams[sequence][:start]
        return True

    def copy(self, source: int, target: int) -> None:
        assert source != target
        self.streams[target] = self.streams[source]

    def prefill(self, sequence, tokens, start, *, logits, chunk) -> bool:
        assert self.streams[sequence] == tuple(tokens[:start])
        assert start < len(tokens)
        self.streams[sequence] = tuple(tokens)
        self.rows = [self.streams[sequence]]
        return self._decoded()

    def step(self, rows) -> bool:
        assert [sequence for sequence, _, _ in rows] == list(range(len(rows))), "a gap costs a pass"
        for sequence, token, position in rows:
            assert len(self.streams[sequence]) == position
            self.streams[sequence] += (token,)
        self.rows = [self.streams[sequence] for sequence, _, _ in rows]
        return self._decoded()

    def _decoded(self) -> bool:
        self.decodes += 1
        return self.stop_after is None or self.decodes <= self.stop_after

    def logits(self, rows: int):
        logits = np.zeros((rows, SIZE), dtype=np.float32)
        for i, tokens in enumerate(self.rows[:rows]):
            logits[i, following(tokens)] = 1.0
        return logits


class FakeShop:
    """Greedy pickers; counts those that were not closed."""

    def __init__(self) -> None:
        self.open = 0

    def picker(self, sampling, grammar, after):
        self.open += 1
        return FakePicker(self)


class FakePicker:
    constrained = False

    def __init__(self, shop: FakeShop) -> None:
        self.shop = shop

    def pick(self, logits, highest: int) -> int:
        return highest

    def close(self) -> None:
        self.shop.open -= 1


def alone(tokens: tuple[int, ...], max_new: int, stop: tuple[str, ...]) -> tuple[str, str]:
    """What decoding one prompt at a time gives."""
    text = ""
    for count in range(1, max_new + 1):
        token = following(tokens)
        if token == END:
            return text, "stop"
        tokens += (token,)
        text += chr(97 + token)
        for word in stop:
            if word in text:
                return text[: text.index(word)], "stop"
        if count == max_new:
            return text, "length"
    raise AssertionError


def unit(name: str, tokens: tuple[int, ...], max_new: int, stop: tuple[str, ...]) -> Unit[Job]:
    sampling = Sampling(
        temperature=0.0, top_p=None, top_k=None, min_p=None, presence_penalty=0.0,
        frequency_penalty=0.0, seed=0, max_tokens=max_new, capped_by_log=True, stop=stop,
    )  # fmt: skip
    job = Job(call_ids=(name,), sampling=sampling)
    return Unit(tokens=tokens, max_new=max_new, payload=job, order=name)


# Prompts that share prefixes of several lengths, so that anchors nest and change.
PREFIXES = st.sampled_from([(1,) * 40, (1,) * 40 + (2,) * 40, (1,) * 40 + (3,) * 50, (4,) * 33, ()])
PROMPTS = st.tuples(PREFIXES, st.lists(st.integers(1, 5), min_size=1, max_size=4)).map(
    lambda parts: (*parts[0], *parts[1])
)
REQUESTS = st.lists(
    st.tuples(PROMPTS, st.integers(1, 12), st.sampled_from([(), ("b",), ("cd", "e")])),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(requests=REQUESTS, slots=st.integers(1, 5), cuttable=st.booleans())
def test_every_prompt_is_answered_as_if_it_were_alone(requests, slots, cuttable):
    units = [unit(str(i), *request) for i, request in enumerate(requests)]
    context = FakeContext(slots + 3, cuttable)
    shop = FakeShop()
    decoder = Decoder(context, shop, slots=slots, speed=DecodingSpeed())
    outputs = []
    for cohort in cut(lay_out(units, levels=3), slots=slots):
        assert decoder.run(cohort, outputs.append)
    assert shop.open == 0
    got = {output.job.call_ids[0]: (output.text, output.finish_reason) for output in outputs}
    assert len(outputs) == len(units)
    assert got == {str(i): alone(*request) for i, request in enumerate(requests)}


@settings(max_examples=50, deadline=None)
@given(requests=REQUESTS, stop_after=st.integers(0, 30))
def test_a_stopped_run_frees_what_it_held_and_emits_only_whole_answers(requests, stop_after):
    units = [unit(str(i), *request) for i, request in enumerate(requests)]
    context = FakeContext(6, cuttable=True, stop_after=stop_after)
    shop = FakeShop()
    outputs = []
    Decoder(context, shop, slots=3, speed=DecodingSpeed()).run(
        lay_out(units, levels=3), outputs.append
    )
    assert shop.open == 0
    for output in outputs:
        i = int(output.job.call_ids[0])
        assert (output.text, output.finish_reason) == alone(*requests[i])


@given(requests=REQUESTS, seed=st.randoms())
def test_the_layout_does_not_depend_on_the_order_of_the_input(requests, seed):
    units = [unit(str(i), *request) for i, request in enumerate(requests)]
    shuffled = list(units)
    seed.shuffle(shuffled)
    assert lay_out(units, levels=3) == lay_out(shuffled, levels=3)


@given(requests=REQUESTS, levels=st.integers(0, 3))
def test_anchors_are_shared_prefixes_that_leave_a_token(requests, levels):
    placed = lay_out([unit(str(i), *r) for i, r in enumerate(requests)], levels=levels)
    prompts = [p.unit.tokens for p in placed]
    for item in placed:
        assert len(item.anchors) <= levels
        for length in item.anchors:
            assert length < len(item.unit.tokens)
            assert sum(tokens[:length] == item.unit.tokens[:length] for tokens in prompts) > 1
        assert all(b - a >= 16 for a, b in pairwise((0, *item.anchors)))


def test_a_cohort_is_a_stretch_of_the_layout():
    units = [unit(str(i), (1,) * 40 + (i % 7, i // 7), 5, ()) for i in range(100)]
    placed = lay_out(units, levels=2)
    cohorts = cut(placed, slots=2)
    assert [item for cohort in cohorts for item in cohort] == placed
    assert [len(cohort) for cohort in cohorts] == [16, 16, 16, 16, 16, 16, 4]


def test_long_work_makes_short_cohorts_but_never_too_short_to_fill_the_slots():
    units = [unit(str(i), (1, i % 50, i // 50), 4000, ()) for i in range(20)]
    assert [len(cohort) for cohort in cut(lay_out(units, levels=0), slots=2)] == [4, 4, 4, 4, 4]


class GrammarShop:
    """Grammars that allow nothing but token 9; pieces are letters."""

    def best(self, state, logits, highest: int) -> int:
        return 9

    def accept(self, state, token: int) -> None:
        assert token == 9

    def piece(self, token: int) -> bytes:
        return [b"x", b"</th", b"ink>", b"y"][token]


def test_a_grammar_waits_until_a_thought_that_the_prompt_began_has_ended():
    sampling = unit("a", (1,), 5, ()).payload.sampling
    picker = Picker(GrammarShop(), sampling, state="grammar", after=b"</think>")
    assert [picker.pick(None, highest) for highest in (0, 1, 0, 1, 2, 3, 0)] == [
        0,
        1,
        0,
        1,
        2,
        9,
        9,
    ]
    assert Picker(GrammarShop(), sampling, state="grammar", after=b"").pick(None, 0) == 9
    assert Picker(GrammarShop(), sampling, state=None, after=b"</think>").pick(None, 0) == 0
