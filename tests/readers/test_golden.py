"""Every sample of every format, against canonical rows that were looked at and kept.

Figures, states and ids are in tests/golden/ingest/<folder>.csv; of texts only a hash, for the
samples are not ours to copy. AUDITOR_UPDATE_GOLDEN=1 writes the files anew.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from pathlib import Path

import pytest

from auditor.ingest import stage as ingest
from auditor.readers.call import TOKEN_COUNTS
from auditor.store.store import Store

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest"
COLUMNS = (
    "reader", "log_id", "provider_response_id", "called_at", "time_kind", "latency_ms", "ttft_ms", "provider", "model",
    "model_requested", "api_shape", "status", "http_status", "finish_reason", "content_state", "usage_state",
    "input_uncached_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens", "service_tier", "needs_vision", "needs_hosted_tools", "masked", "logged_cost_usd", "cost_usd",
    "cost_basis", "conversation_id", "project", "user_id", "api_key_id", "team",
)  # fmt: skip
# folder: records, calls, duplicates, not calls, rejects
LEDGERS = {
    "anthropic-batch": (52, 27, 0, 25, 0),
    "anthropic-console-csv": (3, 0, 0, 3, 0),
    "anthropic-nock-json": (4, 4, 0, 0, 0),
    "azure-apim-gateway": (1, 1, 0, 0, 0),
    "azure-openai-diagnostics": (2, 1, 0, 1, 0),
    "bedrock-invocation-log": (19, 19, 0, 0, 0),
    "claude-code": (58, 8, 0, 46, 4),  # the fixture holds four lines that are no records
    "codex-cli": (3, 2, 0, 1, 0),
    "generic-proxy-jsonl": (253, 245, 6, 2, 0),
    "har": (30, 30, 0, 0, 0),
    "helicone-export": (81, 80, 0, 1, 0),
    "langfuse-blob-export": (88, 22, 0, 66, 0),
    "langfuse-trace-json": (154, 26, 13, 115, 0),
    "langsmith-runs": (4, 2, 0, 2, 0),
    "litellm-gcs-pubsub": (1, 1, 0, 0, 0),
    "litellm-s3": (90, 90, 0, 0, 0),
    "litellm-spendlogs": (179, 89, 89, 1, 0),
    "llm-logsdb": (40, 40, 0, 0, 0),
    "llm-logsdb-pre0.32": (40, 40, 0, 0, 0),
    "openai-batch": (50, 25, 0, 25, 0),
    "openai-usage-csv": (5, 0, 0, 5, 0),
    "openrouter-activity-csv": (1, 0, 0, 1, 0),
    "otel-genai-span-fixtures": (3, 2, 0, 1, 0),
    "otlp-genai-legacy-events": (97, 18, 0, 79, 0),
    "otlp-genai-legacy-nocontent": (97, 18, 0, 79, 0),
    "otlp-openinference": (108, 52, 2, 54, 0),
    "otlp-openllmetry": (108, 52, 2, 54, 0),
    "otlp-openllmetry-0.40": (90, 34, 2, 54, 0),
    "vcr": (306, 279, 10, 17, 0),
    "vercel-ai-sdk-spans": (25, 5, 10, 10, 0),
    "vertex-request-response": (1, 1, 0, 0, 0),
}


def canonical(store) -> str:
    """The calls as CSV, one line each, in an order that does not depend on paths."""
    texts = "coalesce(system_text, ''), messages, tools, params, response_text, tool_calls"
    order = "provider_response_id NULLS LAST, log_id NULLS LAST, called_at, record_no"
    # A time that is the file's depends on when it was copied here.
    shown = [
        f"CASE WHEN time_kind = 'file' THEN NULL ELSE {c} END" if c == "called_at" else c
        for c in COLUMNS
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, "messages", "texts"])
    for row in store.rows(
        f"""SELECT {", ".join(shown)}, json_array_length(messages), {texts}
        FROM calls JOIN contents USING (call_id) ORDER BY {order}"""
    ):
        figures, said = row[: len(COLUMNS) + 1], row[len(COLUMNS) + 1 :]
        fingerprint = hashlib.blake2b(
            repr(said).encode("utf-8", "replace"), digest_size=6
        ).hexdigest()
        writer.writerow([*(_plain(v) for v in figures), fingerprint])
    return out.getvalue()


def _plain(value):
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return (
        ""
        if value is None or value is False
        else format(value, "f")
        if hasattr(value, "quantize")
        else value
    )


@pytest.mark.parametrize("folder", sorted(LEDGERS))
def test_sample(store, shared_data, folder):
    result = ingest.run(store, [shared_data / "formats" / folder])
    keys = ("records", "calls", "duplicates", "not_calls", "rejects")
    assert tuple(sum(row[k] for row in result.detail["sources"]) for k in keys) == LEDGERS[folder]
    assert store.check() == []
    found = canonical(store)
    golden = GOLDEN / f"{folder}.csv"
    if os.environ.get("AUDITOR_UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found.splitlines() == golden.read_text(encoding="utf-8").splitlines()


def test_there_is_no_other_sample(shared_data):
    folders = {p.name for p in (shared_data / "formats").iterdir() if p.is_dir()}
    assert folders - set(LEDGERS) == {"otel-genai-schemas"}  # JSON schemas, no logs


# What is estimated depends on the other calls of the log: here it counts as not told.
_TOLD = ", ".join(
    f"CASE WHEN usage_state <> 'estimated' THEN {name} END" for name in TOKEN_COUNTS[:-1]
)
FIGURES = f"SELECT provider_response_id, {_TOLD} FROM calls WHERE provider_response_id IS NOT NULL"


@pytest.fixture(scope="module")
def recorded(shared_data):
    with Store.open() as store:
        ingest.run(
            store,
            [shared_data / "formats" / "vcr", shared_data / "formats" / "generic-proxy-jsonl"],
        )
        return {row[0]: row[1:] for row in store.rows(FIGURES)}


@pytest.mark.parametrize(
    ("folder", "common", "differ"),
    [
        ("har", 29, 0),
        ("litellm-s3", 81, 0),
        ("litellm-spendlogs", 81, 0),
        ("otlp-openinference", 52, 0),
        ("otlp-openllmetry", 52, 9),  # adds Anthropic's provisional output to the final one
        ("otlp-openllmetry-0.40", 34, 10),  # streams without token counts
        ("otlp-genai-legacy-events", 18, 3),  # no attribute for cached tokens
        ("openai-batch", 24, 0),
        ("anthropic-batch", 24, 0),
        ("helicone-export", 38, 0),
        ("llm-logsdb", 40, 0),
        ("llm-logsdb-pre0.32", 40, 0),
        ("bedrock-invocation-log", 5, 0),
    ],
)
def test_the_same_calls_have_the_same_figures_in_every_format(
    store, shared_data, recorded, folder, common, differ
):
    ingest.run(store, [shared_data / "formats" / folder])
    found = {row[0]: row[1:] for row in store.rows(FIGURES) if row[0] in recorded}
    assert len(found) == common
    assert sum(recorded[key] != figures for key, figures in found.items()) == differ


def test_one_call_through_many_sources_is_one_call(store, shared_data):
    folders = [
        "generic-proxy-jsonl",
        "litellm-s3",
        "litellm-spendlogs",
        "otlp-openinference",
        "otlp-openllmetry",
    ]
    ingest.run(store, [shared_data / "formats" / folder for folder in folders])
    assert store.check() == []
    ids = store.rows(
        "SELECT count(*), count(DISTINCT provider_response_id) FROM calls WHERE provider_response_id IS NOT NULL"
    )
    assert ids[0][0] == ids[0][1]
