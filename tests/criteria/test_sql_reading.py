"""What is read before SQL is compared: dialects, schemas in prompts, names that are allowed."""

import sqlite3

import pytest

from auditor.criteria import Assertion, Criterion, GradeInput, grade
from auditor.criteria.sql.dialects import dialect_named, dialect_of
from auditor.criteria.sql.generated_rows import row_maker
from auditor.criteria.sql.preparing import prepared
from auditor.criteria.sql.schema_in_prompt import schema_in
from auditor.criteria.sql.statements import read


def test_every_name_of_a_dialect_that_people_use_is_known():
    names = [
        "Athena",
        "BigQuery",
        "DB2",
        "Hive",
        "MariaDB",
        "MySQL",
        "PostgreSQL",
        "PostgresQL",
        "Redshift",
        "Sqlite",
        "TransactSQL",
        "FlinkSQL",
        "Snowflake",
        "Noql",
        "Trino",
        "postgres",
        "tsql",
        "mssql",
        "SQLServer",
        "oracle",
        "duckdb",
        "clickhouse",
        "spark",
        "databricks",
        "presto",
        "sqlite3",
        "T-SQL",
    ]
    assert [name for name in names if dialect_named(name) is None] == []
    assert dialect_named("oracel") is None


@pytest.mark.parametrize(
    ("statement", "prompt", "dialect"),
    [
        ("SELECT a FROM t", "Write a query for PostgreSQL 16.", "postgres"),
        ("SELECT a FROM t", "You are a T-SQL expert.", "tsql"),
        ("SELECT a FROM t", "Answer in one SQLite statement.", "sqlite"),
        ("SELECT `a` FROM `t`", "", "mysql"),
        ("SELECT a FROM `project.set.t`", "", "bigquery"),
        ("SELECT [a] FROM [t]", "", "tsql"),
        ("SELECT TOP 3 a FROM t", "", "tsql"),
        ("SELECT a::int FROM t", "", "postgres"),
        ("SELECT a FROM t", "Write SQL.", ""),
    ],
)
def test_the_dialect_is_found_in_the_prompt_or_in_the_quoting(statement, prompt, dialect):
    assert dialect_of(statement, prompt) == dialect


# Each describes the same two tables: a customer, and orders that point to it.
PROMPTS = {
    "definitions": "CREATE TABLE customer (id INT PRIMARY KEY, city TEXT);\nCREATE TABLE orders (id INT PRIMARY KEY,"
    " customer_id INT REFERENCES customer(id), total DECIMAL(8,2));",
    "MySQL": "CREATE TABLE `customer` (`id` int(11) NOT NULL AUTO_INCREMENT, `city` varchar(9), PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"
    "CREATE TABLE `orders` (`id` int, `customer_id` int, `total` decimal(8,2), PRIMARY KEY (`id`), KEY `k` (`total`),"
    " CONSTRAINT `f` FOREIGN KEY (`customer_id`) REFERENCES `customer` (`id`));",
    "T-SQL": "CREATE TABLE [dbo].[customer] ([id] INT IDENTITY(1,1) PRIMARY KEY, [city] NVARCHAR(9));\n"
    "CREATE TABLE [dbo].[orders] ([id] INT PRIMARY KEY, [customer_id] INT FOREIGN KEY REFERENCES customer(id), [total] MONEY);",
    "comment": "### SQLite tables, with their properties:\n#\n# customer(id, city)\n# orders(id, customer_id, total)\n#\n### How many?\nSELECT",
    "list": "Table customer, columns = [*,id,city]\nTable orders, columns = [*,id,customer_id,total]\n"
    "Foreign_keys = [orders.customer_id = customer.id]\nPrimary_keys = [customer.id,orders.id]\n",
    "pipes": "how many | shop | customer : id , city | orders : id , customer_id , total",
    "typed list": "Tables:\n- customer (id INT PRIMARY KEY, city VARCHAR(2))\n- orders (id INT PK, customer_id INT FK -> customer.id, total REAL)",
    "Markdown tables": "### customer\n| column | type | notes |\n|---|---|---|\n| id | integer | primary key |\n| city | text | |\n\n"
    "### orders\n| column | type |\n|---|---|\n| id | integer |\n| customer_id | integer |\n| total | real |",
    "bullets": "Table: customer\n- id (integer, primary key)\n- city (text)\n\nTable: orders\n- id (integer)\n- customer_id (integer)\n- total: real",
    "colons": "customer: id, city\norders: id, customer_id, total\n\nQuestion: who, of all, buys most?",
    "JSON": 'Schema: {"tables": [{"name": "customer", "columns": [{"name": "id", "type": "int", "primary_key": true}, {"name": "city"}]},'
    ' {"name": "orders", "columns": ["id", "customer_id", "total"]}]}',
    "JSON by table": '{"customer": ["id", "city"], "orders": {"id": "int", "customer_id": "int", "total": "real"}}',
    "sentence": "Given the tables customer(id, city) and orders(id, customer_id, total), write SQL.",
}  # fmt: skip


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_a_schema_is_found_however_a_prompt_writes_it(prompt):
    schema = schema_in(prompt)
    found = {name: list(table.by_name) for name, table in schema.by_name.items()}
    assert found == {"customer": ["id", "city"], "orders": ["id", "customer_id", "total"]}


def test_keys_and_constraints_are_read_where_the_prompt_gives_them():
    for kind in ("definitions", "MySQL", "T-SQL", "list", "typed list"):
        tables = schema_in(PROMPTS[kind]).by_name
        assert tables["customer"].primary_key == ("id",), kind
        (key,) = tables["orders"].foreign_keys
        assert (key.columns, key.table, key.referenced) == (("customer_id",), "customer", ("id",))
    text = (
        "CREATE TABLE t (a INT NOT NULL CHECK (a BETWEEN 1 AND 3), b ENUM('x', 'y'), c TEXT UNIQUE)"
    )
    a, b, c = schema_in(text).tables[0].columns
    assert (a.not_null, a.low, a.high, b.values, c.unique) == (True, 1, 3, ("x", "y"), True)


@pytest.mark.parametrize(
    "prompt",
    ["", "Please sort (quickly, now) the list. Reply with yes, no.", "{" * 2000, "CREATE TABLE " * 500,
     "CREATE TABLE t (" + "(" * 3000, "a: b, c\n" * 3 + "|" * 5000, "- x (" + "y, " * 5000],
    ids=["nothing", "prose", "braces", "words", "parentheses", "pipes", "a long list"],
)  # fmt: skip
def test_prose_and_hostile_text_give_no_schema_that_breaks_anything(prompt):
    schema = schema_in(prompt)
    assert len(schema.tables) <= 1


def test_generated_rows_keep_the_constraints_and_meet_the_conditions():
    schema = schema_in(PROMPTS["definitions"].replace("city TEXT", "city TEXT NOT NULL"))
    (statement,) = read(
        "SELECT count(*) FROM orders o JOIN customer c ON o.customer_id = c.id"
        " WHERE c.city LIKE 'Ber%' AND o.total > 100",
        "",
    )
    maker = row_maker(schema, [prepared(statement, schema, "")])
    counts = []
    for seed in range(10):
        made = maker.database(seed)
        assert made == maker.database(seed)
        customers = [row[0] for row in made.rows["customer"]]
        assert len(set(customers)) == len(customers)
        assert all(row[1] is not None for row in made.rows["customer"])
        assert {row[1] for row in made.rows["orders"]} <= {*customers, None}
        with sqlite3.connect(":memory:") as connection:
            for definition in made.definitions("sqlite"):
                connection.execute(definition)
            for table, rows in made.rows.items():
                connection.executemany(
                    f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows
                )
            counts += connection.execute(statement.sql("sqlite")).fetchone()
            counts.append(-len(made.rows["orders"]))
        connection.close()
    met, rows = counts[::2], [-n for n in counts[1::2]]
    assert sum(0 < n < of for n, of in zip(met, rows, strict=True)) >= 7


def allowed(text, **options):
    assertion = Assertion(type="is-sql", value={"databaseType": "mysql", **options})
    return grade(Criterion(assertions=(assertion,)), GradeInput(text=text)).passed


def test_tables_and_columns_are_held_to_the_lists_of_promptfoo():
    tables = ["(select|update)::null::departments"]
    assert allowed("SELECT a FROM departments", allowedTables=tables) is True
    assert allowed("UPDATE departments SET a = 1", allowedTables=tables) is True
    assert allowed("DELETE FROM departments", allowedTables=tables) is False
    assert allowed("SELECT a FROM hr.departments", allowedTables=tables) is False
    assert allowed("SELECT a FROM departments JOIN wages USING (id)", allowedTables=tables) is False
    assert allowed("WITH w AS (SELECT 1) SELECT * FROM w", allowedTables=tables) is True
    assert allowed("SELECT a FROM hr.departments", allowedTables=["departments"]) is True
    columns = ["select::null::name", "select::departments::(name|id)"]
    assert allowed("SELECT NAME FROM departments", allowedColumns=columns) is True
    assert allowed("SELECT d.id FROM departments AS d", allowedColumns=columns) is True
    assert allowed("SELECT wage FROM departments", allowedColumns=columns) is False
    assert allowed("SELECT * FROM departments", allowedColumns=columns) is False
    assert allowed("SELECT * FROM departments", allowedColumns=["select::(.*)::(.*)"]) is True
    assert allowed("UPDATE departments SET name = 'x'", allowedColumns=columns) is False
