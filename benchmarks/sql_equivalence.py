"""Are SQL answers that return the same rows accepted, and those that return others refused?

    python benchmarks/sql_equivalence.py [--data ../shared/data/workloads] [--show 20]

From logged text-to-SQL calls with a SQLite database each, variants are made of every logged
statement by rewriting it (not by the code that grades), and run on the database: those that return
the same rows must be accepted, those that return others refused. Each is graded three ways: by
running on the database, by running on rows generated from the schema in the prompt, and without
running. A variant that raises, or that is the logged text itself, is thrown away, and so is one
that returns other rows only because the database breaks a primary key that the prompt declares.

It needs ``NAME.jsonl`` with its ``NAME.truth.jsonl`` (records of category ``text_to_sql`` whose
``grader.db`` is a SQLite file beside them).
"""

from __future__ import annotations

import argparse
import atexit
import json
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from auditor.criteria import Assertion, Criterion, GradeInput, grade
from auditor.criteria.request_facts import RequestFacts
from auditor.criteria.sql.equivalence import normal_form_of, statements_run
from auditor.criteria.sql.running import Runner
from auditor.criteria.sql.schema_in_prompt import schema_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCRATCH = Path(tempfile.mkdtemp(prefix="sql-equivalence-"))
CRITERION = Criterion(assertions=(Assertion(type="sql-equals", value="{{reference}}"),))
Tree = exp.Expression
Rewrite = "Callable[[str, random.Random], str | None]"


@dataclass(frozen=True)
class Call:
    """A logged call: its prompt, its statement, and the database it is about."""

    prompt: str
    system: str
    gold: str
    database: Path


@dataclass(frozen=True)
class Variant:
    """Another statement in answer to a call."""

    call: Call
    kind: str
    text: str


# -- rewriting that keeps the rows -----------------------------------------------------------------

SAME: dict[str, Any] = {}
OTHER: dict[str, Any] = {}


def _of(table: dict[str, Any], name: str) -> Any:
    def keep(function: Any) -> Any:
        table[name] = function
        return function

    return keep


def _tree(text: str) -> Tree:
    return sqlglot.parse_one(text.rstrip("; "), dialect="sqlite")


def _sql(tree: Tree) -> str:
    return tree.sql(dialect="sqlite")


def _main(tree: Tree) -> exp.Select | None:
    return tree if isinstance(tree, exp.Select) else None


@_of(SAME, "comma join")
def comma_join(text: str, _: random.Random) -> str | None:
    """FROM a JOIN b ON x WHERE y becomes FROM a, b WHERE x AND y."""
    tree = _tree(text)
    changed = False
    for select in tree.find_all(exp.Select):
        joins = select.args.get("joins") or []
        if not joins or any(j.side or j.args.get("using") for j in joins):
            continue
        where = select.args.get("where")
        conditions = [j.args["on"].sql(dialect="sqlite") for j in joins if j.args.get("on")]
        conditions += [f"({where.this.sql(dialect='sqlite')})"] if where else []
        for join in joins:
            join.set("on", None)
            join.set("kind", None)
        if conditions:
            select.set(
                "where",
                exp.Where(this=sqlglot.condition(" AND ".join(conditions), dialect="sqlite")),
            )
        changed = True
    return _sql(tree).replace(" CROSS JOIN ", ", ") if changed else None


@_of(SAME, "joins in another order")
def turned_join(text: str, _: random.Random) -> str | None:
    """FROM a JOIN b becomes FROM b JOIN a."""
    tree = _tree(text)
    done = False
    for select in tree.find_all(exp.Select):
        joins = select.args.get("joins") or []
        if (
            len(joins) == 1
            and joins[0].args.get("on")
            and not joins[0].side
            and not any(isinstance(e, exp.Star) for e in select.expressions)
        ):
            first, second = select.args["from_"].this, joins[0].this
            select.args["from_"].set("this", second.copy())
            joins[0].set("this", first.copy())
            done = True
    return _sql(tree) if done else None


@_of(SAME, "INNER JOIN")
def inner_join(text: str, _: random.Random) -> str | None:
    """JOIN becomes INNER JOIN."""
    changed = re.sub(r"(?<!LEFT )(?<!OUTER )\bJOIN\b", "INNER JOIN", text, flags=re.IGNORECASE)
    return changed if changed != text else None


@_of(SAME, "USING")
def using(text: str, _: random.Random) -> str | None:
    """ON a.x = b.x becomes USING (x)."""
    tree = _tree(text)
    done = False
    for join in tree.find_all(exp.Join):
        on = join.args.get("on")
        if (
            isinstance(on, exp.EQ)
            and isinstance(on.left, exp.Column)
            and isinstance(on.right, exp.Column)
            and on.left.name.lower() == on.right.name.lower()
        ):
            join.set("on", None)
            join.set("using", [exp.to_identifier(on.left.name)])
            done = True
    return _sql(tree) if done else None


@_of(SAME, "other aliases")
def other_aliases(text: str, chance: random.Random) -> str | None:
    """T1 becomes another name."""
    names = sorted({n.lower() for n in re.findall(r"\bAS (T\d)\b", text, re.IGNORECASE)})
    if not names:
        return None
    letters = chance.sample("abcdefghkmnpqrsuvwxyz", len(names))
    for name, letter in zip(names, letters, strict=True):
        text = re.sub(rf"\b{name}\b", f"{letter}{letter}", text, flags=re.IGNORECASE)
    return re.sub(r"\bAS (?=([a-z])\1\b)", chance.choice(["AS ", ""]), text, flags=re.IGNORECASE)


@_of(SAME, "names of tables for aliases")
def no_aliases(text: str, _: random.Random) -> str | None:
    """FROM singer AS T1 becomes FROM singer, T1.name becomes singer.name."""
    pairs = re.findall(r"\b(?:FROM|JOIN)\s+(\w+)\s+AS\s+(T\d)\b", text, re.IGNORECASE)
    if not pairs or len({t.lower() for t, _ in pairs}) < len(pairs):
        return None
    for table, alias in pairs:
        text = re.sub(rf"\s+AS\s+{alias}\b", "", text, flags=re.IGNORECASE)
        text = re.sub(rf"\b{alias}\.", f"{table}.", text, flags=re.IGNORECASE)
    return text


@_of(SAME, "qualified names")
def qualified(text: str, _: random.Random) -> str | None:
    """SELECT name FROM singer becomes SELECT singer.name FROM singer."""
    tree = _tree(text)
    done = False
    for select in tree.find_all(exp.Select):
        start = select.args.get("from_")
        if not start or select.args.get("joins") or not isinstance(start.this, exp.Table):
            continue
        for column in select.find_all(exp.Column):
            quoted = column.this.args.get("quoted")
            if column.find_ancestor(exp.Select) is select and not column.table and not quoted:
                column.set("table", exp.to_identifier(start.this.alias_or_name))
                done = True
    return _sql(tree) if done else None


@_of(SAME, "conditions in another order")
def other_order(text: str, chance: random.Random) -> str | None:
    """A AND b becomes b AND a, and the same for OR."""
    tree = _tree(text)
    found = False
    for node in list(tree.find_all(exp.And, exp.Or)):
        left, right = node.left.copy(), node.right.copy()
        if chance.random() < 0.9:
            node.set("this", right)
            node.set("expression", left)
            found = True
    return _sql(tree) if found else None


@_of(SAME, "comparisons turned")
def turned_comparison(text: str, chance: random.Random) -> str | None:
    """A > b becomes b < a, and a = b becomes b = a."""
    tree = _tree(text)
    mirrored = {
        exp.GT: exp.LT,
        exp.LT: exp.GT,
        exp.GTE: exp.LTE,
        exp.LTE: exp.GTE,
        exp.EQ: exp.EQ,
        exp.NEQ: exp.NEQ,
    }
    nodes = list(tree.find_all(*mirrored))
    for node in nodes:
        if len(nodes) == 1 or chance.random() < 0.8:
            node.replace(mirrored[type(node)](this=node.right.copy(), expression=node.left.copy()))
    return _sql(tree) if nodes else None


@_of(SAME, "COUNT(1)")
def count_one(text: str, chance: random.Random) -> str | None:
    """COUNT(*) becomes COUNT(1)."""
    changed = re.sub(
        r"count\s*\(\s*\*\s*\)",
        chance.choice(["COUNT(1)", "count( 1 )"]),
        text,
        flags=re.IGNORECASE,
    )
    return changed if changed != text else None


@_of(SAME, "fence")
def fence(text: str, chance: random.Random) -> str | None:
    """In a fenced block, alone or in a sentence."""
    before, after = chance.choice(
        [("", ""), ("Here is the query:\n\n", "\n\nIt returns what you asked for.")]
    )
    return f"{before}```{chance.choice(['sql', '', 'sqlite', 'SQL'])}\n{text}\n```{after}"


@_of(SAME, "space, comments, capitals")
def spaced(text: str, chance: random.Random) -> str | None:
    """Line breaks, comments, other capitals in key words, a semicolon."""
    words = r"select|from|where|group by|order by|limit|join|on|and|or|as|count|avg|max|min|having"
    change = chance.choice([str.upper, str.lower, str.title])
    parts = re.split(r"('[^']*'|\"[^\"]*\")", text.rstrip("; "))
    parts = [
        p if i % 2 else re.sub(rf"\b({words})\b", lambda m: change(m[0]), p, flags=re.IGNORECASE)
        for i, p in enumerate(parts)
    ]
    parts = [
        p
        if i % 2
        else re.sub(r"\s+(?=(?:from|where|group|order)\b)", "\n  ", p, flags=re.IGNORECASE)
        for i, p in enumerate(parts)
    ]
    return "".join(parts) + chance.choice([";", "", " ;\n", "\n-- done"])


@_of(SAME, "quoted names")
def quoted_names(text: str, chance: random.Random) -> str | None:
    """Names in double quotes, backticks or brackets."""
    tree = _tree(text)
    if '"' in text:
        return None
    written = tree.sql(dialect="sqlite", identify=True)
    left, right = chance.choice(['""', "``", "[]"])
    return re.sub(r'"([^"]+)"', rf"{left}\1{right}", written)


@_of(SAME, "BETWEEN")
def between(text: str, _: random.Random) -> str | None:
    """BETWEEN becomes two comparisons, and the other way round."""
    tree = _tree(text)
    found = False
    for node in list(tree.find_all(exp.Between)):
        low = exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
        high = exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
        node.replace(exp.paren(exp.and_(low, high)))
        found = True
    for node in list(tree.find_all(exp.And)):
        one, other = node.left, node.right
        if isinstance(one, exp.GTE) and isinstance(other, exp.LTE) and one.this == other.this:
            node.replace(
                exp.Between(
                    this=one.this.copy(), low=one.expression.copy(), high=other.expression.copy()
                )
            )
            found = True
    return _sql(tree) if found else None


@_of(SAME, "IN")
def in_or_equal(text: str, chance: random.Random) -> str | None:
    """A = 1 OR a = 2 becomes a IN (2, 1), a = 1 becomes a IN (1)."""
    tree = _tree(text)
    for node in list(tree.find_all(exp.Or)):
        one, other = node.left, node.right
        if isinstance(one, exp.EQ) and isinstance(other, exp.EQ) and one.this == other.this:
            values = [other.expression.copy(), one.expression.copy()]
            node.replace(exp.In(this=one.this.copy(), expressions=values))
            return _sql(tree)
    equal = [
        node
        for node in tree.find_all(exp.EQ)
        if isinstance(node.left, exp.Column)
        and (
            isinstance(node.right, exp.Literal)
            or (isinstance(node.right, exp.Column) and node.right.this.args.get("quoted"))
        )
    ]
    if not equal:
        return None
    node = chance.choice(equal)
    node.replace(exp.In(this=node.left.copy(), expressions=[node.right.copy()]))
    return _sql(tree)


@_of(SAME, "unequal otherwise")
def unequal(text: str, chance: random.Random) -> str | None:
    """!= becomes <> or NOT (a = b)."""
    tree = _tree(text)
    nodes = list(tree.find_all(exp.NEQ))
    if not nodes:
        return None
    if chance.random() < 0.5:
        return text.replace("!=", "<>") if "!=" in text else text.replace("<>", "!=")
    for node in nodes:
        node.replace(
            exp.Not(this=exp.paren(exp.EQ(this=node.left.copy(), expression=node.right.copy())))
        )
    return _sql(tree)


@_of(SAME, "NOT (a <= b)")
def negated(text: str, _: random.Random) -> str | None:
    """A > b becomes NOT (a <= b)."""
    tree = _tree(text)
    opposite = {exp.GT: exp.LTE, exp.LT: exp.GTE, exp.GTE: exp.LT, exp.LTE: exp.GT}
    nodes = list(tree.find_all(*opposite))
    for node in nodes:
        inner = opposite[type(node)](this=node.left.copy(), expression=node.right.copy())
        node.replace(exp.Not(this=exp.paren(inner)))
    return _sql(tree) if nodes else None


@_of(SAME, "names of columns")
def output_names(text: str, _: random.Random) -> str | None:
    """Each column of the result gets a name of its own."""
    tree = _tree(text)
    select = _main(tree)
    if select is None or any(isinstance(e, exp.Star) or e.is_star for e in select.expressions):
        return None
    names = [
        exp.alias_(e.unalias().copy(), f"result_{i}") for i, e in enumerate(select.expressions)
    ]
    select.set("expressions", names)
    return _sql(tree)


@_of(SAME, "ORDER BY by position or alias")
def order_by_position(text: str, chance: random.Random) -> str | None:
    """ORDER BY count(*) becomes ORDER BY 2, or by a name given in SELECT."""
    tree = _tree(text)
    select = _main(tree)
    order = select.args.get("order") if select else None
    if not order:
        return None
    done = False
    for entry in order.expressions:
        for i, chosen in enumerate(select.expressions):
            if chosen.unalias() == entry.this:
                if chance.random() < 0.5:
                    entry.set("this", exp.Literal.number(i + 1))
                else:
                    select.expressions[i].replace(exp.alias_(chosen.unalias().copy(), f"key_{i}"))
                    entry.set("this", exp.column(f"key_{i}"))
                done = True
                break
    return _sql(tree) if done else None


@_of(SAME, "ASC")
def ascending(text: str, _: random.Random) -> str | None:
    """ORDER BY a becomes ORDER BY a ASC, or the other way round."""
    if re.search(r"\bASC\b", text, re.IGNORECASE):
        return re.sub(r"\s+ASC\b", "", text, flags=re.IGNORECASE)
    found = re.search(r"ORDER BY ([\w.]+)\s*;?$", text, re.IGNORECASE)
    return text.rstrip("; ") + " ASC" if found else None


@_of(SAME, "subquery around")
def wrapped(text: str, _: random.Random) -> str | None:
    """SELECT * FROM (the statement)."""
    if re.search(r"\border\s+by\b|\blimit\b", text, re.IGNORECASE) or _repeats_names(text):
        return None
    return f"SELECT * FROM ({text.rstrip('; ')}) AS inside"


@_of(SAME, "WITH")
def common_table(text: str, _: random.Random) -> str | None:
    """WITH found AS (the statement) SELECT * FROM found."""
    if re.search(r"\border\s+by\b|\blimit\b", text, re.IGNORECASE) or _repeats_names(text):
        return None
    return f"WITH found AS ({text.rstrip('; ')}) SELECT * FROM found"


@_of(SAME, "table filtered in a subquery")
def filtered_source(text: str, _: random.Random) -> str | None:
    """FROM t WHERE x becomes FROM (SELECT * FROM t WHERE x) AS t."""
    tree = _tree(text)
    select = _main(tree)
    if select is None or select.args.get("joins") or not select.args.get("where"):
        return None
    source = select.args["from_"].this
    if not isinstance(source, exp.Table):
        return None
    name = source.alias_or_name
    inner = exp.select("*").from_(source.copy()).where(select.args["where"].this.copy())
    select.set("where", None)
    select.args["from_"].set("this", inner.subquery(name))
    return _sql(tree)


@_of(SAME, "DISTINCT in IN")
def distinct_in(text: str, _: random.Random) -> str | None:
    """X IN (SELECT y ...) becomes x IN (SELECT DISTINCT y ...)."""
    changed = re.sub(
        r"\bIN\s*\(\s*SELECT\s+(?!DISTINCT)", "IN (SELECT DISTINCT ", text, flags=re.IGNORECASE
    )
    return changed if changed != text else None


@_of(SAME, "EXISTS for IN")
def exists(text: str, _: random.Random) -> str | None:
    """X IN (SELECT y FROM t) becomes EXISTS (SELECT 1 FROM t WHERE y = x), with NOT as well."""
    tree = _tree(text)
    for node in list(tree.find_all(exp.In)):
        query = node.args.get("query")
        inner = query.this if isinstance(query, exp.Subquery) else None
        outer = node.find_ancestor(exp.Select)
        if (
            not isinstance(inner, exp.Select)
            or not isinstance(node.this, exp.Column)
            or outer is None
            or len(inner.expressions) != 1
            or inner.args.get("group")
            or inner.args.get("limit")
            or outer.args.get("joins")
        ):
            continue
        source = outer.args["from_"].this
        if any(t.name.lower() == source.name.lower() for t in inner.find_all(exp.Table)):
            continue
        left = node.this.copy()
        left.set("table", exp.to_identifier(source.alias_or_name))
        chosen = inner.expressions[0].unalias().copy()
        tables = list(inner.find_all(exp.Table))
        if isinstance(chosen, exp.Column) and not chosen.table and len(tables) == 1:
            chosen.set("table", exp.to_identifier(tables[0].alias_or_name))
        changed = inner.copy().where(exp.EQ(this=chosen, expression=left))
        changed.set("expressions", [exp.Literal.number(1)])
        changed.set("distinct", None)
        node.replace(exp.Exists(this=changed))
        return _sql(tree)
    return None


@_of(SAME, "GROUP BY for DISTINCT")
def grouped(text: str, _: random.Random) -> str | None:
    """SELECT DISTINCT a becomes SELECT a GROUP BY a."""
    tree = _tree(text)
    select = _main(tree)
    if select is None or not select.args.get("distinct") or select.args.get("group"):
        return None
    if any(select.find_all(exp.AggFunc)) or any(
        isinstance(e, exp.Star) for e in select.expressions
    ):
        return None
    select.set("distinct", None)
    return _sql(select.group_by(*[e.unalias().copy() for e in select.expressions]))


@_of(SAME, "parentheses, 1 = 1")
def redundant(text: str, chance: random.Random) -> str | None:
    """Conditions in parentheses, with one that is always true."""
    tree = _tree(text)
    found = False
    for where in list(tree.find_all(exp.Where)):
        inner = exp.paren(where.this.copy())
        where.set("this", chance.choice([inner, exp.and_(sqlglot.condition("1 = 1"), inner)]))
        found = True
    return _sql(tree) if found else None


@_of(SAME, "sides of a set operation")
def turned_sides(text: str, _: random.Random) -> str | None:
    """A UNION b becomes b UNION a; INTERSECT too."""
    tree = _tree(text)
    if not isinstance(tree, exp.Union | exp.Intersect) or tree.args.get("order"):
        return None
    left, right = tree.this.copy(), tree.expression.copy()
    if isinstance(left, exp.SetOperation) or isinstance(right, exp.SetOperation):
        return None
    tree.set("this", right)
    tree.set("expression", left)
    return _sql(tree)


@_of(SAME, "IN for INTERSECT, NOT IN for EXCEPT")
def membership(text: str, _: random.Random) -> str | None:
    """SELECT a INTERSECT SELECT b becomes SELECT DISTINCT a WHERE a IN (SELECT b)."""
    tree = _tree(text)
    if not isinstance(tree, exp.Intersect | exp.Except) or not isinstance(tree.this, exp.Select):
        return None
    left, right = tree.this.copy(), tree.expression.copy()
    if len(left.expressions) != 1 or left.args.get("group") or not isinstance(right, exp.Select):
        return None
    chosen = left.expressions[0].unalias()
    if not isinstance(chosen, exp.Column):
        return None
    inside: Tree = exp.In(this=chosen.copy(), query=exp.Subquery(this=right))
    if isinstance(tree, exp.Except):
        inside = exp.Not(this=inside)
    return _sql(left.where(inside).distinct())


@_of(SAME, "texts in single quotes")
def single_quotes(text: str, _: random.Random) -> str | None:
    """A text in double quotes becomes one in single quotes."""
    changed = re.sub(r'"([^"\']*)"', r"'\1'", text)
    return changed if changed != text else None


@_of(SAME, "numbers in quotes")
def quoted_numbers(text: str, _: random.Random) -> str | None:
    """Year = 2014 becomes year = '2014'."""
    changed = re.sub(r"([\w.]+\s*(?:=|!=|<>)\s*)(\d{2,})\b", r"\1'\2'", text)
    return changed if changed != text else None


@_of(SAME, "OFFSET 0")
def offset(text: str, _: random.Random) -> str | None:
    """LIMIT n becomes LIMIT n OFFSET 0."""
    found = re.search(r"\bLIMIT\s+\d+\s*;?$", text, re.IGNORECASE)
    return text.rstrip("; ") + " OFFSET 0" if found else None


@_of(SAME, "greatest by a subquery")
def by_subquery(text: str, _: random.Random) -> str | None:
    """ORDER BY x DESC LIMIT 1 becomes WHERE x = (SELECT max(x) ...)."""
    found = re.fullmatch(
        r"SELECT (?P<what>[\w ,.]+?) FROM (?P<table>\w+) ORDER BY (?P<key>\w+)"
        r"(?P<way>\s+DESC|\s+ASC)? LIMIT 1;?",
        " ".join(text.split()),
        re.IGNORECASE,
    )
    if not found:
        return None
    best = "max" if (found["way"] or "").strip().upper() == "DESC" else "min"
    return (
        f"SELECT {found['what']} FROM {found['table']} WHERE {found['key']} ="
        f" (SELECT {best}({found['key']}) FROM {found['table']})"
    )


@_of(SAME, "several at once")
def several(text: str, chance: random.Random) -> str | None:
    """Three of the others one after another."""
    names = [n for n in SAME if n not in {"several at once", "fence", "space, comments, capitals"}]
    done = 0
    for name in chance.sample(names, len(names)):
        try:
            changed = SAME[name](text, chance)
        except (sqlglot.errors.SqlglotError, AttributeError, KeyError, ValueError, TypeError):
            continue
        if changed:
            text, done = changed, done + 1
        if done == 3:
            return text
    return None


def _repeats_names(text: str) -> bool:
    select = _main(_tree(text))
    if select is None:
        return False
    names = [e.alias_or_name.lower() for e in select.expressions]
    return len(set(names)) < len(names) or any(e.is_star for e in select.expressions)


# -- rewriting that changes the rows ---------------------------------------------------------------


@_of(OTHER, "another literal")
def other_literal(text: str, chance: random.Random) -> str | None:
    """A number or text in a condition is another one."""
    tree = _tree(text)
    literals = [
        n
        for n in tree.find_all(exp.Literal)
        if n.find_ancestor(exp.Where, exp.Having) and not isinstance(n.parent, exp.Limit)
    ]
    if not literals:
        return None
    node = chance.choice(literals)
    if node.is_string:
        node.replace(exp.Literal.string(chance.choice([node.name + "s", node.name[:-1], "other"])))
    else:
        step = chance.choice([-1, 1, 2, 10])
        node.replace(
            exp.Literal.number(
                float(node.name) + step if "." in node.name else int(node.name) + step
            )
        )
    return _sql(tree)


@_of(OTHER, "capitals in a text")
def other_capitals(text: str, _: random.Random) -> str | None:
    """A text in other capitals."""
    changed = re.sub(r"(['\"])([^'\"%]+)\1", lambda m: m[1] + m[2].swapcase() + m[1], text, count=1)
    return changed if changed != text else None


@_of(OTHER, "another operator")
def other_operator(text: str, chance: random.Random) -> str | None:
    """> becomes >=, <, = and so on."""
    tree = _tree(text)
    kinds = [exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ]
    nodes = [n for n in tree.find_all(*kinds) if n.find_ancestor(exp.Where, exp.Having)]
    if not nodes:
        return None
    node = chance.choice(nodes)
    kind = chance.choice([k for k in kinds if k is not type(node)])
    node.replace(kind(this=node.left.copy(), expression=node.right.copy()))
    return _sql(tree)


@_of(OTHER, "a condition dropped")
def dropped_condition(text: str, chance: random.Random) -> str | None:
    """One of the conditions is gone."""
    tree = _tree(text)
    nodes = list(tree.find_all(exp.And, exp.Or))
    if nodes:
        node = chance.choice(nodes)
        node.replace(chance.choice([node.left, node.right]).copy())
        return _sql(tree)
    wheres = [s for s in tree.find_all(exp.Select) if s.args.get("where")]
    if not wheres:
        return None
    chance.choice(wheres).set("where", None)
    return _sql(tree)


@_of(OTHER, "OR for AND")
def or_for_and(text: str, _: random.Random) -> str | None:
    """AND becomes OR, and the other way round."""
    tree = _tree(text)
    for node in tree.find_all(exp.And, exp.Or):
        kind = exp.Or if isinstance(node, exp.And) else exp.And
        node.replace(kind(this=node.left.copy(), expression=node.right.copy()))
        return _sql(tree)
    return None


@_of(OTHER, "another column")
def other_column(text: str, chance: random.Random, columns: Sequence[str] = ()) -> str | None:
    """A column of the result is another one of the database."""
    tree = _tree(text)
    found = [c for c in tree.find_all(exp.Column) if c.find_ancestor(exp.Select) is not None]
    if not found or not columns:
        return None
    chance.choice(found).this.replace(exp.to_identifier(chance.choice(list(columns))))
    return _sql(tree)


@_of(OTHER, "columns in another order")
def columns_turned(text: str, _: random.Random) -> str | None:
    """The columns of the result the other way round."""
    tree = _tree(text)
    select = _main(tree)
    if select is None or len(select.expressions) < 2:
        return None
    select.set("expressions", [e.copy() for e in reversed(select.expressions)])
    return _sql(tree)


@_of(OTHER, "DISTINCT lost or added")
def other_distinct(text: str, _: random.Random) -> str | None:
    """SELECT DISTINCT becomes SELECT, count(DISTINCT x) count(x), and the other way round."""
    if re.search(r"\bDISTINCT\b", text, re.IGNORECASE):
        return re.sub(r"\bDISTINCT\b", "", text, count=1, flags=re.IGNORECASE)
    return re.sub(r"^SELECT\b", "SELECT DISTINCT", text.strip(), flags=re.IGNORECASE)


@_of(OTHER, "another direction")
def other_direction(text: str, _: random.Random) -> str | None:
    """DESC becomes ASC."""
    if re.search(r"\bDESC\b", text, re.IGNORECASE):
        return re.sub(r"\bDESC\b", "ASC", text, flags=re.IGNORECASE)
    changed = re.sub(r"(ORDER BY [\w.()*]+)(\s+ASC)?", r"\1 DESC", text, flags=re.IGNORECASE)
    return changed if changed != text else None


@_of(OTHER, "no order")
def no_order(text: str, _: random.Random) -> str | None:
    """ORDER BY is gone."""
    tree = _tree(text)
    if not tree.args.get("order"):
        return None
    tree.set("order", None)
    return _sql(tree)


@_of(OTHER, "another limit")
def other_limit(text: str, chance: random.Random) -> str | None:
    """LIMIT 1 becomes LIMIT 3, or is gone, or comes in."""
    if re.search(r"\bLIMIT\s+\d+", text, re.IGNORECASE):
        return re.sub(
            r"\bLIMIT\s+\d+", chance.choice(["LIMIT 3", "LIMIT 2", ""]), text, flags=re.IGNORECASE
        )
    return text.rstrip("; ") + " LIMIT 2"


@_of(OTHER, "another aggregate")
def other_aggregate(text: str, chance: random.Random) -> str | None:
    """Avg becomes sum, max becomes min."""
    tree = _tree(text)
    kinds = [exp.Avg, exp.Sum, exp.Max, exp.Min]
    nodes = list(tree.find_all(*kinds))
    if not nodes:
        return None
    node = chance.choice(nodes)
    node.replace(chance.choice([k for k in kinds if k is not type(node)])(this=node.this.copy()))
    return _sql(tree)


@_of(OTHER, "LEFT JOIN")
def left_join(text: str, _: random.Random) -> str | None:
    """JOIN becomes LEFT JOIN."""
    changed = re.sub(r"\bJOIN\b", "LEFT JOIN", text, count=1, flags=re.IGNORECASE)
    return changed if changed != text else None


@_of(OTHER, "a join dropped or on another column")
def other_join(text: str, chance: random.Random, columns: Sequence[str] = ()) -> str | None:
    """ON a.x = b.y becomes ON a.x = b.z, or the condition is gone."""
    tree = _tree(text)
    joins = [j for j in tree.find_all(exp.Join) if isinstance(j.args.get("on"), exp.EQ)]
    if not joins or not columns:
        return None
    join = chance.choice(joins)
    if chance.random() < 0.3:
        join.set("on", None)
    else:
        side = chance.choice([join.args["on"].left, join.args["on"].right])
        if not isinstance(side, exp.Column):
            return None
        side.this.replace(exp.to_identifier(chance.choice(list(columns))))
    return _sql(tree)


@_of(OTHER, "NOT turned")
def not_turned(text: str, _: random.Random) -> str | None:
    """NOT IN becomes IN, EXCEPT becomes INTERSECT."""
    for one, other in (
        ("NOT IN", "IN"),
        ("EXCEPT", "INTERSECT"),
        ("INTERSECT", "UNION"),
        ("UNION", "UNION ALL"),
        ("IN", "NOT IN"),
    ):
        changed = re.sub(rf"\b{one}\b", other, text, count=1, flags=re.IGNORECASE)
        if changed != text:
            return changed
    return None


@_of(OTHER, "HAVING or GROUP BY dropped")
def other_group(text: str, _: random.Random) -> str | None:
    """HAVING is gone, or else GROUP BY."""
    tree = _tree(text)
    select = next((s for s in tree.find_all(exp.Select) if s.args.get("group")), None)
    if select is None:
        return None
    select.set("having" if select.args.get("having") else "group", None)
    return _sql(tree)


# -- running and grading ---------------------------------------------------------------------------


def rows_of(database: Path, statement: str) -> list[tuple[Any, ...]] | None:
    """The rows of a statement, None where it does not run."""
    steps = 0

    def stop() -> int:
        nonlocal steps
        steps += 1
        return int(steps > 2000)

    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.set_progress_handler(stop, 10_000)
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.Error:
            return None


def statement_in(text: str) -> str:
    """The statement of an answer, out of its fence."""
    found = re.search(r"```\w*\n(.*?)```", text, re.DOTALL)
    return found[1] if found else text


def same(call: Call, text: str) -> bool | None:
    """Whether a statement returns the rows of the logged one; None where one does not run."""
    wanted, got = rows_of(call.database, call.gold), rows_of(call.database, statement_in(text))
    if wanted is None or got is None:
        return None
    if re.search(
        r"\border\s+by\b", re.sub(r"\(.*\)", "", call.gold, flags=re.DOTALL), re.IGNORECASE
    ):
        return wanted == got
    return Counter(wanted) == Counter(got)


@cache
def keeping_keys(database: Path, prompt: str, folder: Path) -> Path:
    """A copy of a database without the rows that repeat a primary key which the prompt declares."""
    copy = folder / f"{len(list(folder.iterdir()))}-{database.name}"
    shutil.copyfile(database, copy)
    keys = re.findall(r'CREATE TABLE "(\w+)" \([^;]*?"(\w+)" \w+ PRIMARY KEY', prompt)
    keys += [
        (table, ", ".join(f'"{c}"' for c in re.findall(r"\w+", columns)))
        for table, columns in re.findall(
            r'CREATE TABLE "(\w+)" \([^;]*?\n\s*PRIMARY KEY \(([^)]*)\)', prompt
        )
    ]
    with closing(sqlite3.connect(copy)) as connection:
        for table, named in keys:
            key = named if named.startswith('"') else f'"{named}"'
            connection.execute(
                f'DELETE FROM "{table}" WHERE rowid NOT IN'
                f' (SELECT min(rowid) FROM "{table}" GROUP BY {key})'
            )
        connection.commit()
    return copy


def calls_in(folder: Path) -> Iterator[Call]:
    """Yield the text-to-SQL calls of a folder of workloads whose statements run."""
    for truth in sorted(folder.glob("*.truth.jsonl")):
        facts = {}
        for line in truth.open(encoding="utf-8"):
            fact = json.loads(line)
            if fact.get("category") == "text_to_sql" and fact.get("response_source") == "gold":
                facts[fact["id"]] = fact
        log = truth.with_name(truth.name.replace(".truth.jsonl", ".jsonl"))
        seen = set()
        for line in log.open(encoding="utf-8") if facts else ():
            record = json.loads(line)
            fact = facts.get(record.get("id"))
            if fact is None or (fact["gold"], fact["grader"]["db"]) in seen:
                continue
            seen.add((fact["gold"], fact["grader"]["db"]))
            request = record["request"]
            content = request["messages"][-1]["content"]
            text = content if isinstance(content, str) else content[0]["text"]
            call = Call(
                text, str(request.get("system", "")), fact["gold"], folder / fact["grader"]["db"]
            )
            if rows_of(call.database, call.gold):
                yield call


def columns_of(database: Path) -> list[str]:
    """The names of all columns of a database."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [
            n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        return sorted(
            {row[1] for t in tables for row in connection.execute(f'PRAGMA table_info("{t}")')}
        )


def variants(
    calls: Sequence[Call], kinds: dict[str, Any], wanted: int, seed: int, *, are_same: bool
) -> list[Variant]:
    """Variants of the calls by all kinds in turn, as many as wanted, each tried on the database."""
    chance = random.Random(seed)
    found: list[Variant] = []
    taken: set[tuple[str, str]] = set()
    columns = {call.database: columns_of(call.database) for call in calls}
    queues = {name: chance.sample(list(calls), len(calls)) for name in kinds}
    while len(found) < wanted and any(queues.values()):
        for name, queue in queues.items():
            while queue:
                call = queue.pop()
                extra = {"columns": columns[call.database]} if name in COLUMN_KINDS else {}
                try:
                    text = kinds[name](call.gold, chance, **extra)
                except (
                    sqlglot.errors.SqlglotError,
                    AttributeError,
                    KeyError,
                    ValueError,
                    TypeError,
                ):
                    continue
                if not text or text == call.gold or (call.gold, text) in taken:
                    continue
                if same(call, text) is are_same and (are_same or differs_with_keys(call, text)):
                    taken.add((call.gold, text))
                    found.append(Variant(call, name, text))
                    break
    return found[:wanted]


def differs_with_keys(call: Call, text: str) -> bool:
    """Whether a variant returns other rows where the keys of the prompt are kept, too."""
    copy = keeping_keys(call.database, call.prompt.partition("Question:")[0], SCRATCH)
    return same(replace(call, database=copy), text) is False


COLUMN_KINDS = {"another column", "a join dropped or on another column"}


def accepted(variant: Variant) -> tuple[bool, str]:
    """Whether the check passes a variant, and what it says."""
    call = variant.call
    result = grade(
        CRITERION,
        GradeInput(
            text=variant.text,
            reference_text=call.gold,
            request=RequestFacts(
                system=call.system, user=call.prompt, prompt=f"{call.system}\n{call.prompt}"
            ),
        ),
    )
    return result.passed is True, result.explanation


def measured(
    equal: Sequence[Variant], unequal: Sequence[Variant], way: str, show: int
) -> dict[str, Any]:
    """Grade all variants one way; print those that are graded wrongly."""
    for kept in (normal_form_of, schema_in):
        kept.cache_clear()  # what another way has worked out
    by_kind: dict[str, list[bool]] = defaultdict(list)
    wrong = []
    runners: dict[Path | None, Runner] = {}
    started = time.process_time()
    clock = time.monotonic()
    counts = {}
    for what, some in (("same", equal), ("other", unequal)):
        yes = 0
        for variant in some:
            runner = None
            if way != "without running":
                key = variant.call.database if way == "on the database" else None
                runner = runners.setdefault(key, Runner(key))
            with statements_run(runner):
                passes, words = accepted(variant)
            yes += passes
            by_kind[f"{what}: {variant.kind}"].append(passes)
            if passes != (what == "same"):
                wrong.append((what, variant, words))
        counts[what] = yes / max(1, len(some)), yes
    for runner in runners.values():
        runner.__exit__()
    for what, variant, words in wrong[:show]:
        print(f"  {what} | {variant.kind}\n    {variant.call.gold}\n    {variant.text}")
        print(f"    -> {words}")
    n = len(equal) + len(unequal)
    return {
        "same": counts["same"],
        "other": counts["other"],
        "by_kind": by_kind,
        "cpu_ms": 1000 * (time.process_time() - started) / n,
        "wall_ms": 1000 * (time.monotonic() - clock) / n,
    }


def main() -> None:
    """Make the variants, grade them three ways, print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(__file__).resolve().parents[2] / "shared" / "data" / "workloads",
    )
    parser.add_argument("--same", type=int, default=1500)
    parser.add_argument("--other", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="wrongly graded variants to print")
    parser.add_argument("--kinds", action="store_true", help="print the shares by kind of variant")
    parser.add_argument(
        "--ways", nargs="*", default=["on the database", "on generated rows", "without running"]
    )
    options = parser.parse_args()
    atexit.register(shutil.rmtree, SCRATCH)
    calls = list(calls_in(options.data))
    if not calls:
        sys.exit(f"no text-to-SQL calls with a database in {options.data}")
    equal = variants(calls, SAME, options.same, options.seed, are_same=True)
    unequal = variants(calls, OTHER, options.other, options.seed, are_same=False)
    print(
        f"{len(calls)} statements; variants with the same rows: {len(equal)},"
        f" with others: {len(unequal)}"
    )
    results = {}
    for way in options.ways:
        results[way] = measured(equal, unequal, way, options.show)
        told = results[way]
        print(
            f"| {way} | {told['same'][0]:.1%} of {len(equal)}"
            f" | {told['other'][1]} of {len(unequal)} |"
            f" {told['cpu_ms']:.1f} ms | {told['wall_ms']:.1f} ms |",
            flush=True,
        )
    if options.kinds:
        for kind in sorted({k for told in results.values() for k in told["by_kind"]}):
            shares = [told["by_kind"][kind] for told in results.values()]
            print(
                f"| {kind} | {len(shares[0])} | "
                + " | ".join(f"{sum(s) / len(s):.0%}" for s in shares)
                + " |"
            )


if __name__ == "__main__":
    main()
