"""Ids that are not unique, answers that grew, and history that was copied."""

from __future__ import annotations

import json

import pytest

from auditor.ingest import stage as ingest


def pair(response_id, question, answer, at, output=5):
    return {
        "timestamp": at,
        "request": {"model": "qwen3:8b", "messages": [{"role": "user", "content": question}]},
        "response": {
            "id": response_id, "object": "chat.completion", "model": "qwen3:8b",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}}],
            "usage": {"prompt_tokens": 50, "completion_tokens": output},
        },
    }  # fmt: skip


def read(store, path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return ingest.run(store, [path])


ID = "chatcmpl-417"
FIRST = pair(ID, "A tree?", "Oak", "2026-04-07T11:00:00Z")


@pytest.mark.parametrize("response_id", [ID, "chatcmpl-00000000000000000000000000"])
def test_one_id_for_other_contents_at_other_times_is_many_calls(store, tmp_path, response_id):
    calls = [pair(response_id, f"Tree {n}?", "Oak", f"2026-04-07T11:0{n}:00Z") for n in range(3)]
    read(store, tmp_path / "log.jsonl", calls)
    assert store.value("SELECT count(*) FROM calls") == 3
    assert store.check() == []
    before = store.rows("SELECT call_id FROM calls ORDER BY 1")
    read(store, tmp_path / "copy.jsonl", calls)
    assert store.rows("SELECT call_id FROM calls ORDER BY 1") == before


@pytest.mark.parametrize(
    "again",
    [
        FIRST,
        FIRST | {"timestamp": "2026-04-07T12:00:00Z"},
        pair(ID, "A tree?", "Oak and ash", "2026-04-07T11:00:09Z"),
        {**FIRST, "request": None, "timestamp": "2026-04-07T12:00:00Z"},
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_one_id_with_the_same_content_or_time_is_one_call(store, tmp_path, again, together):
    if together:
        read(store, tmp_path / "log.jsonl", [FIRST, again])
    else:
        read(store, tmp_path / "log.jsonl", [FIRST])
        read(store, tmp_path / "more.jsonl", [again])
    assert store.value("SELECT count(*) FROM calls") == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_fuller_of_two_copies_counts(store, tmp_path, order):
    copies = [
        pair(ID, "Trees?", "Oak", "2026-04-07T11:00:00Z", output=1),
        pair(ID, "Trees?", "Oak, ash, elm", "2026-04-07T11:00:00Z", output=70),
    ]
    read(store, tmp_path / "log.jsonl", [copies[n] for n in order])
    assert store.rows(
        "SELECT output_tokens, response_text FROM calls JOIN contents USING (call_id)"
    ) == [(70, "Oak, ash, elm")]


def rollout(session, at, turns, *, forked=None, metas=()):
    """Lines of a session: each turn is a question, an answer and the tokens so far."""
    meta = {"id": session, "cwd": "/w"} | ({"forked_from_id": forked} if forked else {})
    lines = [("session_meta", meta), *(("session_meta", {"id": m, "cwd": "/w"}) for m in metas)]
    for question, answer, total, last in turns:
        lines += [
            ("response_item", {"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}),
            ("response_item", {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": answer}]}),
            ("event_msg", {"type": "token_count", "info": {
                "total_token_usage": {"input_tokens": total, "output_tokens": total // 10},
                "last_token_usage": {"input_tokens": last, "output_tokens": last // 10}}}),
        ]  # fmt: skip
    return [
        {"timestamp": f"{at}:{n:02d}Z", "type": kind, "payload": payload}
        for n, (kind, payload) in enumerate(lines)
    ]


OLD = [("Plan it", "Planned", 9000, 9000), ("Do it", "Done", 20000, 11000)]
PARENT = rollout("s-parent", "2026-04-07T09:00", OLD)
FORK = rollout("s-fork", "2026-04-07T15:30", [*OLD, ("Undo it", "Undone", 33000, 13000)],
               forked="s-parent", metas=["s-parent"])  # fmt: skip
GRANDCHILD = rollout("s-third", "2026-04-08T08:00", [*OLD, ("Again", "Done again", 34000, 14000)],
                     forked="s-fork", metas=["s-fork", "s-parent"])  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_history_copied_into_forks_is_counted_once(store, tmp_path, order):
    files = [("a", PARENT), ("b", FORK), ("c", GRANDCHILD)]
    for n in order:
        name, lines = files[n]
        read(store, tmp_path / name / f"rollout-{name}.jsonl", lines)
    assert store.rows("SELECT count(*), sum(input_uncached_tokens) FROM calls") == [
        (4, 9000 + 11000 + 13000 + 14000)
    ]
    assert store.check() == []


def test_two_sessions_that_say_the_same_are_two(store, tmp_path):
    read(store, tmp_path / "a" / "rollout-a.jsonl", rollout("s-1", "2026-04-07T09:00", OLD))
    read(store, tmp_path / "b" / "rollout-b.jsonl", rollout("s-2", "2026-04-07T09:30", OLD))
    assert store.value("SELECT count(*) FROM calls") == 4
