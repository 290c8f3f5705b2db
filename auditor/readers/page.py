"""The reference page of log formats (docs/formats.md), made from the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers.mapped import FIELDS, FormatTable, Signature
from auditor.readers.registry import formats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel

_OPENING = """\
# Log formats

<!-- Made from auditor/readers by the test suite; auditor/readers/page.py holds the words. -->

`auditor ingest` reads files, folders, globs and standard input. The format is found in the records
themselves, never in the name of a file, and a file may hold records of several formats. The bodies
of requests and responses may have the shape of OpenAI's chat completions, Responses API,
completions or embeddings, Anthropic's Messages, Google's generateContent, Amazon's Converse,
Cohere's chat (v2), or the older models of Amazon Bedrock; streams are put together again.

Containers: JSON lines, JSON arrays and documents, CSV (comma, tab or semicolon), YAML cassettes,
parquet, SQLite; plain, or in gzip, zstd or zip; in UTF-8, UTF-16 or UTF-32.

A line may have around its JSON what wrote it: the prefix of a logger (time, level, name; a message
in quotes), Docker's json-file, the CRI log format of Kubernetes, whose partial lines are joined,
Fluent Bit's records of both, and the records of collectors and of searches over them: CloudWatch,
Google Cloud, Azure, Datadog, Loki, Elastic, Splunk, journald. A record without a time of its own
takes that of its line.

Every record becomes a call, a duplicate of one, a record that is not a call by design (a wrapper
span, a heartbeat, the header of a CSV), or a reject with file, line, offset and reason, which
`auditor rejects` shows.

## Formats that are read

`auditor readers` prints the same list, and before it your own formats and those of other packages.

"""
_DECLARING = """
A record is asked for in this order: the formats in your `auditor.toml`, formats that other packages
bring, the list above but for `pair`, and `pair` last. `pair` searches any layout for an object that
looks like a request and one that looks like a response. Formats of the list never know the same
record, so their order means nothing.

## A format of your own

A log that is not on the list needs no program. A table in `auditor.toml` says by what its records
are known and where in them things lie. Say that the calls of a front desk are logged like this:

```json
{
  "kind": "answer",
  "call": {"nr": 17, "began": "2026-01-15T09:30:00Z", "took": 0.82},
  "llm": "claude-haiku-4-5",
  "asked": "Is the room free on Monday?",
  "said": "Yes, from nine.",
  "counts": {"in": 1240, "from.cache": 1000, "out": 6},
  "who": "{\\"login\\": \\"user-7\\"}"
}
{
  "kind": "heartbeat",
  "call": {"nr": 18, "began": "2026-01-15T09:31:00Z"}
}
```

Then this table reads them:

```toml
[readers.front-desk]
title = "Front desk"
tokens = "inclusive"                      # 1240 input tokens, of which 1000 came from the cache

[readers.front-desk.signature]            # a record is of this format
every = ["kind", "call.nr"]               # if it has both of these

[readers.front-desk.not_calls]
kind = "heartbeat"                        # counted, and not read as a call

[readers.front-desk.fields]               # field = path, or paths: the first with a value wins
log_id = "call.nr"
called_at = "call.began"
latency_s = "call.took"
model = "llm"
prompt = "asked"
answer = ["said", "answer"]
input_tokens = "counts.in"
cache_read_tokens = "counts.from\\\\.cache"  # a key with a dot in its name
output_tokens = "counts.out"
user_id = "who.login"                     # JSON within a text is parsed on the way

[readers.front-desk.values]               # what no record says
provider = "anthropic"
```

The first record becomes a call to claude-haiku-4-5 at Anthropic with 240 uncached input tokens,
1000 from the cache and 6 output tokens; the second counts as a record that is not a call. `auditor
ingest` and `auditor rejects` show what became of a log. A table with an unknown key or field is
refused, and the message lists those that exist.

Where a log keeps the bodies as they went over the wire, two fields do nearly everything:
`request = "body"` and `response = "reply"`. Texts, tools, parameters, ids and tokens are then taken
from them, and other fields fill in what they lack.

### Paths

Keys joined by dots: `counts.in`. A number is a place in a list: `choices.0`. `\\.` is a dot in a
key, which TOML writes as `"from\\\\.cache"`. JSON inside a text is parsed on the way, as often as
it was encoded.

### The table `[readers.NAME]`

"""
_FIELDS = """
### The fields

A record is rejected when it names neither a model nor a text nor tokens.

"""
_CLOSING = """
Formats that are part of auditor are such tables too, in `auditor/readers/formats/*.toml`. A format
that a table cannot say (records that belong together, ids to undo) is a Python module of some 50
lines: docs/adding.md shows both ways.
"""


def formats_page() -> str:
    """Return the page as Markdown."""
    return "".join(
        (
            _OPENING,
            _table(("name", "what it reads"), ((f"`{name}`", title) for name, title in formats())),
            _DECLARING,
            _table(("key", "meaning"), (*_keys(FormatTable), *_keys(Signature, "signature."))),
            _FIELDS,
            _table(("field", "meaning"), _described(FIELDS)),
            _CLOSING,
        )
    )


def _keys(model: type[BaseModel], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Return the keys of a section with their docstrings."""
    return _described(
        {f"{prefix}{name}": field.description or "" for name, field in model.model_fields.items()}
    )


def _described(told: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return ((f"`{name}`", words) for name, words in told.items())


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
