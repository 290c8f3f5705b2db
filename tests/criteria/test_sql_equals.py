"""``sql-equals``: what returns the same passes, however it is written; what does not, fails."""

import sqlite3

import pytest

from auditor.criteria import Assertion, Criterion, GradeInput, grade
from auditor.criteria.request_facts import RequestFacts
from auditor.criteria.sql.equivalence import statements_run
from auditor.criteria.sql.running import Runner
from auditor.errors import ConfigError

CRITERION = Criterion(assertions=(Assertion(type="sql-equals", value="{{reference}}"),))
SCHEMA = """You write SQLite.
CREATE TABLE shelf (id INTEGER PRIMARY KEY, room TEXT, height INTEGER NOT NULL);
CREATE TABLE book (
  id INTEGER PRIMARY KEY, shelf_id INTEGER REFERENCES shelf(id), title TEXT, pages INTEGER,
  year INTEGER, language TEXT
);
"""
JOIN = "SELECT b.title FROM book AS b JOIN shelf AS s ON b.shelf_id = s.id WHERE s.room = 'Red'"


def graded(wanted, got, prompt=SCHEMA, runner=None):
    request = RequestFacts(prompt=prompt)
    with statements_run(runner):
        return grade(CRITERION, GradeInput(text=got, reference_text=wanted, request=request))


def failing(pairs, *, expected, **how):
    """Return the pairs that are not graded as expected, with what the grade says."""
    results = [(pair, graded(*pair, **how)) for pair in pairs]
    return [(pair, told.explanation) for pair, told in results if told.passed is not expected]


@pytest.fixture(scope="module")
def runner():
    with Runner() as runner:
        yield runner


SAME = [
    (JOIN, "select title from book, shelf where shelf_id = shelf.id and room = 'Red'"),
    (JOIN, "SELECT title FROM shelf x INNER JOIN book y ON x.id = y.shelf_id AND 'Red' = x.room;"),
    (JOIN, "```sql\nSELECT book.title -- titles\nFROM book JOIN shelf ON shelf.id = book.shelf_id WHERE ((shelf.room = 'Red'))\n```"),
    (JOIN, 'SELECT b.title FROM book b JOIN shelf s ON b.shelf_id = s.id WHERE s.room = "Red"'),
    (JOIN, f"WITH q AS ({JOIN}) SELECT * FROM q"),
    (JOIN, f"SELECT * FROM ({JOIN}) AS q"),
    (JOIN, "SELECT b.title AS name FROM book b JOIN (SELECT * FROM shelf WHERE room = 'Red') s ON b.shelf_id = s.id"),
    ("SELECT count(*) FROM book WHERE pages BETWEEN 100 AND 200",
     "SELECT COUNT(1) AS n FROM book WHERE pages <= 200 AND NOT pages < 100"),
    ("SELECT count(*) FROM book", "SELECT count(id) FROM book"),
    ("SELECT title FROM book WHERE year = 2001 OR year = 1999", "SELECT title FROM book WHERE year IN ('1999', 2001)"),
    ("SELECT title FROM book WHERE year <> 1999 AND year != 2000", "SELECT title FROM book WHERE year NOT IN (2000, 1999)"),
    ("SELECT title FROM book WHERE NOT (year = 1999 OR pages > 5)", "SELECT title FROM book WHERE pages <= 5 AND year <> 1999"),
    ("SELECT title FROM book WHERE language IN ('en')", "SELECT title FROM book WHERE language = 'en' AND 1 = 1"),
    ("SELECT title FROM book WHERE ifnull(pages, 0) > 5", "SELECT title FROM book WHERE 5 < COALESCE(pages, 0)"),
    ("SELECT DISTINCT language FROM book", "SELECT language FROM book GROUP BY language"),
    ("SELECT language, count(*) FROM book GROUP BY language HAVING count(*) > 2 ORDER BY count(*) DESC",
     "SELECT language AS l, count(1) AS n FROM book GROUP BY 1 HAVING n > 2 ORDER BY 2 DESC"),
    ("SELECT s.room, count(*) FROM shelf s JOIN book b ON b.shelf_id = s.id GROUP BY s.id, s.room",
     "SELECT s.room, count(*) FROM shelf s JOIN book b ON b.shelf_id = s.id GROUP BY b.shelf_id, s.room"),
    ("SELECT s.room FROM shelf s LEFT JOIN book b ON b.shelf_id = s.id", "SELECT s.room FROM book b RIGHT OUTER JOIN shelf s ON s.id = b.shelf_id"),
    ("SELECT room FROM shelf WHERE id IN (SELECT shelf_id FROM book WHERE year = 2000)",
     "SELECT room FROM shelf WHERE EXISTS (SELECT * FROM book b WHERE b.shelf_id = shelf.id AND b.year = 2000)"),
    ("SELECT room FROM shelf WHERE id NOT IN (SELECT shelf_id FROM book)", "SELECT room FROM shelf WHERE id NOT IN (SELECT DISTINCT shelf_id FROM book)"),
    ("SELECT title FROM book UNION SELECT room FROM shelf", "SELECT room FROM shelf UNION SELECT DISTINCT title FROM book"),
    ("SELECT a.title FROM book a JOIN book b ON a.year = b.year WHERE b.id = 3", "SELECT y.title FROM book x JOIN book y ON x.year = y.year WHERE x.id = 3"),
    ("SELECT * FROM shelf", "SELECT id, room, height FROM shelf"),
    ("SELECT title FROM book ORDER BY pages LIMIT 3", "SELECT title FROM book ORDER BY book.pages ASC LIMIT 3 OFFSET 0"),
    ("SELECT CASE language WHEN 'en' THEN 1 ELSE 0 END FROM book", "SELECT iif(language = 'en', 1, 0) FROM book"),
    ("SELECT title FROM book JOIN shelf ON book.id = shelf.id", "SELECT title FROM book JOIN shelf USING (id)"),
    ("SELECT title FROM book JOIN shelf ON book.id = shelf.id", "SELECT title FROM book NATURAL JOIN shelf"),
]  # fmt: skip

OTHER = [
    (JOIN, JOIN.replace("Red", "red")),
    (JOIN, JOIN.replace("JOIN", "LEFT JOIN").replace("WHERE", "AND")),
    (JOIN, JOIN.replace("b.title", "s.room")),
    (JOIN, JOIN.replace("b.title", "DISTINCT b.title")),
    (JOIN, "SELECT b.title FROM book AS b, shelf AS s WHERE s.room = 'Red'"),
    ("SELECT title FROM book WHERE pages > 5", "SELECT title FROM book WHERE pages >= 5"),
    ("SELECT title FROM book WHERE NOT (year = 1999 OR pages > 5)", "SELECT title FROM book WHERE year = 1999 AND pages <= 5"),
    ("SELECT title FROM book WHERE year = 1999 AND pages > 5", "SELECT title FROM book WHERE year = 1999 OR pages > 5"),
    ("SELECT title, year FROM book", "SELECT year, title FROM book"),
    ("SELECT title FROM book ORDER BY pages", "SELECT title FROM book ORDER BY pages DESC"),
    ("SELECT title FROM book ORDER BY pages LIMIT 3", "SELECT title FROM book ORDER BY pages LIMIT 4"),
    ("SELECT title FROM book ORDER BY pages LIMIT 3", "SELECT title FROM book LIMIT 3"),
    ("SELECT count(*) FROM book", "SELECT count(pages) FROM book"),
    ("SELECT count(DISTINCT language) FROM book", "SELECT count(language) FROM book"),
    ("SELECT max(pages) FROM book", "SELECT min(pages) FROM book"),
    ("SELECT room FROM shelf WHERE id IN (SELECT shelf_id FROM book)", "SELECT room FROM shelf WHERE id NOT IN (SELECT shelf_id FROM book)"),
    ("SELECT room FROM shelf WHERE id IN (SELECT shelf_id FROM book)", "SELECT room FROM shelf JOIN book ON shelf.id = shelf_id"),
    ("SELECT title FROM book UNION SELECT room FROM shelf", "SELECT title FROM book UNION ALL SELECT room FROM shelf"),
    ("SELECT title FROM book EXCEPT SELECT room FROM shelf", "SELECT room FROM shelf EXCEPT SELECT title FROM book"),
    ("SELECT a.title FROM book a JOIN book b ON a.year = b.year WHERE b.id = 3", "SELECT y.title FROM book x JOIN book y ON x.year = y.year WHERE y.id = 3"),
    ("SELECT language FROM book GROUP BY language HAVING count(*) > 2", "SELECT language FROM book GROUP BY language HAVING count(*) >= 2"),
    ("SELECT language, count(*) FROM book GROUP BY language ORDER BY count(*) DESC LIMIT 1",
     "SELECT language, count(*) FROM book GROUP BY language ORDER BY count(*) LIMIT 1"),
    ("SELECT title FROM book WHERE year > 1999 ORDER BY pages DESC LIMIT 1", "SELECT title FROM book ORDER BY pages DESC LIMIT 1"),
    ("SELECT title FROM book", "DELETE FROM book"),
    ("SELECT title FROM book", "SELECT title FROM book; SELECT title FROM book"),
]  # fmt: skip

ONLY_BY_RUNNING = [
    ("SELECT title FROM book ORDER BY pages DESC LIMIT 1", "SELECT title FROM book WHERE pages = (SELECT max(pages) FROM book)"),
    ("SELECT room FROM shelf WHERE id NOT IN (SELECT shelf_id FROM book)",
     "SELECT s.room FROM shelf s LEFT JOIN book b ON b.shelf_id = s.id WHERE b.id IS NULL"),
    ("SELECT s.room, count(*) FROM shelf s JOIN book b ON b.shelf_id = s.id GROUP BY s.id",
     "SELECT room, (SELECT count(*) FROM book WHERE shelf_id = shelf.id) FROM shelf WHERE id IN (SELECT shelf_id FROM book)"),
    ("SELECT sum(CASE WHEN year = 2000 THEN 1 ELSE 0 END) FROM book", "SELECT count(CASE WHEN year = 2000 THEN 1 END) FROM book"),
    ("SELECT title FROM book WHERE language = 'en' INTERSECT SELECT title FROM book WHERE language = 'de'",
     "SELECT DISTINCT title FROM book WHERE language = 'en' AND title IN (SELECT title FROM book WHERE language = 'de')"),
    ("SELECT avg(pages) FROM book", "SELECT sum(pages) * 1.0 / count(pages) FROM book"),
]  # fmt: skip


def test_what_means_the_same_passes_without_running():
    assert failing(SAME, expected=True) == []


def test_what_means_something_else_fails_without_running():
    assert failing(OTHER + ONLY_BY_RUNNING, expected=False) == []


def test_what_means_the_same_passes_on_generated_rows(runner):
    assert failing(SAME + ONLY_BY_RUNNING, expected=True, runner=runner) == []


def test_what_means_something_else_fails_on_generated_rows(runner):
    assert failing(OTHER, expected=False, runner=runner) == []


def test_the_explanation_says_which_way_has_decided_and_shows_the_rows(runner):
    wanted, other, hard = JOIN, JOIN.replace("Red", "red"), ONLY_BY_RUNNING[1]
    assert graded(wanted, wanted + ";").explanation == "sql-equals: the same statement"
    assert "rewritten" in graded(*SAME[0]).explanation
    assert "none was run" in graded(wanted, other).explanation
    assert "the same rows on 20 generated databases" in graded(*hard, runner=runner).explanation
    told = graded(wanted, other, runner=runner).explanation
    assert "on generated rows of" in told
    assert "it lacks (" in told or "it has (" in told
    unknown = graded(
        "SELECT no_such_function(title) FROM book", "SELECT 1 FROM book", runner=runner
    )
    assert unknown.passed is False
    assert "as far as rewriting tells: the logged statement was not run" in unknown.explanation


def test_without_any_schema_the_columns_that_the_logged_statement_names_are_enough(runner):
    told = graded(
        "SELECT o.total FROM orders o WHERE o.paid = 0 ORDER BY o.total DESC LIMIT 1",
        "SELECT max(total) FROM orders WHERE paid = 0", prompt="", runner=runner,
    )  # fmt: skip
    assert told.passed is True
    assert "as the logged statement names them" in told.explanation


def test_statements_of_another_dialect_run_transpiled(runner):
    prompt = SCHEMA.replace("SQLite", "PostgreSQL")
    pair = (
        "SELECT language, count(*) FILTER (WHERE pages > 9) FROM book GROUP BY language",
        "SELECT language, sum(CASE WHEN pages > 9 THEN 1 ELSE 0 END)::bigint FROM book GROUP BY 1",
    )
    assert graded(*pair, prompt=prompt, runner=runner).passed is True
    top = (
        "SELECT TOP 2 [title] FROM [book] ORDER BY [pages]",
        "SELECT TOP 2 title FROM book ORDER BY 0 + pages",
    )
    assert graded(*top, prompt=SCHEMA.replace("SQLite", "T-SQL"), runner=runner).passed is True


def test_a_name_in_double_quotes_that_no_table_has_is_a_text_with_its_capitals():
    for dialect in ("SQLite", "PostgreSQL"):
        prompt = SCHEMA.replace("SQLite", dialect)
        quoted = JOIN.replace("'Red'", '"Red"')
        assert graded(JOIN, quoted, prompt=prompt).passed is True
        assert graded(quoted, quoted.replace("Red", "rED"), prompt=prompt).passed is False


# -- on the user's database ------------------------------------------------------------------------


def sqlite_file(path):
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE shelf (id INTEGER PRIMARY KEY, room TEXT, height INTEGER);"
        "CREATE TABLE book (id INTEGER PRIMARY KEY, shelf_id INTEGER, title TEXT, pages INTEGER,"
        " year INTEGER, language TEXT);"
        "INSERT INTO shelf VALUES (1, 'Red', 180), (2, 'Blue', 90);"
        "INSERT INTO book VALUES (1, 1, 'Ash', 90, 1999, 'en'), (2, 1, 'Elm', 90, 2000, 'de'),"
        " (3, 2, 'Fir', 300, 2001, 'en');"
    )
    connection.commit()
    connection.close()
    return path


def duckdb_file(path):
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE shelf (id INTEGER, room VARCHAR, height INTEGER)")
        connection.execute("INSERT INTO shelf VALUES (1, 'Red', 180), (2, 'Blue', 90)")
        connection.execute(
            "CREATE TABLE book (id INTEGER, shelf_id INTEGER, title VARCHAR, pages INTEGER,"
            " year INTEGER, language VARCHAR)"
        )
        connection.execute(
            "INSERT INTO book VALUES (1, 1, 'Ash', 90, 1999, 'en'), (2, 1, 'Elm', 90, 2000, 'de'),"
            " (3, 2, 'Fir', 300, 2001, 'en')"
        )
    return path


@pytest.mark.parametrize("make", [sqlite_file, duckdb_file])
def test_statements_run_on_a_copy_of_the_users_database(make, tmp_path):
    path = make(tmp_path / "library.db")
    before = path.read_bytes()
    with Runner(path) as runner:
        same = graded(
            "SELECT title FROM book WHERE pages > 99",
            "SELECT title FROM book WHERE year > 2000",
            runner=runner,
        )
        assert same.passed is True, "the file decides, whatever other rows would say"
        assert "the same rows in library.db (1 row)" in same.explanation
        other = graded(JOIN, JOIN.replace("Red", "Blue"), runner=runner)
        assert other.passed is False
        assert "it lacks ('Ash'), ('Elm') and has ('Fir')" in other.explanation
        assert (
            graded("SELECT title FROM book", "SELECT titel FROM book", runner=runner).passed
            is False
        )
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["library.db"]


def test_where_the_database_says_nothing_generated_rows_decide(tmp_path):
    with Runner(sqlite_file(tmp_path / "library.db")) as runner:
        nobody = "SELECT title FROM book WHERE language = '{}'"
        told = graded(nobody.format("fr"), nobody.format("it"), runner=runner)
        assert told.passed is False
        assert "nothing to tell them apart by in library.db; on generated rows" in told.explanation


def test_rows_of_equal_sort_keys_may_come_in_any_order(tmp_path):
    with Runner(sqlite_file(tmp_path / "library.db")) as runner:
        one, other = (
            "SELECT title FROM book ORDER BY pages",
            "SELECT title FROM book ORDER BY pages, title DESC",
        )
        assert graded(one, other, runner=runner).passed is True
        assert graded(other, one, runner=runner).passed is False
        assert graded(f"{one} LIMIT 1", f"{other} LIMIT 1", runner=runner).passed is True


def test_a_database_that_is_none_is_told_of(tmp_path):
    (tmp_path / "notes.txt").write_text("no database")
    for path, said in (
        (tmp_path / "notes.txt", "no SQLite and no DuckDB"),
        (tmp_path / "none", "cannot read"),
    ):
        with Runner(path) as runner, pytest.raises(ConfigError, match=said):
            graded("SELECT 1", "SELECT 2", runner=runner)


def test_an_answer_that_never_ends_fails_and_the_next_is_graded(runner):
    endless = (
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"
    )
    told = graded("SELECT count(*) FROM book", endless, runner=runner)
    assert told.passed is False
    assert "the answer does not run: it takes longer than 1 s" in told.explanation
    logged = graded(endless, "SELECT count(*) FROM book", runner=runner)
    assert "the logged statement was not run: it takes longer" in logged.explanation
    assert graded(*ONLY_BY_RUNNING[0], runner=runner).passed is True
