"""A key in any field of any format: not in the database, the report, the JSON or on the terminal."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

from command_line import command
from loopback import Handler, listening

from auditor.store.store import Store

FORMATS = Path(__file__).parents[1] / "formats"
CORE = "Vb3kQ9xT2mZp7LrW0nYcHd8sJf5G"
KEY = f"sk-ant-api03-{CORE}"


def leaves(value, path=()):
    """Give the path of every text in a JSON value."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))


def planted(record, seen):
    """Give copies of a record, each with the key behind one of its texts; each field once."""
    for path in leaves(record):
        field = tuple(key for key in path if isinstance(key, str))
        if field in seen:
            continue
        seen.add(field)
        copy = inner = deepcopy(record)
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] += f" {KEY}"
        yield json.dumps(copy)


def documents(text):
    """Give the JSON values of a file, and lines that are none."""
    try:
        value = json.loads(text)
        yield from value if isinstance(value, list) else [value]
    except ValueError:
        for line in text.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                yield line


def plant(folder):
    """Write copies of the samples of each format with the key in one field each; return how many."""
    fields = 0
    for name in FORMATS.iterdir():
        seen, lines = set(), []
        for sample in sorted(name.glob("sample/**/*.json*")):
            for value in documents(sample.read_text("utf-8", "replace")):
                lines += [f"{value} {KEY}"] if isinstance(value, str) else planted(value, seen)
        fields += len(lines)
        (folder / f"{name.name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return fields


def everything(path):
    """Return the bytes of a database, and every value in it: its pages are compressed."""
    with Store.open(path) as store:
        tables = [name for (name,) in store.rows("SELECT table_name FROM duckdb_tables()")]
        rows = {name: str(store.rows(f'FROM "{name}"')) for name in tables}
    found = [name for name, text in rows.items() if CORE in text]
    return found, path.read_bytes()


class Telltale(Handler):
    """A model server that answers every other request, and else repeats the key it was sent."""

    asked = 0

    def post(self) -> None:
        """Answer or refuse."""
        self.body()
        Telltale.asked += 1
        message = {"role": "assistant", "content": "Yes."}
        if Telltale.asked % 2:
            self.send_json(200, {"choices": [{"message": message, "finish_reason": "stop"}]})
        else:
            told = f"{self.headers['authorization']} may not do this"
            self.send_json(400, {"error": {"message": told}})


def test_a_key_in_any_field_of_any_format_leaves_nowhere(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDITOR_ENGINE_API_KEY", CORE)
    logs = tmp_path / "logs"
    logs.mkdir()
    assert plant(logs) > 800
    with listening(Telltale) as url:
        model = f"{url}/v1#told"
        printed = [
            command(monkeypatch, capsys, *words)
            for words in (
                ("audit", "logs", "--model", model, "--samples", 4, "--output", "report.html"),
                ("rejects", "--limit", 1000),
                ("rejects", "--limit", 1000, "--json"),
                ("spend", "--by", "user", "--json"),
            )
        ]
    assert [ran.err for ran in printed if ran.code not in (0, 3)] == []
    assert [ran for ran in printed if CORE in ran.out + ran.err] == []
    tables, raw = everything(tmp_path / "audit.duckdb")
    assert tables == []
    assert CORE.encode() not in raw
    written = [path for path in tmp_path.iterdir() if path.suffix in (".html", ".md", ".json")]
    assert len(written) == 3
    assert [path for path in written if CORE in path.read_text("utf-8")] == []
    with Store.open(tmp_path / "audit.duckdb") as store:
        assert store.value("SELECT count(*) FROM calls WHERE masked > 0") > 0
        assert store.value("SELECT count(*) FROM rejects WHERE excerpt LIKE '%[SECRET:%'") > 0
        assert store.value("SELECT count(*) FROM answers WHERE error = 'refused'") > 0
