"""Pieces of code by somebody who did not know how loops are read: in ``loops/yes-*`` an inner loop looks through the
same in each round of another one, in ``loops/no-*`` none does.

A number marks a line of the stack, 0 the innermost; ``outer`` the loop that somebody would name. What is not found is
listed, and why.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfdoctor.collectors.source_text.algorithms.algorithms import algorithm_at
from perfdoctor.collectors.source_text.algorithms.joins import At, Join
from perfdoctor.collectors.source_text.sources import Source
from tests.collectors.source_text.one_file import OneFile

FOLDER = Path(__file__).parent / "loops"
YES, NO = (sorted(path.name for path in FOLDER.glob(f"{kind}-*")) for kind in ("yes", "no"))
_MARK = re.compile(r"(?://|#)\s*<- (\d+)?\s*(outer)?\s*$")
BY_A_LIBRARY = {"yes-a12.py", "yes-a18.java", "yes-a23.py", "yes-a28.py", "yes-c17.py",
                "yes-c32.ts"}  # fmt: skip
"""``indexOf``, ``in`` and their kin are told by the functions that run below the line"""
AS_A_LIST = {"yes-b04.c"}
"""a linked list that is walked is told by its line"""
MISSED = {"yes-a37.js", "yes-a40.java", "yes-b05.py", "yes-b20.java", "yes-b26.js", "yes-b31.go",
          "yes-c38.c"}  # fmt: skip
"""closures that make closures, Iterator.hasNext, goto, a lazy map, a pointer
that another name counts"""
ANOTHER = {"yes-a04.js", "yes-a08.go", "yes-a16.rs", "yes-a22.ts", "yes-a29.java", "yes-a35.java",
           "yes-a39.py", "yes-b08.ts", "yes-b10.cpp", "yes-b14.js", "yes-b16.rs", "yes-b22.cpp", "yes-b24.c",
           "yes-b33.cpp", "yes-b38.java", "yes-c11.java", "yes-c18.js", "yes-c35.java"}  # fmt: skip
"""a loop between the two, or the line beside it, is named: as good"""

FALSE = {"no-c16.ts"}
"""four players at a table: their number is not in the text"""


def _marks(text: str) -> Iterator[tuple[int, str | None, bool]]:
    for number, line in enumerate(text.splitlines(), 1):
        if mark := _MARK.search(line):
            yield number, mark[1], bool(mark[2])


def told(name: str) -> tuple[Join | None, set[int]]:
    text = (FOLDER / name).read_text()
    file = f"/srv/program{Path(name).suffix}"
    marks = list(_marks(text))
    stack = sorted((int(level), number) for number, level, _ in marks if level)
    join = algorithm_at(OneFile(Source(file, text.encode())), [At(file, number) for _, number in stack])
    return join, {number for number, _, outer in marks if outer}


@pytest.mark.parametrize("name", YES)
def test_what_is_looked_through_again_and_again_is_found(name: str) -> None:
    join, outer = told(name)
    assert (join is None) == (name in BY_A_LIBRARY | AS_A_LIST | MISSED)
    assert join is None or (join.outer.line in outer) == (name not in ANOTHER)


@pytest.mark.parametrize("name", NO)
def test_what_each_round_has_of_its_own_is_left_alone(name: str) -> None:
    assert (told(name)[0] is None) == (name not in FALSE)
