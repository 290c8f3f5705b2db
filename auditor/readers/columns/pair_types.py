"""What a plain pair of texts may hold, as types: all that the readers look at, and no more.

A key that the readers look at and that makes a pair other than plain stands here as ``None``: with
any other value the line does not fit. Keys that no reader looks at are skipped.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from auditor.readers.columns.identity import TRUSTED_ID
from auditor.readers.plausible import MAX_DURATION_MS, MAX_TOKENS

UNSET: Final = msgspec.Raw(b"")
_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_TOKENS)]
_Duration = Annotated[float, msgspec.Meta(ge=0, le=MAX_DURATION_MS)] | None
_Id = Annotated[str, msgspec.Meta(min_length=TRUSTED_ID)]
_Answered = Annotated[int, msgspec.Meta(ge=200, le=399)] | None


class Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A message of text; its fields in the order of their names, as they are written and hashed."""

    content: str
    role: Literal["system", "user", "assistant"]


class Request(msgspec.Struct, gc=False):
    """Everything the shapes look at; other keys say nothing."""

    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    model: str | None = None
    user: str | None = None
    system: str | None = None
    inference_geo: Literal["global"] | None = None
    metadata: msgspec.Raw = UNSET

    temperature: int | float | None = None
    top_p: int | float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    reasoning_effort: str | None = None

    response_format: msgspec.Raw = UNSET
    tools: msgspec.Raw = UNSET
    functions: msgspec.Raw = UNSET
    function_call: msgspec.Raw = UNSET
    tool_choice: msgspec.Raw = UNSET
    parallel_tool_calls: msgspec.Raw = UNSET
    web_search_options: msgspec.Raw = UNSET
    output_config: msgspec.Raw = UNSET
    output_format: msgspec.Raw = UNSET
    top_k: msgspec.Raw = UNSET
    max_output_tokens: msgspec.Raw = UNSET
    stop: msgspec.Raw = UNSET
    stop_sequences: msgspec.Raw = UNSET
    seed: msgspec.Raw = UNSET
    n: msgspec.Raw = UNSET
    frequency_penalty: msgspec.Raw = UNSET
    presence_penalty: msgspec.Raw = UNSET
    logit_bias: msgspec.Raw = UNSET
    logprobs: msgspec.Raw = UNSET
    top_logprobs: msgspec.Raw = UNSET
    reasoning: msgspec.Raw = UNSET
    thinking: msgspec.Raw = UNSET
    verbosity: msgspec.Raw = UNSET
    modalities: msgspec.Raw = UNSET


class _Said(msgspec.Struct, gc=False):
    content: str
    refusal: None = None
    tool_calls: None = None
    function_call: None = None


class _Choice(msgspec.Struct, gc=False):
    message: _Said
    finish_reason: str | None = None


_Zero = Literal[0] | None
"""A count of what is billed in another way than text: what has some is left to the readers."""


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: _Count | None = None
    cache_write_tokens: _Count | None = None
    cache_creation_tokens: _Count | None = None
    audio_tokens: _Zero = None
    image_tokens: _Zero = None
    video_tokens: _Zero = None
    audio: _Zero = None
    image: _Zero = None
    video: _Zero = None
    cached_tokens_details: None = None
    cache_read: None = None
    cache_read_tokens: None = None
    cache_creation: None = None
    cache_creation_token_details: None = None
    ephemeral_1h_input_tokens: _Zero = None
    ephemeral_5m_input_tokens: _Zero = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: _Count | None = None
    reasoning: None = None
    audio: _Zero = None
    image: _Zero = None
    video: _Zero = None
    audio_tokens: _Zero = None
    image_tokens: _Zero = None
    video_tokens: _Zero = None


class ChatUsage(msgspec.Struct, gc=False):
    """Counts of OpenAI's shape: they include what was cached."""

    prompt_tokens: _Count
    completion_tokens: _Count
    prompt_tokens_details: _InputDetails | None = None
    total_tokens: _Count | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_token_details: None = None
    completion_token_details: None = None
    prompt_cache_hit_tokens: None = None
    cached_tokens: None = None
    cache_read_input_tokens: _Zero = None
    cache_creation_input_tokens: _Zero = None
    cache_creation: None = None
    reasoning_tokens: None = None
    citation_tokens: None = None
    num_search_queries: None = None
    search_context_size: None = None
    server_side_tool_usage_details: None = None
    server_tool_use: None = None
    num_sources_used: _Zero = None
    cost: None = None
    is_byok: Literal[False] | None = None
    cost_in_usd_ticks: None = None


class _ChatResponse(msgspec.Struct, gc=False):
    id: _Id
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1, max_length=1)]
    usage: ChatUsage
    model: str | None = None
    service_tier: Literal["auto", "default"] | None = None
    x_groq: None = None
    object: Literal["chat.completion"] | None = None
    content: None = None
    type: None = None
    error: None = None


class _Block(msgspec.Struct, gc=False):
    text: str
    type: Literal["text"]


class _CacheWrites(msgspec.Struct, gc=False):
    ephemeral_1h_input_tokens: _Count | None = None
    ephemeral_5m_input_tokens: _Count | None = None


class MessagesUsage(msgspec.Struct, gc=False):
    """Counts of Anthropic's shape: they do not include what was cached."""

    input_tokens: _Count
    output_tokens: _Count
    cache_read_input_tokens: _Count | None = None
    cache_creation_input_tokens: _Count | None = None
    cache_creation: _CacheWrites | None = None
    output_tokens_details: None = None
    server_tool_use: None = None
    service_tier: Literal["standard"] | None = None
    speed: None = None
    inference_geo: Literal["global", "not_available"] | None = None
    iterations: None = None


class _MessagesResponse(msgspec.Struct, gc=False):
    id: _Id
    content: Annotated[list[_Block], msgspec.Meta(min_length=1)]
    type: Literal["message"]
    usage: MessagesUsage
    model: str | None = None
    stop_reason: str | None = None
    object: None = None
    choices: None = None
    error: None = None


class _Pair(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """What stands beside the response; another key may make it another reader's."""

    request: Request
    timestamp: str
    id: str | None = None
    status: _Answered = None
    latency_ms: _Duration = None
    ttft_ms: _Duration = None
    user: str | None = None
    project: str | None = None
    session_id: str | None = None
    trace_id: str | None = None
    metadata: msgspec.Raw = UNSET
    tags: msgspec.Raw = UNSET


class ChatPair(_Pair, forbid_unknown_fields=True, gc=False, kw_only=True):
    """A request and a response in the shape of OpenAI's chat completions."""

    response: _ChatResponse


class MessagesPair(_Pair, forbid_unknown_fields=True, gc=False, kw_only=True):
    """A request and a response in the shape of Anthropic's Messages."""

    response: _MessagesResponse
