"""docs/messages.md: every error a user can meet, found in the code where it is raised."""

from __future__ import annotations

import ast
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import NamedTuple

import auditor
from auditor import errors

PACKAGE = Path(auditor.__file__).parent
_KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.AuditorError)
}
_HEAD = """# Messages

Every error is two lines: what went wrong, and what mends it. Where the table names no mend, the
second line is "mend that, then run the same command again: it goes on". `<name>` stands for what
the program puts there. The process ends with the exit code of the error:

| error | exit | meaning |
|---|---|---|
"""


Scope = tuple[ast.AST, ...]
"""Where a variable may have got its value: the statements of its function, then its module's."""


class Message(NamedTuple):
    """One message: what it says, its class, and the hints it may carry."""

    text: str
    kind: str
    hint: str


def messages_page() -> str:
    """Return the page: the classes, then the messages by the room that raises them."""
    kinds = [
        f"| `{name}` | {int(kind.exit_code)} | {_first_line(kind)} |"
        for name, kind in _KINDS.items()
    ]
    parts = [_HEAD + "\n".join(kinds) + "\n"]
    by_room: dict[str, list[Message]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        by_room[path.relative_to(PACKAGE).parts[0].removesuffix(".py")] += messages_in(path)
    for room, found in sorted(by_room.items()):
        if found:
            rows = [f"| {m.text} | {m.kind} | {m.hint} |" for m in sorted(set(found))]
            head = ["| message | error | what mends it |", "|---|---|---|"]
            parts.append("\n".join([f"## {room}", "", *head, *rows, ""]))
    return "\n".join(parts)


def messages_in(path: Path) -> list[Message]:
    """Return the messages of the errors that a file makes, in the order of its lines."""
    found: list[Message] = []

    def visit(node: ast.AST, scope: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            inner = scope
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = (*ast.walk(child), *tree.body)
            if isinstance(child, ast.Call) and _name(child.func) in _KINDS and child.args:
                hints = [word.value for word in child.keywords if word.arg == "hint"]
                found.append(
                    Message(
                        text=_cell(child.args[0], scope),
                        kind=_name(child.func).removesuffix("Error"),
                        hint=_cell(hints[0], scope) if hints else "",
                    )
                )
            visit(child, inner)

    tree = ast.parse(path.read_text("utf-8"))
    visit(tree, tuple(tree.body))
    return found


def _cell(node: ast.expr, scope: Scope) -> str:
    texts = dict.fromkeys(" ".join(text.split()) for text in _texts(node, scope))
    return " / ".join(f"`{_plain(text)}`" for text in texts if text)


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")


def _texts(node: ast.expr, scope: Scope) -> list[str]:
    """Return what an expression may say: constants as they are, the rest as ``<name>``."""
    if isinstance(node, ast.Constant):
        return [str(node.value)] if node.value is not None else [""]
    if isinstance(node, ast.FormattedValue):
        return _texts(node.value, scope)
    if isinstance(node, ast.JoinedStr):
        parts = [_texts(part, scope) for part in node.values]
        return ["".join(words) for words in product(*parts)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, scope), *_texts(node.orelse, scope)]
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in _texts(value, scope)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [a + b for a in _texts(node.left, scope) for b in _texts(node.right, scope)]
    if isinstance(node, ast.Name):
        others = tuple(child for child in scope if node.id not in _targets(child))
        assigned = _assigned(node.id, scope)
        if assigned:
            return [text for value in assigned for text in _texts(value, others)]
    return [f"<{_name(node)}>"]


def _assigned(name: str, scope: Scope) -> list[ast.expr]:
    """Return the texts that a function, or else its module, gives to a variable."""
    values = [
        child.value for child in scope if isinstance(child, ast.Assign) and name in _targets(child)
    ]
    written = (ast.Constant, ast.JoinedStr, ast.IfExp, ast.BinOp)
    return values if all(isinstance(value, written) for value in values) else []


def _targets(node: ast.AST) -> set[str]:
    """Return the variables that a statement assigns to."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _name(node: ast.expr) -> str:
    """Return the word that says best what an expression holds."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower() if node.id not in _KINDS else node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "join" and node.args:
            return _name(node.args[0])
        if isinstance(node.func, ast.Name) and node.args:
            return _name(node.args[0])
        return _name(node.func)
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return _name(node.generators[0].iter)
    return "value"


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0].replace("``", "`")
