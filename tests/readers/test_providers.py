"""Whose model it is, with and without a prefix; the price book is asked."""

from __future__ import annotations

import pytest

from auditor.readers import providers


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4.1-nano", "openai"), ("ft:gpt-4.1-mini-2025-04-14:org::x1", "openai"),
        ("text-embedding-3-large", "openai"), ("claude-opus-4-1", "anthropic"),
        ("gemini-3-flash-preview", "google"), ("models/gemini-2.5-pro", "google"),
        ("kimi-k2-thinking", "moonshotai"), ("glm-4.6", "zhipuai"), ("sonar-reasoning", "perplexity"),
        ("grok-4-fast", "x-ai"), ("voyage-3.5", "voyageai"), ("command-r7b-12-2024", "cohere"),
        ("apac.anthropic.claude-sonnet-4-20250514-v1:0", "aws"),
        ("us-gov.anthropic.claude-3-haiku-20240307-v1:0", "aws"), ("amazon.nova-lite-v1:0", "aws"),
        ("cohere.command-r-plus-v1:0", "aws"), ("arn:aws:bedrock:us-east-1::foundation-model/x", "aws"),
        ("bedrock/eu.amazon.nova-pro-v1:0", "aws"), ("azure/gpt-4.1", "azure"),
        ("openrouter/anthropic/claude-opus-4", "openrouter"), ("vertex_ai/claude-opus-4-1", "google"),
        ("gateway/team-7/claude-opus-4-1", "anthropic"), ("groq/qwen3-32b", "groq"),
        ("qwen3-32b", None), ("gemma-3-27b-it", "google"), ("prod-summaries-eu", None), ("", None),
    ],
)  # fmt: skip
def test_the_provider_of_a_model(model, provider):
    assert providers.of_model(model) == provider


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/x", "europe-west4"),
        ("https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/x", None),
        ("https://eu.api.openai.com/v1/chat/completions", "eu"),
        ("https://api.openai.com/v1/chat/completions", None),
    ],
)  # fmt: skip
def test_the_region_of_a_url(url, region):
    assert providers.region_of_url(url) == region
