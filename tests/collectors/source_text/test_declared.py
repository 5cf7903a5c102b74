"""What files declare names to be, and the class that a type names."""

import pytest

from perfdoctor.collectors.source_text.declared import class_in, is_map
from perfdoctor.collectors.source_text.sources import Source


@pytest.mark.parametrize(
    ("suffix", "text", "name", "kind"),
    [
        (".cpp", "class A { std::deque<Turn> turns_; };", "turns_", "std::deque<Turn>"),
        (".cpp", "class A { Line &line_; };", "line_", "Line"),
        (".cpp", "void f(const Packet *packet) {}", "packet", "Packet"),
        (".c", "struct a { struct row *rows[4]; };", "rows", "struct row[]"),
        (
            ".java",
            "class A { private final Map<Integer, Visit> open = new HashMap<>(); }",
            "open",
            "Map<Integer, Visit>",
        ),
        (".java", "class A { void f(int[] free) {} }", "free", "int[]"),
        (".go", "package a\ntype m struct {\n totals []uint64\n}", "totals", "[]uint64"),
        (".go", "package a\nfunc f(seen map[string]int) {}", "seen", "map[string]int"),
        (".rs", "struct A { open: Arc<Mutex<Desk>> }", "open", "Arc<Mutex<Desk>>"),
        (".py", "class A:\n  def __init__(self):\n    self.known: dict[str, int] = {}", "known", "dict[str, int]"),
        (".py", "def f(rows: list[int]):\n  pass", "rows", "list[int]"),
        (".ts", "class A { private open: Map<string, number> = new Map(); }", "open", "Map<string, number>"),
    ],
)
def test_a_type_that_is_written_is_known_by_its_name(suffix: str, text: str, name: str, kind: str) -> None:
    assert Source(f"/srv/program{suffix}", text.encode()).declared[name] == {kind}


def test_the_type_that_a_function_gives_back_is_not_its_own() -> None:
    declared = Source("/srv/program.java", b"class A { Page page(int number) { return null; } }").declared
    assert "page" not in declared


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("std::deque<Turn>", "deque"),
        ("const Line &", "Line"),
        ("Arc<Mutex<Desk>>", "Desk"),
        ("std::unique_ptr<Line>", "Line"),
        ("&'a mut Desk", "Desk"),
        ("*rand.Rand", "Rand"),
        ("Map<Integer, Visit>", "Map"),
        ("int[]", ""),
        ("[]uint64", ""),
        ("", ""),
    ],
)
def test_the_class_is_the_outer_one(kind: str, name: str) -> None:
    assert class_in(kind) == name


@pytest.mark.parametrize("kind", ["map[string]int", "Record<string, number>", "std::unordered_map<int, A>", "dict"])
def test_what_is_found_by_any_key(kind: str) -> None:
    assert is_map(kind)


@pytest.mark.parametrize("kind", ["[]Mapping", "list[dict]", "int[]", "std::vector<std::map<int, int>>"])
def test_what_is_found_by_its_place(kind: str) -> None:
    assert not is_map(kind)
