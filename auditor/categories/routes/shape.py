"""The shape of an answer: JSON with its keys, SQL, SVG, code, label, number, list or prose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_READ = 4000  # characters read of an answer that is not JSON
MAX_JSON = 1_000_000  # characters of an answer that is parsed as JSON
MAX_KEYS = 60  # characters of key names kept

_FENCE = re.compile(r"\A```([\w+#.-]*)[ \t]*\r?\n(.*?)\r?\n?```\s*\Z", re.DOTALL)
_ANY_FENCE = re.compile(r"```([\w+#.-]*)[ \t]*\r?\n(.*?)(?:```|\Z)", re.DOTALL)
_SQL = re.compile(
    r"\A\s*(?:with\s+\w+[\s\S]{0,2000}?\bas\b\s*\([\s\S]*?\bselect\b"
    r"|select\b[\s\S]+?\bfrom\b|select\s+(?:\d|'|\w+\()"
    r"|insert\s+into\b|update\s+\S+\s+set\b|delete\s+from\b"
    r"|(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:table|view|index|database|function)\b)",
    re.IGNORECASE,
)
_SQL_WORDS = ("with", "select", "insert", "update", "delete", "create", "alter", "drop")
_NUMBER = re.compile(r"\A[-+]?[$€£¥]?\s?\d[\d.,' ]*(?:[eE][-+]?\d+)?\s?(?:%|[$€£¥])?\.?\Z")
_ITEM = re.compile(r"^[ \t]*(?:[-*•]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
_CODE_LINE = re.compile(
    r"^\s*(?:def \w+|class \w+|import [\w.{*]+|from [\w.]+ import|function\b|const |let |var "
    r"|public |private |static |#include|package |using [\w.]+;|return\b|for ?\(|if ?\(|while ?\("
    r"|else\b|elif |try:|except|print\(|fn |func |impl |use [\w:]+;|echo |console\.|@\w+|//|/\*|\*/"
    r"|<\?php|end$|\w+ ?= ?[\w\[{(\"'].*|[\w.]+\(.*\);?$)"
    r"|[;{}]\s*$"
)
_CODE_FIRST = re.compile(
    r"\A\s*(?:(?:async )?def \w+\s*\(|class \w+[\s(:{]|import [\w.]+|from [\w.]+ import "
    r"|(?:async )?function\b|(?:const|let|var) \w+ ?=|public (?:static |class )|#include\b|#!/"
    r"|package \w+|<\?php|using \w+|fn \w+|func \w+)"
)
_LABEL, _PHRASE, _PROSE = 3, 12, 80  # words at most
_MIN_ITEMS = 2  # list items that make a list
_MIN_CODE_LINES = 3  # fewer cannot be told from prose


def shape(response: str | None, *, tool_calls: bool = False) -> str:
    """Name the shape of an answer.

    Returns one of `tool_call`, `empty`, `json:{key,...}`, `json:[]`, `sql`, `svg`, `markup`,
    `code:<language>` (`code:` when the language is not told), `number`, `label` (up to three
    words), `phrase` (up to twelve), `list`, `markdown`, `prose` or `long` (over 80 words).
    """
    if tool_calls:
        return "tool_call"
    text = (response or "").strip()
    if not text:
        return "empty"
    fence = _FENCE.match(text[:MAX_READ]) if text.startswith("```") else None
    if fence:
        return _form(fence[2].strip()) or f"code:{fence[1].lower()}"
    look = text[:MAX_READ]
    return _form(text) or _code(look) or _prose(look)


def _code(text: str) -> str | None:
    """`code:<language>` if at least half of the text is code."""
    block = _ANY_FENCE.search(text) if "```" in text else None
    if block:
        inside = sum(len(m[2]) for m in _ANY_FENCE.finditer(text))
        return f"code:{block[1].lower()}" if 2 * inside >= len(text) else None
    return "code:" if _is_code(text) else None


def _form(text: str) -> str | None:
    """The machine-readable shapes, or None."""
    if text[:1] in ("{", "[") and len(text) <= MAX_JSON:
        try:
            value = orjson.loads(text)
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            value = None
        if isinstance(value, dict):
            return "json:{" + ",".join(sorted(value))[:MAX_KEYS] + "}"
        if isinstance(value, list):
            return "json:[]"
    head = text[:400].lstrip().lower()
    if head.startswith("<svg") or (head.startswith("<?xml") and "<svg" in head):
        return "svg"
    if head.startswith("<") and re.match(r"<[!a-z?]", head) and text.rstrip().endswith(">"):
        return "markup"
    if head.startswith(_SQL_WORDS) and _SQL.match(text[:MAX_READ]):
        return "sql"
    return None


def _is_code(text: str) -> bool:
    if "\n" not in text:
        return _CODE_FIRST.match(text) is not None
    lines = [line for line in text.split("\n")[:60] if line.strip()]
    hits = sum(bool(_CODE_LINE.search(line)) for line in lines)
    if _CODE_FIRST.match(text):
        return 3 * hits >= len(lines)
    return len(lines) >= _MIN_CODE_LINES and 10 * hits >= 7 * len(lines)


def _prose(text: str) -> str:
    if _NUMBER.match(text):
        return "number"
    words = len(text.split())
    if not text.isascii():
        words = max(words, sum(char >= "\u2e80" for char in text[:400]) // 2)
    if words <= _LABEL:
        return "label"
    if "\n" in text and len(_ITEM.findall(text)) >= _MIN_ITEMS:
        return "list"
    if _HEADING.search(text):
        return "markdown"
    if words <= _PHRASE:
        return "phrase"
    return "prose" if words <= _PROSE else "long"


_FAMILIES = {
    "number": "label",
    "phrase": "text",
    "prose": "text",
    "long": "text",
    "list": "text",
    "markdown": "text",
    "empty": "text",
}


def family(name: str) -> str:
    """The family of a shape: json, sql, svg, markup, code, tool_call, label or text."""
    prefix = name.split(":", 1)[0]
    return _FAMILIES.get(prefix, prefix)


def main_family(shapes: Mapping[str, int]) -> str:
    """The most frequent family of the counted shapes, `text` if there are no answers."""
    families: dict[str, int] = {}
    for name, n in shapes.items():
        if name != "empty":
            families[family(name)] = families.get(family(name), 0) + n
    return max(families.items(), key=lambda item: (item[1], item[0]))[0] if families else "text"
