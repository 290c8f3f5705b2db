"""Are the categories right, stable and fast? Prints every figure that benchmarks/README.md quotes.

    python benchmarks/categories.py workloads clusters synthetic    (about 3 CPU-minutes)
    python benchmarks/categories.py scale --calls 100000 1000000    (generates the logs first)
    python benchmarks/categories.py names --out DIR                 (writes the blind test)
    python benchmarks/categories.py matched --out ANSWERS.json      (scores a reader's answers)

Workloads go the whole way: ingest, categorize, compared with the truth file by log id. Peers run on
the same texts in the same process.
"""
# ruff: noqa: E501 - rows of figures

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
from categories_log import Log
from categories_measures import weighted_ari
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score, silhouette_score, v_measure_score

from auditor.categories import stage as categorize
from auditor.categories import tables
from auditor.categories.routes import CallText, Matcher
from auditor.categories.routes.freeform import cluster
from auditor.ingest import stage as ingest
from auditor.store.store import Store
from auditor.text.vectors import embed, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("AUDITOR_DATA", HERE.parents[1] / "shared" / "data"))
NAMES = HERE / "categories_names.json"
WORKLOADS = ("saas-support.openai", "dev-tools.anthropic", "open-chat.openai")


# -- measures --------------------------------------------------------------------------------------


def purity(truth: Sequence[str], found: Sequence[str], weights: np.ndarray[Any, Any]) -> float:
    """Share of the weight that belongs to the main task of its group."""
    cells: dict[str, Counter[str]] = defaultdict(Counter)
    for t, f, w in zip(truth, found, weights, strict=True):
        cells[f][t] += w
    return sum(max(c.values()) for c in cells.values()) / float(weights.sum())


def row(
    name: str,
    truth: Sequence[str],
    found: Sequence[str],
    cpu: float | None = None,
    weights: Any = None,
) -> None:
    ones = np.ones(len(truth))
    line = f"{name:44s} k {len(set(found)):4d}  ARI {adjusted_rand_score(truth, found):.3f}  V {v_measure_score(truth, found):.3f}  purity {purity(truth, found, ones):.3f}"
    if weights is not None:
        line += f"  | by spend: ARI {weighted_ari(truth, found, weights):.3f} purity {purity(truth, found, weights):.3f}"
    print(line + (f"  | {cpu:.1f} CPU-s" if cpu is not None else ""), flush=True)


class Cpu:
    """CPU seconds of this process within the block."""

    def __enter__(self) -> Self:
        self._began = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.process_time() - self._began


# -- peers -----------------------------------------------------------------------------------------


def tfidf_kmeans(texts: Sequence[str], k: int | None) -> np.ndarray[Any, Any]:
    """TF-IDF of words and pairs, 100 dimensions, k-means; k by silhouette where none is given."""
    counts = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), min_df=2, max_features=50_000
    ).fit_transform(texts)
    points = TruncatedSVD(min(100, counts.shape[1] - 1), random_state=0).fit_transform(counts)
    points /= np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)
    if k is not None:
        return KMeans(k, n_init=3, random_state=0).fit_predict(points)
    tried = []
    for some in (3, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96):
        labels = KMeans(some, n_init=2, random_state=0).fit_predict(points)
        tried.append((silhouette_score(points, labels, sample_size=1500, random_state=0), labels))
    return max(tried, key=lambda t: t[0])[1]


def bertopic(texts: Sequence[str]) -> np.ndarray[Any, Any] | None:
    """BERTopic with its defaults, if this environment has it and its model."""
    try:
        from bertopic import BERTopic
    except ImportError:
        return None
    return np.array(BERTopic().fit_transform(list(texts))[0])


def leiden(texts: Sequence[str], resolution: float) -> np.ndarray[Any, Any] | None:
    """Leiden on the 15 nearest neighbours of the same word vectors, where its (GPL) packages are."""
    try:
        import igraph
        import leidenalg
    except ImportError:
        return None
    from sklearn.neighbors import NearestNeighbors

    vectors = embed(texts)
    points = unit(vectors - vectors.mean(axis=0))
    away, near = NearestNeighbors(n_neighbors=16, metric="cosine").fit(points).kneighbors(points)
    edges = [(a, int(b)) for a in range(len(points)) for b in near[a, 1:]]
    graph = igraph.Graph(n=len(points), edges=edges)
    graph.es["weight"] = [float(max(0, 1 - x)) for row in away for x in row[1:]]
    found = leidenalg.find_partition(
        graph,
        leidenalg.RBConfigurationVertexPartition,
        weights="weight",
        resolution_parameter=resolution,
        seed=0,
    )
    return np.array(found.membership)


# -- parts -----------------------------------------------------------------------------------------


def workloads(**_: object) -> None:
    """The three logs, from the file to the category, against their truth."""
    for name in WORKLOADS:
        truth = {}
        for line in (DATA / "workloads" / f"{name}.truth.jsonl").open(encoding="utf-8"):
            entry = json.loads(line)
            truth[entry["id"]] = entry["category"]
        with Store.open() as store:
            ingest.run(store, [str(DATA / "workloads" / f"{name}.jsonl")], ingest.IngestSettings())
            with Cpu() as cpu:
                categorize.run(store, categorize.CategorizeSettings())
            rows = store.rows(
                "SELECT log_id, c.name, coalesce(cost_usd, 0)::DOUBLE, coalesce(system_text, '') || chr(10) ||"
                " coalesce(json_extract_string(messages, '$[0].content'), '')"
                " FROM call_categories JOIN categories c USING (category_id) JOIN calls USING (call_id)"
                " LEFT JOIN contents USING (call_id) ORDER BY call_id"
            )
        rows = [r for r in rows if truth.get(r[0], "unknown") != "unknown"]
        wanted = [truth[r[0]] for r in rows]
        spend = np.array([r[2] for r in rows])
        print(f"== {name}: {len(rows)} calls with a known task, {len(set(wanted))} tasks")
        row("auditor", wanted, [r[1] for r in rows], cpu.seconds, spend)
        row("exact system prompt", wanted, [r[3].split("\n", 1)[0] for r in rows], None, spend)
        with Cpu() as cpu:
            labels = tfidf_kmeans([r[3][:1500] for r in rows], None)
        row(
            "TF-IDF + k-means, k by silhouette",
            wanted,
            [str(x) for x in labels],
            cpu.seconds,
            spend,
        )


def clusters(**_: object) -> None:
    """Free text without any template: the labelled sets."""
    for name in ("banking77", "snips7", "tasktype-induction24", "arena-hard-v0.1-clusters"):
        rows = [
            json.loads(line)
            for line in (DATA / "clusters" / f"{name}.jsonl").open(encoding="utf-8")
        ]
        rows = [r for r in rows if r.get("part", "test") == "test"]
        texts, truth = [r["text"] for r in rows], [r["label"] for r in rows]
        print(f"== {name}: {len(texts)} texts, {len(set(truth))} labels")
        for fine in (False, True):
            with Cpu() as cpu:
                labels = cluster(texts, seed=0, fine=fine)[2]
            row(
                f"auditor, {'fine' if fine else 'default'}",
                truth,
                [str(x) for x in labels],
                cpu.seconds,
            )
        for k, how in ((None, "k by silhouette"), (len(set(truth)), "true k")):
            with Cpu() as cpu:
                labels = tfidf_kmeans(texts, k)
            row(f"TF-IDF + k-means, {how}", truth, [str(x) for x in labels], cpu.seconds)
        for resolution in (0.5, 3.0):
            with Cpu() as cpu:
                members = leiden(texts, resolution)
            if members is not None:
                row(f"Leiden {resolution}", truth, [str(x) for x in members], cpu.seconds)
        with Cpu() as cpu:
            topics = bertopic(texts)
        if topics is None:
            print("BERTopic: not installed in this environment")
        else:
            row("BERTopic, defaults", truth, [str(x) for x in topics], cpu.seconds)


def synthetic(calls: Sequence[int] = (10_000,), **_: object) -> None:
    """40 templates of 35 tasks and open chat: right, stable, and stable when it grows."""
    n = calls[0]
    texts, templates, tasks = zip(*Log(1, _clusters()).calls(n), strict=True)
    print(f"== synthetic log: {n} calls, {len(set(templates))} templates, {len(set(tasks))} tasks")
    with Store.open() as store:
        _fill(store, texts)
        with Cpu() as cpu:
            categorize.run(store, categorize.CategorizeSettings())
        of_route, of_task = _found(store, texts, "route_id"), _found(store, texts, "category_id")
        row("routes against templates", templates, of_route, cpu.seconds)
        row("categories against tasks", tasks, of_task)
        fixed = [i for i, t in enumerate(tasks) if t != "chat"]
        row(
            "categories, templated calls only",
            [tasks[i] for i in fixed],
            [of_task[i] for i in fixed],
        )
        for seed in (1, 2):
            categorize.run(store, categorize.CategorizeSettings(seed=seed, fresh=True))
            again = _found(store, texts, "category_id")
            row(
                f"seed {seed} against seed 0",
                [of_task[i] for i in fixed],
                [again[i] for i in fixed],
            )
    for part in range(3):
        kept = sorted(random.Random(part).sample(range(n), int(0.7 * n)))
        with Store.open() as store:
            some = [texts[i] for i in kept]
            _fill(store, some)
            categorize.run(store, categorize.CategorizeSettings())
            at = dict(zip(kept, _found(store, some, "category_id"), strict=True))
        same = [i for i in fixed if i in at]
        row(f"70 % subsample {part}", [of_task[i] for i in same], [at[i] for i in same])
    _growth(texts, templates)


def _found(store: Store, calls: Sequence[CallText], column: str) -> list[str]:
    """A column of call_categories, in the order of the calls."""
    found = dict(store.rows(f"SELECT call_id, {column} FROM call_categories"))
    return [found[call.call_id] for call in calls]


def _growth(calls: Sequence[CallText], templates: Sequence[str]) -> None:
    """20 % later; then whole templates later. Calls that are stored never move: ask them again."""
    late = set(random.Random(0).sample(range(len(calls)), len(calls) // 5))
    moved, _, _ = _grow(
        [c for i, c in enumerate(calls) if i not in late], [calls[i] for i in sorted(late)]
    )
    print(
        f"20 % new calls: {moved:.2%} of the old ones would move if asked again (stored ones never do)"
    )
    names = sorted(set(templates) - {"chat"})
    for part in range(3):
        hidden = set(random.Random(part).sample(names, 6))
        seen = [c for c, t in zip(calls, templates, strict=True) if t not in hidden]
        rest = [(c, t) for c, t in zip(calls, templates, strict=True) if t in hidden]
        moved, known, ids = _grow(seen, [c for c, _ in rest])
        share = sum(i not in known for i in ids) / len(ids)
        missed = Counter(t for (_, t), i in zip(rest, ids, strict=True) if i in known)
        print(
            f"6 hidden templates ({len(rest)} calls): {share:.1%} of their calls in new routes; {moved:.2%} of the others move; missed {dict(missed)}"
        )


def _grow(early: Sequence[CallText], late: Sequence[CallText]) -> tuple[float, set[str], list[str]]:
    """Categorize, add calls, categorize again.

    Returns the share of early calls whose route would change if they were asked again, the routes
    known before, and the routes of the late calls.
    """
    with Store.open() as store:
        _fill(store, early)
        categorize.run(store, categorize.CategorizeSettings())
        before = tables.load(store).rules
        _fill(store, late)
        categorize.run(store, categorize.CategorizeSettings())
        after = tables.load(store).rules
        ids = _found(store, late, "route_id")
    old, new = Matcher(before).assign(early), Matcher(after).assign(early)
    moved = sum(
        before.routes[a.route].route_id != after.routes[b.route].route_id
        for a, b in zip(old, new, strict=True)
    ) / len(early)
    return moved, {route.route_id for route in before.routes}, ids


def scale(calls: Sequence[int] = (100_000,), **_: object) -> None:
    """CPU and memory of the stage, from the database, each in a fresh process."""
    for n in calls:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "scale.duckdb"
            log = Log(1, _clusters()).calls(n)
            with Store.open(path) as store:
                while some := [call for call, _, _ in islice(log, 50_000)]:
                    _fill(store, some)
            code = (
                "import sys, resource; from auditor.store.store import Store; from auditor.categories import stage as c;"
                "s = Store.open(sys.argv[1]); r = c.run(s, c.CategorizeSettings());"
                "u = resource.getrusage(resource.RUSAGE_SELF);"
                "print(r.detail['categories'], u.ru_utime + u.ru_stime, u.ru_maxrss)"
            )
            done = subprocess.run(
                [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
            )
            k, cpu, rss = done.stdout.split()[-3:]  # after what DuckDB says of its progress
            gib = int(rss) / (2**20 if sys.platform != "darwin" else 2**30)
            print(
                f"{n:9,d} calls ({path.stat().st_size / 2**20:.0f} MiB): {float(cpu):6.1f} CPU-s, {float(cpu) / n * 1e6:.0f} µs a call, {gib:.2f} GiB, {k} categories",
                flush=True,
            )


_PROSE = "They agreed to ship on Monday after the last tests have passed and to tell everyone."
_ANSWERS = {
    "label": "billing", "sql": "SELECT a, count(*) FROM t GROUP BY 1", "list": "- one thing\n- two things\n- three",
    "svg": "<svg><path/></svg>", "markup": "<html></html>", "phrase": "a few words that make a phrase",
    "code:python": "```python\ndef f(x):\n    return x\n```", "json:[]": '["a", "b"]',
}  # fmt: skip


def _fill(store: Store, calls: Sequence[CallText]) -> None:
    """Add calls as ingest would leave them."""
    size = len(calls)
    fixed = {
        "source_id": "s", "reader": "synthetic", "api_shape": "chat", "status": "ok", "record_no": 1,
        "content_state": "full", "usage_state": "absent", "service_tier": "standard",
        "cost_basis": "unpriced", "needs_vision": False, "needs_hosted_tools": False, "masked": 0,
    }  # fmt: skip
    store.append("calls", pa.table({
        "call_id": [c.call_id for c in calls],
        "tool_names": pa.array([list(c.tools) or None for c in calls], pa.list_(pa.string())),
        "response_format": pa.array([c.response_format for c in calls], pa.string()),
        **{key: [value] * size for key, value in fixed.items()},
    }))  # fmt: skip
    turn = [{"role": "assistant", "content": "ok"}, {"role": "user", "content": "more"}]
    store.append("contents", pa.table({
        "call_id": [c.call_id for c in calls],
        "system_text": pa.array([c.system for c in calls], pa.string()),
        "messages": [json.dumps([{"role": "user", "content": c.user}, *turn * (c.turns - 1)]) for c in calls],
        "response_text": pa.array([_answer(c.shape or "") for c in calls], pa.string()),
        "tool_calls": pa.array(["[{}]" if c.shape == "tool_call" else None for c in calls], pa.string()),
    }))  # fmt: skip


def _answer(shape: str) -> str | None:
    if shape.startswith("json:{"):
        return json.dumps(dict.fromkeys(shape[6:-1].split(","), "v"))
    return None if shape == "tool_call" else _ANSWERS.get(shape, _PROSE)


def _clusters() -> Path | None:
    folder = DATA / "clusters"
    return folder if folder.is_dir() else None


def names(out: Path, **_: object) -> None:
    """Write the blind test of the names: three prompts of each category, in no order.

    The prompts stay out of the repository; `categories_names.json` keeps names and log ids.
    """
    rng = random.Random(7)
    kept: dict[str, Any] = {}
    out.mkdir(parents=True, exist_ok=True)
    for workload in WORKLOADS:
        with Store.open() as store:
            path = DATA / "workloads" / f"{workload}.jsonl"
            ingest.run(store, [str(path)], ingest.IngestSettings())
            categorize.run(store, categorize.CategorizeSettings())
            rows = store.rows(
                "SELECT c.name, log_id, system_text, json_extract_string(messages, '$[0].content')"
                " FROM call_categories JOIN categories c USING (category_id)"
                " JOIN calls USING (call_id) JOIN contents USING (call_id) ORDER BY call_id"
            )
        by_name = defaultdict(list)
        for title, *rest in rows:
            by_name[title].append(rest)
        prompts = [
            (title, *rest)
            for title, some in sorted(by_name.items())
            for rest in rng.sample(some, min(3, len(some)))
        ]
        rng.shuffle(prompts)
        listed = "".join(f"- {title}\n" for title in sorted(by_name))
        asked = "".join(
            f"\n{number}. system: {(system or '(none)')[:300]!r}\n   user: {(user or '')[:300]!r}\n"
            for number, (_, _, system, user) in enumerate(prompts, 1)
        )
        sheet = out / f"{workload}.md"
        sheet.write_text(
            f"Which name fits which prompt? Names:\n\n{listed}{asked}", encoding="utf-8"
        )
        kept[workload] = {
            "names": sorted(by_name),
            "prompts": {
                str(n): [log_id, title] for n, (title, log_id, _, _) in enumerate(prompts, 1)
            },
        }
        print(f"{workload}: {len(by_name)} names, {len(prompts)} prompts -> {sheet}")
    NAMES.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def matched(out: Path, **_: object) -> None:
    """Score a reader: `{workload: {prompt number: name}}`, kept beside the names."""
    kept = json.loads(NAMES.read_text(encoding="utf-8"))
    answers = json.loads(out.read_text(encoding="utf-8"))
    for workload, given in answers.items():
        wanted = {number: title for number, (_, title) in kept[workload]["prompts"].items()}
        right = sum(given.get(number) == title for number, title in wanted.items())
        kept[workload]["reader"] = given
        wrong = {n: (given.get(n), t) for n, t in wanted.items() if given.get(n) != t}
        print(f"{workload}: {right} of {len(wanted)} right ({right / len(wanted):.0%}) {wrong}")
    NAMES.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


PARTS = {
    "workloads": workloads,
    "clusters": clusters,
    "synthetic": synthetic,
    "scale": scale,
    "names": names,
    "matched": matched,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--calls", type=int, nargs="+")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "names")
    arguments = parser.parse_args()
    options: dict[str, Any] = {"out": arguments.out}
    if arguments.calls:
        options["calls"] = arguments.calls
    for part in arguments.parts:
        PARTS[part](**options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak of this process: {peak / 2**20:.2f} GiB" if sys.platform != "darwin" else "")


if __name__ == "__main__":
    main()
