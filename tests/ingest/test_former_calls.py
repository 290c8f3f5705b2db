"""Logs that are read again lose no answer, though the ids of their calls may have changed."""

from __future__ import annotations

import json
import os

import pytest

from auditor.ingest import reading
from auditor.ingest import stage as ingest


def write(path, count):
    """A log without times and ids: its calls are told by the date of the file, among others."""
    asked = [
        {"messages": [{"role": "user", "content": f"Question {n}?"}], "model": "gpt-4o"}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps({"request": a, "answer": "Yes."}) + "\n" for a in asked))


def touch(path, seconds):
    os.utime(path, (seconds, seconds))


def pay_for(store):
    """Give every call a draw and an answer of a candidate."""
    store.execute(
        "INSERT INTO answers BY NAME SELECT concat('a', call_id) AS answer_id, call_id, 'k' AS candidate_id,"
        " 0 AS replicate, call_id AS text FROM calls"
    )
    store.execute(
        "INSERT INTO draws BY NAME SELECT 'd' AS design_id, 'c' AS category_id, record_no - 1 AS draw_no,"
        " call_id AS unit_id, call_id FROM calls"
    )


def paid(store):
    """How many calls have an answer, and a draw."""
    return store.rows(
        "SELECT count(DISTINCT a.call_id), count(DISTINCT d.call_id) FROM calls"
        " LEFT JOIN answers a USING (call_id) LEFT JOIN draws d USING (call_id)"
    )[0]


@pytest.fixture
def log(store, tmp_path):
    path = tmp_path / "log.jsonl"
    write(path, 5)
    touch(path, 1_780_000_000)
    ingest.run(store, [path])
    pay_for(store)
    return path


def ids(store):
    return {row[0] for row in store.rows("SELECT call_id FROM calls")}


def test_answers_and_draws_follow_a_call_whose_id_has_changed(store, log):
    before = ids(store)
    touch(log, 1_781_000_000)
    ingest.run(store, [log])
    assert ids(store).isdisjoint(before)
    assert paid(store) == (5, 5)
    assert store.check() == []
    assert store.value("SELECT count(*) FROM former_calls") == 0


def test_another_request_in_the_same_place_gets_nothing(store, tmp_path):
    log = tmp_path / "log.jsonl"
    write(log, 120)  # the change lies between what tells files apart, its head and its tail
    ingest.run(store, [log])
    pay_for(store)
    log.write_text(log.read_text().replace("Question 60?", "Question 6O?"))
    touch(log, 1_781_000_000)
    ingest.run(store, [log])
    assert store.value("SELECT count(*) FROM calls") == 120
    assert paid(store) == (119, 119)


def test_what_is_new_in_a_log_gets_nothing(store, log):
    write(log, 8)
    touch(log, 1_781_000_000)
    ingest.run(store, [log])
    assert store.value("SELECT count(*) FROM calls") == 8
    assert paid(store) == (5, 5)


def test_a_kill_before_the_end_of_the_log_loses_no_answer(store, log, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    touch(log, 1_781_000_000)
    with monkeypatch.context() as patch:
        patch.setattr(reading.LogReading, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            ingest.run(store, [log])
    assert store.value("SELECT count(*) FROM calls") == 0
    ingest.run(store, [log])
    assert paid(store) == (5, 5)


def test_an_answer_that_the_new_id_has_already_is_not_written_over(store, log, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(log.read_text())
    touch(other, 1_781_000_000)
    ingest.run(store, [other])
    store.execute(
        "INSERT INTO answers BY NAME SELECT concat('b', call_id) AS answer_id, call_id, 'k' AS candidate_id,"
        " 0 AS replicate, 'newer' AS text FROM calls WHERE call_id NOT IN (SELECT call_id FROM answers)"
    )
    touch(log, 1_781_000_000)
    ingest.run(store, [log])
    assert paid(store)[0] == 5
    assert store.value("SELECT count(*) FROM answers a SEMI JOIN calls USING (call_id)") == 5
