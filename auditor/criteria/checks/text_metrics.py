"""Overlap with a wanted text: ROUGE, BLEU, GLEU, METEOR and chrF, counted by NLTK.

Sources: Lin 2004 (ROUGE), Papineni et al. 2002 (BLEU), Wu et al. 2016 (GLEU), Banerjee and Lavie
2005 (METEOR), Popović 2015 (chrF). NLTK is an extra, and is imported when a check runs.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, CheckInput, UnusableError, outcome
from auditor.criteria.checks.record import (
    NUMBER,
    REFERENCES,
    Argument,
    Example,
    check,
    references,
)
from auditor.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

MAX_COMPARED = 100_000
"""Characters of a text whose overlap is still counted."""
MAX_PAIRED = 1_500
"""Words of a text that are still paired with one another, or with another text's."""

_VALUE = Argument("value", REFERENCES, "the text to be close to, or several; the best one counts")
_UNNOTICED = "a `not`, a number or a name that is wrong: most of the words are the same"
_LOGGED = "The parcel arrived late and the customer wants a refund today."
_NEAR = "The parcel arrived late and the customer wants a refund now."
_FAR = "Water boils at one hundred degrees."
_WRONG = "The parcel arrived late and the customer wants no refund today."
_SMALLEST = 1e-7  # in place of no match at all, whose logarithm there is not
_ORDERS = 4


def _needs_nltk(assertion: Assertion) -> None:  # noqa: ARG001 what a check prepares by
    _nltk()


def _nltk() -> Any:
    try:
        import nltk
    except ImportError as error:
        raise MissingExtraError(
            "ROUGE, BLEU, GLEU, METEOR and chrF need NLTK",
            hint="pip install 'auditor[text-metrics]'",
        ) from error
    return nltk


def _best(given: CheckInput, name: str, score: Callable[[str, str], float]) -> Grade:
    """The best score over the wanted texts, held against the threshold."""
    _nltk()  # kept criteria may outlive an installation
    wanted = references(given)
    if any(len(text) > MAX_COMPARED for text in wanted):
        raise CannotTellError(f"a text to compare with is longer than {MAX_COMPARED:,} characters")
    if len(given.text) > MAX_COMPARED:
        raise UnusableError(f"longer than {MAX_COMPARED:,} characters")
    best = max(score(given.text, text) for text in wanted)
    return outcome(best >= given.arguments["threshold"] - 1e-12, f"{name} {best:.3f}", best)


def _threshold(default: float) -> tuple[Argument, ...]:
    return (Argument("threshold", NUMBER, "the least score, from 0 to 1", default),)


def _example(name: str, threshold: float) -> Example:
    return Example(
        assertion=f'{{type: {name}, value: "{{{{reference}}}}", threshold: {threshold}}}',
        logged=_LOGGED,
        passes=_NEAR,
        fails=_FAR,
        unnoticed=_WRONG,
    )


@check(
    "rouge-n",
    family="similarity",
    value=_VALUE,
    arguments=_threshold(0.75),
    prepare=_needs_nltk,
    unnoticed=_UNNOTICED,
    example=_example("rouge-n", 0.8),
)
def rouge_n(given: CheckInput) -> Grade:
    """The F1 of the words that answer and value share, ROUGE-1, is at least the ``threshold``.

    Words are Penn Treebank tokens in lower case, each counted as often as both have it.
    """
    return _best(given, "ROUGE-1", lambda got, wanted: _f1(_words(got), _words(wanted)))


@check(
    "rouge-l",
    family="similarity",
    value=_VALUE,
    arguments=_threshold(0.75),
    prepare=_needs_nltk,
    in_promptfoo=False,
    unnoticed=_UNNOTICED,
    example=_example("rouge-l", 0.8),
)
def rouge_l(given: CheckInput) -> Grade:
    """The F1 of the longest common subsequence of words, ROUGE-L, is at least the ``threshold``.

    Words are those of ``rouge-n``; in between, others may stand.
    """
    return _best(given, "ROUGE-L", _rouge_l)


@check(
    "rouge-s",
    family="similarity",
    value=_VALUE,
    arguments=_threshold(0.75),
    prepare=_needs_nltk,
    in_promptfoo=False,
    unnoticed=_UNNOTICED,
    example=_example("rouge-s", 0.7),
)
def rouge_s(given: CheckInput) -> Grade:
    """The F1 of the pairs of words in the same order, ROUGE-S, is at least the ``threshold``.

    A pair is any two words of a text, whatever stands between them.
    """
    return _best(given, "ROUGE-S", lambda got, wanted: _f1(_pairs(got), _pairs(wanted)))


@check(
    "bleu",
    family="similarity",
    value=_VALUE,
    arguments=_threshold(0.5),
    prepare=_needs_nltk,
    unnoticed=_UNNOTICED,
    example=_example("bleu", 0.6),
)
def bleu(given: CheckInput) -> Grade:
    """BLEU with up to 4 words in a row is at least the ``threshold``.

    Words are what white space separates, in lower case. Of a text shorter than 4 words only the
    orders that it has count, and where none of an order matches, a ten-millionth does.
    """
    wanted = references(given)
    return _best(given, "BLEU", lambda got, _: _bleu(got, wanted))


@check(
    "gleu",
    family="similarity",
    value=_VALUE,
    arguments=_threshold(0.5),
    prepare=_needs_nltk,
    unnoticed=_UNNOTICED,
    example=_example("gleu", 0.6),
)
def gleu(given: CheckInput) -> Grade:
    """Google's BLEU for single sentences is at least the ``threshold``.

    It is the smaller one of precision and recall over 1 to 4 words in a row. Words are what white
    space separates, in lower case and without a point at their end.
    """
    return _best(given, "GLEU", _gleu)


@check(
    "meteor",
    family="similarity",
    value=_VALUE,
    arguments=_threshold(0.5),
    settings=(
        Argument("alpha", NUMBER, "the weight of precision against recall", 0.9),
        Argument("beta", NUMBER, "how sharply broken-up matches count less", 3.0),
        Argument("gamma", NUMBER, "how much broken-up matches count less at most", 0.5),
    ),
    prepare=_needs_nltk,
    unnoticed=f"{_UNNOTICED}; a synonym, which counts as another word",
    example=_example("meteor", 0.8),
)
def meteor(given: CheckInput) -> Grade:
    """METEOR by exact words and Porter stems is at least the ``threshold``.

    WordNet's synonyms are not used: their data is not shipped, so a score can be lower than one
    with them. Words are those of ``gleu``.
    """
    return _best(given, "METEOR (exact and stem)", lambda got, wanted: _meteor(got, wanted, given))


@check(
    "chrf",
    family="similarity",
    value=_VALUE,
    arguments=_threshold(0.5),
    prepare=_needs_nltk,
    in_promptfoo=False,
    unnoticed="a `not`, a digit or a name that is wrong: most of the characters are the same",
    example=_example("chrf", 0.7),
)
def chrf(given: CheckInput) -> Grade:
    """chrF2, the F-score of 1 to 6 characters in a row, is at least the ``threshold``.

    Recall counts twice as much as precision, and white space not at all: sacreBLEU's defaults. It
    needs no words, so it fits languages that write none apart.
    """
    return _best(given, "chrF2", _chrf)


def _words(text: str) -> Counter[Any]:
    return Counter(_tokens(text))


def _tokens(text: str) -> list[str]:
    from nltk.tokenize.treebank import TreebankWordTokenizer

    tokens: list[str] = TreebankWordTokenizer().tokenize(" ".join(text.lower().split()))
    return tokens


def _pairs(text: str) -> Counter[Any]:
    tokens = _tokens(text)
    _refuse_many(tokens)
    return Counter((a, b) for i, a in enumerate(tokens) for b in tokens[i + 1 :])


def _refuse_many(words: Sequence[str]) -> None:
    if len(words) > MAX_PAIRED:
        raise UnusableError(f"more than {MAX_PAIRED:,} words")


def _f1(got: Counter[Any], wanted: Counter[Any]) -> float:
    total = got.total() + wanted.total()
    return 2 * (got & wanted).total() / total if total else 0.0


def _rouge_l(got: str, wanted: str) -> float:
    from rapidfuzz.distance import LCSseq

    left, right = _tokens(got), _tokens(wanted)
    total = len(left) + len(right)
    return 2 * LCSseq.similarity(left, right) / total if total else 0.0


def _bleu(got: str, wanted: Sequence[str]) -> float:
    from nltk.translate.bleu_score import brevity_penalty, closest_ref_length, modified_precision

    words = got.lower().split()
    others = [text.lower().split() for text in wanted]
    if not words:
        return 0.0
    orders = range(1, min(_ORDERS, len(words)) + 1)
    found = [modified_precision(others, words, n) for n in orders]
    mean = sum(math.log(float(part) or _SMALLEST) for part in found) / len(found)
    return float(
        brevity_penalty(closest_ref_length(others, len(words)), len(words)) * math.exp(mean)
    )


def _plain_words(text: str) -> list[str]:
    words = [word.rstrip(".") for word in text.lower().split()]
    return words if any(words) else []


def _gleu(got: str, wanted: str) -> float:
    from nltk.translate.gleu_score import sentence_gleu

    words, others = _plain_words(got), _plain_words(wanted)
    if not words or not others:
        return 0.0
    return float(sentence_gleu([others], words))


class _NoSynonyms:
    """Stands for WordNet, which is not shipped: no word has a synonym."""

    def synsets(self, word: str) -> list[Any]:  # noqa: ARG002 WordNet's name
        return []


def _meteor(got: str, wanted: str, given: CheckInput) -> float:
    from nltk.stem.porter import PorterStemmer
    from nltk.translate.meteor_score import single_meteor_score

    words, others = _plain_words(got), _plain_words(wanted)
    if not words or not others:
        return 0.0
    _refuse_many(words)
    _refuse_many(others)
    return float(
        single_meteor_score(
            others,
            words,
            stemmer=PorterStemmer(mode=PorterStemmer.MARTIN_EXTENSIONS),
            wordnet=_NoSynonyms(),
            alpha=given.arguments["alpha"],
            beta=given.arguments["beta"],
            gamma=given.arguments["gamma"],
        )
    )


def _chrf(got: str, wanted: str) -> float:
    from nltk.translate.chrf_score import sentence_chrf

    if not got.strip() or not wanted.strip():
        return 0.0
    return float(sentence_chrf(wanted, got, beta=2.0))
