"""What repeats from pair to pair: settings of requests, system prompts, labels, models.

Each different value is decoded by ``api_shapes`` and ``metadata``, hashed and searched for secrets
once in a piece of a file, and known by a number from then on. ``fit`` says that pairs with the
value may be taken; the others are left to the readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from auditor.privacy.masking import free_of_suspects
from auditor.readers import providers
from auditor.readers.api_shapes.common import PARAMS
from auditor.readers.call import Call
from auditor.readers.columns import identity
from auditor.readers.columns.batch import CALLS, as_json, form_of, tool_names
from auditor.readers.columns.pair_types import UNSET, Request
from auditor.readers.metadata import apply_labels
from auditor.readers.values import text

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    import msgspec

    Bools = np.ndarray[Any, np.dtype[np.bool_]]
    Numbers = np.ndarray[Any, np.dtype[np.int32]]
    Fields = Mapping[str, Sequence[Any]]

_FIELDS = Request.__struct_fields__
_COMMON = _FIELDS[_FIELDS.index("temperature") : _FIELDS.index("response_format")]
_RARE = _FIELDS[_FIELDS.index("response_format") :]
_SETTINGS = ("params", "tools", "tool_names", "response_format", "choices", "needs_hosted_tools")
_LABELS = (
    *("conversation_id", "trace_id", "project", "user_id", "asked_user"),
    *("api_key_id", "team", "tags"),
)
_NAMES = frozenset(CALLS.names)
_NO_LABELS = (b"", b"", b"")


class Settings(NamedTuple):
    """What the settings of a request come to."""

    fit: bool = False
    digest: bytes = b""
    params: bytes | None = None
    tools: bytes | None = None
    tool_names: list[str] | None = None
    response_format: str | None = None
    choices: int | None = None
    needs_hosted_tools: bool = False


class Labels(NamedTuple):
    """What metadata and tags come to; those beside the bodies before those in the request."""

    fit: bool = False
    conversation_id: str | None = None
    trace_id: str | None = None
    project: str | None = None
    user_id: str | None = None
    asked_user: str | None = None
    """The user where the shape is Anthropic's, which says so in the metadata of the request."""
    api_key_id: str | None = None
    team: str | None = None
    tags: bytes | None = None


class System(NamedTuple):
    """A system prompt."""

    fit: bool = False
    digest: bytes = b""
    system_text: str | None = None


class Models(NamedTuple):
    """The model that answered, and the one that was asked."""

    fit: bool = False
    asked: bytes = b""
    model: str | None = None
    model_requested: str | None = None
    provider: str | None = None


class Known:
    """Values that repeat: each is made once, and known by its number.

    Of hostile values that cannot be read it is ``unreadable``, which fits nowhere: the readers say
    why.
    """

    def __init__(self, make: Callable[..., Any], unreadable: Any) -> None:
        self._make = make
        self._unreadable = unreadable
        self._numbers: dict[Hashable, int] = {}
        self.values: list[Any] = []

    def numbers(self, keys: Iterable[Hashable], given: Iterable[tuple[Any, ...]]) -> Numbers:
        """Return the numbers of the values of keys; a new one is made of what is given."""
        keys = list(keys)
        found = list(map(self._numbers.get, keys))
        if None in found:
            found = [self._number(key, some) for key, some in zip(keys, given, strict=True)]
        return np.array(found, np.int32)

    def _number(self, key: Hashable, given: tuple[Any, ...]) -> int:
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.values)
            try:
                self.values.append(self._make(*given))
            except Exception:  # noqa: BLE001 - hostile, as everything in a log
                self.values.append(self._unreadable)
        return found

    def fit(self, numbers: Numbers) -> Bools:
        """Say of which rows, by the numbers of their values, the pairs may be taken."""
        fits = np.array([value.fit for value in self.values], bool)
        return fits[numbers] if not fits.all() else np.ones(len(numbers), bool)

    def of_rows(self, name: str, numbers: Numbers) -> list[Any]:
        """Return a field of the values of rows."""
        values = [getattr(value, name) for value in self.values]
        return list(map(values.__getitem__, numbers.tolist()))

    def columns(self, names: Iterable[str], numbers: pa.Array) -> dict[str, pa.Array]:
        """Return columns of fields of the values, for rows that have the values' numbers."""
        return {
            name: array_of(name, [getattr(value, name) for value in self.values]).take(numbers)
            for name in names
        }


class Repeated:
    """The values that repeat in the pairs of one shape."""

    def __init__(self, shape: Any, *, secrets_only: bool) -> None:
        self._shape = shape
        self._secrets_only = secrets_only
        self.settings = Known(self._read_settings, Settings())
        self.labels = Known(self._read_labels, Labels())
        self.systems = Known(self._read_system, System())
        self.models = Known(self._read_models, Models())

    def fit(self, numbers: Mapping[str, Numbers]) -> Bools:
        """Say of which rows all of these values fit."""
        every: Bools = np.logical_and.reduce(
            [getattr(self, name).fit(some) for name, some in numbers.items()]
        )
        return every

    def columns(self, numbers: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """Return the columns that these values fill, for rows that have their numbers."""
        return {
            **self.settings.columns(_SETTINGS, numbers["settings"]),
            **self.labels.columns(_LABELS, numbers["labels"]),
            **self.systems.columns(("system_text",), numbers["systems"]),
            **self.models.columns(("model", "model_requested", "provider"), numbers["models"]),
        }

    def settings_of(self, requests: Sequence[Request], fields: Fields) -> Numbers:
        """Return the numbers of the settings of requests, whose fields stand beside them."""
        common = [fields[name] for name in _COMMON]
        # 0 and 0.0 are the same key and other words.
        kinds = [map(type, fields[name]) for name in ("temperature", "top_p")]
        keys: Iterable[Any] = zip(*common, *kinds, strict=True)
        rare = [(name, fields[name]) for name in _RARE if not is_unset(fields[name])]
        if rare:
            names = tuple(name for name, _ in rare)
            raw = zip(*(map(bytes, values) for _, values in rare), strict=True)
            keys = ((key, names, some) for key, some in zip(keys, raw, strict=True))
        return self.settings.numbers(keys, zip(requests, strict=True))

    def _read_settings(self, request: Request) -> Settings:
        """Decode the settings of a request as its shape does."""
        body = {name: getattr(request, name) for name in _COMMON}
        for name in _RARE:
            if (raw := getattr(request, name)) is not UNSET:
                body[name] = orjson.loads(bytes(raw))
        names = [PARAMS[key] for key, value in body.items() if key in PARAMS and value is not None]
        call = Call()
        self._shape.request(call, {**body, "model": None, "messages": []})
        params = as_json(call.params) if call.params else None
        tools = as_json(call.tools) if call.tools else None
        return Settings(
            # Of two spellings of one parameter the order in the record decides.
            fit=len(names) == len(set(names)) and self._is_clean(tools, params),
            digest=identity.of_settings(tools, params),
            params=params,
            tools=tools,
            tool_names=tool_names(call.tools) if call.tools else None,
            response_format=form_of(call.params) if call.params else None,
            choices=call.choices,
            needs_hosted_tools=call.needs_hosted_tools,
        )

    def labels_of(self, *fields: Sequence[msgspec.Raw]) -> Numbers:
        """Return the numbers of what metadata and tags of pairs, and those of requests, say."""
        if all(map(is_unset, fields)):
            first = self.labels.numbers([_NO_LABELS], [_NO_LABELS])
            return np.repeat(first, len(fields[0]))
        keys = list(zip(*(map(bytes, values) for values in fields), strict=True))
        return self.labels.numbers(keys, keys)

    def _read_labels(self, metadata: bytes, tags: bytes, asked: bytes) -> Labels:
        """Read metadata and tags as those of any pair are read; b"" where one is missing."""
        outer, inner = Call(), Call()
        for raw in filter(None, (metadata, tags)):
            apply_labels(outer, orjson.loads(raw))
        value = orjson.loads(asked) if asked else None
        apply_labels(inner, value)
        both = {**(outer.tags or {}), **(inner.tags or {})}
        kept = as_json(both) if both else None
        names = ("conversation_id", "trace_id", "project", "user_id", "api_key_id", "team")
        return Labels(
            fit=self._is_clean(metadata, tags, asked),
            tags=kept,
            asked_user=text(value.get("user_id")) if isinstance(value, dict) else None,
            **{name: getattr(outer, name) or getattr(inner, name) for name in names},
        )

    def _read_system(self, given: str | None) -> System:
        raw = given.encode() if given else b""
        return System(self._is_clean(raw), identity.of_system(raw), given)

    def systems_of(self, texts: Sequence[str | None]) -> Numbers:
        """Return the numbers of system prompts."""
        return self.systems.numbers(texts, zip(texts, strict=True))

    def models_of(self, answered: Sequence[str | None], asked: Sequence[str | None]) -> Numbers:
        """Return the numbers of the models that answered, and that were asked."""
        keys = list(zip(answered, asked, strict=True))
        return self.models.numbers(keys, keys)

    def _read_models(self, answered: str | None, asked: str | None) -> Models:
        model = answered or asked or None
        names = [name.encode() for name in (answered, asked) if name]
        return Models(
            fit=all(free_of_suspects(names, secrets_only=True)),
            asked=(asked or "").encode(),
            model=model,
            model_requested=asked or None,
            provider=providers.of_model(model) if model else None,
        )

    def _is_clean(self, *parts: bytes | None) -> bool:
        return all(
            free_of_suspects([part for part in parts if part], secrets_only=self._secrets_only)
        )


def array_of(name: str, values: Sequence[Any]) -> pa.Array:
    """Return the values of a column in its type, most often text; bytes are UTF-8."""
    kind = CALLS.field(name).type if name in _NAMES else pa.string()
    if kind == pa.string() and values and isinstance(values[0], bytes):
        return pa.array(values, pa.binary()).view(kind)  # UTF-8 already, need not be looked at
    return pa.array(values, kind)


def is_unset(values: Sequence[msgspec.Raw]) -> bool:
    """Say whether a field that is left as it is written stands in none of the records."""
    return values.count(UNSET) == len(values)
