"""Bodies that Bedrock wrote beside its log come back to their invocations."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from auditor.ingest import stage as ingest
from auditor.readers.files import side_files
from auditor.store.store import Store

ID = "ef9ba533-64df-4896-99ce-2d2f114b9ac0"
BODIES = (("input", "inputBody"), ("output", "outputBody"))


@pytest.fixture
def store():
    with Store.open() as opened:
        yield opened


def rows(store):
    return store.rows(
        """SELECT log_id, call_id, content_state, usage_state, input_uncached_tokens, output_tokens,
                  cost_usd, model, finish_reason, system_text, messages::VARCHAR, params::VARCHAR,
                  response_text, tool_calls::VARCHAR
        FROM calls LEFT JOIN contents USING (call_id) ORDER BY log_id"""
    )


def invocation(request_id=ID):
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-06-10T18:59:19Z",
        "requestId": request_id,
        "operation": "InvokeModel",
        "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
        "input": {
            "inputTokenCount": 12,
            "inputBodyJson": {"messages": [{"role": "user", "content": "a long question"}]},
        },
        "output": {
            "outputTokenCount": 5,
            "outputBodyJson": {
                "id": "msg_bdrk_0123456789",
                "type": "message",
                "content": [{"type": "text", "text": "a long answer"}],
                "usage": {"input_tokens": 12, "output_tokens": 5},
            },
        },
    }


def part(folder, records, *, packed=True, without=()):
    """Write records as Bedrock does where every body is large: parts beside the log."""
    (folder / "data").mkdir(parents=True)
    lines = []
    for record in records:
        parted = json.loads(json.dumps(record))
        for side, body in BODIES:
            raw = json.dumps(parted[side].pop(f"{body}Json")).encode()
            name = f"{record['requestId']}_{side}.json" + (".gz" if packed else "")
            parted[side][f"{body}S3Path"] = f"s3://bucket/anywhere/{name}"
            if side not in without:
                (folder / "data" / name).write_bytes(gzip.compress(raw) if packed else raw)
        lines.append(json.dumps(parted))
    (folder / "20260610T185919000Z.json.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


def test_parted_invocations_are_those_of_one_file(shared_data, tmp_path):
    whole = shared_data / "formats/bedrock-invocation-log/derived_20260501T000000000Z.json"
    records = [
        record
        for record in map(json.loads, whole.read_text().splitlines())
        if re.fullmatch(r"[0-9a-f]{8}-.*", record["requestId"])
    ]
    kept = tmp_path / "kept.json"
    kept.write_text("\n".join(map(json.dumps, records)))
    part(tmp_path / "18", records)
    with Store.open() as store, Store.open() as other:
        ingest.run(store, [kept])
        result = ingest.run(other, [tmp_path / "18"])
        assert rows(other) == rows(store)
        assert len(rows(store)) == len(records) > 8
    sources = result.detail["sources"]
    assert sum(row["calls"] for row in sources) == len(records)
    assert sum(row["not_calls"] for row in sources) == 2 * len(records)
    assert sum(row["rejects"] + row["duplicates"] for row in sources) == 0


@pytest.mark.parametrize("packed", [True, False])
def test_a_missing_part_is_said(store, tmp_path, packed):
    part(tmp_path / "18", [invocation()], packed=packed, without=("output",))
    ingest.run(store, [tmp_path])
    (found,) = rows(store)
    assert found[2] == "partial"
    assert found[4:6] == (12, 5)
    assert json.loads(found[10]) == [{"role": "user", "content": "a long question"}]
    assert found[12] is None


def test_parts_alone_are_no_calls(store, tmp_path):
    part(tmp_path / "18", [invocation()])
    next((tmp_path / "18").glob("2026*")).unlink()
    (tmp_path / "18" / "data" / f"{ID}_input_media_00.pdf").write_bytes(b"%PDF-1.7\n\x00{}\n[]")
    result = ingest.run(store, [tmp_path])
    assert rows(store) == []
    assert [row["not_calls"] for row in result.detail["sources"]] == [1, 1, 1]


def test_where_the_log_says_a_part_lies_is_never_followed(store, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"messages": [{"role": "user", "content": "elsewhere"}]}))
    record = invocation()
    del record["input"]["inputBodyJson"]
    record["input"]["inputBodyS3Path"] = str(secret)
    (tmp_path / "log.json").write_text(json.dumps(record))
    ingest.run(store, [tmp_path / "log.json"])
    (found,) = rows(store)
    assert "elsewhere" not in str(found)
    assert found[2] == "partial"


def test_a_broken_part_costs_itself_only(store, tmp_path):
    part(tmp_path / "18", [invocation()], packed=False)
    (tmp_path / "18" / "data" / f"{ID}_output.json").write_bytes(b'{"id": "msg_bdrk_0123')
    result = ingest.run(store, [tmp_path])
    assert sum(row["rejects"] for row in result.detail["sources"]) == 1
    (found,) = rows(store)
    assert (found[2], found[4:6]) == ("partial", (12, 5))


@pytest.mark.parametrize(
    ("name", "side"),
    [
        (f"data/{ID}_input.json.gz", ("input", False)),
        (f"data/{ID}_output.json", ("output", False)),
        (f"data/{ID}_input_media_00.pdf", ("input", True)),
        (f"other/{ID}_input.json.gz", None),
        ("data/batch_input.json", None),
        (f"data/{ID}_input.jsonl", None),
    ],
)
def test_a_part_is_told_by_its_name(tmp_path, name, side):
    found = side_files.of(tmp_path / name)
    assert (found and (found.part, found.is_media)) == side
