"""The table of what is named in which runtime makes no claim that its tests do not make."""

import ast
from functools import cache
from pathlib import Path

from perfdoctor.collectors.exactness import QUESTIONS, ROWS, Cell, Named
from perfdoctor.collectors.runtimes import own_lines

ROOT = Path(__file__).resolve().parents[2]
CELLS = [(row, question, cell) for row in ROWS for question, cell in row.cells.items()]


@cache
def names_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def is_there(cell: Cell) -> bool:
    file, _, test = cell.test.partition("::")
    return (ROOT / file).is_file() and test.startswith("test_") and test in names_in(ROOT / file)


def test_every_test_that_is_named_is_there() -> None:
    missing = [(row.runtime, row.build, cell.test) for row, _, cell in CELLS if cell.test and not is_there(cell)]
    assert missing == []
    assert not is_there(Cell(Named.EXACT, "tests/live/test_engine.py::test_that_nobody_wrote"))


def test_rows_are_of_known_questions_and_named_once() -> None:
    assert {question for _, question, _ in CELLS} == set(QUESTIONS)
    assert len({(row.runtime, row.build) for row in ROWS}) == len(ROWS)
    assert all(row.cells for row in ROWS)


def test_no_line_is_promised_where_it_is_said_that_none_can_be_read() -> None:
    """The two tables agree."""
    unread = [known.name for known in own_lines.RUNTIMES if known.needed]
    for row, question, cell in CELLS:
        if any(row.runtime in name or name in row.runtime for name in unread):
            assert cell.named not in (Named.EXACT, Named.SAMPLED), (row.runtime, row.build, question)
