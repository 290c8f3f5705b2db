"""Prompt text as numbers: bounded, tokenised and hashed, many texts at a time.

A token is a run of letters, a run holding a digit (all of these are one token,
so that dates, ids and amounts do not tell texts apart), a single ideograph or
syllable of a script that writes no spaces, or a single other character.
A shingle is three tokens in a row; the anchors around each text let very short
heads and tails count.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Templates sit at the head and the tail of a text; what lies between is mostly
# data, and reading it would make the cost of a 100k-token prompt unbounded.
SYSTEM_HEAD, SYSTEM_TAIL = 2400, 800
USER_HEAD, USER_TAIL = 900, 600

_Number = TypeVar("_Number", bound=np.generic)

SHINGLE = 3  # tokens
SPACE, SINGLE, WORD = 0, 1, 2
_BMP = 0x10000
_ANCHOR_HEAD, _ANCHOR_TAIL, _GAP = 0x110001, 0x110002, 0x110003  # beyond Unicode: no text has them
_NUMBER = np.uint64(5)
_MULTIPLIER = 0x9E3779B97F4A7C15
_INVERSE = pow(_MULTIPLIER, -1, 1 << 64)
_P1, _P2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_CHUNK = 1 << 17  # characters hashed at a time: bounds memory
_GLUE = ".,:/-"  # between two digits these belong to the number


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of many texts, one after the other.

    `hashes` and `rows` have one entry per token, anchors included; `starts` and
    `ends` are character positions in `source`, the text they were read from.
    """

    hashes: NDArray[np.uint64]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    source: str

    def word(self, index: int) -> str:
        """The text of one token; empty for an anchor and for the elided middle."""
        piece = self.source[self.starts[index] : self.ends[index]].strip()
        return piece.strip("\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shingles:
    """Hashes of three tokens in a row; `positions` index the first token of each."""

    hashes: NDArray[np.uint64]
    rows: NDArray[np.int64]
    positions: NDArray[np.int64]


def bounded(text: str, head: int = USER_HEAD, tail: int = USER_TAIL) -> tuple[str, int]:
    """Cut a long text to its head and tail; returns it and where the gap is (-1: none)."""
    if len(text) <= head + tail:
        return text, -1
    return f"{text[:head]}\0{text[-tail:]}", head


# Scripts written without spaces between words: each character is a token.
_SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # kana
    (0x3400, 0x9FFF),  # ideographs
    (0xAC00, 0xD7AF),  # Hangul: words are spaced, but endings are glued to them
    (0xF900, 0xFAFF),  # compatibility ideographs
)


def _spaceless(code: int) -> bool:
    return any(first <= code <= last for first, last in _SPACELESS)


# What a character is, packed into one number: looking up is most of the work.
_LOWER = (1 << 21) - 1  # mask of its lower case, 0 for white space
_KIND, _DIGIT, _JOINS = 21, 1 << 23, 1 << 24  # shift of its kind; flags: a digit, glue


@cache
def _characters() -> NDArray[np.uint32]:
    """Per code point of the basic plane lower case, kind and flags; the last entry: all above."""
    table = np.empty(_BMP + 1, np.uint32)
    table[_BMP] = SINGLE << _KIND
    for code in range(_BMP):
        char = chr(code)
        if char.isspace():
            table[code] = SPACE << _KIND
        elif char.isalnum() or unicodedata.category(char) in {"Mn", "Mc"}:
            low = char.lower()
            kind = SINGLE if _spaceless(code) else WORD
            lower = ord(low) if len(low) == 1 else code
            table[code] = lower | kind << _KIND | (_DIGIT if char.isdigit() else 0)
        else:
            table[code] = code | SINGLE << _KIND
    for char in _GLUE:
        table[ord(char)] |= _JOINS
    return table


@cache
def _powers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Powers of the multiplier and of its inverse modulo 2**64, one per position."""
    out = []
    for base in (_MULTIPLIER, _INVERSE):
        table = np.full(_CHUNK * 2, base, np.uint64)
        table[0] = 1
        out.append(np.multiply.accumulate(table))
    return out[0], out[1]


def tokenize(texts: Sequence[str], head: int = USER_HEAD, tail: int = USER_TAIL) -> Tokens:
    """Tokenise `texts`, each cut to its first `head` and last `tail` characters."""
    parts: list[tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]
    parts, sources, first, base = [], [], 0, 0
    pieces: list[str] = []
    gaps: list[int] = []
    size = 0
    for number, text in enumerate(texts):
        piece, gap = bounded(text, head, tail)
        pieces.append(piece)
        gaps.append(gap)
        size += len(piece) + 4
        if size >= _CHUNK - head - tail - 8 or number == len(texts) - 1:
            joined = "".join([f"\0\0{piece}\0\0" for piece in pieces])
            hashes, rows, starts, ends = _tokenize_chunk(joined, pieces, gaps)
            parts.append((hashes, rows + first, starts + base, ends + base))
            sources.append(joined)
            base += len(joined)
            first, pieces, gaps, size = number + 1, [], [], 0
    if not parts:
        empty = np.empty(0, np.int64)
        return Tokens(
            hashes=np.empty(0, np.uint64), rows=empty, starts=empty, ends=empty, source=""
        )
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Tokens(
        hashes=columns[0],
        rows=columns[1],
        starts=columns[2],
        ends=columns[3],
        source="".join(sources),
    )


def _tokenize_chunk(
    joined: str, pieces: Sequence[str], gaps: Sequence[int]
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter((len(piece) + 4 for piece in pieces), np.int64, len(pieces))
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    begin, end = offsets[:-1], offsets[1:]
    packed = _characters().take(codes, mode="clip")
    kind = (packed >> _KIND).astype(np.uint8) & 3
    is_digit = (packed & _DIGIT) != 0
    # "12.5", "2026-10-12" and "10:30" are one number
    glue = np.flatnonzero((packed[1:-1] & _JOINS) != 0) + 1
    kind[glue[is_digit[glue - 1] & is_digit[glue + 1]]] = WORD
    low = (packed & _LOWER).astype(np.uint64)
    above = np.flatnonzero(codes >= _BMP)
    low[above] = codes[above]
    for where, value in (
        (np.concatenate((begin, begin + 1)), _ANCHOR_HEAD),
        (np.concatenate((end - 1, end - 2)), _ANCHOR_TAIL),
        (begin[[g >= 0 for g in gaps]] + 2 + np.array([g for g in gaps if g >= 0], np.int64), _GAP),
    ):
        kind[where] = SINGLE
        low[where] = value
    word = kind == WORD
    start = kind != SPACE
    start[1:] &= ~(word[1:] & word[:-1])
    starts = np.flatnonzero(start)
    ends = np.append(starts[1:], len(codes))
    power, inverse = _powers()
    low *= power[: len(low)]
    # a sum modulo 2**64 over each token is a difference of running sums
    hashes = _sums(low, starts) * inverse[starts]
    hashes ^= hashes >> np.uint64(32)
    hashes *= _P2
    hashes[_sums(is_digit.astype(np.int32), starts) > 0] = _NUMBER
    rows = np.repeat(np.arange(len(pieces)), np.diff(np.searchsorted(starts, offsets)))
    return hashes, rows, starts, ends


def _sums(values: NDArray[_Number], starts: NDArray[np.int64]) -> NDArray[_Number]:
    """The sum of the values from each start to the next, modulo the size of their type."""
    total = np.cumsum(values, dtype=values.dtype)
    ends = np.append(starts[1:], len(values)) - 1
    upto: NDArray[_Number] = total[ends]
    return np.diff(upto, prepend=np.zeros(1, upto.dtype))


def shingles(tokens: Tokens) -> Shingles:
    """All shingles of three tokens that lie within one text and not across a gap."""
    hashes, rows = tokens.hashes, tokens.rows
    if len(hashes) < SHINGLE:
        empty = np.empty(0, np.int64)
        return Shingles(hashes=np.empty(0, np.uint64), rows=empty, positions=empty)
    gap = hashes == _gap_hash()
    inside = (rows[2:] == rows[:-2]) & ~(gap[:-2] | gap[1:-1] | gap[2:])
    mixed = (hashes[:-2] * _P1 + hashes[1:-1]) * _P2 + hashes[2:]
    mixed ^= mixed >> np.uint64(29)
    positions = np.flatnonzero(inside)
    return Shingles(hashes=mixed[positions], rows=rows[positions], positions=positions)


def _single_hash(code: int) -> int:
    """The hash that `tokenize` gives a token of one character."""
    return ((code ^ (code >> 32)) * int(_P2)) & ((1 << 64) - 1)


@cache
def _gap_hash() -> np.uint64:
    return np.uint64(_single_hash(_GAP))


@cache
def anchor_hashes() -> NDArray[np.uint64]:
    """Hashes of the tokens before the first and after the last word of a text."""
    return np.array([_single_hash(_ANCHOR_HEAD), _single_hash(_ANCHOR_TAIL)], np.uint64)
