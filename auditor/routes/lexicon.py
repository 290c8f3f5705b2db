"""Words that say what a prompt asks for, and system prompts that say nothing.

The rules look at the constant text of a template, in order: the first that
matches names the task type. They are hints for merging and naming, no more: a
wrong hint makes categories finer, never mixes them.
"""

from __future__ import annotations

import re
from functools import lru_cache

OTHER = "other"

_RULES: tuple[tuple[str, str], ...] = (
    ("sql", r"\bsql\b|\bpostgres|\bsqlite\b|\bmysql\b|\bbigquery\b|select statement"),
    ("svg", r"\bsvg\b|\bicons?\b.{0,40}\bdraw|\bdraw.{0,40}\bicons?\b"),
    ("regex", r"\bregex|regular expression"),
    ("write tests", r"\bunit tests?\b|\bpytest\b|\btest cases?\b|write tests"),
    (
        "review code",
        r"code review|review.{0,40}(?:diff|pull request|patch|\bpr\b|code)|find bugs|code reviewer",
    ),
    ("commit message", r"commit (?:message|subject)|(?:git commit|changelog|release notes?)\b"),
    ("docstring", r"\bdocstrings?\b|document (?:this|the) (?:function|code|class)"),
    ("explain code", r"explain.{0,30}\b(?:code|function|error|stack ?trace|traceback)\b"),
    (
        "detect language",
        r"(?:identify|detect|which|what|determine|name).{0,30}\blanguage\b|language (?:id|code|detect)",
    ),
    (
        "translate",
        r"\btranslat|\blocali[sz]ation\b|übersetz|\btraduc|перевед|перевод|翻译|翻譯|翻訳",
    ),
    (
        "write code",
        r"\b(?:write|implement|complete|generate|return|fix|refactor|program)\b.{0,50}\b(?:function|code|program|script|class|method|module)\b"
        r"|\b(?:programming|coding) (?:assistant|engine)|completion engine|pair programmer",
    ),
    (
        "judge",
        r"impartial judge|compare the (?:two )?(?:answers|responses)|rate the (?:response|answer)|grade the"
        r"|(?:which|whose) (?:answer|response) is better|evaluat\w+ .{0,30}(?:answer|response)s?\b",
    ),
    ("redact", r"\bredact|anonymi[sz]e|personally identifiable|\bpii\b"),
    (
        "moderate",
        r"\bmoderat|violates? .{0,30}(?:polic|rules|guidelines)|\btoxic|offensive|hate speech|harmful",
    ),
    ("spam", r"\bspam\b|phishing"),
    (
        "sentiment",
        r"sentiment|\bpositive\b.{0,30}\bnegative\b|star rating|stimmung|сентимент|тональност|情感",
    ),
    (
        "summarize",
        r"\bsummar|\btl ?;? ?dr\b|\bsum up\b|\bcondense\b|\brecap\b|\bminutes of\b|in a nutshell|key points"
        r"|zusammenfass|fass.{0,40}zusammen|\bresum[ei]|résum|кратк|резюм|总结|摘要|概括|要約",
    ),
    ("title", r"\b(?:title|headline|subject line)\b"),
    ("ask questions", r"\b(?:generate|write|formulate|create|ask)\b.{0,30}\bquestions?\b"),
    (
        "classify",
        r"\bclassif|\bcategori[sz]|\bcategory\b|\bintents?\b|\btriage\b|\broute\b.{0,40}\bto\b|\brouting\b|one of:"
        r"|\blabels?\b|\btag\b|\btopic\b|priorit(?:y|ise|ize)|klassifi|clasific|классифиц|分类|分類|yes or no|true or false",
    ),
    (
        "extract",
        r"\bextract|\bparse\b|\bkey-?value|structured data|\bentities\b|fields?\b.{0,40}\bjson\b|\bfill\b.{0,40}\bfrom\b"
        r"|extrah|\bextra[ei]|извлек|提取|抽取|抽出",
    ),
    (
        "draft reply",
        r"\brepl(?:y|ies)\b.{0,40}\b(?:to|customer|email|message|conversation|friendly|polite)|draft.{0,30}(?:reply|response|answer|email)"
        r"|continue the conversation|answer the customer|respond to the customer",
    ),
    (
        "rewrite",
        r"\bparaphras|\brewrite|\brephras|\breword|sound (?:more )?\w+|proofread|grammar|improve the (?:text|wording)|make this",
    ),
    (
        "answer from context",
        r"(?:only|solely|based on|from|using) .{0,30}(?:context|passages?|documents?|excerpts?|sources?|paragraph|knowledge base)"
        r"|\b(?:cite|citations)\b|контекст|上下文|kontext|contexto",
    ),
    (
        "choose",
        r"\b(?:options|choices)\b|\bpick\b|\bchoose\b|select the (?:most|best|correct)|multiple.choice",
    ),
    (
        "write text",
        r"\bwrite (?:an?|the|me)\b|product description|\bcopywrit|blog post|\bcompose\b|schreib|escrib|напиш|写|寫",
    ),
    ("answer question", r"\banswer\b|\bquestion\b|\?|？"),
)
_COMPILED = tuple(
    (name, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for name, pattern in _RULES
)
WEAK = frozenset({OTHER, "answer question", "write text", "choose"})
"""Types too common in free text to tell two templates apart."""

_GENERIC_WORDS = frozenset(
    """
    a an the you your are is re be being as act acting like and or of to in with that this it its for by from on at
    can could will would should must may please always never try do does not don t s so if when any all very most more
    i me my we our us user users human humans person people who answer answers answering respond response responses
    reply replies question questions request requests instruction instructions follow following prompt prompts
    conversation conversations dialogue chat chats chatbot bot ai assistant agent model language large llm system helper
    artificial intelligence intelligent smart helpful friendly useful polite kind honest harmless accurate concise
    brief short clear knowledgeable expert good great best safe respectful truthful unbiased detailed careful
    carefully thoughtful helping help helps assist assists general purpose everyday trained created made developed
    built powered named called name openai gpt chatgpt anthropic claude google gemini bard meta llama mistral qwen
    alibaba cloud deepseek grok xai microsoft copilot knowledge cutoff current date today time now year month day
    english markdown format formatting using use think step steps provide provides giving give information
    complete completes task tasks way ways possible without unless asked ask well
    eres un una asistente útil amable du bist ein eine hilfreicher hilfreiche assistent tu es assistante utile
    serviable sei utile um assistente você é ты вы полезный полезная помощник ассистент дружелюбный ии
    je bent een behulpzame jesteś pomocnym asystentem
    你 是 一 个 個 有 用 的 人 工 智 能 助 手 理 乐 于 樂 於 帮 幫 请 請 回 答 问 問 题 題 あ な た は 役 に 立 つ ア シ ス タ ン ト で す
    """.split()
)
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]+")
MIN_CONTENT_WORDS = 2
_LOOK = 1200


VERBS = (
    "add|analy[sz]e|annotate|answer|assess|build|calculate|categori[sz]e|check|classify|clean|compare|complete"
    "|compose|compress|compute|condense|continue|convert|correct|create|decide|describe|design|detect|determine"
    "|diagnose|draft|draw|edit|estimate|evaluate|explain|extract|fill|find|fix|flag|format|generate|give|grade"
    "|identify|implement|improve|judge|label|list|make|map|match|moderate|name|normali[sz]e|optimi[sz]e|outline"
    "|paraphrase|parse|plan|predict|prioriti[sz]e|produce|proofread|propose|rank|rate|recommend|redact|refactor"
    "|remove|rephrase|replace|review|revise|rewrite|route|score|select|shorten|simplify|solve|sort|split|suggest"
    "|summari[sz]e|tag|transcribe|transform|translate|triage|turn|validate|verify|write"
)
"""Verbs that tell a model what to do."""
_INSTRUCTION = re.compile(
    rf"(?:^|[.:!?\n#*-]\s*)(?:please |now |then |your (?:task|job|goal)(?: is)?:? (?:to )?)?(?:{VERBS})\s+\S",
    re.IGNORECASE,
)


def instructs(text: str) -> bool:
    """Whether the text tells a model what to do, at the start of a sentence, or who it is."""
    return _INSTRUCTION.search(text[:1500]) is not None


@lru_cache(maxsize=4096)
def task_type(text: str) -> str:
    """The task type that a template's constant text names, `other` if none."""
    head = text[:1500]
    for name, pattern in _COMPILED:
        if pattern.search(head):
            return name
    return OTHER


def is_generic(system: str) -> bool:
    """Whether a system prompt says nothing about the task ("You are a helpful assistant.")."""
    content = {word for word in _WORD.findall(system[:_LOOK].lower()) if word not in _GENERIC_WORDS}
    return len(content) < MIN_CONTENT_WORDS
