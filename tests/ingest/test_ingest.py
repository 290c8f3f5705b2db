"""Ingest: the ledger, identity, growth, kills, masks."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest

from auditor.errors import LogError
from auditor.ingest import ledger as ledger_of_sources
from auditor.ingest import reading
from auditor.ingest import stage as ingest
from auditor.ingest.repricing import reprice
from auditor.ingest.stage import IngestSettings
from auditor.pricing.price_book import ModelPrices, PricesConfig
from auditor.readers.files import containers, folding, json_records
from auditor.store.store import Store

SECRET = "AKIAQ3EGRXKZ7PLM2VWN"


def pair(n: int, **changes) -> dict:
    return {
        "id": f"log_{n}",
        "timestamp": f"2026-10-{n % 28 + 1:02d}T10:00:00Z",
        "request": {
            "model": "gpt-4o-2024-08-06",
            "messages": [
                {"role": "system", "content": "Answer in one word."},
                {"role": "user", "content": f"Question {n}?"},
            ],
            "temperature": 0,
        },
        "response": {
            "id": f"chatcmpl-{n:06d}",
            "object": "chat.completion",
            "model": "gpt-4o-2024-08-06",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": f"Answer {n}"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 100,
                "prompt_tokens_details": {"cached_tokens": 400},
            },
        },
        "status": 200,
        "latency_ms": 900,
    } | changes


def write(path, records, *, end="\n"):
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in records]
    path.write_bytes(b"\n".join(lines) + end.encode())
    return path


def snapshot(store: Store):
    """Everything ingest wrote, but the moment it wrote it."""
    return {
        table: store.rows(f"SELECT * FROM {table} ORDER BY ALL")
        for table in ("calls", "contents", "records", "rejects", "call_sensitivity")
    } | {"sources": store.rows("SELECT * EXCLUDE ingested_at FROM sources ORDER BY ALL")}


def ledger(result, n=0):
    row = result.detail["sources"][n]
    return tuple(row[k] for k in ("records", "calls", "duplicates", "not_calls", "rejects"))


def test_every_line_is_accounted_for(store, tmp_path):
    log = write(
        tmp_path / "log.jsonl",
        [
            pair(1),
            b"",
            b'{"half": ',
            pair(1),
            b"\xff\xfe\x00",
            pair(2),
            b"[1]",
            b'{"some": "thing"}',
        ],
    )
    result = ingest.run(store, [log])
    assert ledger(result) == (8, 2, 1, 1, 4)
    assert store.rows("SELECT line_no, reason FROM rejects ORDER BY line_no") == [
        (3, "bad-json"),
        (5, "not-utf8"),
        (7, "not-an-object"),
        (8, "unknown-format"),
    ]
    raw = log.read_bytes()
    for line_no, offset in store.rows("SELECT line_no, byte_offset FROM rejects"):
        assert raw[:offset].count(b"\n") == line_no - 1
    assert store.check() == []


def test_cost_of_cached_tokens(store, tmp_path):
    result = ingest.run(store, [write(tmp_path / "log.jsonl", [pair(1)])])
    # gpt-4o-2024-08-06: $2.50 in, $1.25 cached, $10 out per million: 600*2.5 + 400*1.25 + 100*10
    assert result.detail["sources"][0]["spend_usd"] == Decimal("0.003")


def test_reading_again_adds_nothing(store, tmp_path):
    log = write(tmp_path / "log.jsonl", [pair(n) for n in range(20)])
    ingest.run(store, [log])
    before = snapshot(store)
    again = ingest.run(store, [log])
    assert again.skipped
    assert snapshot(store) == before


def test_a_copy_is_all_duplicates(store, tmp_path):
    records = [pair(n) for n in range(5)]
    ingest.run(store, [write(tmp_path / "a.jsonl", records)])
    result = ingest.run(store, [write(tmp_path / "b.jsonl", records)])
    assert ledger(result) == (5, 0, 5, 0, 0)
    assert result.detail["sources"][0]["reader"] == "pair"


@pytest.mark.parametrize("cut", [0, 1, 700, 2000])
def test_a_grown_file_is_read_on(tmp_path, cut):
    records = [pair(n) for n in range(12)]
    whole = b"\n".join(json.dumps(r).encode() for r in records) + b"\n"
    log = tmp_path / "log.jsonl"
    with Store.open() as grown, Store.open() as fresh:
        log.write_bytes(whole[:cut])
        ingest.run(grown, [log])
        log.write_bytes(whole)
        result = ingest.run(grown, [log])
        ingest.run(fresh, [log])
        # The id of the source is of its head when it was first seen; the rest must agree.
        for table in ("calls", "records"):
            query = f"SELECT * EXCLUDE source_id FROM {table} ORDER BY ALL"
            assert grown.rows(query) == fresh.rows(query)
        assert grown.check() == []
        assert ledger(result) == (12, 12, 0, 0, 0)


def test_only_new_bytes_of_a_grown_file_are_read(store, tmp_path, monkeypatch):
    log = write(tmp_path / "log.jsonl", [pair(n) for n in range(30)])
    ingest.run(store, [log])
    size = log.stat().st_size
    with log.open("ab") as file:
        file.write(json.dumps(pair(31)).encode() + b"\n")
    starts = []
    pieces = containers.pieces
    monkeypatch.setattr(
        containers, "pieces", lambda s, start: starts.append(start) or pieces(s, start)
    )
    assert ledger(ingest.run(store, [log])) == (31, 31, 0, 0, 0)
    assert starts == [size]


def test_a_rewritten_file_is_noticed(store, tmp_path):
    log = write(tmp_path / "log.jsonl", [pair(n) for n in range(30)])
    ingest.run(store, [log])
    write(log, [pair(n) for n in range(20)] + [pair(n) for n in range(100, 110)] + [pair(7)])
    result = ingest.run(store, [log])
    assert "rewritten" in result.warnings[0]
    assert ledger(result) == (31, 30, 1, 0, 0)
    assert store.check() == []


def test_a_rotated_file_is_a_new_source(store, tmp_path):
    log = write(tmp_path / "log.jsonl", [pair(n) for n in range(30)])
    ingest.run(store, [log])
    write(log, [pair(n) for n in range(50, 60)])
    assert ledger(ingest.run(store, [log])) == (10, 10, 0, 0, 0)
    assert store.value("SELECT count(*) FROM calls") == 40


@pytest.mark.parametrize("packed", [False, True])
def test_killed_in_the_middle(tmp_path, monkeypatch, packed):
    raw = b"\n".join(json.dumps(pair(n % 150)).encode() for n in range(200)) + b"\n{broken\n"
    log = tmp_path / "log.jsonl"
    log.write_bytes(gzip.compress(raw) if packed else raw)
    monkeypatch.setattr(containers, "PIECE_BYTES", 10_000)
    monkeypatch.setattr(json_records, "PIECE_BYTES", 10_000)
    monkeypatch.setattr(folding, "BATCH_RECORDS", 30)
    monkeypatch.setattr(reading, "BATCH_CALLS", 30)
    with Store.open() as whole:
        ingest.run(whole, [log])
        expected = snapshot(whole)
    with Store.open() as killed:
        write_batch, written = ledger_of_sources.write, []

        def three(*args, **kwargs):
            if len(written) == 3:
                raise KeyboardInterrupt
            written.append(write_batch(*args, **kwargs))

        with monkeypatch.context() as patch:
            patch.setattr(ledger_of_sources, "write", three)
            with pytest.raises(KeyboardInterrupt):
                ingest.run(killed, [log])
        assert 0 < killed.value("SELECT count(*) FROM calls") < 150
        ingest.run(killed, [log])
        assert snapshot(killed) == expected


def test_secrets_are_masked_in_prompt_and_answer(store, tmp_path):
    record = pair(1)
    record["request"]["messages"][1]["content"] = f"Is {SECRET} mine, or bob@example.com's?"
    record["response"]["choices"][0]["message"]["content"] = f"{SECRET} is Bob's"
    log = write(tmp_path / "log.jsonl", [record, b'{"key": "' + SECRET.encode() + b'", '])
    ingest.run(store, [log])
    texts = str(store.rows("SELECT * FROM contents") + store.rows("SELECT * FROM rejects"))
    assert SECRET not in texts
    assert texts.count("[SECRET:aws-access-key]") == 3
    assert "bob@example.com" in texts
    assert store.value("SELECT masked FROM calls") == 2
    assert store.rows("SELECT rule_id, class, n FROM call_sensitivity ORDER BY rule_id") == [
        ("aws-access-key", "secret", 2),
        ("email", "contact", 1),
    ]


@pytest.mark.parametrize("value", ["Tr0ub4dor&3xyz", "wJa1rXUtnFEMI/K7MDENG/bPxRfiCYzEX4MPLEK3"])
@pytest.mark.parametrize(
    "before", ['password:\n  "', 'aws\nsecret_key =\r\n\t"', '"api_key"\n:\n"']
)
def test_a_secret_behind_a_line_break_is_masked_too(store, tmp_path, before, value):
    record = pair(1)
    text = f' {before}{value}"'
    record["request"]["messages"][0]["content"] += text
    record["request"]["messages"][1]["content"] += text
    record["response"]["choices"][0]["message"]["content"] += text
    ingest.run(store, [write(tmp_path / "log.jsonl", [record])])
    assert value not in str(store.rows("SELECT * FROM contents"))
    assert store.value("SELECT masked FROM calls") == 3


@pytest.mark.parametrize("place", [
    "id", "user", "project", "session_id", "trace_id", "api_key_id", "team", "request.user",
    "metadata.api_key_alias", "metadata.user_id", "tags.thread_id", "request.metadata.user_id",
])  # fmt: skip
def test_a_key_among_the_labels_is_masked_and_still_tells_calls_apart(store, tmp_path, place):
    keys = [f"sk-proj-aB3dE5gH7jK9mN1pQ3sT5v{n}" for n in (1, 2)]
    records = []
    for n, key in enumerate([*keys, keys[0]]):
        records.append(inner := pair(n))
        *path, last = place.split(".")
        for name in path:
            inner = inner.setdefault(name, {})
        inner[last] = key
    ingest.run(store, [write(tmp_path / "log.jsonl", records)])
    tables = [name for (name,) in store.rows("SELECT table_name FROM duckdb_tables()")]
    assert not [key for key in keys if key in str([store.rows(f"FROM {t}") for t in tables])]
    column = {"id": "log_id", "project": "project", "trace_id": "trace_id", "team": "team"}.get(
        place, "user_id" if "user" in place else "api_key_id"
    )
    if place in ("session_id", "tags.thread_id"):
        column = "conversation_id"
    found = [value for (value,) in store.rows(f"SELECT {column} FROM calls ORDER BY record_no")]
    assert found[0] == found[2] != found[1]
    assert all(value.startswith("[SECRET:openai-key]") for value in found)
    assert store.value("SELECT min(masked) FROM calls") >= 1


def test_whom_a_call_was_for_is_no_secret(store, tmp_path):
    record = pair(1, user="bob@example.com")
    ingest.run(store, [write(tmp_path / "log.jsonl", [record])], IngestSettings(redact=True))
    assert store.rows("SELECT user_id, masked FROM calls") == [("bob@example.com", 0)]


def test_redact_masks_personal_data_too(store, tmp_path):
    record = pair(1)
    record["request"]["messages"][1]["content"] = (
        "bob@example.com, eve@example.com, bob@example.com"
    )
    ingest.run(store, [write(tmp_path / "log.jsonl", [record])], IngestSettings(redact=True))
    messages = json.loads(store.value("SELECT messages FROM contents"))
    assert messages[0]["content"] == "[CONTACT:email], [CONTACT:email:2], [CONTACT:email]"


def test_masks_do_not_change_identity(tmp_path):
    record = pair(1)
    record["request"]["messages"][1]["content"] = "bob@example.com"
    log = write(tmp_path / "log.jsonl", [record])
    found = []
    for redact in (False, True):
        with Store.open() as store:
            ingest.run(store, [log], IngestSettings(redact=redact))
            found.append(store.rows("SELECT call_id, request_hash FROM calls"))
    assert found[0] == found[1]


def test_failed_calls_cost_nothing_unless_they_say_so(store, tmp_path):
    failed = {"error": {"type": "server_error", "message": "overloaded"}}
    usage = pair(2)["response"]["usage"]
    log = write(
        tmp_path / "log.jsonl",
        [
            pair(1, response=failed, status=500),
            pair(2, response=failed | {"usage": usage, "choices": []}, status=500),
        ],
    )
    ingest.run(store, [log])
    assert store.rows("SELECT status, cost_usd, cost_basis FROM calls ORDER BY record_no") == [
        ("error", Decimal(0), "free"),
        ("error", Decimal("0.003"), "price-book"),
    ]


def test_unknown_and_zero_priced_models_are_unpriced_until_told(store, tmp_path):
    record = pair(1)
    record["request"]["model"] = record["response"]["model"] = "our-own-model"
    log = write(tmp_path / "log.jsonl", [record])
    ingest.run(store, [log])
    assert store.rows("SELECT cost_usd, cost_basis FROM calls") == [(None, "unpriced")]
    own = PricesConfig(models={"our-own-model": ModelPrices(input=Decimal(1), output=Decimal(2))})
    assert reprice(store, own) == 1
    # 1000 in (400 of them cached, at the input price) and 100 out: 1000*1 + 100*2 per million
    assert store.rows("SELECT cost_usd, cost_basis FROM calls") == [(Decimal("0.0012"), "override")]
    assert reprice(store, PricesConfig()) == 1
    assert store.rows("SELECT cost_usd, cost_basis FROM calls") == [(None, "unpriced")]


def test_missing_path_is_one_clear_line(store, tmp_path):
    with pytest.raises(LogError, match="no such file"):
        ingest.run(store, [tmp_path / "nothing.jsonl"])


@pytest.mark.parametrize(
    ("name", "records"),
    [("saas-support.openai", 3029), ("dev-tools.anthropic", 3023), ("open-chat.openai", 3025)],
)
def test_real_workloads(store, shared_data, name, records):
    from genai_prices import Usage, calc_price

    result = ingest.run(store, [shared_data / "workloads" / f"{name}.jsonl"])
    assert ledger(result) == (records, records, 0, 0, 0)
    truth = {
        json.loads(line)["id"]
        for line in (shared_data / "workloads" / f"{name}.truth.jsonl").read_bytes().splitlines()
    }
    assert {row[0] for row in store.rows("SELECT log_id FROM calls")} == truth
    total = Decimal(0)
    for provider, model, at, fresh, read, write_, out in store.rows(
        """SELECT provider, model, called_at, input_uncached_tokens, cache_read_tokens, cache_write_5m_tokens, output_tokens
        FROM calls WHERE usage_state = 'provider'"""
    ):
        usage = Usage(
            input_tokens=fresh + read + write_,
            cache_read_tokens=read,
            cache_write_tokens=write_,
            output_tokens=out,
        )
        total += calc_price(
            usage, model, provider_id=provider, genai_request_timestamp=at
        ).total_price
    assert abs(total - store.value("SELECT sum(cost_usd) FROM calls")) < Decimal("1e-6")


def placed(store):
    """Every call and every record with its place, but for the file's own."""
    return store.rows(
        """SELECT call_id, record_no, line_no, masked, cost_usd, messages::VARCHAR, response_text
        FROM calls JOIN contents USING (call_id) ORDER BY record_no"""
    ), store.rows(
        "SELECT record_no, byte_offset, outcome, call_id, reason, line_no FROM records "
        "LEFT JOIN rejects USING (source_id, record_no, byte_offset) ORDER BY record_no"
    )


def packed(path, raw):
    import pyarrow as pa

    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(raw))
    else:
        path.write_bytes(pa.compress(raw, codec="zstd", asbytes=True))
    return path


MIXED = [
    pair(1), b"", pair(2), b'{"request": ', b"\xff\xfe", pair(3, extra=1), {"nothing": "known"},
    pair(4) | {"request": {"model": "gpt-4o", "messages": [{"role": "user", "content": SECRET}]}},
    *(pair(n) for n in range(5, 40)),
]  # fmt: skip


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("block", [300, 5_000, 1 << 22])
@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_lines_come_out_as_plain_ones(tmp_path, monkeypatch, suffix, block, end):
    plain = write(tmp_path / "log.jsonl", MIXED, end=end)
    same = packed(tmp_path / f"log.jsonl{suffix}", plain.read_bytes())
    with Store.open() as store, Store.open() as other:
        ingest.run(store, [plain])
        monkeypatch.setattr(json_records, "PIECE_BYTES", block)
        ingest.run(other, [same])
        assert placed(other) == placed(store)
        assert len(placed(store)[0]) == 39


def test_a_packed_line_longer_than_any_record_costs_itself_only(tmp_path, monkeypatch):
    monkeypatch.setattr(json_records, "PIECE_BYTES", 2_000)
    monkeypatch.setattr(json_records, "MAX_RECORD", 5_000)
    long = pair(2)
    long["request"]["messages"][1]["content"] = "x" * 20_000
    for records in ([pair(1), long, pair(3), pair(4)], [pair(1), pair(3), pair(4), long]):
        log = tmp_path / "log.jsonl"
        same = packed(tmp_path / "log.jsonl.gz", write(log, records).read_bytes())
        with Store.open() as store:
            result = ingest.run(store, [same])
            assert ledger(result) == (4, 3, 0, 0, 1)
            offset, line_no, reason = store.rows(
                "SELECT byte_offset, line_no, reason FROM rejects"
            )[0]
            assert reason == "too-long"
            assert line_no == records.index(long) + 1
            assert log.read_bytes()[offset:].startswith(b'{"id": "log_2"')
            where = dict(store.rows("SELECT log_id, line_no FROM calls"))
            assert where == {r["id"]: n for n, r in enumerate(records, 1) if r is not long}


def test_a_packed_file_that_is_cut_off_gives_what_is_whole(tmp_path):
    raw = write(tmp_path / "log.jsonl", [pair(n) for n in range(400)]).read_bytes()
    cut = tmp_path / "log.jsonl.gz"
    cut.write_bytes(gzip.compress(raw)[:-2_000])
    with Store.open() as store:
        result = ingest.run(store, [cut])
        assert 50 < result.detail["sources"][0]["calls"] < 400
        assert ("broken-archive", None) in store.rows("SELECT reason, line_no FROM rejects")
