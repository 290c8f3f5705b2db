"""Functions of the user's own: which may run, and running them.

Code runs only where the criteria file that this command was given names it, that file and the code
belong to who runs auditor, and both lie in the folder at work. A definition in a database says
which code graded by its digest; it never makes code run. Nothing of a log names code.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from auditor import trust
from auditor.criteria.checks.base import CannotTellError, quoted
from auditor.errors import ConfigError

MAX_CODE = 1_000_000
"""Bytes of a file with functions."""
DEFAULT_FUNCTION = "get_assert"
"""The function that is called where none is named, as in promptfoo."""

Function = Callable[[Any, Mapping[str, Any]], Any]

_trusted_files: dict[str, Path] = {}
_trusted_texts: dict[str, str] = {}


def trust_file(reference: str, criteria: Path) -> dict[str, str]:
    """Let a function of a file run: ``checks.py`` or ``checks.py:name``, beside the criteria.

    ``criteria`` is the user's file that names it. Returns what a criterion's definition says of
    it: file, function and the digest of the file.

    Raises:
        ConfigError: not a Python file, not there, or not the user's own.
    """
    name, _, function = reference.partition(":")
    path = (criteria.parent / name).resolve()
    if path.suffix != ".py":
        raise ConfigError(f"{name} is not a Python file")
    _refuse_foreign(criteria, path)
    try:
        code = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}") from error
    if len(code) > MAX_CODE:
        raise ConfigError(f"{name} is larger than {MAX_CODE:,} bytes")
    digest = hashlib.sha256(code).hexdigest()
    _trusted_files[digest] = path
    return {"file": name, "function": function or DEFAULT_FUNCTION, "digest": digest}


def trust_text(code: str, criteria: Path) -> dict[str, str]:
    """Let an expression, or lines that end with ``return``, run.

    Raises:
        ConfigError: not Python, or ``criteria`` is not the user's own file.
    """
    _refuse_foreign(criteria)
    try:
        compile(_as_function(code), "<criteria>", "exec")
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"not Python: {quoted(str(error), 120)}") from error
    digest = hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
    _trusted_texts[digest] = code
    return {"code": code, "digest": digest}


def may_run(value: Any) -> bool:
    """Whether the code of a definition is what a criteria file of this process named."""
    digest = str(value.get("digest")) if isinstance(value, Mapping) else ""
    return digest in _trusted_texts or digest in _trusted_files


def function_of(value: Mapping[str, Any]) -> Function:
    """The function that a definition names.

    Raises:
        CannotTellError: it may not run in this command, or cannot be loaded.
    """
    digest = str(value.get("digest"))
    if digest in _trusted_texts:
        return _of_text(digest)
    if digest in _trusted_files:
        return _of_file(digest, str(value.get("function")))
    named = value.get("file") or value.get("code")
    raise CannotTellError(
        f"the code {quoted(named)} is not run: the criteria file of this command does not name it"
    )


@functools.cache
def _of_text(digest: str) -> Function:
    names: dict[str, Any] = {}
    exec(compile(_as_function(_trusted_texts[digest]), "<criteria>", "exec"), names)  # noqa: S102
    function: Function = names["get_assert"]
    return function


@functools.cache
def _of_file(digest: str, function: str) -> Function:
    module = _module(digest)
    found: Function | None = getattr(module, function, None)
    if not callable(found):
        raise CannotTellError(f"{_trusted_files[digest].name} has no function {quoted(function)}")
    return found


@functools.cache
def _module(digest: str) -> Any:
    path = _trusted_files[digest]
    spec = importlib.util.spec_from_file_location(f"criteria_{digest[:16]}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # modules beside it, as if it were run there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise CannotTellError(f"{path.name} cannot be loaded: {quoted(reason, 160)}") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _as_function(code: str) -> str:
    """Promptfoo's rule: several lines are a function's body, one line is what it returns."""
    body = code.strip("\n")
    if "\n" not in body.strip():
        body = f"return {body.strip()}"
    indented = textwrap.indent(textwrap.dedent(body), "    ")
    return f"import json\n\ndef get_assert(output, context):\n{indented}\n"


def _refuse_foreign(*paths: Path) -> None:
    start = Path.cwd()
    for of_the_user in paths:
        if not trust.may_run_code(of_the_user, start):
            raise ConfigError(
                f"code in {quoted(str(of_the_user), 200)} is not run: it is not yours, or not in"
                " the folder at work",
                hint="read it; then start auditor in its folder, with files that belong to you",
            )
