"""Which token comes next: greedy, sampled with a seed, or the best that a grammar allows.

Masking the whole vocabulary by a grammar costs 4 ms per token at 49 thousand tokens and 30 ms
at 262 thousand. For a greedy answer only the best allowed token is needed: so the picked token
is checked first, then the best 64, then the best 1024, and only then all of them. Whatever stage
finds it, it is the token that the full mask would have left on top.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.engines.llama_cpp.bindings import api

if TYPE_CHECKING:
    import numpy.typing as npt

    from auditor.engines.llama_cpp.bindings import Model
    from auditor.engines.parameters import Sampling

    Logits = npt.NDArray[np.float32]

_STAGES = (64, 1024)


class Picker:
    """Picks the tokens of one answer; ``close`` frees what llama.cpp holds for it.

    With ``after`` the grammar holds only once those bytes have been said: a thought that the
    prompt has begun comes before it.
    """

    def __init__(
        self, factory: PickerFactory, sampling: Sampling, state: Any | None, after: bytes
    ) -> None:
        self._factory = factory
        self._state = state
        self._after = after if state is not None else b""
        self._said = b""
        self._chain = None if sampling.greedy else factory.chain(sampling)

    @property
    def constrained(self) -> bool:
        """Whether a grammar holds."""
        return self._state is not None

    def pick(self, logits: Logits, highest: int) -> int:
        """The next token, given the logits and which of them is highest."""
        factory, state = self._factory, None if self._after else self._state
        if self._chain is None:
            token = highest if state is None else factory.best(state, logits, highest)
        else:
            token = factory.sample(self._chain, factory.table(logits))
            if state is not None and not factory.allows(state, token):
                # As llama.cpp does: draw freely, and again under the mask when that is forbidden.
                # Either way an allowed token comes with its share among the allowed ones.
                token = factory.sample(self._chain, factory.masked(state, logits))
            factory.accept(self._chain, token)
        if state is not None:
            factory.accept(state, token)
        elif self._after:
            self._said = (self._said + factory.piece(token))[-64:]
            if self._after in self._said:
                self._after = b""
        return token

    def close(self) -> None:
        """Free the sampler chain and the grammar's state."""
        for sampler in (self._chain, self._state):
            if sampler is not None:
                self._factory.free(sampler)
        self._chain = self._state = None


class PickerFactory:
    """Makes pickers for one model; grammars are parsed once and cloned for each answer."""

    def __init__(self, model: Model) -> None:
        self._llama = api()
        self._model = model
        self._grammars: dict[str, Any] = {}
        kind = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
        self._table = np.zeros(model.size, dtype=kind)
        self._ids = np.arange(model.size, dtype=np.int32)

    def parses(self, grammar: str) -> bool:
        """Whether llama.cpp can use a grammar."""
        if grammar not in self._grammars:
            self._grammars[grammar] = self._llama.llama_sampler_init_grammar(
                self._model.vocabulary, grammar.encode(), b"root"
            )
        return bool(self._grammars[grammar])

    def picker(self, sampling: Sampling, grammar: str | None, after: bytes = b"") -> Picker:
        """A picker for one answer; unconstrained if the grammar is one llama.cpp cannot parse."""
        state = None
        if grammar is not None and self.parses(grammar):
            state = self._llama.llama_sampler_clone(self._grammars[grammar])
        return Picker(self, sampling, state, after)

    def piece(self, token: int) -> bytes:
        """The bytes a token stands for."""
        return self._model.piece(token)

    def first_allowed(self, grammar: str, logits: Logits) -> bytes:
        """The bytes of the most probable token that a grammar lets an answer begin with."""
        state = self._llama.llama_sampler_clone(self._grammars[grammar])
        try:
            return self._model.piece(self.best(state, logits, int(logits.argmax())))
        finally:
            self.free(state)

    def chain(self, sampling: Sampling) -> Any:
        """llama.cpp's samplers in its usual order, only those that were asked for."""
        llama = self._llama
        chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        steps = []
        if sampling.penalised:
            steps.append(
                llama.llama_sampler_init_penalties(
                    self._model.size,
                    sampling.max_tokens,
                    1.0,
                    sampling.frequency_penalty,
                    sampling.presence_penalty,
                )
            )
        if sampling.temperature <= 0:
            steps.append(llama.llama_sampler_init_greedy())
        else:
            if sampling.top_k is not None:
                steps.append(llama.llama_sampler_init_top_k(sampling.top_k))
            if sampling.top_p is not None:
                steps.append(llama.llama_sampler_init_top_p(sampling.top_p, 1))
            if sampling.min_p is not None:
                steps.append(llama.llama_sampler_init_min_p(sampling.min_p, 1))
            steps.append(llama.llama_sampler_init_temp(sampling.temperature))
            steps.append(llama.llama_sampler_init_dist(sampling.seed))
        for step in steps:
            llama.llama_sampler_chain_add(chain, step)
        return chain

    def sample(self, chain: Any, table: npt.NDArray[Any]) -> int:
        """Draw from a table of the vocabulary; the chain is not told yet (``accept``)."""
        array = self._apply(chain, table)
        return int(array.data[array.selected].id)

    def allows(self, state: Any, token: int) -> bool:
        """Whether a grammar lets a token come next."""
        table = self._table[:1]
        table["id"], table["logit"] = token, 1.0
        self._apply(state, table)
        return bool(np.isfinite(table["logit"][0]))

    def best(self, state: Any, logits: Logits, highest: int) -> int:
        """The allowed token with the highest logit, the lowest id among equals."""
        if self.allows(state, highest):
            return highest
        for count in _STAGES:
            if count >= self._model.size:
                break
            top = np.argpartition(logits, -count)[-count:]
            top = top[np.lexsort((top, -logits[top]))]
            table = self._table[:count]
            table["id"], table["logit"] = top, logits[top]
            self._apply(state, table)
            allowed = np.flatnonzero(np.isfinite(table["logit"]))
            # One that equals the last of the top may have an equal outside: the next stage knows.
            if allowed.size and logits[top[allowed[0]]] > logits[top[-1]]:
                return int(top[allowed[0]])
        masked = self.masked(state, logits)
        return int(masked["id"][int(masked["logit"].argmax())])

    def table(self, logits: Logits) -> npt.NDArray[Any]:
        """The whole vocabulary as (id, logit, p); the array is reused by the next call."""
        self._table["id"], self._table["logit"], self._table["p"] = self._ids, logits, 0
        return self._table

    def masked(self, state: Any, logits: Logits) -> npt.NDArray[Any]:
        """The whole vocabulary with what a grammar forbids at minus infinity."""
        table = self.table(logits)
        self._apply(state, table)
        return table

    def accept(self, sampler: Any, token: int) -> None:
        """Tell a sampler or a grammar's state which token was taken."""
        self._llama.llama_sampler_accept(sampler, token)

    def free(self, sampler: Any) -> None:
        """Free a sampler or a grammar's state."""
        self._llama.llama_sampler_free(sampler)

    def close(self) -> None:
        """Free every parsed grammar."""
        for parsed in self._grammars.values():
            if parsed:
                self._llama.llama_sampler_free(parsed)
        self._grammars.clear()

    def _apply(self, sampler: Any, table: npt.NDArray[Any]) -> Any:
        array = self._llama.llama_token_data_array(
            data=ctypes.cast(table.ctypes.data, self._llama.llama_token_data_p),
            size=len(table),
            selected=-1,
            sorted=False,
        )
        self._llama.llama_sampler_apply(sampler, ctypes.byref(array))
        return array
