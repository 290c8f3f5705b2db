"""Every format: a sample in, canonical rows out, which were looked at and kept.

``tests/formats/<format>/sample`` holds records written for this project, or real ones whose texts
and ids were replaced; ``golden.csv`` beside it holds the calls read from them. ``shared.csv`` is
the same of the real samples of the shared data folder, where that is at hand: without their texts,
which are not ours to copy. ``pytest --update-golden`` writes both anew.
"""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pytest

from auditor.ingest import stage as ingest
from auditor.readers.call import TOKEN_COUNTS
from auditor.readers.files import containers, documents
from auditor.readers.registry import FALLBACK, registry
from auditor.store.store import Store

FORMATS = Path(__file__).parents[1] / "formats"
OWN = sorted(folder.name for folder in FORMATS.iterdir() if (folder / "sample").is_dir())
SHARED = sorted(golden.parent.name for golden in FORMATS.glob("*/shared.csv"))
COLUMNS = (
    "reader", "log_id", "provider_response_id", "called_at", "time_kind", "latency_ms", "ttft_ms", "provider", "model",
    "model_requested", "api_shape", "status", "http_status", "finish_reason", "content_state", "usage_state",
    "input_uncached_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens", "service_tier", "needs_vision", "needs_hosted_tools", "masked", "logged_cost_usd", "cost_usd",
    "cost_basis", "conversation_id", "project", "user_id", "api_key_id", "team",
)  # fmt: skip
TEXTS = ("system_text", "messages", "tools", "params", "response_text", "tool_calls")
OUTCOMES = ("records", "calls", "duplicates", "not_calls", "rejects")


def canonical(store, sources, *, texts: bool) -> str:
    """The outcomes of all records in one line, then the calls as CSV in an order of their own."""
    # A time that is the file's depends on when it was copied here.
    order = f"""provider_response_id NULLS LAST, log_id NULLS LAST,
                CASE WHEN time_kind <> 'file' THEN called_at END NULLS LAST, record_no,
                provider, model, {", ".join(TEXTS)}, http_status, output_tokens"""
    shown = [
        f"CASE WHEN time_kind = 'file' THEN NULL ELSE {c} END" if c == "called_at" else c
        for c in COLUMNS
    ]
    out = io.StringIO()
    counted = (f"{sum(row[key] for row in sources)} {key}" for key in OUTCOMES)
    out.write(f"# {', '.join(counted).replace('_', ' ')}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, *(TEXTS if texts else ("messages", "texts"))])
    for row in store.rows(
        f"""SELECT {", ".join(shown)}, json_array_length(messages),
               coalesce(system_text, ''), {", ".join(TEXTS[1:])}
        FROM calls JOIN contents USING (call_id) ORDER BY {order}"""
    ):
        figures, said = row[: len(COLUMNS)], row[len(COLUMNS) + 1 :]
        kept = said if texts else (row[len(COLUMNS)], _fingerprint(said))
        writer.writerow(_plain(v) for v in (*figures, *kept))
    return out.getvalue()


def _fingerprint(said) -> str:
    return hashlib.blake2b(repr(said).encode("utf-8", "replace"), digest_size=6).hexdigest()


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


@pytest.mark.parametrize("name", OWN)
def test_a_sample_is_read_as_it_was_read_before(store, golden, name):
    result = ingest.run(store, [FORMATS / name / "sample"])
    assert store.check() == []
    golden(FORMATS / name / "golden.csv", canonical(store, result.detail["sources"], texts=True))


@pytest.mark.parametrize("name", SHARED)
def test_a_real_sample_is_read_as_it_was_read_before(store, golden, shared_data, name):
    result = ingest.run(store, [shared_data / "formats" / name])
    assert store.check() == []
    golden(FORMATS / name / "shared.csv", canonical(store, result.detail["sources"], texts=False))


def test_every_real_sample_has_a_golden_and_one_of_our_own(shared_data):
    folders = {p.name for p in (shared_data / "formats").iterdir() if p.is_dir()}
    assert folders - set(SHARED) == {"otel-genai-schemas"}  # JSON schemas, no logs
    assert set(SHARED) <= set(OWN)


def records(name):
    with containers.sources([FORMATS / name / "sample"]) as found:
        for source in found:
            yield from (i.record for i in documents.items(source) if isinstance(i.record, dict))


def test_every_reader_has_a_sample():
    readers = {registry().find(record).name for name in OWN for record in records(name)}
    assert readers == {reader.name for reader in registry().readers}


@pytest.mark.parametrize("name", OWN)
def test_the_order_of_the_readers_does_not_matter(name):
    """One reader knows a record. The search by shape knows many more and is asked last."""
    for record in records(name):
        knowing = [reader for reader in registry().readers if reader.matches(record)]
        assert len([reader for reader in knowing if reader is not FALLBACK]) <= 1, record
        assert knowing, record


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
