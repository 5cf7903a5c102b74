"""Files of a target as lines and trees: each read once, and bounded whatever they hold."""

import os
import random
import time
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text import grammar, sources, syntax
from perfdoctor.collectors.source_text.algorithms.joins import At, join_at
from perfdoctor.collectors.source_text.asking.looped import is_repeated
from perfdoctor.collectors.source_text.sources import Source, Sources
from tests.collectors.source_text.one_file import OneFile


class _Host(LocalHost):
    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def read_file(self, path: str, limit: int) -> bytes:
        self.reads += 1
        return super().read_file(path, limit)


def test_a_file_is_read_once_for_all_that_ask(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text("for shop in shops:\n    ask(shop)\n")
    host = _Host()
    mine = Sources(host, os.getpid())
    for _ in range(2):
        source = mine.of(str(file))
        assert source is not None and source.inmost_loop(2) is not None
        assert mine.lines(str(file)) == ["for shop in shops:", "    ask(shop)", ""]
    assert host.reads == 1


def test_lines_end_where_compilers_end_them(tmp_path: Path) -> None:
    file = tmp_path / "shop.c"
    file.write_bytes(b"int a;\r\n\f\nint b; // \xe2\x80\xa8 \x85\nint c;")
    lines = Sources(LocalHost(), os.getpid()).lines(str(file))
    assert (len(lines), lines[0], lines[3]) == (4, "int a;", "int c;")


def test_what_is_no_known_language_has_lines_only(tmp_path: Path) -> None:
    file = tmp_path / "shop.rb"
    file.write_text("for a in b\nend")
    mine = Sources(LocalHost(), os.getpid())
    assert mine.of(str(file)) is None and len(mine.lines(str(file))) == 2
    assert Sources(LocalHost(), os.getpid(), otherwise=".py").of(str(file)) is not None
    for name in ("shop.py", str(tmp_path / "gone.py"), f"{tmp_path}\0.py"):
        assert mine.of(name) is None and mine.lines(name) == []


def test_as_many_files_as_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_MOST_BYTES", 20)
    mine = Sources(LocalHost(), os.getpid(), largest_tree=30)
    for number in range(3):
        (tmp_path / f"{number}.py").write_text("x = 1234567890\n")
    (tmp_path / "large.py").write_text("x = 1\n" * 10)
    assert Sources(LocalHost(), os.getpid(), largest_tree=30).of(str(tmp_path / "large.py")) is None
    assert [bool(mine.of(str(tmp_path / f"{number}.py"))) for number in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".js", "x = " + "(" * 20_000 + "1" + ")" * 20_000),
        (".js", "a => " * 20_000 + "1"),
        (".py", "x = " + "1 + " * 20_000 + "1"),
        (".go", "func a() {\n" + "{\n" * 20_000),
        (".c", "int a(" + "*" * 20_000 + "b) {}"),
        (".js", "while (function () {" * 2_000),
        (".java", "for (;;) " * 20_000),
        (".js", "`${" * 20_000),
    ],
    ids=["brackets", "arrows", "a sum", "blocks", "pointers", "loops in conditions", "loops", "templates"],
)
def test_what_is_nested_without_end_is_read_to_an_end(suffix: str, text: str) -> None:
    source = Source(f"/srv/hostile{suffix}", text.encode())
    began = time.monotonic()
    assert source.is_parsed
    for line in (1, text.count("\n") // 2, text.count("\n") + 1):
        is_repeated(source, line)
        source.is_broken_at(line)
        source.inmost_at(source.offset(line, len(text) // 2))
    syntax.names_in(source.root)
    syntax.targets_in(source.root)
    assert source.functions is not None and source.assigned is not None

    join_at(OneFile(source), (At("/a", 1), At("/a", 1)))
    assert time.monotonic() - began < 20


def test_text_that_is_no_code_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "_PATIENCE", 0.1)
    tokens = random.Random(7).choices(("(", ")", "{", "}", "`", "${", "/", "a", "=>", "[", "'", "if", "\n"), k=400_000)
    began = time.monotonic()
    assert not Source("/srv/garbage.js", "".join(tokens).encode()).is_parsed
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("text", "column", "offset"),
    [
        ("abc", 1, 0),
        ("abc", 3, 2),
        ("é(", 2, 2),
        ("€(", 2, 3),
        ("🙂(", 3, 4),
        ("🙂é(", 4, 6),
        ("abc", 99, 3),
        ("", 5, 0),
    ],
)
def test_columns_are_counted_in_units_of_utf_16(text: str, column: int, offset: int) -> None:
    assert Source("/a.js", f"\n{text}".encode()).offset(2, column) == 1 + offset


def test_what_is_no_utf_8_is_a_letter(tmp_path: Path) -> None:
    source = Source("/a.js", b"/* \xff\xfe */ ask(1)")
    mention = next(source.mentions("ask", source.root))
    assert mention.start_byte == source.offset(1, 10)
