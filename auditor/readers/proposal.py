"""A table for ``[readers.NAME]``, proposed from records that no reader knows.

Keys are told by their names, the way people write them, and by what lies there: a name that holds
the wrong kind of value means something else. A proposal is tried on the records before it is made,
so one that is pasted reads them.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any

from auditor.readers import providers
from auditor.readers.call import Call, Json
from auditor.readers.mapped import FormatTable, Mapped
from auditor.readers.values import count, http_status, json_or_none, moment, number, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_DEPTH = 4
_SIGNATURE = 6
"""Keys by which records are known: as many as no other log is likely to have all of."""
_MOST = 200
"""Keys that are looked at; a record of more is no log of calls."""
_PHRASE = 8
"""Characters that a prompt or an answer has at least, in the mean."""


def _messages(value: Any) -> bool:
    found = json_or_none(value)
    return (
        isinstance(found, list)
        and bool(found)
        and all(isinstance(m, dict) and "role" in m for m in found)
    )


def _words(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and number(value) is None


def _name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 120 and "\n" not in value and _words(value)  # noqa: PLR2004


def _label(value: Any) -> bool:
    return text(value) is not None and len(str(value)) <= 120  # noqa: PLR2004


def _amount(value: Any) -> bool:
    return number(value) is not None


def _has(test: Callable[[Any], object]) -> Callable[[Any], bool]:
    return lambda value: test(value) is not None


# English, German, French, Spanish, Portuguese, Italian, Dutch, Chinese, Japanese, Korean.
_IN = (
    "(prompt|input|in|request|context|asked|eingabe|eingang|anfrage|entrée|entree|entrada|ingresso"
    "|invoer|pregunta|输入|提示|入力|입력)"
)
_OUT = (
    "(completion|output|out|response|generated|answer|reply|ausgabe|ausgang|antwort|sortie|réponse"
    "|salida|respuesta|saída|resposta|uscita|risposta|uitvoer|antwoord|输出|出力|출력)"
)
_COUNT = (
    "(tokens?|toks?|tk|usage|counts?|jetons?|fichas?|gettoni|令牌数?|词元数?|トークン数?|토큰수?)"
)
_OF = "( (de|d|da|di|der) )?( |)"
"""What may stand between the two words of a count."""
_SPAN = "(latency|duration|elapsed|took|runtime|response time|time taken)"
_FIELDS: tuple[tuple[str, Callable[[Any], bool], tuple[str, ...]], ...] = (
    ("messages", _messages, ("messages|conversation|chat|history|turns|dialog",)),
    (
        "cache_read_tokens",
        _has(count),
        (f"{_COUNT} (.*)?cached?( read)?", f"(.*)?cached?( read| hit| input)* {_COUNT}"),
    ),
    (
        "cache_write_tokens",
        _has(count),
        (f"cached? (write|creation) {_COUNT}", f"{_COUNT} cached? (write|creation)"),
    ),
    (
        "reasoning_tokens",
        _has(count),
        (f"(reasoning|thinking|thoughts?) {_COUNT}", f"{_COUNT} (reasoning|thinking)"),
    ),
    ("total_tokens", _has(count), (f"total {_COUNT}", f"{_COUNT} total")),
    (
        "input_tokens",
        _has(count),
        (f"(n |num |nr )?{_IN}{_OF}{_COUNT}", f"{_COUNT}{_OF}{_IN}", "n in"),
    ),
    (
        "output_tokens",
        _has(count),
        (f"(n |num |nr )?{_OUT}{_OF}{_COUNT}", f"{_COUNT}{_OF}{_OUT}", "n out"),
    ),
    (
        "model",
        _name,
        ("(used |llm |ai |gpt )?(model|llm|engine|deployment)( name| id| used| version)?",),
    ),
    (
        "called_at",
        _has(moment),
        (
            "(request |call |event |log |created |start )?(time ?stamp|time|ts|date|datetime|at)",
            "when|created|started|began",
            "(created|started|start|sent|asked|called|logged) (at|on|time|date)",
        ),
    ),
    (
        "ended_at",
        _has(moment),
        ("(ended|finished|completed|end|finish|answered) (at|on|time|date)|ended|finished",),
    ),
    (
        "ttft_ms",
        _amount,
        ("ttft( ms)?|time to first token( ms)?|first token( latency)? ms",),
    ),
    ("latency_s", _amount, (f"{_SPAN}( s| sec| secs| seconds)",)),
    ("latency_ms", _amount, (f"{_SPAN}( ms| millis| milliseconds)",)),
    (
        "cost_usd",
        _amount,
        ("(total |call |estimated |est )?(cost|price|spend|charge|fee)( usd| total)?|usd",),
    ),
    (
        "system",
        _words,
        ("system( prompt| message| text| instructions?)?|instructions?",),
    ),
    (
        "prompt",
        _words,
        (
            "(user |full |raw |final )?(prompt|question|query|input|ask|asked)( text| content)?",
            "(user )?(request|message)( text| content| body)?|user (text|input|said)|text in",
        ),
    ),
    (
        "answer",
        _words,
        (
            "(model |llm |raw )?(answer|response|reply|output|completion|result)( text| content)?",
            "(assistant|bot|generated) (text|message|reply|response|answer)|text out|said",
        ),
    ),
    (
        "http_status",
        _has(http_status),
        ("(http )?(status|response) code|http status|code",),
    ),
    ("status", _label, ("status|state|outcome|success|ok",)),
    ("error", _words, ("error( message| text)?|exception|failure",)),
    ("finish_reason", _name, ("(finish|stop|end) reason",)),
    ("provider", _name, ("(llm |model |api |ai )?(provider|vendor|supplier)",)),
    (
        "conversation_id",
        _label,
        ("(conversation|session|thread|chat|dialog)( id| key| uuid)?",),
    ),
    ("trace_id", _label, ("trace( id)?|correlation id",)),
    (
        "user_id",
        _label,
        ("(end )?(user|customer|account|member|employee|login)( id| name| key)?|username",),
    ),
    (
        "team",
        _label,
        ("(team|org|organi[sz]ation|department|tenant|company|cost center)( id| name)?",),
    ),
    (
        "project",
        _label,
        ("(project|app|application|service|feature|product|workflow|use case)( id| name)?",),
    ),
    ("api_key_id", _label, ("(api )?key (id|name|alias)",)),
    (
        "log_id",
        _label,
        ("(log |call |request |event |record |row )?(id|uuid|nr|no|number|guid)",),
    ),
)
"""Field, what lies there, and how its key is called: words of it in lower case, spaces between."""
_PATTERNS = tuple((field, re.compile("|".join(names)), fits) for field, fits, names in _FIELDS)
_ENOUGH = frozenset(("model", "prompt", "answer", "messages", "input_tokens", "output_tokens"))
_CACHED = frozenset(("cache_read_tokens", "cache_write_tokens"))
_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")


def propose(records: Sequence[Json], name: str) -> str | None:
    """Return a table as TOML that reads records of the commonest kind among the given ones.

    ``name`` is what the log is called, a file's name say. None: nothing in the records looks like
    a call to a model.
    """
    kinds = Counter(frozenset(record) for record in records)
    for keys, _ in kinds.most_common():
        sample = [record for record in records if record.keys() == keys]
        table = _table(sample, name)
        if table is not None and _reads(table, sample):
            return table
    return None


def _reads(table: str, sample: Sequence[Json]) -> bool:
    """Say whether a table reads what it was made of; whoever pastes it has to rely on that."""
    ((name, given),) = tomllib.loads(table)["readers"].items()
    reader = Mapped(name, FormatTable.model_validate(given))
    known = [record for record in sample if reader.matches(record)]
    read = [outcome for record in known for outcome in reader.read(record)]
    return len(read) == len(sample) and any(isinstance(outcome, Call) for outcome in read)


def _table(sample: Sequence[Json], name: str) -> str | None:
    values: dict[tuple[str, ...], list[Any]] = {}
    for record in sample:
        for path, value in _leaves(record):
            values.setdefault(path, []).append(value)
    if not 0 < len(values) <= _MOST:
        return None
    fields = _fields(values)
    if not fields.keys() & _ENOUGH:
        return None
    return _written(name, sample, fields, values)


def _leaves(value: Json, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the paths of a record that lead to a value, JSON in texts looked into."""
    for key, inner in value.items():
        if not isinstance(key, str) or not key.isprintable():
            continue
        path = (*above, key)
        parsed = json_or_none(inner) if isinstance(inner, str) and inner[:1] == "{" else inner
        if isinstance(parsed, dict) and len(path) < _DEPTH:
            yield from _leaves(parsed, path)
        elif inner not in (None, "", [], {}):
            yield path, inner


def _fields(values: dict[tuple[str, ...], list[Any]]) -> dict[str, tuple[str, ...]]:
    """Return for each field that is found the path to it, the shortest that fits."""
    found: dict[str, tuple[str, ...]] = {}
    free = sorted(values, key=len)
    for field, pattern, fits in _PATTERNS:
        for path in free:
            if _called(path, pattern) and all(fits(value) for value in values[path]):
                found[field] = path
                free = [other for other in free if other != path]
                break
    _by_value(found, free, values)
    return found


def _called(path: tuple[str, ...], pattern: re.Pattern[str]) -> bool:
    """Say whether the key of a path, alone or with the one above, is called as a pattern says."""
    last = _spelled(path[-1:])
    return pattern.fullmatch(last) is not None or (
        len(path) > 1 and pattern.fullmatch(_spelled(path[-2:])) is not None
    )


def _spelled(keys: Iterable[str]) -> str:
    return " ".join(word.lower() for key in keys for word in _SPLIT.findall(key))


def _by_value(
    found: dict[str, tuple[str, ...]],
    free: Sequence[tuple[str, ...]],
    values: dict[tuple[str, ...], list[Any]],
) -> None:
    """Find by what lies there what no name told: models, and texts of sentences."""
    for path in free:
        here = values[path]
        if "model" not in found and all(_name(v) and providers.of_model(str(v)) for v in here):
            found["model"] = path
        elif "called_at" not in found and all(_is_time(value) for value in here):
            found["called_at"] = path
        elif _are_sentences(here):
            # A question stands before its answer.
            asked = "messages" if "messages" in found else "prompt"
            wanted = next((f for f in (asked, "answer") if f not in found), None)
            if wanted is not None:
                found[wanted] = path


_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]{4}")
"""Chinese and Japanese have no spaces between words."""


def _is_time(value: Any) -> bool:
    """Say whether a value is a time by its form; a number may be anything."""
    return isinstance(value, str) and number(value) is None and moment(value) is not None


def _are_sentences(values: Sequence[Any]) -> bool:
    said = [value for value in values if _words(value)]
    return (
        len(said) == len(values)
        and sum(map(len, said)) / len(said) >= _PHRASE
        and any(" " in value.strip() or _UNSPACED.search(value) for value in said)
        and len(set(said)) > len(said) // 2
    )


def _written(
    name: str,
    sample: Sequence[Json],
    fields: dict[str, tuple[str, ...]],
    values: dict[tuple[str, ...], list[Any]],
) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "my-log"
    used = [path[0] for path in fields.values()]
    every = list(dict.fromkeys([*used, *map(str, sample[0])]))
    signature = [key for key in every if key.isprintable()][:_SIGNATURE]
    unused = [path for path in values if path not in fields.values()]
    lines = [f"[readers.{slug}]", f"title = {_quoted(name)}"]
    if fields.keys() & _CACHED:
        lines.append('tokens = "auto"')
    every_key = ", ".join(_path((key,)) for key in signature)
    lines += ["", f"[readers.{slug}.signature]", f"every = [{every_key}]"]
    lines += ["", f"[readers.{slug}.fields]"]
    lines += [f"{field} = {_path(path)}" for field, path in fields.items()]
    if unused:
        lines.append(f"# not used: {', '.join('.'.join(path) for path in unused[:20])}")
    return "\n".join(lines) + "\n"


def _path(keys: tuple[str, ...]) -> str:
    return _quoted(".".join(key.replace(".", "\\.") for key in keys))


def _quoted(words: str) -> str:
    """Return a text as TOML writes it; printable ones have the escapes of JSON."""
    return json.dumps("".join(c for c in words if c.isprintable()), ensure_ascii=False)
