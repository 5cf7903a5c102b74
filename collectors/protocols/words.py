"""Names that are kept in a shape, and the ``?`` that stands for every other."""

import re
from itertools import pairwise

from perfdoctor.collectors.text import clean

LONGEST = 160
"""characters of a shape"""
_PLAIN = re.compile(r"[A-Za-z]{1,24}")
_VERSION = re.compile(r"v\d{1,2}")
_MIXED = re.compile(r"[A-Z]{3,}[a-z]|[a-z][A-Z]{2,}")
_PIECES = re.compile(r"[-_.]")


def bounded(shape: str) -> str:
    return clean(shape, LONGEST)


def name(text: str) -> str:
    """``text`` where it is made of words as people name things (``order-items``, ``v2``, ``robots.txt``), else ``?``.

    A digit, a long run of letters or a change of case inside a word betrays an identifier, a token or a hash."""
    if _VERSION.fullmatch(text):
        return text
    pieces = _PIECES.split(text)
    return text if len(text) <= 48 and all(_is_word(piece) for piece in pieces) else "?"


def _is_word(piece: str) -> bool:
    if not _PLAIN.fullmatch(piece):
        return False
    # camelCase and CONSTANTS are names, aZxQ is not
    changes = sum(a.islower() and b.isupper() for a, b in pairwise(piece))
    return piece.isupper() or piece.islower() or (changes <= 2 and not _MIXED.search(piece))
