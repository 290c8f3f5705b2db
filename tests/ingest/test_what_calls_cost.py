"""What a call costs by what its record says: place, hour, tier, modality, tools, inner work, bills."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest

from auditor.ingest import stage as ingest
from auditor.ingest.repricing import reprice
from auditor.pricing.price_book import ModelPrices, PricesConfig

ASKED = [{"role": "user", "content": "Name the lake of Lucerne."}]


def record(url, model, response, at="2026-04-07T11:30:00Z", **request):
    return {
        "timestamp": at, "url": url,
        "request": {"model": model, "messages": ASKED, **request}, "response": response,
    }  # fmt: skip


def chat(model, usage, url="https://api.openai.com/v1/chat/completions", **more):
    at = more.pop("at", "2026-04-07T11:30:00Z")
    answer = {"role": "assistant", "content": "Lake Lucerne"}
    response = {
        "id": "chatcmpl-LakeLucerne0000001", "object": "chat.completion", "model": model,
        "choices": [{"index": 0, "message": answer, "finish_reason": "stop"}],
        "usage": usage,
    }  # fmt: skip
    return record(url, model, response | more, at)


def claude(model, usage, url="https://api.anthropic.com/v1/messages", **more):
    response = {
        "id": "msg_01LakeLucerne000001", "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "text", "text": "Lake Lucerne"}], "stop_reason": "end_turn",
        "usage": usage,
    }  # fmt: skip
    return record(url, model, response, max_tokens=99, **more)


def gemini(model, usage, host="generativelanguage.googleapis.com/v1beta"):
    content = {"role": "model", "parts": [{"text": "Lake Lucerne"}]}
    return {
        "timestamp": "2026-04-07T11:30:00Z",
        "url": f"https://{host}/models/{model}:generateContent",
        "request": {"contents": [{"role": "user", "parts": [{"text": "Which lake?"}]}]},
        "response": {
            "candidates": [{"content": content, "finishReason": "STOP"}],
            "usageMetadata": usage, "modelVersion": model, "responseId": "LakeLucerne0000001",
        },
    }  # fmt: skip


OPENAI = {"prompt_tokens": 4000, "completion_tokens": 500, "total_tokens": 4500}
DEEPSEEK = "https://api.deepseek.com/chat/completions"


@pytest.fixture
def cost(store, tmp_path):
    """Read one record; return its cost in USD, its basis and the warnings."""

    def read(found):
        path = tmp_path / "log.jsonl"
        path.write_text(json.dumps(found) + "\n")
        result = ingest.run(store, [path])
        (row,) = store.rows("SELECT cost_usd, cost_basis FROM calls")
        return row[0], row[1], result.warnings

    return read


def usd(expression):
    return Decimal(expression).quantize(Decimal("1e-12"))


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        # Compaction by the answer's own model, and an advisor by another one.
        (
            claude("claude-opus-4-7", {"input_tokens": 3000, "output_tokens": 200, "iterations": [
                {"type": "compaction", "input_tokens": 90000, "output_tokens": 1000},
                {"type": "message", "input_tokens": 3000, "output_tokens": 200}]}),
            93000 * Decimal("5e-6") + 1200 * Decimal("25e-6"),
        ),
        (
            claude("claude-haiku-4-5", {"input_tokens": 700, "output_tokens": 90, "iterations": [
                {"type": "message", "input_tokens": 700, "output_tokens": 90},
                {"type": "advisor_message", "model": "claude-opus-4-7", "input_tokens": 900,
                 "cache_read_input_tokens": 100, "output_tokens": 60}]}),
            700 * Decimal("1e-6") + 90 * Decimal("5e-6")
            + 900 * Decimal("5e-6") + 100 * Decimal("0.5e-6") + 60 * Decimal("25e-6"),
        ),
        # Place: a factor of 1.1 on tokens, for models from a generation on.
        (
            claude("claude-sonnet-4-6", {"input_tokens": 1000, "output_tokens": 100,
                                         "inference_geo": "us"}),
            (1000 * Decimal("3e-6") + 100 * Decimal("15e-6")) * Decimal("1.1"),
        ),
        (
            claude("claude-sonnet-4-5", {"input_tokens": 1000, "output_tokens": 100,
                                         "inference_geo": "us"}),
            1000 * Decimal("3e-6") + 100 * Decimal("15e-6"),
        ),
        (
            claude("claude-haiku-4-5", {"input_tokens": 1000, "output_tokens": 100},
                   "https://europe-west1-aiplatform.googleapis.com/v1/projects/x/locations/"
                   "europe-west1/publishers/anthropic/models/claude-haiku-4-5:rawPredict"),
            (1000 * Decimal("1e-6") + 100 * Decimal("5e-6")) * Decimal("1.1"),
        ),
        # Hour: weekday peak, weekday off peak, weekend, and the days before there were hours.
        (chat("deepseek-v4-pro", OPENAI, DEEPSEEK, at="2026-10-06T07:00:00Z"),
         4000 * Decimal("1.32e-6") + 500 * Decimal("3.96e-6")),
        (chat("deepseek-v4-pro", OPENAI, DEEPSEEK, at="2026-10-06T10:00:00Z"),
         4000 * Decimal("0.66e-6") + 500 * Decimal("1.98e-6")),
        (chat("deepseek-v4-pro", OPENAI, DEEPSEEK, at="2026-10-10T07:00:00Z"),
         4000 * Decimal("0.66e-6") + 500 * Decimal("1.98e-6")),
        (chat("deepseek-v4-pro", OPENAI, DEEPSEEK, at="2026-07-07T07:00:00Z"),
         4000 * Decimal("0.435e-6") + 500 * Decimal("0.87e-6")),
        # Modality.
        (
            chat("gpt-4o-mini-audio-preview", OPENAI | {
                "prompt_tokens_details": {"audio_tokens": 3000},
                "completion_tokens_details": {"audio_tokens": 400}}),
            1000 * Decimal("0.15e-6") + 3000 * Decimal("10e-6")
            + 100 * Decimal("0.6e-6") + 400 * Decimal("20e-6"),
        ),
        (
            gemini("gemini-2.5-flash", {
                "promptTokenCount": 900, "candidatesTokenCount": 10, "cachedContentTokenCount": 300,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 800},
                                        {"modality": "TEXT", "tokenCount": 100}],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 300}]}),
            100 * Decimal("0.3e-6") + 500 * Decimal("1e-6") + 300 * Decimal("0.1e-6")
            + 10 * Decimal("2.5e-6"),
        ),
        # Tier, as Google writes it.
        (
            gemini("gemini-2.5-flash", {"promptTokenCount": 1000, "candidatesTokenCount": 100,
                                        "trafficType": "ON_DEMAND_FLEX"}),
            (1000 * Decimal("0.3e-6") + 100 * Decimal("2.5e-6")) / 2,
        ),
        (
            gemini("gemini-2.5-flash", {"promptTokenCount": 1000, "candidatesTokenCount": 100,
                                        "trafficType": "PROVISIONED_THROUGHPUT"}),
            Decimal(0),
        ),
        # Fees.
        (chat("gpt-4o-search-preview", OPENAI),
         4000 * Decimal("2.5e-6") + 500 * Decimal("10e-6") + Decimal("0.025")),
        # Reasoning beside the output, and within it.
        (chat("grok-4", {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 75,
                         "completion_tokens_details": {"reasoning_tokens": 60}},
              "https://api.x.ai/v1/chat/completions"),
         10 * Decimal("3e-6") + 65 * Decimal("15e-6")),
        (chat("gpt-5", {"prompt_tokens": 10, "completion_tokens": 65, "total_tokens": 75,
                        "completion_tokens_details": {"reasoning_tokens": 60}}),
         10 * Decimal("1.25e-6") + 65 * Decimal("10e-6")),
    ],
)  # fmt: skip
def test_a_call_costs_what_its_provider_bills(cost, found, wanted):
    assert cost(found)[0] == usd(wanted)


def test_a_container_is_billed_once_and_searches_of_files_each(cost):
    output = [
        {"type": "file_search_call", "id": "fs_1"}, {"type": "file_search_call", "id": "fs_2"},
        {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_a"},
        {"type": "code_interpreter_call", "id": "ci_2", "container_id": "cntr_a"},
        {"type": "message", "content": [{"type": "output_text", "text": "done"}]},
    ]  # fmt: skip
    found = {
        "timestamp": "2026-04-07T11:30:00Z", "url": "https://api.openai.com/v1/responses",
        "request": {"model": "gpt-4.1-mini", "input": "search"},
        "response": {
            "id": "resp_00lakelucerne00000001", "object": "response", "status": "completed",
            "model": "gpt-4.1-mini", "output": output,
            "usage": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110},
        },
    }  # fmt: skip
    tokens = 100 * Decimal("0.4e-6") + 10 * Decimal("1.6e-6")
    assert cost(found)[0] == usd(tokens + 2 * Decimal("0.0025") + Decimal("0.03"))


def test_sound_without_a_known_price_is_unpriced(cost):
    usage = OPENAI | {"completion_tokens_details": {"audio_tokens": 100}}
    assert cost(chat("gpt-4.1", usage))[:2] == (None, "unpriced")


OPENROUTER = "https://openrouter.ai/api/v1/chat/completions"


@pytest.mark.parametrize(
    ("found", "billed"),
    [
        (chat("openai/gpt-4.1", OPENAI | {"cost": 0.031, "is_byok": False}, OPENROUTER), "0.031"),
        (
            chat("openai/gpt-4.1", OPENAI | {"cost": 0.0006, "is_byok": True,
                 "cost_details": {"upstream_inference_cost": 0.012}}, OPENROUTER),
            "0.0126",
        ),
        (
            chat("sonar", OPENAI | {"cost": {"total_cost": 0.0125, "request_cost": 0.008}},
                 "https://api.perplexity.ai/chat/completions"),
            "0.0125",
        ),
        (
            chat("grok-4", OPENAI | {"cost_in_usd_ticks": 123_000_000},
                 "https://api.x.ai/v1/chat/completions"),
            "0.0123",
        ),
    ],
)  # fmt: skip
def test_the_providers_bill_counts_before_the_price_book(cost, found, billed):
    amount, basis, warnings = cost(found)
    assert (amount, basis) == (usd(billed), "logged")
    assert any("the bill counts" in warning for warning in warnings)


def test_a_bill_like_the_price_book_is_not_told_of(cost):
    assert cost(chat("openai/gpt-4.1", OPENAI | {"cost": 0.0121, "is_byok": False}, OPENROUTER))[
        1:
    ] == ("logged", [])


def test_a_fee_without_the_upstream_bill_is_no_bill(cost):
    found = chat("openai/gpt-4.1", OPENAI | {"cost": 0.0006, "is_byok": True}, OPENROUTER)
    assert cost(found)[:2] == (usd("0.012"), "price-book")


def test_what_a_proxy_reckons_is_no_bill(cost):
    found = chat("gpt-4.1", OPENAI | {"cost": 0.5}, "https://llm.example.com/v1/chat/completions")
    assert cost(found)[:2] == (usd("0.012"), "price-book")


def test_the_users_own_price_counts_before_the_bill(cost, store):
    cost(chat("openai/gpt-4.1", OPENAI | {"cost": 0.031, "is_byok": False}, OPENROUTER))
    prices = {"openai/gpt-4.1": ModelPrices(input=1, output=1)}
    reprice(store, PricesConfig(models=prices))
    assert store.rows("SELECT cost_usd, cost_basis FROM calls") == [(usd("0.0045"), "override")]


@pytest.mark.parametrize(
    "beside",
    [
        {"response": "Lake Lucerne", "prompt_tokens": 4000, "completion_tokens": 500},
        {"output": "Lake Lucerne", "tokens_in": "4000", "tokens_out": "500"},
        {"answer": "Lake Lucerne", "usage": {"inputTokens": 4000, "outputTokens": 500}},
        {"text": "Lake Lucerne", "usage": json.dumps({"input_tokens": 4000, "output_tokens": 500})},
        {"response": "Lake Lucerne", "usage": {"prompt_tokens": {"$numberInt": "4000"},
                                               "completion_tokens": {"$numberLong": "500"}}},
    ],
)  # fmt: skip
def test_counts_beside_the_prompt_are_taken(cost, store, beside):
    found = {"timestamp": "2026-04-07T11:30:00Z", "model": "gpt-4.1", "prompt": "Which lake?"}
    assert cost(found | beside)[0] == usd("0.012")
    assert store.value("SELECT response_text FROM contents") == "Lake Lucerne"


@pytest.mark.parametrize("place", ["choice", "x_groq"])
def test_the_last_chunk_of_a_stream_has_the_usage_wherever_it_lies(cost, store, place):
    usage = {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45, "cached_tokens": 30}
    choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
    base = {"id": "chatcmpl-LakeLucerne0000001", "object": "chat.completion.chunk", "model": "m-1"}
    first = base | {"choices": [{"index": 0, "delta": {"content": "Lake"}}]}
    last = base | {"choices": [choice | ({"usage": usage} if place == "choice" else {})]}
    last |= {"x_groq": {"usage": usage}} if place == "x_groq" else {}
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in (first, last))
    cost(record("https://llm.example.com/v1/chat/completions", "m-1", body + "data: [DONE]\n\n"))
    assert store.rows(
        "SELECT input_uncached_tokens, cache_read_tokens, output_tokens FROM calls"
    ) == [(10, 30, 5)]


def test_a_time_of_no_known_form_is_told_and_not_replaced_by_the_files(cost, store):
    warnings = cost(chat("gpt-4.1", OPENAI, at="the day before yesterday"))[2]
    assert store.rows("SELECT called_at, time_kind FROM calls") == [(None, "unread")]
    assert "a time of no form that is known" in warnings[0]


def test_a_log_without_times_says_so(cost, store):
    found = chat("gpt-4.1", OPENAI)
    del found["timestamp"]
    warnings = cost(found)[2]
    assert store.value("SELECT time_kind FROM calls") == "file"
    assert "no time in the log" in warnings[0]


LITELLM = "http://litellm.internal:4000/chat/completions"
SONNET = "claude-sonnet-4-5-20250929"
SEARCHED = {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "lake"}}
RAN = {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_lake1"}


def responses(model, output, url="https://api.openai.com/v1/responses", usage=None, **more):
    counts = {"input_tokens": 4000, "output_tokens": 500, "total_tokens": 4500} | (usage or {})
    said = {"type": "message", "content": [{"type": "output_text", "text": "Lake Lucerne"}]}
    body = {
        "id": "resp_0lakelucerne0001",
        "object": "response",
        "status": "completed",
        "model": model,
    }
    return record(url, model, {**body, "output": [*output, said], "usage": counts, **more})


def micro(expression):
    """Work out a sum of products in millionths of a USD."""
    products = ([Decimal(n) for n in part.split("*")] for part in expression.split("+"))
    return usd(sum(math.prod(product) for product in products) / 1_000_000)


def perplexity(model, usage):
    return chat(model, OPENAI | usage, "https://api.perplexity.ai/chat/completions")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # A model that took over made the answer: its iteration is no work besides.
        (claude("claude-opus-4-8", {"input_tokens": 900, "output_tokens": 100, "iterations": [
            {"type": "fallback_message", "model": "claude-opus-4-8", "input_tokens": 900, "output_tokens": 100},
        ]}), "900 * 5 + 100 * 25"),
        # LiteLLM keeps Anthropic's names beside OpenAI's, and tells writes by their life.
        (chat(SONNET, {"prompt_tokens": 9100, "completion_tokens": 10,
                       "cache_read_input_tokens": 8000, "cache_creation_input_tokens": 1000}, LITELLM),
         "100 * 3 + 8000 * 0.3 + 1000 * 3.75 + 10 * 15"),
        (chat(SONNET, {"prompt_tokens": 1100, "completion_tokens": 10, "prompt_tokens_details": {
            "cache_creation_tokens": 1000,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
        }}, LITELLM), "100 * 3 + 400 * 3.75 + 600 * 6 + 10 * 15"),
        # The book of this reseller has no price for an hour.
        (claude("anthropic/claude-sonnet-4.5", {
            "input_tokens": 100, "output_tokens": 10, "cache_creation_input_tokens": 600,
            "cache_creation": {"ephemeral_1h_input_tokens": 600},
        }, "https://openrouter.ai/api/v1/messages"), "100 * 3 + 600 * 6 + 10 * 15"),
        (responses("gpt-4.1", [SEARCHED], tools=[{"type": "web_search_preview"}]),
         "4000 * 2 + 500 * 8 + 25000"),
        (responses("gpt-5", [SEARCHED], tools=[{"type": "web_search_preview"}]),
         "4000 * 1.25 + 500 * 10 + 10000"),
        (responses("gpt-5", [RAN, RAN], tools=[
            {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}}]),
         "4000 * 1.25 + 500 * 10 + 120000"),
        (responses("grok-4-fast-reasoning", [], "https://api.x.ai/v1/responses", {
            "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 1, "mcp_calls": 4}}),
         "4000 * 0.2 + 500 * 0.5 + 15000"),
        (perplexity("sonar", {}), "4500 * 1 + 5000"),
        (perplexity("sonar", {"search_context_size": "high"}), "4500 * 1 + 12000"),
        (perplexity("sonar-pro", {"search_context_size": "medium"}), "4000 * 3 + 500 * 15 + 10000"),
        (perplexity("sonar-deep-research", {
            "citation_tokens": 20000, "reasoning_tokens": 90000, "num_search_queries": 18}),
         "4000 * 2 + 500 * 8 + 20000 * 2 + 90000 * 3 + 18 * 5000"),
        (gemini("gemini-2.5-flash-preview-tts", {
            "promptTokenCount": 10, "candidatesTokenCount": 700,
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 700}]}),
         "10 * 0.5 + 700 * 10"),
    ],
)  # fmt: skip
def test_what_is_billed_in_its_own_way(cost, found, expected):
    assert cost(found)[0] == micro(expected)


def test_a_picture_that_a_tool_made_has_no_known_price(cost):
    assert cost(responses("gpt-5", [{"type": "image_generation_call"}]))[1] == "unpriced"


@pytest.mark.parametrize(
    "beside",
    [
        {"metrics": {"prompt_tokens": 4000, "completion_tokens": 500}},
        {"metrics": {"usage": {"input_tokens": 4000, "output_tokens": 500}}},
        {"response_metadata": {"token_usage": {"prompt_tokens": 4000, "completion_tokens": 500}}},
        {"usage": {"inputTokens": {"total": 4000}, "outputTokens": {"total": 500, "reasoning": 400}}},
        {"prompt_tokens": "4,000", "completion_tokens": "500"},
    ],
)  # fmt: skip
def test_counts_beside_the_bodies(cost, beside):
    found = {"model": "gpt-5", "messages": ASKED, "response": "Lake Lucerne"} | beside
    assert cost(found)[0] == micro("4000 * 1.25 + 500 * 10")


def test_details_of_langchain(cost):
    details = {"cache_read": 3000, "audio": 800}
    usage = {"input_tokens": 4000, "output_tokens": 500, "input_token_details": details}
    found = {"model": "gpt-realtime", "prompt": "Which lake?", "response": "Lake Lucerne",
             "usage_metadata": usage}  # fmt: skip
    assert cost(found)[0] == micro("200 * 4 + 3000 * 0.4 + 800 * 32 + 500 * 16")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai:gpt-5", "4000 * 1.25 + 500 * 10"), ("gpt-4o@2024-08-06", "4000 * 2.5 + 500 * 10"),
        ("openrouter/anthropic/claude-sonnet-4.5", "4000 * 3 + 500 * 15"),
        ("google-gla:gemini-2.5-flash", "4000 * 0.3 + 500 * 2.5"),
    ],
)  # fmt: skip
def test_a_name_with_whatever_stands_before_it(cost, model, expected):
    found = {"model": model, "messages": ASKED, "response": "Lake Lucerne",
             "prompt_tokens": 4000, "completion_tokens": 500}  # fmt: skip
    assert cost(found)[0] == micro(expected)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/lake1",) * 2,
    ],
)  # fmt: skip
def test_the_model_of_an_invocation_by_its_arn(store, tmp_path, model, name):
    said = {"output": {"message": {"role": "assistant", "content": [{"text": "Lake Lucerne"}]}}}
    asked = {"messages": [{"role": "user", "content": [{"text": "Which lake?"}]}]}
    (tmp_path / "log.jsonl").write_text(json.dumps({
        "schemaType": "ModelInvocationLog", "timestamp": "2026-04-07T11:30:00Z", "requestId": "r1",
        "operation": "Converse", "modelId": model, "input": {"inputBodyJson": asked},
        "output": {"outputBodyJson": said | {"usage": {"inputTokens": 4000, "outputTokens": 500}}},
    }))  # fmt: skip
    ingest.run(store, [tmp_path / "log.jsonl"])
    assert store.value("SELECT model FROM calls") == name


def test_a_batch_of_groq_is_told_by_its_answers(store, tmp_path):
    body = chat("openai/gpt-oss-120b", OPENAI, x_groq={"id": "req_1"})["response"]
    line = {"custom_id": "a", "response": {"status_code": 200, "body": body}, "error": None}
    (tmp_path / "out.jsonl").write_text(json.dumps(line))
    ingest.run(store, [tmp_path / "out.jsonl"])
    assert store.rows("SELECT provider, cost_usd FROM calls") == [
        ("groq", micro("4000 * 0.075 + 500 * 0.3"))
    ]


@pytest.mark.parametrize("parts", [{"input_cache_creation": 1000}, {}])
def test_writes_of_langfuse_are_counted_once(store, tmp_path, parts):
    parts = {"input_cache_creation_5m": 400, "input_cache_creation_1h": 600} | parts
    (tmp_path / "log.jsonl").write_text(json.dumps({
        "id": "o1", "traceId": "t1", "type": "GENERATION", "startTime": "2026-04-07T11:30:00Z",
        "model": SONNET, "input": ASKED, "output": "Lake Lucerne",
        "usageDetails": {"input": 100, "output": 10, **parts},
    }))  # fmt: skip
    ingest.run(store, [tmp_path / "log.jsonl"])
    assert store.value("SELECT cost_usd FROM calls") == micro(
        "100 * 3 + 400 * 3.75 + 600 * 6 + 10 * 15"
    )


@pytest.mark.parametrize(
    ("place", "asked", "answer", "expected"),
    [
        ("images/generations", {"model": "gpt-image-1", "prompt": "a lake"},
         {"input_tokens": 50, "output_tokens": 4000, "input_tokens_details": {"text_tokens": 50}},
         "50 * 5 + 4000 * 40"),
        ("images/edits", {"model": "gpt-image-1.5", "prompt": "a lake"},
         {"input_tokens": 900, "output_tokens": 1000, "input_tokens_details": {"image_tokens": 800}},
         "100 * 5 + 800 * 8 + 1000 * 32"),
        ("audio/transcriptions", {"model": "gpt-4o-transcribe", "file": "lake.mp3"},
         {"type": "tokens", "input_tokens": 1000, "output_tokens": 200, "input_token_details": {"audio_tokens": 900}},
         "100 * 2.5 + 900 * 6 + 200 * 10"),
    ],
)  # fmt: skip
def test_pictures_made_and_sound_written_down(cost, place, asked, answer, expected):
    body = {"created": 1775561400, "data": [{"b64_json": "aGVsbG8="}]}
    body = {"text": "The lake."} if "file" in asked else body
    url = f"https://api.openai.com/v1/{place}"
    found = record(url, asked["model"], body | {"usage": answer})
    found["request"] = asked
    assert cost(found)[0] == micro(expected)


DETAILS = {"audio_tokens": 800, "cached_tokens": 0}
PAYLOAD = {
    "id": "chatcmpl-LakeLucerne0000001", "call_type": "acompletion", "model_parameters": {},
    "hidden_params": {}, "startTime": 1775561400.0, "response_cost": 0, "messages": ASKED,
    "custom_llm_provider": "openai", "model": "gpt-audio", "status": "success",
    "prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500,
}  # fmt: skip
RUN = {
    "id": "11112222-3333-4444-5555-666677778888", "run_type": "llm", "name": "ChatOpenAI",
    "start_time": "2026-04-07T11:30:00", "trace_id": "t1", "inputs": {"messages": ASKED},
}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (PAYLOAD | {"response": {"usage": {"prompt_tokens_details": DETAILS}}},
         "200 * 2.5 + 800 * 32 + 500 * 10"),
        (PAYLOAD | {"metadata": {"usage_object": {"prompt_tokens_details": DETAILS}}},
         "200 * 2.5 + 800 * 32 + 500 * 10"),
        (RUN | {"extra": {"metadata": {"ls_model_name": SONNET, "ls_provider": "anthropic"}},
                "outputs": {"content": "Lake Lucerne", "usage_metadata": {
                    "input_tokens": 1100, "output_tokens": 10, "total_tokens": 1110,
                    "input_token_details": {"cache_creation": 0, "ephemeral_5m_input_tokens": 400,
                                            "ephemeral_1h_input_tokens": 600}}}},
         "100 * 3 + 400 * 3.75 + 600 * 6 + 10 * 15"),
    ],
)  # fmt: skip
def test_details_that_gateways_and_traces_keep(cost, found, expected):
    assert cost(found)[0] == micro(expected)
