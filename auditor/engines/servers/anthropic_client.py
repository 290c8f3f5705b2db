"""One question to a Claude model: for what the user asks of a hosted model beside the replay."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from auditor.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "claude-sonnet-4-6"
_MOST_TOKENS = 8192
_TIMEOUT_S = 120.0


def ask_claude(model: str = MODEL) -> Callable[[str], str]:
    """Return a function that sends one question and returns the text of the answer.

    The key is that of ``ANTHROPIC_API_KEY``. The returned function raises EngineError when the
    service refuses or cannot be reached.

    Raises:
        EngineError: there is no key.
    """
    if not os.environ.get("ANTHROPIC_API_KEY"):
        raise EngineError(
            "asking Claude needs a key", hint="set ANTHROPIC_API_KEY, then run the same command"
        )

    def ask(question: str) -> str:
        import anthropic

        try:
            with anthropic.Anthropic(timeout=_TIMEOUT_S) as client:
                answer = client.messages.create(
                    model=model,
                    max_tokens=_MOST_TOKENS,
                    messages=[{"role": "user", "content": question}],
                )
        except anthropic.APIError as error:
            raise EngineError(
                f"{model} did not answer: {error.message}",
                hint="check the model's name and the key; nothing was changed",
                transient=isinstance(error, anthropic.APIConnectionError),
            ) from error
        return "".join(block.text for block in answer.content if block.type == "text")

    return ask
