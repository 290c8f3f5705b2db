"""Errors in program code: an operator turned around, a return dropped, a number off by one.

Python is edited at the places that its parser names; other languages line by line, outside of
comments and quotes.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

from auditor.criteria.checks.base import MAX_PYTHON
from auditor.criteria.mutations.documents import shown
from auditor.criteria.mutations.model import Mutant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from auditor.criteria.mutations.model import Logged, Pool

_FLIPPED = {
    "<=": ">", ">=": "<", "===": "!==", "!==": "===", "==": "!=", "!=": "==", "<": ">", ">": "<",
    "&&": "||", "||": "&&", "and": "or", "or": "and", "+": "-", "-": "+", "*": "+", "//": "*",
    "/": "*", "%": "*", "not in": "in", "in": "not in", "is not": "is", "is": "is not",
}  # fmt: skip
_SPACED = re.compile(r"(?<=[\w)\]]) (<=|>=|===|!==|==|!=|<|>|&&|\|\||\+|-|\*|/|%) (?=[\w(\[!-])")
_RETURN = re.compile(r"(?m)^[ \t]*return\b[ \t]+[^\n]*\n?")
_COUNT = re.compile(r"(?<= [<>+=-] )\d+\b(?!\.)|(?<= [<>]= )\d+\b(?!\.)|(?<=\[)\d+(?=\])")
_COMMENT = re.compile(r"\s*(?://|#|\*|--|/\*)")


class _Edit(NamedTuple):
    """Bytes from ``start`` to ``end`` become ``by``; ``detail`` says so in words."""

    start: int
    end: int
    by: str
    detail: str


def operator_flipped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """An operator is turned around."""
    return _edited(answer, pool, rng, _python_operators, _line_operators)


def return_dropped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """A result is not returned."""
    return _edited(answer, pool, rng, _python_returns, _line_returns)


def off_by_one(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """A bound, an index or a step is off by one."""
    return _edited(answer, pool, rng, _python_counts, _line_counts)


def _edited(
    answer: Logged,
    pool: Pool,
    rng: Random,
    python: Callable[[ast.Module, bytes, Callable[..., int]], Iterator[_Edit]],
    lines: Callable[[str], Iterator[_Edit]],
) -> Mutant | None:
    del pool
    code = answer.block.value
    raw = code.encode("utf-8", "surrogatepass")
    tree = _tree(code)
    if tree is None:
        edits = list(lines(code))
    else:
        starts = [0]
        for line in raw.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        edits = list(python(tree, raw, lambda row, column: starts[row - 1] + column))
    if not edits:
        return None
    edit = rng.choice(edits)
    by = edit.by.encode("utf-8", "surrogatepass")
    changed = (raw[: edit.start] + by + raw[edit.end :]).decode("utf-8", "surrogatepass")
    if tree is not None:
        new = _tree(changed)
        if new is None or ast.dump(new) == ast.dump(tree):
            return None
    return Mutant(answer.saying(answer.block.replaced(answer.text, changed)), edit.detail)


@functools.lru_cache(maxsize=64)
def _tree(code: str) -> ast.Module | None:
    """The code as Python, with a statement in it that does something; None where it is not."""
    if len(code) > MAX_PYTHON:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if any(not isinstance(node, ast.Expr) for node in tree.body) else None


def _python_operators(
    tree: ast.Module, raw: bytes, at: Callable[[int | None, int | None], int]
) -> Iterator[_Edit]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            left, right = node.left, node.comparators[0]
            if isinstance(left, ast.Name) and left.id == "__name__":
                continue
        elif isinstance(node, ast.BinOp):
            left, right = node.left, node.right
        elif isinstance(node, ast.BoolOp):
            left, right = node.values[0], node.values[1]
        else:
            continue
        start, end = at(left.end_lineno, left.end_col_offset), at(right.lineno, right.col_offset)
        between = raw[start:end].decode("utf-8", "replace")
        found = re.search(r"not\s+in|is\s+not|and|or|in|is|[<>=!]=|//|[<>+*/%-]", between)
        operator = " ".join(found.group().split()) if found else ""
        if found and operator in _FLIPPED and between.isascii() and "**" not in between:
            new = _FLIPPED[operator]
            yield _Edit(start + found.start(), start + found.end(), new, f"{new} for {operator}")


def _python_returns(
    tree: ast.Module, raw: bytes, at: Callable[[int | None, int | None], int]
) -> Iterator[_Edit]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None:
            value = node.value
            if isinstance(value, ast.Constant) and value.value is None:
                continue
            start, end = at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)
            former = raw[start:end].decode("utf-8", "replace")
            yield _Edit(start, end, "return None", f"without {shown(former)}")


def _python_counts(
    tree: ast.Module, raw: bytes, at: Callable[[int | None, int | None], int]
) -> Iterator[_Edit]:
    del raw
    for node in ast.walk(tree):
        inside: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            inside = node.comparators
        elif isinstance(node, ast.BinOp):
            inside = [node.left, node.right]
        elif isinstance(node, ast.Subscript):
            inside = [node.slice]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range":
            inside = node.args
        for one in inside:
            if isinstance(one, ast.Constant) and type(one.value) is int:
                new = str(one.value + 1)
                yield _Edit(
                    at(one.lineno, one.col_offset),
                    at(one.end_lineno, one.end_col_offset),
                    new,
                    f"{one.value} → {new}",
                )


def _line_operators(code: str) -> Iterator[_Edit]:
    for found in _in_code(code, _SPACED, group=1):
        new = _FLIPPED[found.group(1)]
        yield _bytes(code, found.span(1), new, f"{new} for {found.group(1)}")


def _line_returns(code: str) -> Iterator[_Edit]:
    for found in _RETURN.finditer(code):
        yield _bytes(code, found.span(), "", f"without {shown(found.group().strip())}")


def _line_counts(code: str) -> Iterator[_Edit]:
    for found in _in_code(code, _COUNT, group=0):
        new = str(int(found.group()) + 1)
        yield _bytes(code, found.span(), new, f"{found.group()} → {new}")


def _in_code(code: str, pattern: re.Pattern[str], *, group: int) -> Iterator[re.Match[str]]:
    """Matches outside of comments and of quotes, as far as one line tells."""
    for found in pattern.finditer(code):
        start = code.rfind("\n", 0, found.start(group)) + 1
        before = code[start : found.start(group)]
        quoted = any(before.count(mark) % 2 for mark in "\"'`")
        if not _COMMENT.match(code, start) and "//" not in before and not quoted:
            yield found


def _bytes(code: str, span: tuple[int, int], by: str, detail: str) -> _Edit:
    start, end = (len(code[:place].encode("utf-8", "surrogatepass")) for place in span)
    return _Edit(start, end, by, detail)
