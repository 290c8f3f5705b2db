"""Shared machinery: seeded text grammar, clock, API-shaped log lines, truth."""
import json
import random
import re
from collections import Counter
from datetime import datetime, timedelta, timezone

START = datetime(2025, 10, 1, tzinfo=timezone.utc)
DAYS = 30
_ALT = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_NUM = re.compile(r"n(\d+)_(\d+)$")
_SENT = re.compile(r"(?<=[.!?:])\s+|\n+")

ES_FIRST = "María Carmen Josefa Lucía Ana Isabel Pilar Dolores Teresa Rosa Antonio José Manuel Francisco Juan Javier Carlos Miguel Rafael Pedro Ángel Alejandro Fernando Luis Sergio Pablo Jorge Alberto Álvaro Diego Inés Nuria Rocío Beatriz Marta Elena Irene Silvia Amparo Encarnación".split()
ES_LAST = "García Fernández López Martínez Sánchez Pérez Gómez Ruiz Díaz Moreno Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Serrano Blanco Molina Morales Suárez Ortega Delgado Castro Ortiz Rubio Marín Sanz Iglesias Núñez Medina Garrido Cortés Castillo Santos Lozano Guerrero Cano Prieto Méndez".split()
EN_FIRST = "Alice Peter Margaret Colin Hannah Graham Susan Derek Emily Oliver Fiona Neil Janet Stuart Rachel Simon Gillian Keith Laura Martin Hazel Ian Joan Alan Ruth Philip Moira Trevor Amy Daniel Chloe Marcus Priya Imran Grace Tobias Nadia Owen Freya Leo".split()
EN_LAST = "Whitaker Holloway Barnes Pritchard Ellison Fairfax Dunmore Ashby Kendrick Lowell Marsh Sutton Tate Yardley Cooper Birch Haddon Lister Norwood Oakley Penrose Quinn Radley Stroud Thorne Vance Webb Ackroyd Bledsoe Corrigan Desai Okafor Rahman Novak Larsen Moreau Fischer".split()
DE_FIRST = "Anna Lukas Petra Jürgen Sabine Markus Heike Thomas Ursula Stefan Claudia Andreas Birgit Dieter Monika Holger Karin Uwe Nicole Sven Jonas Lena Felix Marie Mehmet Ayşe Katarzyna Goran Elif Werner Gisela Horst Ingrid Ralf Anja Torsten Melanie Björn".split()
DE_LAST = "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Richter Klein Wolf Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann Köhler Maier Yılmaz Kowalski Petrović Kaya Herrmann König Walter Huber Kaiser Fuchs Peters Scholz Möller".split()
FR_FIRST = "Camille Léa Manon Chloé Inès Jade Louise Emma Sarah Zoé Lucas Hugo Nathan Théo Enzo Louis Jules Adam Raphaël Mathis Yanis Noah Maxime Antoine Clément Aïcha Fatou Mehdi Bilal Océane Maëlys Romane Élise Margaux Capucine Gabin Malo Timéo Amina Rayan".split()
FR_LAST = "Martin Bernard Dubois Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel Roux Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Faure Mercier Blanc Guérin Boyer Garnier Chevalier Legrand Gauthier Perrin Diallo Benali Nguyen Haddad Traoré Morin Masson Colin Barbier Renaud".split()


def toks(text):
    return max(1, int(len(text) / 4))


class Times(list):
    """Call times; walking them opens a fresh set of remembered slot values for each logical call."""

    def __init__(self, xs, log, free):
        super().__init__(xs)
        self.log, self.free = log, free

    def __add__(self, other):
        return Times(sorted(list.__add__(self, list(other))), self.log, self.free)

    def __iter__(self):
        for x in super().__iter__():
            self.log.memory = None if self.free else {}
            yield x
        self.log.memory = None


class Log:
    def __init__(self, name, seed, shape, hours=(8, 18), weekend=0.15, incident=None,
                 error_rate=0.008, trunc_rate=0.008, dup_rate=0.008, blocks_from=None):
        self.name, self.shape = name, shape
        self.rng = random.Random("%s/%s" % (name, seed))
        self.hours, self.weekend, self.incident = hours, weekend, incident
        self.error_rate, self.trunc_rate, self.dup_rate = error_rate, trunc_rate, dup_rate
        self.blocks_from = blocks_from
        self.memory, self.sticky, self.stick_p = None, set(), 0.85
        self.lex, self.seen, self.dry = {}, Counter(), Counter()
        self.loose = False
        self.rows, self.switch, self.tasks = [], {}, Counter()
        self.stats = Counter()

    # ---- random helpers
    def pick(self, xs):
        return self.rng.choice(xs)

    def some(self, xs, lo, hi=None):
        xs = list(xs)
        k = self.rng.randint(lo, hi if hi is not None else lo)
        return self.rng.sample(xs, min(k, len(xs)))

    def p(self, x):
        return self.rng.random() < x

    def n(self, a, b):
        return self.rng.randint(a, b)

    def f(self, a, b, d=2):
        return round(self.rng.uniform(a, b), d)

    def weighted(self, pairs):
        return self.rng.choices([a for a, _ in pairs], [b for _, b in pairs])[0]

    def person(self, lang):
        F, N = {"es": (ES_FIRST, ES_LAST), "en": (EN_FIRST, EN_LAST), "de": (DE_FIRST, DE_LAST), "fr": (FR_FIRST, FR_LAST)}[lang]
        return self.pick(F) + " " + self.pick(N) + ((" " + self.pick(N)) if lang == "es" else "")

    # ---- grammar
    def spin(self, pat, **ctx):
        if isinstance(pat, (list, tuple)):
            pat = self.pick(pat)
        while True:
            m = _ALT.search(pat)
            if not m:
                break
            pat = pat[:m.start()] + self.pick(m.group(1).split("|")) + pat[m.end():]

        used = Counter()

        def sub(m):
            k = m.group(1)
            if k in ctx:
                v = ctx[k]
                return self.spin(v, **ctx) if isinstance(v, (list, tuple)) else str(v)
            q = _NUM.match(k)
            if q:
                return str(self.n(int(q.group(1)), int(q.group(2))))
            v = self.lex[k]
            i = used[k]
            used[k] += 1
            mem = None if self.memory is None or k not in self.sticky else self.memory.setdefault(k, [])
            if mem is not None and i < len(mem) and not self.loose and self.p(self.stick_p):
                return mem[i]
            v = str(v()) if callable(v) else self.spin(v, **ctx)
            if mem is not None and i >= len(mem):
                mem.append(v)
            return v
        return _SLOT.sub(sub, pat)

    @staticmethod
    def keys(text):
        out = []
        for s in _SENT.split(text):
            k = s.lower().strip()
            if len(re.findall(r"\d+", k)) < 3:  # a line of measurements differs by its numbers
                k = re.sub(r"\d+", "#", k)
            if len(k) > 24:
                out.append(k)
        return out

    def s(self, pat, limit=3, **ctx):
        """One spun text whose sentences (lone digits masked) have been used fewer than `limit` times."""
        for i in range(45):
            self.loose = i > 15
            t = re.sub(r" +([,.])(?=\s|$)", r"\1", self.spin(pat, **ctx)).replace("  ", " ").strip()
            self.loose = False
            t = t[:1].upper() + t[1:]
            ks = self.keys(t)
            if all(self.seen[k] < limit for k in ks):
                self.seen.update(ks)
                return t
        self.loose = False
        self.dry[str(pat)[:60]] += 1
        return ""

    def para(self, pats, lo, hi=None, sep=" ", shuffle=False, **ctx):
        """k of the patterns (in order unless shuffle), joined."""
        k = min(len(pats), self.n(lo, hi if hi is not None else lo))
        idx = self.rng.sample(range(len(pats)), k)
        if not shuffle:
            idx.sort()
        return sep.join(x for x in (self.s(pats[i], **ctx) for i in idx) if x)

    def typo(self, text, rate=0.02):
        words = text.split(" ")
        for i, w in enumerate(words):
            if len(w) > 3 and w.isalpha() and self.p(rate):
                j, kind = self.n(1, len(w) - 2), self.n(0, 3)
                if kind == 0:
                    w = w[:j] + w[j + 1] + w[j] + w[j + 2:]
                elif kind == 1:
                    w = w[:j] + w[j + 1:]
                elif kind == 2:
                    w = w[:j] + w[j] + w[j:]
                else:
                    w = w.lower().translate(str.maketrans("áéíóúàèêçüöä", "aeiouaeecuoa"))
                words[i] = w
        return " ".join(words)

    # ---- clock and versions
    def when(self, hours=None, weekend=None, days=(0, DAYS)):
        h0, h1 = hours or self.hours
        wk = self.weekend if weekend is None else weekend
        while True:
            d = self.n(days[0], days[1] - 1)
            day = START + timedelta(days=d)
            if day.weekday() >= 5 and not self.p(wk):
                continue
            break
        x = (self.rng.random() + self.rng.random()) / 2 if self.p(0.7) else self.rng.random()
        return day + timedelta(hours=h0 + (h1 - h0) * x, milliseconds=self.n(0, 999))

    def times(self, n, free=False, **kw):
        return Times(sorted(self.when(**kw) for _ in range(n)), self, free)

    def version(self, task, ts, day):
        """1 before `day`, 2 from then on; a small canary in the two days before."""
        d = (ts - START).total_seconds() / 86400
        if d >= day:
            return 2
        return 2 if d >= day - 2 and self.p(0.1) else 1

    # ---- writing
    def _id(self):
        a = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
        r = "".join(self.pick(a) for _ in range(24))
        return ("chatcmpl-" if self.shape == "openai" else "msg_01") + r

    def call_id(self):
        a = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
        return ("call_" if self.shape == "openai" else "toolu_01") + "".join(self.pick(a) for _ in range(22))

    def add(self, task, ts, model, messages, answer, system=None, tools=None, tool_calls=None,
            metadata=None, max_tokens=1024, again=None, no_dup=False, **params):
        """One logical call: maybe a failed try first, maybe a truncated answer, maybe a repeat."""
        bad = self.error_rate
        if self.incident and self.incident[0] <= (ts - START).total_seconds() / 86400 < self.incident[1]:
            bad = 0.4
        if self.p(bad):
            for _ in range(self.n(1, 2)):
                self._row(task, ts, model, messages, None, system, tools, None, metadata, max_tokens, params, "error")
                ts = ts + timedelta(seconds=self.rng.uniform(2, 40))
        if isinstance(answer, str) and not tool_calls and len(answer) > 160 and self.p(self.trunc_rate * 2.5):
            keep = int(len(answer) * self.rng.uniform(0.35, 0.9))
            cap = max(16, toks(answer[:keep]))
            self._row(task, ts, model, messages, answer[:keep], system, tools, None, metadata, cap, params, "trunc")
            if self.p(0.5):
                ts = ts + timedelta(seconds=self.rng.uniform(5, 90))
                self._row(task, ts, model, messages, answer, system, tools, None, metadata, max_tokens, params, "ok")
                self.stats["retries"] += 1
            return ts
        self._row(task, ts, model, messages, answer, system, tools, tool_calls, metadata, max_tokens, params, "ok")
        if not no_dup and not tool_calls and self.p(self.dup_rate):
            t2 = ts + timedelta(seconds=self.rng.uniform(3, 400))
            self._row(task, t2, model, messages, again or answer, system, tools, None, metadata, max_tokens, params, "ok")
            self.stats["retries"] += 1
        return ts

    def _row(self, task, ts, model, messages, answer, system, tools, calls, metadata, max_tokens, params, kind):
        blocks = self.blocks_from is not None and (ts - START).total_seconds() / 86400 >= self.blocks_from
        req = {"model": model}
        if self.shape == "openai":
            msgs = ([{"role": "system", "content": system}] if system else []) + list(messages)
            req["messages"] = msgs
            if tools:
                req["tools"] = tools
            if max_tokens:
                req["max_tokens"] = max_tokens
        else:
            if system:
                req["system"] = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}] if blocks else system
            req["messages"] = [dict(m, content=[{"type": "text", "text": m["content"]}])
                               if blocks and isinstance(m["content"], str) and m["role"] == "user" else m for m in messages]
            if tools:
                req["tools"] = tools
            req["max_tokens"] = max_tokens or 1024
        req.update({k: v for k, v in params.items() if v is not None})
        inp = toks(json.dumps(req["messages"], ensure_ascii=False) + (system or "" if self.shape != "openai" else "") +
                   (json.dumps(tools, ensure_ascii=False) if tools else ""))
        inp = max(3, int(inp * self.rng.uniform(0.93, 1.07)))
        row = {"timestamp": ts.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ts.microsecond // 1000), "request": req}
        if kind == "error":
            self.stats["errors"] += 1
            e = self.weighted([(0, 5), (1, 3), (2, 2)])
            if self.shape == "openai":
                row["response"] = {"error": [
                    {"message": "Rate limit reached for %s in organization on tokens per min (TPM). Please try again in %dms." % (model, self.n(90, 900)), "type": "tokens", "param": None, "code": "rate_limit_exceeded"},
                    {"message": "The server had an error while processing your request. Sorry about that!", "type": "server_error", "param": None, "code": None},
                    {"message": "Request timed out.", "type": "timeout", "param": None, "code": None}][e]}
            else:
                row["response"] = {"type": "error", "error": [
                    {"type": "overloaded_error", "message": "Overloaded"},
                    {"type": "rate_limit_error", "message": "This request would exceed your organization's rate limit of 400,000 input tokens per minute."},
                    {"type": "api_error", "message": "Internal server error"}][e]}
            row["status"] = [[429, 500, 504], [529, 429, 500]][self.shape != "openai"][e]
            row["latency_ms"] = [self.n(60, 400), self.n(200, 3000), self.n(9000, 60000)][e]
        else:
            rid = self._id()
            out = toks((answer or "") + (json.dumps(calls, ensure_ascii=False) if calls else ""))
            out = max(1, int(out * self.rng.uniform(0.94, 1.06)))
            if kind == "trunc":
                out = req["max_tokens"]
                self.stats["truncated"] += 1
            if self.shape == "openai":
                msg = {"role": "assistant", "content": answer, "refusal": None}
                if calls:
                    msg["tool_calls"] = calls
                row["response"] = {
                    "id": rid, "object": "chat.completion", "created": int(ts.timestamp()),
                    "model": {"gpt-4o": "gpt-4o-2024-08-06", "gpt-4o-mini": "gpt-4o-mini-2024-07-18"}.get(model, model),
                    "choices": [{"index": 0, "message": msg, "logprobs": None,
                                 "finish_reason": "length" if kind == "trunc" else "tool_calls" if calls else "stop"}],
                    "usage": {"prompt_tokens": inp, "completion_tokens": out, "total_tokens": inp + out}}
            else:
                content = ([{"type": "text", "text": answer}] if answer else []) + list(calls or [])
                cached = toks(system) if blocks and system and len(system) > 4000 and self.p(0.7) else 0
                row["response"] = {
                    "id": rid, "type": "message", "role": "assistant",
                    "model": {"claude-sonnet-4-5": "claude-sonnet-4-5-20250929", "claude-haiku-4-5": "claude-haiku-4-5-20251001"}.get(model, model),
                    "content": content, "stop_reason": "max_tokens" if kind == "trunc" else "tool_use" if calls else "end_turn", "stop_sequence": None,
                    "usage": {"input_tokens": max(3, inp - cached), "cache_creation_input_tokens": 0,
                              "cache_read_input_tokens": cached, "output_tokens": out}}
            per = {"gpt-4o-mini": 9, "claude-haiku-4-5": 8}.get(model, 17)
            row["latency_ms"] = int((300 + inp * 0.05 + out * per) * self.rng.lognormvariate(0, 0.25))
            self.tasks[task] += 1
        row["metadata"] = dict(metadata or {})
        self.rows.append((row["timestamp"], len(self.rows), row, task))

    # ---- tool call helpers
    def tool_call(self, name, args):
        if self.shape == "openai":
            return {"id": self.call_id(), "type": "function", "function": {"name": name, "arguments": json.dumps(args, ensure_ascii=False)}}
        return {"type": "tool_use", "id": self.call_id(), "name": name, "input": args}

    def write(self, out):
        self.rows.sort(key=lambda r: (r[0], r[1]))
        with open(out / (self.name + ".jsonl"), "w", encoding="utf-8") as a, \
                open(out / (self.name + ".truth.jsonl"), "w", encoding="utf-8") as b:
            for _, _, row, task in self.rows:
                a.write(json.dumps(row, ensure_ascii=False) + "\n")
                rid = row["response"].get("id")
                if rid:
                    b.write(json.dumps({"id": rid, "task": task}, ensure_ascii=False) + "\n")


def js(x, indent=None):
    return json.dumps(x, ensure_ascii=False, indent=indent)


def fn(name, desc, props, required=None):
    """A tool with a JSON schema, OpenAI shape."""
    return {"type": "function", "function": {"name": name, "description": desc, "parameters": {
        "type": "object", "properties": props, "required": required or list(props)[:1]}}}


def an(name, desc, props, required=None):
    """The same, Anthropic shape."""
    return {"name": name, "description": desc, "input_schema": {
        "type": "object", "properties": props, "required": required or list(props)[:1]}}


def u(text):
    return {"role": "user", "content": text}


def a(text):
    return {"role": "assistant", "content": text}
