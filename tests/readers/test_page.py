"""The page of formats is made from the code, and its example is read as it says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from auditor.config import load_config
from auditor.ingest import stage as ingest
from auditor.ingest.stage import IngestSettings

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_the_table_of_the_page_reads_the_log_of_the_page(store, tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    log, table = (
        re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)[1] for kind in ("json", "toml")
    )
    (tmp_path / "auditor.toml").write_text(table)
    (tmp_path / "log.jsonl").write_text(log)
    assert set(tomllib.loads(table)["readers"]) == {"front-desk"}
    readers = load_config(tmp_path / "auditor.toml").readers
    result = ingest.run(store, [tmp_path / "log.jsonl"], IngestSettings(readers=readers))
    (source,) = result.detail["sources"]
    assert (source["calls"], source["not_calls"], source["rejects"]) == (1, 1, 0)
    (call,) = store.dicts(
        """SELECT reader, log_id, provider, model, latency_ms, user_id, input_uncached_tokens,
                  cache_read_tokens, output_tokens, messages ->> '$[0].content' AS asked,
                  response_text, strftime(called_at AT TIME ZONE 'UTC', '%H:%M') AS at
        FROM calls JOIN contents USING (call_id)"""
    )
    assert call == {
        "reader": "front-desk", "log_id": "17", "provider": "anthropic",
        "model": "claude-haiku-4-5", "latency_ms": 820.0, "user_id": "user-7",
        "input_uncached_tokens": 240, "cache_read_tokens": 1000, "output_tokens": 6,
        "asked": "Is the room free on Monday?", "response_text": "Yes, from nine.", "at": "09:30",
    }  # fmt: skip
