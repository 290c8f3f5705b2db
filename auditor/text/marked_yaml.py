"""YAML that remembers its lines, so that an error in a user's file names the line.

Scalars are read by the YAML 1.2 core schema, as promptfoo reads them: ``no`` and ``2024-01-01``
are text. (YAML 1.1, PyYAML's default, makes them False and a date, and a label ``no`` is common.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHARACTERS = 2_000_000
MAX_NODES = 100_000


class _CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the implicit types of the YAML 1.2 core schema."""


_CoreLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"0|[-+]?[1-9][0-9]*", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+)",
        "-+.0123456789",
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedYaml:
    """A YAML document as plain values, with the way back to its lines."""

    name: str
    value: Any
    _root: yaml.Node | None

    def place(self, path: Iterable[str | int]) -> str:
        """``name:line`` of the value at ``path``, or of the part of the path that exists."""
        line, node = 1, self._root
        for step in path:
            child = _child(node, step)
            if child is None:
                break
            line, node = child
        return f"{self.name}:{line}"


def load(text: str, *, name: str) -> MarkedYaml:
    """Parse one YAML document; ``name`` is what errors call the file.

    Raises:
        ConfigError: not YAML, a key given twice, or larger than any hand-written file.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(f"{name}: larger than {MAX_CHARACTERS:,} characters")
    loader = _CoreLoader("")
    try:
        loader = _CoreLoader(text)
        root = loader.get_single_node()
        if root is not None:
            _expanded_size(root, name, {})
        value = None if root is None else loader.construct_document(root)
        if "\\ud" in text.lower():
            value = _joined(value)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{name}:{line}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{name}: not valid YAML: {reason}") from error
    finally:
        loader.dispose()
    return MarkedYaml(name=name, value=value, _root=root)


def without_lines(value: Any, *, name: str) -> MarkedYaml:
    """Plain values that came from elsewhere than YAML text; every place in them is line 1."""
    return MarkedYaml(name=name, value=value, _root=None)


_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def _character(pair: str) -> str:
    return pair.encode("utf-16", "surrogatepass").decode("utf-16")


def _joined(value: Any) -> Any:
    """A value with the surrogate pairs of its texts joined, by which JSON escapes an emoji."""
    if isinstance(value, str):
        return _PAIR.sub(lambda pair: _character(pair[0]), value)
    if isinstance(value, dict):
        return {_joined(key): _joined(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_joined(item) for item in value]
    return value


def _child(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    """The line and node one step down; for a key of a mapping, the line of the key."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        value = node.value[step]
        return value.start_mark.line + 1, value
    return None


def _expanded_size(node: yaml.Node, name: str, sizes: dict[int, int]) -> int:
    """Count the nodes with every alias written out, refusing alias bombs and double keys."""
    known = sizes.get(id(node))
    if known == 0:
        raise ConfigError(f"{name}:{node.start_mark.line + 1}: an alias that contains itself")
    if known is not None:
        return known
    sizes[id(node)] = 0  # under way
    size = 1
    if isinstance(node, yaml.SequenceNode):
        size += sum(_expanded_size(item, name, sizes) for item in node.value)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise ConfigError(f"{name}:{line}: the key {key.value!r} is there twice")
                seen.add(key.value)
            size += _expanded_size(key, name, sizes) + _expanded_size(value, name, sizes)
    if size > MAX_NODES:
        raise ConfigError(f"{name}: more than {MAX_NODES:,} values")
    sizes[id(node)] = size
    return size
