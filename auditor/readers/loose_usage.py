"""Token counts that lie outside the bodies: a usage object of any API, or flat keys of a record.

Home-made logs, spreadsheets and exports write counts beside the prompt, under the names of whatever
SDK they use: OpenAI's, Anthropic's, Google's, the AI SDK's, LangChain's, or their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers.api_shapes import anthropic, gemini, openai_chat, openai_responses
from auditor.readers.usage import set_tokens
from auditor.readers.values import count, json_or_none

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

PLACES = ("usage", "token_usage", "tokenUsage", "usage_metadata", "usageMetadata", "tokens")
"""Keys of a record under which a usage object may lie, also as JSON in a text."""

_AROUND = ("metrics", "response_metadata", "metadata", "llm_output", "stats", "extra", "meta")
"""Keys of a record under which such places, or the counts themselves, may lie one level down."""

_NAMES: dict[str, tuple[str, ...]] = {
    "given_input": (
        "input_tokens", "prompt_tokens", "inputTokens", "promptTokens", "tokens_in", "in_tokens",
        "tokens_prompt", "tokens_input", "prompt_token_count", "input_token_count",
        "num_input_tokens", "num_prompt_tokens", "n_prompt_tokens", "inputUsage", "input", "prompt",
    ),
    "output": (
        "output_tokens", "completion_tokens", "outputTokens", "completionTokens", "tokens_out",
        "out_tokens", "tokens_completion", "tokens_output", "completion_token_count",
        "output_token_count", "num_output_tokens", "num_completion_tokens", "n_completion_tokens",
        "generated_tokens", "outputUsage", "output", "completion",
    ),
    "cache_read": (
        "cache_read_input_tokens", "cacheReadInputTokens", "cache_read_tokens", "cached_tokens",
        "cached_input_tokens", "cachedInputTokens", "tokens_cached", "cache_read",
    ),
    "cache_write": (
        "cache_creation_input_tokens", "cacheWriteInputTokens", "cache_write_tokens",
        "cache_creation_tokens", "cache_write",
    ),
    "reasoning": ("reasoning_tokens", "reasoningTokens", "tokens_reasoning", "thinking_tokens"),
    "total": ("total_tokens", "totalTokens", "tokens_total", "totalUsage", "total"),
}  # fmt: skip
_BESIDE = frozenset((
    "cache_read_input_tokens", "cacheReadInputTokens", "cache_creation_input_tokens",
    "cacheWriteInputTokens",
))  # fmt: skip
"""Anthropic's and Bedrock's names: what they count is not in the input."""


def take(call: Call, record: Json) -> None:
    """Set the tokens of a call that has none from what its record says beside the bodies."""
    if call.usage_state != "absent":
        return
    inner = (json_or_none(record[key]) for key in _AROUND if key in record)
    for holder in (record, *(found for found in inner if isinstance(found, dict))):
        for place in PLACES:
            found = json_or_none(holder.get(place))
            if isinstance(found, dict):
                take_usage(call, found)
            if call.usage_state != "absent":
                return
        _take_named(call, holder)
        if call.usage_state != "absent":
            return


def take_usage(call: Call, found: Json) -> None:
    """Set the tokens from a usage object, by the API whose names it has."""
    if gemini.field(found, "promptTokenCount") is not None:
        gemini.usage(call, found)
    elif _BESIDE & found.keys() and "input_tokens" in found:
        anthropic.usage(call, found)
    elif "prompt_tokens" in found:
        openai_chat.usage(call, found)
    elif "input_tokens" in found:
        openai_responses.usage(call, found)
    elif isinstance(found.get("inputTokens"), dict):
        _take_named(call, _flat(found))
    else:
        _take_named(call, found)


def _flat(found: Json) -> Json:
    """Return the AI SDK's usage since version 6 under the names it had before."""
    given, made = (found.get(key) for key in ("inputTokens", "outputTokens"))
    given, made = (side if isinstance(side, dict) else {} for side in (given, made))
    return {
        "inputTokens": given.get("total"), "outputTokens": made.get("total"),
        "cache_read": given.get("cacheRead"), "cache_write": given.get("cacheWrite"),
        "reasoningTokens": made.get("reasoning"),
    }  # fmt: skip


def _take_named(call: Call, found: Json) -> None:
    counts = {bucket: _first(found, names) for bucket, names in _NAMES.items()}
    if not counts["given_input"] and not counts["output"]:
        return  # 0 and 0 is how logs write that they do not know
    set_tokens(call, **counts, rule="exclusive" if _BESIDE & found.keys() else "auto")


def _first(found: Json, names: tuple[str, ...]) -> Any:
    values = (count(found[name]) for name in names if name in found)
    return next((value for value in values if value is not None), None)
