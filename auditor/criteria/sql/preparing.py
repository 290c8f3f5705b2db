"""What is settled in a statement before it is rewritten or run: names, texts, joins by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from auditor.criteria.sql.dialects import may_quote_text_doubly

if TYPE_CHECKING:
    from auditor.criteria.sql.schema import Schema

_DEFAULT_DATABASES = frozenset({"public", "dbo", "main"})


def prepared(statement: exp.Expression, schema: Schema, dialect: str) -> exp.Expression:
    """A copy with names in lower case, ``"x"`` a text where it is one, NATURAL spelled out."""
    statement = statement.copy()
    if schema or may_quote_text_doubly(dialect):
        statement = statement.transform(_text_or_name, schema, copy=False)
    for identifier in statement.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
        identifier.set("quoted", False)  # noqa: FBT003
    for table in statement.find_all(exp.Table):
        if table.db in _DEFAULT_DATABASES and not table.catalog:
            table.set("db", None)
    for column in statement.find_all(exp.Column):
        if column.args.get("db") is not None:  # database.table.column
            column.set("db", None)
            column.set("catalog", None)
    for select in statement.find_all(exp.Select):
        _open_first_parenthesis(select)
        _spell_out_natural_joins(select, schema)
    return statement


def _text_or_name(node: exp.Expression, schema: Schema) -> exp.Expression:
    """A name in double quotes that no table has is a text: SQLite's rule, and what models mean."""
    if not isinstance(node, exp.Column) or node.table or not isinstance(node.this, exp.Identifier):
        return node
    if not node.this.args.get("quoted"):
        return node
    name = node.name.lower()
    if name in schema.column_names or name in _own_names(node):
        return node
    if schema or _stands_for_a_value(node):
        return exp.Literal.string(node.name)
    return node


def _own_names(node: exp.Expression) -> set[str]:
    """Names that the statement itself gives to columns."""
    root = node.root()
    return {alias.alias.lower() for alias in root.find_all(exp.Alias)} | {
        column.name.lower()
        for names in root.find_all(exp.TableAlias)
        for column in names.args.get("columns") or ()
    }


def _stands_for_a_value(node: exp.Column) -> bool:
    """Whether a name stands where mostly values stand: compared with a column, to its right."""
    parent = node.parent
    if isinstance(parent, exp.In):
        return bool(node.arg_key == "expressions")
    return isinstance(parent, exp.Predicate) and bool(node.arg_key == "expression")


def _open_first_parenthesis(select: exp.Select) -> None:
    """``FROM (a JOIN b ON x) JOIN c`` as ``FROM a JOIN b ON x JOIN c``."""
    start = select.args.get("from_")
    inner = start.this if start else None
    while isinstance(inner, exp.Paren | exp.Subquery) and isinstance(inner.this, exp.Table):
        if inner.alias or inner.args.get("joins"):
            return
        inner = inner.this
        joins = inner.args.get("joins") or []
        inner.set("joins", None)
        start.set("this", inner)
        select.set("joins", [*joins, *(select.args.get("joins") or [])])


def _spell_out_natural_joins(select: exp.Select, schema: Schema) -> None:
    """``NATURAL JOIN`` as ``USING`` of the columns that both sides have, where these are known."""
    joins = select.args.get("joins") or []
    if not any(join.method == "NATURAL" for join in joins) or not select.args.get("from_"):
        return
    sources = [select.args["from_"].this, *(join.this for join in joins)]
    tables = [
        schema.by_name.get(source.name) if isinstance(source, exp.Table) else None
        for source in sources
    ]
    if any(table is None for table in tables):
        return
    seen = dict.fromkeys(tables[0].by_name)  # type: ignore[union-attr]
    for join, table in zip(joins, tables[1:], strict=True):
        assert table is not None
        if join.method == "NATURAL":
            shared = [name for name in table.by_name if name in seen]
            join.set("method", None)
            join.set("using", [exp.to_identifier(name) for name in shared])
            if not shared:
                join.set("kind", "CROSS")
        seen |= dict.fromkeys(table.by_name)
