"""Who was billed, and where it ran: told by the URL, by the log, by ids, else by the model's name.

Which model is whose is asked of the price book (``genai_prices``), so that a new model is known as
soon as its price is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import Provider

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
    "google_gla": "google",
    "google_vertex": "google",
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
_RESPONSE_IDS = {"msg_bdrk_": "aws", "msg_vrtx_": "google", "gen-": "openrouter"}
"""How ids of answers begin where another than the model's maker gave and bills them."""

_REGION_IN_URL = (
    re.compile(r"aiplatform\.googleapis\.com/.*/locations/([a-z0-9-]+)/"),
    re.compile(r"//([a-z]{2})\.api\.openai\.com"),
)
_ANYWHERE = "global"


@lru_cache(maxsize=4096)
def of_url(url: str) -> str | None:
    """Return the provider a URL belongs to."""
    host, _, path = url.partition("://")[2 if "://" in url else 0].lower().partition("/")
    if host == _CLOUDFLARE and path.count("/") >= _SEGMENTS:
        return _NAMES.get(path.split("/")[_SEGMENTS])
    known = next((provider for mark, provider in _HOSTS if mark in host), None)
    if known is None and "://" in url:
        known = next((p.id for p in _book().providers if re.match(p.api_pattern, url)), None)
    return known


@lru_cache(maxsize=4096)
def region_of_url(url: str) -> str | None:
    """Return the region that a URL binds the call to; None: none, or anywhere."""
    found = next((hit for pattern in _REGION_IN_URL if (hit := pattern.search(url.lower()))), None)
    return found.group(1) if found and found.group(1) != _ANYWHERE else None


def of_response_id(response_id: str | None) -> str | None:
    """Return the provider that a response id names by its beginning."""
    if response_id is None:
        return None
    return next((p for start, p in _RESPONSE_IDS.items() if response_id.startswith(start)), None)


@lru_cache(maxsize=4096)
def of_name(name: str) -> str:
    """Return our spelling of a provider's name; ``openai.chat`` and ``OPENAI`` are openai."""
    lowered = name.strip().lower()
    first = re.split(r"[./ ]", lowered)[0] if lowered not in _NAMES else lowered
    return _NAMES.get(first, first) or lowered


@lru_cache(maxsize=4096)
def of_model(model: str) -> str | None:
    """Tell the provider by the name of a model, whatever a gateway put before it.

    A prefix that is a provider's name decides. Else it is the maker whose model the book knows,
    then Bedrock for names with a vendor in them (``us.anthropic.claude...``), then a maker whose
    models are called so though the book has not this one, then whoever alone has a model of just
    this name. None where several sell it: the same open model costs something else everywhere.
    """
    lowered = model.strip().lower()
    if lowered.startswith("arn:aws"):
        return "aws"
    for prefix in re.split("[/:]", lowered)[:-1]:
        if (known := _of_prefix(prefix)) is not None:
            return known
    name = _bare(lowered)
    if name.startswith("databricks-"):  # its own names of models that others made
        return "databricks"
    named = [p for p in _makers() if p.model_match and p.model_match.is_match(name)]
    return (
        next((p.id for p in named if _has(p, name)), None)
        or ("aws" if _is_bedrock(name) else None)
        or next((p.id for p in _makers() if _has(p, name)), None)
        or next((p.id for p in named), None)
        or _only_seller(name)
    )


def _of_prefix(prefix: str) -> str | None:
    known = _NAMES.get(prefix) or _NAMES.get(prefix.replace("-", "_"))
    return known or next((p.id for p in _book().providers if p.id == prefix), None)


def _bare(name: str) -> str:
    """Return a model's name without its place, and of a fine-tuned model that of its base."""
    last = name.rpartition("/")[2]
    return last.split(":")[1] if last.startswith("ft:") and ":" in last[3:] + ":" else last


_BEDROCK = re.compile(r"(?:[a-z-]+\.)?[a-z0-9]+\.[a-z][a-z0-9.-]*(?:-v\d+(?::\d+)?|:\d+)")
"""Source: Amazon Bedrock, model ids: ``vendor.model-v1:0``, before it the place of a profile."""


def _is_bedrock(name: str) -> bool:
    bedrock = next(p for p in _book().providers if p.id == "aws")
    return _BEDROCK.fullmatch(name) is not None or ("." in name and _has(bedrock, name))


@lru_cache(maxsize=1)
def _makers() -> tuple[Provider, ...]:
    """Return the providers whose models are known by their names: those who made them."""
    return tuple(p for p in _book().providers if p.model_match is not None)


def _only_seller(name: str) -> str | None:
    """Return the maker that resellers name before a model of this name, else its only seller."""
    makers, sellers = _sellers().get(name, (frozenset(), frozenset()))
    for group in (makers, sellers):
        if len(group) == 1:
            return next(iter(group))
    return None


@lru_cache(maxsize=1)
def _sellers() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return by the name of a model who made it and who sells it.

    Resellers name the maker before a slash (``perplexity/sonar``); one that the book does not know
    counts as one more seller.
    """
    providers = _book().providers
    ids = {provider.id for provider in providers}
    makers: defaultdict[str, set[str]] = defaultdict(set)
    sellers: defaultdict[str, set[str]] = defaultdict(set)
    for provider in providers:
        resells = sum("/" in model.id for model in provider.models) > len(provider.models) / 2
        for model in provider.models:
            maker, _, name = model.id.lower().rpartition("/")
            if maker in ids:
                makers[name].add(maker)
            sellers[name].add(maker if resells else provider.id)
    return {
        name: (frozenset(makers[name]), frozenset(found & ids if len(found) == 1 else found))
        for name, found in sellers.items()
    }


def _has(provider: Provider, name: str) -> bool:
    return provider.find_model(name, all_providers=_book().providers) is not None


def _book() -> DataSnapshot:
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()
