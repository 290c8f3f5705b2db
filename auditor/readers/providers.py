"""Who was billed: told by the URL, by the log, else by the model's name."""

from __future__ import annotations

import re
from functools import lru_cache

_HOSTS = (
    ("openrouter.ai", "openrouter"),
    ("openai.azure.com", "azure"),
    (".cognitiveservices.azure.com", "azure"),
    ("api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"),
    ("bedrock", "aws"),
    ("runtime.sagemaker", "aws"),
    ("databricks.", "databricks"),
    ("aiplatform.googleapis.com", "google"),
    ("generativelanguage.googleapis.com", "google"),
    ("api.groq.com", "groq"),
    ("api.mistral.ai", "mistral"),
    ("api.deepseek.com", "deepseek"),
    ("api.together.xyz", "together"),
    ("api.fireworks.ai", "fireworks"),
    ("api.x.ai", "x-ai"),
    ("api.perplexity.ai", "perplexity"),
    ("api.cohere", "cohere"),
    ("api.cerebras.ai", "cerebras"),
    ("api.moonshot", "moonshotai"),
)
_CLOUDFLARE, _SEGMENTS = "gateway.ai.cloudflare.com", 3
"""Cloudflare's AI Gateway names the provider: v1/ACCOUNT/GATEWAY/PROVIDER/..."""
_NAMES = {
    "openai": "openai",
    "azure": "azure",
    "azure_ai": "azure",
    "azure-openai": "azure",
    "azure.ai.openai": "azure",
    "az.ai.openai": "azure",
    "anthropic": "anthropic",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "aws.bedrock": "aws",
    "aws_bedrock": "aws",
    "amazon-bedrock": "aws",
    "aws": "aws",
    "vertex_ai": "google",
    "vertexai": "google",
    "gcp.vertex_ai": "google",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp": "google",
    "gemini": "google",
    "google": "google",
    "google-vertex-ai": "google",
    "google-ai-studio": "google",
    "google_genai": "google",
    "google_vertexai": "google",
    "mistralai": "mistral",
    "mistral_ai": "mistral",
    "mistral": "mistral",
    "xai": "x-ai",
    "x_ai": "x-ai",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "deepseek": "deepseek",
    "groq": "groq",
    "cohere": "cohere",
    "perplexity": "perplexity",
    "perplexity-ai": "perplexity",
    "openrouter": "openrouter",
}
_MODELS = (
    (re.compile(r"(us|eu|apac|au|jp|global)\.(anthropic|amazon|meta|mistral|cohere)\."), "aws"),
    (re.compile(r"(anthropic|amazon|meta|mistral|cohere|ai21)\.[a-z]"), "aws"),
    (re.compile(r"arn:aws"), "aws"),
    (re.compile(r"claude"), "anthropic"),
    (
        re.compile(
            r"(gpt-|chatgpt|o[1345](-|$)|text-(davinci|embedding|curie|babbage|ada)|davinci|babbage|ft:(gpt|davinci|babbage)|codex|omni-moderation|computer-use)"
        ),
        "openai",
    ),
    (re.compile(r"(models/)?(gemini|gemma|text-bison|chat-bison)"), "google"),
    (re.compile(r"(mistral|mixtral|codestral|ministral|pixtral|magistral|devstral)"), "mistral"),
    (re.compile(r"deepseek"), "deepseek"),
    (re.compile(r"grok"), "x-ai"),
    (re.compile(r"command-"), "cohere"),
    (re.compile(r"sonar"), "perplexity"),
)


@lru_cache(maxsize=4096)
def of_url(url: str) -> str | None:
    """Return the provider a URL belongs to."""
    host, _, path = url.partition("://")[2 if "://" in url else 0].lower().partition("/")
    if host == _CLOUDFLARE and path.count("/") >= _SEGMENTS:
        return _NAMES.get(path.split("/")[_SEGMENTS])
    return next((provider for mark, provider in _HOSTS if mark in host), None)


@lru_cache(maxsize=4096)
def of_name(name: str) -> str:
    """Return our spelling of a provider's name; ``openai.chat`` and ``OPENAI`` are openai."""
    lowered = name.strip().lower()
    first = re.split(r"[./ ]", lowered)[0] if lowered not in _NAMES else lowered
    return _NAMES.get(first, first) or lowered


@lru_cache(maxsize=4096)
def of_model(model: str) -> str | None:
    """Guess the provider by the name of a model, with or without a ``provider/`` prefix."""
    lowered = model.lower()
    prefix, slash, rest = lowered.partition("/")
    if slash and prefix in _NAMES:
        return _NAMES[prefix]
    name = rest if slash and prefix != "models" else lowered
    return next((provider for pattern, provider in _MODELS if pattern.match(name)), None)
