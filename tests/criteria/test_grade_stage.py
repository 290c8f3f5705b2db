"""The stages criteria and grade: choosing rules, keeping the user's, filling the gaps."""

import json
import sqlite3

import pytest
from drawn_category import add_candidate, add_category

from auditor.criteria import choose_stage as criteria
from auditor.criteria import grade_stage as grade
from auditor.criteria import own_code
from auditor.criteria.choose_stage import CriteriaSettings
from auditor.criteria.sql.asked import SqlSettings
from auditor.errors import ConfigError, NotReadyError

MOODS = ["positive", "negative"]
PROSE = "It was the {}th of many long and winding stories told on that evening by the fire."
CRITERIA = """\
version: 1
criteria:
  - match: {system: "*sentiment*"}
    assert:
      - {type: equals, value: "{{expected}}", transform: label}
"""


@pytest.fixture
def audited(store):
    moods = [(MOODS[i % 2], MOODS[0] if i % 4 else None) for i in range(20)]
    add_category(store, "mood", "Tell the sentiment.", moods)
    add_category(store, "tales", "Tell a tale.", [(PROSE.format(i), "Once.") for i in range(20)])
    add_candidate(store)
    return store


def write(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


def label_lines(n=20):
    return "".join(
        json.dumps({"id": f"log-mood-{i}", "expected": MOODS[i % 2]}) + "\n" for i in range(n)
    )


def in_force(store):
    return store.rows(
        "SELECT category_id, origin, role, form_only, live_checkable FROM criteria WHERE active ORDER BY ALL"
    )


def verdicts(store, who="b"):
    rows = store.rows(
        "SELECT answer_id, passed FROM grades JOIN criteria USING (criterion_id)"
        " WHERE active AND role = 'verdict' AND starts_with(answer_id, ?)", [who])  # fmt: skip
    return [passed for _, passed in sorted(rows, key=lambda row: int(row[0].split("-")[-1]))]


def test_rules_are_proposed_and_prose_stays_without(audited):
    result = criteria.run(audited, CriteriaSettings())
    assert in_force(audited) == [
        ("mood", "proposed", "live", True, True),
        ("mood", "proposed", "verdict", False, False),
    ]
    reasons = {c["name"]: c["reason"] for c in result.detail["categories"]}
    assert "agreement with the API model" in reasons["Mood"]
    assert "needs a judge or a rule" in reasons["Tales"]
    again = criteria.run(audited, CriteriaSettings())
    assert again.detail == result.detail
    assert len(in_force(audited)) == 2


def test_logged_and_local_answers_are_graded_by_the_same_rule(audited):
    criteria.run(audited, CriteriaSettings())
    result = grade.run(audited)
    assert result.rows_written == 20 * 2 * 2  # logged and local, verdict and live
    assert verdicts(audited, "a") == [True] * 20
    assert verdicts(audited) == [i % 2 == 0 and i % 4 != 0 for i in range(20)]
    errors = audited.rows("SELECT DISTINCT explanation FROM grades WHERE answer_id = 'b-mood-4'")
    assert errors == [("empty-answer",)]
    assert not audited.check()


def test_a_failure_of_the_server_is_no_fail_of_the_model(audited):
    criteria.run(audited, CriteriaSettings())
    audited.execute(
        "UPDATE answers SET error = 'timeout' WHERE answer_id IN ('b-mood-0', 'b-mood-4')"
    )
    result = grade.run(audited)
    assert verdicts(audited)[:5] == [None, False, True, False, None]
    assert verdicts(audited, "a") == [True] * 20
    assert result.detail["untold"] == 4  # two answers, by the criterion and by its live part
    (told,) = audited.rows("SELECT DISTINCT explanation FROM grades WHERE answer_id = 'b-mood-4'")
    assert told == ("server timeouts: not the model's fault (timeout)",)
    # The first call was drawn twice.
    (warning,) = result.warnings
    assert warning == (
        "Mood on tiny: 3 of 21 drawn answers could not be graded: server timeouts; "
        "'auditor replay' asks for them again"
    )
    audited.execute("UPDATE answers SET error = 'unheard-of' WHERE answer_id = 'b-mood-0'")
    audited.execute("DELETE FROM grades WHERE answer_id = 'b-mood-0'")
    told = grade.run(audited).warnings[0]
    assert "unheard-of (2), server timeouts (1)" in told


def test_grading_again_adds_nothing_and_another_rule_grades_anew(audited, tmp_path):
    criteria.run(audited, CriteriaSettings())
    first = grade.run(audited).rows_written
    assert grade.run(audited).rows_written == 0
    audited.execute("DELETE FROM grades WHERE answer_id = 'b-mood-1'")
    assert grade.run(audited).rows_written == 2
    rule = write(tmp_path, "c.yaml", CRITERIA.replace("equals", "icontains"))
    labels = write(tmp_path, "l.jsonl", label_lines())
    criteria.run(audited, CriteriaSettings(criteria=rule, labels=labels))
    assert grade.run(audited).rows_written == 40
    assert audited.value("SELECT count(*) FROM grades") == first + 40  # the former ones are kept


def test_a_killed_run_loses_at_most_a_batch(audited, monkeypatch):
    criteria.run(audited, CriteriaSettings())
    monkeypatch.setattr(grade, "_BATCH", 7)
    graded = grade.grade
    seen = []

    def killed(criterion, answer):
        seen.append(answer)
        if len(seen) > 30:
            raise KeyboardInterrupt
        return graded(criterion, answer)

    monkeypatch.setattr(grade, "grade", killed)
    with pytest.raises(KeyboardInterrupt):
        grade.run(audited)
    assert audited.value("SELECT count(*) FROM grades") == 28
    monkeypatch.setattr(grade, "grade", graded)
    assert grade.run(audited).rows_written == 80 - 28


def test_the_users_rule_and_labels_come_first_and_are_kept(audited, tmp_path):
    settings = CriteriaSettings(
        criteria=write(tmp_path, "criteria.yaml", CRITERIA),
        labels=write(tmp_path, "labels.jsonl", label_lines(10)),
    )
    criteria.run(audited, settings)
    assert in_force(audited) == [("mood", "user", "verdict", False, False)]
    criteria.run(audited, CriteriaSettings())  # a later command names no files
    assert in_force(audited) == [("mood", "user", "verdict", False, False)]
    result = grade.run(audited)
    assert verdicts(audited) == [i % 2 == 0 and i % 4 != 0 for i in range(10)] + [None] * 10
    assert result.detail == {"passed": 12, "failed": 8, "untold": 20}
    (warning,) = result.warnings
    assert warning == (
        "Mood on tiny: 10 of 21 drawn answers could not be graded: no expected label for this "
        "call; they count against any claim until its criterion can grade them (criteria.yaml)"
    )
    taken_back = write(tmp_path, "none.yaml", "version: 1\ncriteria: []\n")
    criteria.run(audited, CriteriaSettings(criteria=taken_back))
    assert ("mood", "proposed", "verdict", False, False) in in_force(audited)


def test_changed_labels_grade_anew_and_only_what_rests_on_labels(audited, tmp_path):
    criteria.run(audited, CriteriaSettings())
    grade.run(audited)
    rule = write(tmp_path, "criteria.yaml", CRITERIA)
    labels = write(tmp_path, "labels.jsonl", label_lines())
    criteria.run(audited, CriteriaSettings(criteria=rule, labels=labels))
    assert grade.run(audited).rows_written == 40
    criteria.run(audited, CriteriaSettings(labels=labels))
    assert grade.run(audited).rows_written == 0
    labels.write_text(
        label_lines().replace(
            '"log-mood-0", "expected": "positive"', '"log-mood-0", "expected": "negative"'
        )
    )
    criteria.run(audited, CriteriaSettings(labels=labels))
    assert grade.run(audited).rows_written == 40
    assert verdicts(audited, "a") == [False] + [True] * 19
    assert audited.value("SELECT count(*) FROM grades") == 120


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("calls SET content_state", "redacted", "the log holds this answer redacted"),
        ("answers SET finish_reason", "length", None),
    ],
)
def test_a_reference_that_is_no_yardstick_is_neither_pass_nor_fail(audited, column, value, why):
    criteria.run(audited, CriteriaSettings())
    audited.execute(f"UPDATE {column} = ?", [value])
    grade.run(audited)
    if why is None:  # labels are asked for with a small limit: cut and whole at once
        assert verdicts(audited, "a") == [True] * 20
    else:
        assert verdicts(audited) == [None] * 20
        assert audited.value("SELECT DISTINCT explanation FROM grades WHERE passed IS NULL") == why


def test_long_logged_answers_that_were_cut_are_no_yardstick(store):
    add_category(
        store, "tales", "x", [(f"SELECT {i} /* {PROSE} */", "SELECT 1") for i in range(20)]
    )
    criteria.run(store, CriteriaSettings())
    store.execute("UPDATE answers SET finish_reason = 'length' WHERE candidate_id IS NULL")
    grade.run(store)
    assert verdicts(store) == [None] * 20


def test_a_rule_that_fits_nothing_is_told(audited, tmp_path):
    rule = write(tmp_path, "criteria.yaml", CRITERIA.replace("*sentiment*", "*sentimental*"))
    result = criteria.run(audited, CriteriaSettings(criteria=rule))
    assert result.warnings == [
        'the criterion for {"match":{"system":"*sentimental*"}} fits no category'
    ]
    assert ("mood", "proposed", "verdict", False, False) in in_force(audited)


def test_a_field_that_no_logged_answer_has_is_told(store, tmp_path):
    said = [(f'{{"total": {i}, "city": "Rome"}}', f'{{"total": {i}}}') for i in range(20)]
    add_category(store, "bills", "Read the bill.", said)
    rule = write(
        tmp_path,
        "criteria.yaml",
        "version: 1\ncriteria:\n  - category: bills\n    assert:\n"
        "      - {type: json-fields, value: '{{reference}}', fields: [totl]}\n",
    )
    result = criteria.run(store, CriteriaSettings(criteria=rule))
    assert result.warnings == [
        "Bills: criteria.yaml:5: no logged answer has the field 'totl'; did you mean 'total'?"
    ]
    grade.run(store)
    assert set(verdicts(store, "a") + verdicts(store)) == {None}


def test_rules_go_by_category_name_alias_and_id(audited, tmp_path):
    audited.execute("INSERT INTO category_aliases VALUES ('old stories', 'tales')")
    for glob in ("TALES", "old*", "Tal?s"):
        rule = write(
            tmp_path,
            "c.yaml",
            f"version: 1\ncriteria:\n  - category: {glob}\n    assert: [{{type: word-count, value: {{max: 9}}}}]\n",
        )
        criteria.run(audited, CriteriaSettings(criteria=rule))
        assert ("tales", "user", "verdict", True, True) in in_force(audited)


def test_labels_of_no_call_are_told(audited, tmp_path):
    labels = write(
        tmp_path,
        "l.jsonl",
        label_lines(2) + '{"id": "mood-3", "expected": "x"}\n{"id": "?", "expected": 1}\n',
    )
    result = criteria.run(audited, CriteriaSettings(labels=labels))
    assert result.warnings == ["1 of 4 labels are of no call in the database"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "l.jsonl:2: not JSON"),
        ("[1]", "l.jsonl:2: a label needs id and expected"),
        ('{"id": 1, "expected": 2}', "l.jsonl:2: id must be text"),
        ('{"id": "log-mood-0", "expected": "other"}', "l.jsonl:2: another label for 'log-mood-0'"),
        ("[" * 100_000, "l.jsonl:2: not JSON"),
    ],
)
def test_a_label_that_is_none_names_its_line(audited, tmp_path, line, said):
    labels = write(tmp_path, "l.jsonl", label_lines(1) + line + "\n")
    with pytest.raises(ConfigError, match=said):
        criteria.run(audited, CriteriaSettings(labels=labels))
    assert in_force(audited) == []


def test_stages_say_what_is_missing(store):
    with pytest.raises(NotReadyError):
        criteria.run(store, CriteriaSettings())
    with pytest.raises(NotReadyError):
        grade.run(store)


# -- SQL that is run where the user asked for it ---------------------------------------------------

WRITTEN = "SELECT title FROM book ORDER BY pages DESC LIMIT 1"
OTHERWISE = "SELECT title FROM book WHERE pages = (SELECT max(pages) FROM book)"
BOOKS = "Write SQLite for: CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, pages INTEGER)"


@pytest.fixture
def librarian(store, tmp_path):
    """Return an audit of SQL whose local answers are right and written otherwise."""
    add_category(store, "sql", BOOKS, [(WRITTEN, OTHERWISE)] * 4)
    add_candidate(store)
    path = tmp_path / "criteria.yaml"
    path.write_text(
        'version: 1\ncriteria:\n  - {category: "*", assert: [{type: sql-equals, value: "{{reference}}"}]}\n'
    )
    criteria.run(store, CriteriaSettings(criteria=path))
    return store


def local_grades(store):
    return store.rows(
        "SELECT passed, count(*), min(explanation) FROM grades WHERE starts_with(answer_id, 'b-')"
        " GROUP BY passed ORDER BY passed"
    )


def test_sql_runs_only_where_it_is_asked_for_and_grades_follow(librarian):
    run, without = SqlSettings(run=True), SqlSettings(run=False)
    grade.run(librarian)
    ((passed, count, why),) = local_grades(librarian)
    assert (passed, count) == (False, 4)
    assert "none was run" in why

    grade.run(librarian, sql=run)
    ((passed, count, why),) = local_grades(librarian)
    assert (passed, count) == (True, 4)
    assert "generated databases" in why

    before = local_grades(librarian)
    assert grade.run(librarian).rows_written == 0  # a later command leaves what was run
    assert local_grades(librarian) == before

    grade.run(librarian, sql=without)
    ((passed, count, why),) = local_grades(librarian)
    assert (passed, count) == (False, 4)


def test_answers_that_came_after_sql_was_run_wait_until_it_is_asked_for_again(librarian):
    grade.run(librarian, sql=SqlSettings(run=True))
    librarian.execute("DELETE FROM grades WHERE answer_id = 'b-sql-1'")
    result = grade.run(librarian)
    assert result.untold == 1
    assert any("say --run-sql again" in warning for warning in result.warnings)
    grade.run(librarian, sql=SqlSettings(run=True))
    assert [(passed, count) for passed, count, _ in local_grades(librarian)] == [(True, 4)]


def test_another_database_grades_sql_anew(librarian, tmp_path):
    for name, pages in (("one.db", 90), ("other.db", 300)):
        with sqlite3.connect(tmp_path / name) as connection:
            connection.execute(
                "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, pages INTEGER)"
            )
            connection.executemany(
                "INSERT INTO book VALUES (?, ?, ?)", [(1, "Ash", 300), (2, "Elm", pages)]
            )
        connection.close()
    grade.run(librarian, sql=SqlSettings(run=True, database=tmp_path / "one.db"))
    ((passed, _, why),) = local_grades(librarian)
    assert passed is True
    assert "the same rows in one.db" in why
    grade.run(librarian, sql=SqlSettings(run=True, database=tmp_path / "other.db"))
    ((passed, _, why),) = local_grades(librarian)
    assert passed is False
    assert "in other.db" in why
    with pytest.raises(ConfigError, match="cannot read"):
        grade.run(librarian, sql=SqlSettings(run=True, database=tmp_path / "none.db"))


OWN_CODE = """\
version: 1
criteria:
  - match: {system: "*sentiment*"}
    about: content
    assert:
      - {type: python, value: "file://checks.py:one_word"}
      - {type: contains-any, value: "file://words.json"}
"""


def test_what_a_file_names_is_kept_and_its_code_runs_only_with_it(audited, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checks.py").write_text(
        "def one_word(output, context):\n    return ' ' not in output\n"
    )
    (tmp_path / "words.json").write_text('["positive", "negative"]')
    path = tmp_path / "criteria.yaml"
    path.write_text(OWN_CODE)
    settings = CriteriaSettings(criteria=path)
    criteria.run(audited, settings)
    before = criteria.in_force(audited, settings)
    assert criteria.in_force(audited, CriteriaSettings()) == before
    (tmp_path / "words.json").write_text('["positive"]')
    assert (
        criteria.in_force(audited, settings) != before
    )  # a file that it takes values from changed

    monkeypatch.setattr(own_code, "_trusted_files", {})  # as in another process, without the file
    with pytest.raises(NotReadyError, match="runs code, which this command may not"):
        grade.run(audited)
    criteria.run(audited, settings)
    grade.run(audited)
    assert verdicts(audited, "a") == [i % 2 == 0 for i in range(20)]


def test_a_criterion_that_only_a_judge_can_decide_is_kept_and_says_so(audited, tmp_path):
    path = tmp_path / "criteria.yaml"
    path.write_text(
        "version: 1\ncriteria:\n  - match: {system: '*sentiment*'}\n    assert: [{type: llm-rubric, value: is kind}]\n"
    )
    result = criteria.run(audited, CriteriaSettings(criteria=path))
    assert any("waits for a judge" in warning for warning in result.warnings)
    assert any("waits for a judge" in warning for warning in grade.run(audited).warnings)
