"""The check that two formulas are equal: read by a small parser, compared at points.

Nothing of an answer is evaluated as code. A formula is cut into a tree of numbers, names and the
operations below, with limits on its size, and both trees are computed in complex arithmetic at a
few fixed points (Schwartz 1980: polynomials that agree at random points are equal). So it always
ends, and needs no algebra system; inspect_ai's ``math`` asks SymPy the same question.
"""

from __future__ import annotations

import ast
import cmath
import math
import re
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, CheckInput, failed, outcome, quoted
from auditor.criteria.checks.record import REFERENCES, Argument, Example, check, references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from auditor.domain import Grade

MAX_FORMULA = 1_000
"""Characters of a formula."""
MAX_NODES = 300
"""Numbers, names and operations of a formula."""
MAX_EXPONENT = 1_000
MAX_FACTORIAL = 150

_POINTS = 7
_SAME = 1e-9
_TOO_LARGE = 1e100

_FUNCTIONS: Mapping[str, Callable[..., complex]] = {
    "sqrt": cmath.sqrt, "exp": cmath.exp, "ln": cmath.log, "log": cmath.log,
    "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan,
    "asin": cmath.asin, "acos": cmath.acos, "atan": cmath.atan,
    "arcsin": cmath.asin, "arccos": cmath.acos, "arctan": cmath.atan,
    "sinh": cmath.sinh, "cosh": cmath.cosh, "tanh": cmath.tanh,
    "abs": lambda value: complex(abs(value)),
    "floor": lambda value: complex(math.floor(value.real)),
    "ceil": lambda value: complex(math.ceil(value.real)),
    "log10": cmath.log10,
    "log2": lambda value: cmath.log(value, 2),
    "cbrt": lambda value: value ** (1 / 3),
    "factorial": lambda value: complex(_factorial(value)),
    "binomial": lambda n, k: _factorial(n) / _factorial(k) / _factorial(n - k),
    "root": lambda value, order: value ** (1 / order),
}  # fmt: skip
_CONSTANTS: Mapping[str, complex] = {"pi": complex(math.pi), "e": complex(math.e), "i": 1j}
_LATEX = (
    (re.compile(r"\\(?:left|right|displaystyle|[,;:!]|quad|qquad)(?![a-zA-Z])"), " "),
    (re.compile(r"\\[dt]frac"), r"\\frac"),
    (re.compile(r"\\(?:text|mathrm|operatorname)\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\\(?:cdot|times)(?![a-zA-Z])|[\u00d7\u22c5]"), "*"),
    (re.compile(r"\\div(?![a-zA-Z])|\u00f7"), "/"),
    (re.compile(r"\u2212|\u2013"), "-"),
    (re.compile(r"\\pi(?![a-zA-Z])|\u03c0"), " pi "),
    (re.compile(r"\u221a\s*(\w+)"), r"sqrt(\1)"),
)  # fmt: skip
_FRACTION = re.compile(r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_SHORT_FRACTION = re.compile(r"\\frac\s*(\d)\s*(\d)")
_ROOT = re.compile(r"\\sqrt\s*(?:\[([^\][]*)\])?\s*\{([^{}]*)\}")
_BRACES = re.compile(r"\{([^{}]*)\}")
_GROUPED = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+)(?![\d,])")
_NEXT_TO = re.compile(r"(?<=[\d)])\s*(?=[A-Za-z(])|(?<=\))\s*(?=\d)")
_MARKER = re.compile(r"(?i)(?:final\s+answer|answer|result)\s*(?:is\b|[:=])\s*")
_WORD = re.compile(r"[A-Za-z]+")
_BOX = "\\boxed"


class _NoFormulaError(ValueError):
    """A text is no formula that is read here."""


@check(
    "math",
    family="content",
    value=Argument("value", REFERENCES, "the formula or number, or several, of which one will do"),
    in_promptfoo=False,
    in_inspect="math()",
    unnoticed="how it is written: an unfinished sum, or a unit that no letter stands for",
    example=Example(
        assertion='{type: math, value: "{{expected}}"}',
        expected="(x+1)^2",
        passes="So the area is $x^2 + 2x + 1$.",
        fails="So the area is $x^2 + 1$.",
        unnoticed=r"\boxed{(x+1)(x+1)}, but I did not simplify it",
    ),
)
def math_equal(given: CheckInput) -> Grade:
    r"""The last formula of the answer is equal to the value, however it is written.

    The formula is what `\boxed{}` holds, else what follows `answer:`, else the last one between
    dollar signs, else the last line, else the last number. LaTeX's fractions, roots, powers and
    functions and plain writing are read; `x = 3` is read as 3, and a list or set in brackets part
    by part. Two formulas are equal where they have the same value at several points.
    """
    wanted = [formula for text in references(given) if (formula := _read_all(text)) is not None]
    if not wanted:
        raise CannotTellError("the value to compare with is no formula")
    read = None
    for candidate in _candidates(given.text):
        read = _read_all(candidate)
        if read is not None:
            break
    if read is None:
        return failed("no formula in it")
    same = any(_equal(read, formula) for formula in wanted)
    return outcome(same, f"read {quoted(candidate)}")


def _candidates(text: str) -> Iterator[str]:
    """The likeliest formulas of an answer, in the order in which they are tried."""
    boxed = _boxed(text)
    if boxed is not None:
        yield boxed
    markers = list(_MARKER.finditer(text))
    if markers:
        yield text[markers[-1].end() :].partition("\n")[0]
    dollars = [part for part in text.split("$") if part.strip()]
    if text.count("$") >= 2 and len(dollars) > 1:  # noqa: PLR2004 an opening and a closing one
        yield text.rsplit("$", 2)[1]
    lines = [line for line in text.splitlines() if line.strip()]
    if lines:
        yield lines[-1]
        yield lines[-1].rpartition("=")[2]
    numbers = re.findall(r"-?\d[\d,]*(?:\.\d+)?", text[-MAX_FORMULA:])
    if numbers:
        yield numbers[-1]


def _boxed(text: str) -> str | None:
    start = text.rfind(_BOX)
    opening = text.find("{", start) if start >= 0 else -1
    depth = 0
    for at in range(opening, min(len(text), opening + MAX_FORMULA)) if opening >= 0 else ():
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[opening + 1 : at]
    return None


def _read_all(text: str) -> tuple[ast.expr, ...] | None:
    """The formula of a text, or the parts of a list in brackets; None where it is none."""
    plain = text.strip().strip("$").strip().rstrip(".;,").strip("*` ")
    plain = plain.replace("\\{", "[").replace("\\}", "]")
    if not plain or len(plain) > MAX_FORMULA:
        return None
    try:
        tree = _parsed(_GROUPED.sub(lambda found: found[1].replace(",", ""), plain))
    except (_NoFormulaError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    parts = tree.elts if isinstance(tree, ast.Tuple | ast.List) else [tree]
    return tuple(parts) or None


def _parsed(text: str) -> ast.expr:
    for pattern, plain in _LATEX:
        text = pattern.sub(plain, text)
    for _ in range(20):
        before = text
        text = _FRACTION.sub(r"((\1)/(\2))", _SHORT_FRACTION.sub(r"(\1/\2)", text))
        text = _ROOT.sub(lambda m: f"root({m[2]},{m[1]})" if m[1] else f"sqrt({m[2]})", text)
        if "\\frac" not in text and "\\sqrt" not in text:
            text = _BRACES.sub(r"(\1)", text)
        if text == before:
            break
    text = re.sub(r"\\([a-z]+)", r" \1 ", text).replace("^", "**").replace("%", "/100")
    left, equals, right = text.rpartition("=")
    if equals and _WORD.fullmatch(left.strip()):
        text = right
    text = _WORD.sub(lambda found: f" {_split_names(found[0])} ", text)
    text = re.sub(r"\b(\w+)\s+\(", lambda m: f"{m[1]}(" if m[1] in _FUNCTIONS else m[0], text)
    text = _NEXT_TO.sub("*", text)
    text = re.sub(r"(?<=[A-Za-z0-9)])[ \t]+(?=[A-Za-z0-9(])", "*", text.strip())
    text = re.sub(rf"\b({'|'.join(_FUNCTIONS)})\*\(", r"\1(", text)
    tree = ast.parse(text.strip(), mode="eval").body
    nodes = sum(1 for _ in ast.walk(tree))
    if nodes > 2 * MAX_NODES or not _is_formula(tree):
        raise _NoFormulaError(text)
    return tree


def _split_names(word: str) -> str:
    """``xy`` is x times y; a function or a constant is one name, and a longer word no formula."""
    if word in _FUNCTIONS or word in _CONSTANTS or len(word) == 1:
        return word
    if len(word) > 3:  # noqa: PLR2004 a word of a sentence
        raise _NoFormulaError(word)
    return "*".join(word)


def _is_formula(node: ast.AST) -> bool:  # noqa: PLR0911 one return for each kind of node
    """Whether a tree is made of the operations that are computed here, and of nothing else."""
    match node:
        case ast.Constant(value=value):
            return type(value) in {int, float} and abs(value) < _TOO_LARGE  # type: ignore[arg-type]
        case ast.Name():
            return True
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
            return _is_formula(operand)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow()):
            return _is_formula(node.left) and _is_formula(node.right)
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return name in _FUNCTIONS and all(map(_is_formula, node.args))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return all(_is_formula(part) for part in parts)
    return False


def _equal(left: tuple[ast.expr, ...], right: tuple[ast.expr, ...]) -> bool:
    if len(left) != len(right):
        return False
    names = sorted(
        {n.id for tree in (*left, *right) for n in ast.walk(tree) if isinstance(n, ast.Name)}
    )
    told = False
    for point in range(_POINTS if set(names) - set(_CONSTANTS) else 1):
        known = {name: _coordinate(point, at) for at, name in enumerate(names)} | dict(_CONSTANTS)
        for one, other in zip(left, right, strict=True):
            try:
                a, b = _value(one, known), _value(other, known)
            except (ArithmeticError, ValueError, TypeError):
                continue
            if not cmath.isfinite(a) or not cmath.isfinite(b):
                continue
            told = True
            if abs(a - b) > _SAME * max(1.0, abs(a), abs(b)):
                return False
    return told


def _coordinate(point: int, name: int) -> complex:
    """A point that no formula of the kind has a reason to be special at."""
    angle = math.sqrt(2) * (point + 1) + math.sqrt(3) * (name + 1)
    return complex(1.3 * math.cos(angle) + 0.21 * name, 0.9 * math.sin(angle * 1.7))


def _value(node: ast.AST, known: Mapping[str, complex]) -> complex:
    """The value of a tree that ``_is_formula`` accepts.

    Raises:
        ArithmeticError: there is none, or it is too large.
        ValueError: a function has none there.
    """
    match node:
        case ast.Constant(value=value):
            return complex(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return known[name]
        case ast.UnaryOp(op=op, operand=operand):
            inner = _value(operand, known)
            return -inner if isinstance(op, ast.USub) else inner
        case ast.Call(func=ast.Name(id=name), args=given):
            return complex(_FUNCTIONS[name](*(_value(one, known) for one in given)))
        case ast.BinOp(left=left, op=op, right=right):
            return _operation(op, _value(left, known), _value(right, known))
    raise ValueError(ast.dump(node))


def _operation(op: ast.operator, left: complex, right: complex) -> complex:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
    if abs(right) > MAX_EXPONENT:
        raise OverflowError("exponent")
    return left**right


def _factorial(value: Any) -> float:
    number = complex(value)
    if number.imag or number.real != int(number.real) or not 0 <= number.real <= MAX_FACTORIAL:
        raise ValueError("factorial")
    return float(math.factorial(int(number.real)))
