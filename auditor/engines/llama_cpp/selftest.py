"""A few tokens through llama.cpp at start: does the pinned low-level API still behave?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from auditor.errors import EngineError

if TYPE_CHECKING:
    from auditor.engines.llama_cpp.bindings import Context
    from auditor.engines.llama_cpp.token_choice import PickerFactory

_TEXT = "The quick brown fox jumps over the lazy"
_GRAMMAR = 'root ::= "yes" | "no"'


def check(context: Context, factory: PickerFactory) -> None:
    """Decode, copy a stream, cut it, and mask by a grammar; leaves the context empty.

    Raises:
        EngineError: something did not come out as it must; answers would be wrong.
    """
    model = context.model
    tokens = model.tokenize(_TEXT)
    if not context.prefill(0, tokens, 0, logits=True, chunk=len(tokens)):
        return
    logits = context.logits(1)[0].copy()
    _expect(bool(np.isfinite(logits).all()), "logits are not numbers")
    _expect(bool(np.ptp(logits) > 0), "all logits are equal")
    following = int(logits.argmax())
    if context.sequences > 1:
        context.copy(0, 1)
        if not context.step([(s, following, len(tokens)) for s in (0, 1)]):
            return
        ours, copied = context.logits(2)
        _expect(np.allclose(ours, copied, atol=1e-2), "a copied sequence decodes differently")
    if model.cuttable:
        _expect(context.drop(0, len(tokens)), "a sequence cannot be cut")
    context.clear()
    _expect(factory.parses(_GRAMMAR), "a grammar cannot be parsed")
    _expect(factory.first_allowed(_GRAMMAR, logits) in {b"y", b"ye", b"yes", b"n", b"no"},
            "a grammar does not hold")  # fmt: skip


def _expect(good: bool, problem: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not good:
        raise EngineError(
            f"llama.cpp does not behave as expected: {problem}",
            hint="reinstall the pinned version: pip install --force-reinstall 'auditor[embedded]'",
        )
