"""python check.py OUT  -- parses every log, joins the truth, counts sentences of inputs that repeat."""
import collections
import json
import pathlib
import re
import sys

out = pathlib.Path(sys.argv[1])
for f in sorted(out.glob("*.truth.jsonl")):
    name = f.name[:-len(".truth.jsonl")]
    truth = {}
    for line in f.open(encoding="utf-8"):
        d = json.loads(line)
        assert set(d) == {"id", "task"} and d["id"] not in truth
        truth[d["id"]] = d["task"]
    last, ids, seen_rows, heads = "", set(), collections.Counter(), collections.defaultdict(set)
    count, first, toks = collections.Counter(), {}, collections.Counter()
    models = collections.defaultdict(collections.Counter)
    for line in (out / (name + ".jsonl")).open(encoding="utf-8"):
        r = json.loads(line)
        assert r["timestamp"] >= last
        last = r["timestamp"]
        req, res = r["request"], r["response"]
        if "id" not in res:
            assert "error" in res
            continue
        assert res["id"] in truth and res["id"] not in ids
        ids.add(res["id"])
        t = truth[res["id"]]
        us = res["usage"]
        toks[t] += sum(us.get(k, 0) for k in ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens"))
        models[t][req["model"]] += 1
        known = set()  # every tool result answers a call before it
        for m in req["messages"]:
            for c in m.get("tool_calls") or []:
                known.add(c["id"]); json.loads(c["function"]["arguments"])
            if m["role"] == "tool":
                assert m["tool_call_id"] in known
            if isinstance(m["content"], list):
                for b in m["content"]:
                    if b["type"] == "tool_use":
                        known.add(b["id"])
                    if b["type"] == "tool_result":
                        assert b["tool_use_id"] in known
        m = req["messages"][-1]
        c = m["content"]
        if isinstance(c, list):
            c = " ".join(b.get("text", "") for b in c)
        if m["role"] == "user" and c and c not in first:
            first[c] = t
            for s in set(re.split(r"(?<=[.!?:])\s+|\n+", c)):
                if len(s) > 30:
                    count[(t, s)] += 1
    assert ids == set(truth)
    rep = [(n, k) for k, n in count.most_common(400) if n > 3]
    print("%-9s ok: %d answered, %d tasks, until %s; repeated input sentences (>3): %d" % (name, len(ids), len(set(truth.values())), last, len(rep)))
    for n, (t, s) in rep[:12]:
        print("     %3dx %-22s %s" % (n, t, s[:110]))
    if "-v" in sys.argv:
        for t, k in toks.most_common():
            print("     %-30s %9d tokens  %s" % (t, k, dict(models[t])))
