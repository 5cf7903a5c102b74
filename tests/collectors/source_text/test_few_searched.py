"""Lines that search a few elements that stand in the source."""

import pytest

from perfdoctor.collectors.source_text.shapes.few_searched import searches_few
from perfdoctor.collectors.source_text.sources import Source

RUST = """fn change(row: &mut Row, places: &[usize]) {
    while at < 8 {
        if places.contains(&at) { at += 1; }
    }
}
fn ring(row: &mut Row, n: u32) {
    change(row, &[]);
    change(row, if n < 4 { &[0, 7] } else { &[2, 3] });
    change(row, &[0, 3]);
}
"""
GO = """func ok(s string) bool {
	kinds := []string{"a", "b"}
	return slices.Contains(kinds, s)
}
"""
FEW = {
    "a list that stands there": (".js", "if (['mov', 'mp4'].includes(kind)) keep(kind);", 1),
    "a list with a name": (".py", "KINDS = ('mov', 'mp4')\n\n\ndef keep(kind):\n    return kind in KINDS\n", 5),
    "a parameter, listed in each call": (".rs", RUST, 3),
    "one of two": (
        ".py",
        "def of(day, rest):\n    names = ['a'] if rest else ['c']\n    return day in names\n",
        3,
    ),
    "a slice of Go": (".go", GO, 3),
    "one word": (".c", 'int f(const char *text) {\n    return memcmp(text, "error", 5) == 0;\n}\n', 2),
}


@pytest.mark.parametrize("name", FEW)
def test_few(name: str) -> None:
    ending, text, line = FEW[name]
    assert searches_few(Source(f"/srv/app{ending}", text.encode()), line)


NEAR_MISSES = {
    "one call hands another list": (".rs", RUST.replace("&[0, 3]", "&row.places"), 3),
    "nothing calls it": (".rs", RUST.partition("fn ring")[0], 3),
    "only an empty list": (".js", "const seen = [];\nif (seen.includes(kind)) keep(kind);", 2),
    "a list that grows": (".py", "def of(days):\n    seen = []\n    for day in days:\n        keep(day in seen)\n", 4),
    "a list of many": (".js", f"const many = [{', '.join(map(str, range(400)))}];\nmany.includes(3);", 2),
    "two, of which one is large": (".py", "def of(one, every):\n    return one in ('a', 'b') or one in every\n", 2),
    "a word in a list": (".c", 'int f(char **names, int i) {\n    return strcmp(names[i], "error") == 0;\n}\n', 2),
    "a name in a list": (".c", "int f(char *name, struct at *at) {\n    return strcmp(at->name, name) == 0;\n}\n", 2),
    "no search": (".py", "def of(one):\n    return one + 1\n", 2),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses(name: str) -> None:
    ending, text, line = NEAR_MISSES[name]
    assert not searches_few(Source(f"/srv/app{ending}", text.encode()), line)
