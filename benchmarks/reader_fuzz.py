"""Throw mutated logs at the readers: no crash, no record hidden by its neighbours, bounded memory.

    python benchmarks/reader_fuzz.py --minutes 30 [--seed 0] [--findings FOLDER] [--store]

Cases are made from the samples of every format under ``tests/formats``: values replaced, removed,
doubled and nested, bytes flipped, cut and spliced, and all of it packed in every compression and
archive and damaged there. Beside every mutation stand records that are whole. A finding is

* a crash: an exception that escapes, or a record auditor itself stumbles over;
* a hidden record: one of those that are whole does not come out as a call;
* lost accounting: the outcomes of a file are not as many as its records;
* a slow case: more than ``SLOW_S`` for less than a megabyte.

Each is written to the folder of findings with its seed; the last case is kept there while it runs,
for a crash of the interpreter. ``--store`` writes every case to a database too, which is slower and
finds what a database refuses. Exit code 1 when something was found or memory went over 1 GiB.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import lzma
import random
import resource
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from contextlib import ExitStack, nullcontext
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.ingest import stage as ingest
from auditor.readers.call import INTERNAL_ERROR
from auditor.readers.columns.batch import Masking
from auditor.readers.files import containers, folding
from auditor.readers.registry import READER_ERROR, registry
from auditor.store.store import Store

SAMPLES = Path(__file__).parents[1] / "tests" / "formats"
SLOW_S = 10.0
MOST_SAMPLE_BYTES = 300_000
MEMORY_MIB = 1024

SCALARS: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, -(10**20), 1e308, -0.0, 1.5,
    float("nan"), float("inf"),
    "", " ", "0", "-1", "1e999", "NaN", "null", "{", "[]", "{}", '{"a": 1}', '"', "\\", "\x00",
    "\ud800", "\u2028", "\U0001f469\u200d\U0001f467",
    "2026-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-02-30", "24:00",
    "data: {}\n\n", "data: [DONE]", "event: x\ndata: {\n\n",
    "sk-ant-api03-" + "A" * 90, "x" * 100_000,
    [], {}, [[]], [None], {"": None}, {"type": "text"}, [{}], [[[[[[]]]]]],
]  # fmt: skip
COMPRESSED = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda raw: bytes(pa.Codec("zstd").compress(raw)),
}


def whole(mark: str) -> bytes:
    """Return a line that every reader must leave alone: a plain pair with an id of its own."""
    return json.dumps(
        {
            "timestamp": "2026-10-01T10:00:00Z",
            "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "whole"}]},
            "response": {
                "id": mark,
                "choices": [{"message": {"role": "assistant", "content": "w"}}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 1},
            },
        }
    ).encode()


def records_of(raw: bytes) -> list[Any]:
    """Return the JSON records of a sample; none for what is not JSON."""
    try:
        document = json.loads(raw)
    except ValueError:
        records = []
        for line in raw.splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                continue
        return records
    return document if isinstance(document, list) else [document]


class Mutator:
    """Makes cases from samples, the same ones for the same seed."""

    def __init__(self, samples: list[tuple[str, bytes]], seed: int) -> None:
        self._random = random.Random(seed)
        self._samples = samples
        self._records = [(name, found) for name, raw in samples if (found := records_of(raw))]

    def case(self) -> tuple[str, bytes, list[str]]:
        """Return how a file was made, its bytes, and the ids of the records that are whole."""
        draw = self._random
        kind = draw.choices(["lines", "array", "bytes", "packed", "archive"], [5, 2, 3, 2, 2])[0]
        return getattr(self, f"_{kind}")()

    def _lines(self) -> tuple[str, bytes, list[str]]:
        name, records = self._random.choice(self._records)
        lines = [self._line(record) for record in self._some(records)]
        before, after = whole("whole-before-1"), whole("whole-after-1")
        lines = [before, *(line.replace(b"\n", b" ") for line in lines), after]
        return f"lines of {name}", b"\n".join(lines), ["whole-before-1", "whole-after-1"]

    def _array(self) -> tuple[str, bytes, list[str]]:
        name, records = self._random.choice(self._records)
        values = [self._text(self._changed(record)) for record in self._some(records)]
        values = [whole("whole-before-2"), *values, whole("whole-after-2")]
        gap = self._random.choice([b",", b",\n", b" , "])
        return (
            f"array of {name}",
            b"[" + gap.join(values) + b"]",
            ["whole-before-2", "whole-after-2"],
        )

    def _bytes(self) -> tuple[str, bytes, list[str]]:
        name, raw = self._random.choice(self._samples)
        return f"bytes of {name}", self._damaged(raw), []

    def _packed(self) -> tuple[str, bytes, list[str]]:
        kind, pack = self._random.choice(list(COMPRESSED.items()))
        name, body, marks = self._lines()
        if self._random.random() < 0.3:
            return f"{kind} of {name}", pack(body), marks
        # What comes before the damage in a stream of its own has to come out.
        first = pack(whole("whole-packed-1") + b"\n")
        return f"damaged {kind} of {name}", first + self._damaged(pack(body)), ["whole-packed-1"]

    def _archive(self) -> tuple[str, bytes, list[str]]:
        name, body, _ = self._lines()
        inner = self._random.choice([lambda raw: raw, *COMPRESSED.values()])(body)
        members = [("a", whole("whole-member-1")), ("m", inner), ("z", whole("whole-member-2"))]
        out = io.BytesIO()
        if self._random.random() < 0.5:
            method = self._random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
            with zipfile.ZipFile(out, "w", method) as archive:
                for member, data in members:
                    archive.writestr(member, data)
                damage = archive.getinfo("m").header_offset + 31, archive.getinfo("m").compress_size
        else:
            with tarfile.open(fileobj=out, mode="w") as archive:
                for member, data in members:
                    info = tarfile.TarInfo(member)
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
            with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
                damage = archive.getmember("m").offset_data, len(inner)
        raw = bytearray(out.getvalue())
        start, size = damage
        for _ in range(self._random.randint(0, 5)):
            raw[start + self._random.randrange(size)] = self._random.randrange(256)
        return f"archive of {name}", bytes(raw), ["whole-member-1", "whole-member-2"]

    def _some(self, records: list[Any]) -> list[Any]:
        start = self._random.randrange(len(records))
        return records[start : start + self._random.randint(1, 8)]

    def _line(self, record: Any) -> bytes:
        text = self._text(self._changed(record))
        return self._damaged(text) if self._random.random() < 0.2 else text

    @staticmethod
    def _text(value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=True, default=str).encode()

    def _changed(self, record: Any) -> Any:
        record = json.loads(json.dumps(record))
        for _ in range(self._random.randint(1, 4)):
            places = list(_places(record))
            if not places:
                return record
            holder, key = self._random.choice(places)
            self._change(holder, key)
        return record

    def _change(self, holder: Any, key: Any) -> None:
        draw = self._random
        match draw.randrange(7):
            case 0 | 1 | 2:
                holder[key] = deepcopy(draw.choice(SCALARS))
            case 3:
                del holder[key]
            case 4:
                holder[key] = [holder[key]] * draw.randint(0, 3)
            case 5:
                holder[key] = json.dumps(holder[key], default=str)
            case _:
                value = holder[key]
                for _ in range(draw.choice([1, 3, 200])):
                    value = {"a": value} if draw.random() < 0.5 else [value]
                holder[key] = value

    def _damaged(self, raw: bytes) -> bytes:
        draw, data = self._random, bytearray(raw)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(data) + 1)
            size = draw.choice([1, 2, 16, 400])
            match draw.randrange(5):
                case 0:
                    data[at : at + size] = draw.randbytes(size)
                case 1:
                    del data[at : at + size]
                case 2:
                    data[at:at] = data[max(0, at - size) : at]
                case 3:
                    del data[at:]
                case _:
                    other = draw.choice(self._samples)[1]
                    start = draw.randrange(len(other) + 1)
                    data[at:at] = other[start : start + size * 20]
        return bytes(data)


def _places(value: Any) -> Any:
    """Yield every place in a record: what holds it, and its key there."""
    if not isinstance(value, dict | list):
        return
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def read(path: Path) -> tuple[set[str], list[str], bool]:
    """Read a file; return the ids of responses, what we stumbled over, and if all is counted."""
    readers = registry()
    found: set[str] = set()
    stumbled: list[str] = []
    counted = True
    with containers.sources([path]) as sources:
        for group in folding.groups(sources, readers):
            for _, columns in folding.read_group(group, readers, Masking(personal=True)):
                found.update(filter(None, columns.calls["provider_response_id"].to_pylist()))
                counted = counted and len(columns.ledger) == columns.records
                stumbled += [
                    str(reject["detail"])
                    for reject in columns.rejects.to_pylist()
                    if reject["reason"] in (INTERNAL_ERROR, READER_ERROR)
                ]
    return found, stumbled, counted


def faults(path: Path, marks: list[str], store: Store | None) -> list[str]:
    """Read a case; return what is wrong with how it was read."""
    began = time.monotonic()
    try:
        found, stumbled, counted = read(path)
        if store is not None:
            ingest.run(store, [path])
            stumbled += [f"check: {one}" for one in store.check()]
    except Exception:  # noqa: BLE001 - this is what is looked for
        return [f"crash: {traceback.format_exc(limit=-4)}"]
    wrong = [f"stumbled: {detail}" for detail in stumbled]
    wrong += [f"hidden: {mark}" for mark in marks if mark not in found]
    wrong += [] if counted else ["lost accounting"]
    took = time.monotonic() - began
    return [*wrong, f"slow: {took:.1f} s"] if took > SLOW_S else wrong


def samples() -> list[tuple[str, bytes]]:
    """Return the samples of every format: their names and bytes."""
    found = []
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file() and path.stat().st_size <= MOST_SAMPLE_BYTES and path.suffix != ".md":
            raw = path.read_bytes()
            if raw:
                found.append((str(path.relative_to(SAMPLES)), raw))
    return found


def main() -> int:
    """Run; returns the exit code."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    options.add_argument("--store", action="store_true", help="write every case to a database too")
    given = options.parse_args()
    given.findings.mkdir(parents=True, exist_ok=True)
    mutator, kinds = Mutator(samples(), given.seed), Counter[str]()
    cases = calls_for = 0
    end = time.monotonic() + given.minutes * 60
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        while time.monotonic() < end:
            how, raw, marks = mutator.case()
            path = folder / "case"
            path.write_bytes(raw)
            (given.findings / "current").write_bytes(raw)
            with Store.open() if given.store else nullcontext() as store:
                wrong = faults(path, marks, store)
            cases, calls_for = cases + 1, calls_for + len(marks)
            for fault in wrong:
                kind = fault.partition(":")[0]
                kinds[kind] += 1
                name = f"{kind.replace(' ', '-')}-{given.seed}-{cases}"
                (given.findings / name).write_bytes(raw)
                print(f"{name}: {how}: {fault.strip()[-600:]}", flush=True)
    (given.findings / "current").unlink(missing_ok=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{cases:,} cases, {calls_for:,} whole records beside them, seed {given.seed}: "
        f"{dict(kinds) or 'nothing found'}; peak memory {peak} MiB"
    )
    return int(bool(kinds) or peak > MEMORY_MIB)


if __name__ == "__main__":
    sys.exit(main())
