"""Lines that add to a collection which outlives their function, and those that do not."""

import pytest

from perfdoctor.collectors.runtimes.keepers import keeps
from perfdoctor.collectors.runtimes.sources import Source

KEEPS = {
    "a list of the object, in Python": (
        ".py",
        "class A:\n  def play(self, text):\n    self.moves.append(Move(text))  # <-",
    ),
    "a map of the object": (
        ".py",
        "class A:\n  def start(self, event):\n    self.games[event.game] = Game(event)  # <-",
    ),
    "a list of the module": (".py", "SEEN = []\ndef take(row):\n    SEEN.append(row)  # <-"),
    "a list that is handed in": (".py", "def take(store, row):\n    store.append(row)  # <-"),
    "by another name": (
        ".js",
        "class A {\n join(name, one) {\n const group = this.members.get(name);\n group.push(one); // <-\n }\n}",
    ),
    "a Map of JavaScript": (".js", "function see(key, value) {\n  cache.set(key, value); // <-\n}"),
    "a map in Go": (".go", "package a\nfunc (r *receipts) give(id int) {\n r.given[id] = &receipt{} // <-\n}"),
    "a slice in Go": (".go", "package a\nfunc (l *log) add(e entry) {\n l.all = append(l.all, e) // <-\n}"),
    "a static list of Java": (".java", "class A {\n void see(String s) {\n  HISTORY.add(s); // <-\n }\n}"),
    "a vector in C++": (".cpp", "void Log::add(Entry e)\n{\n    entries_.push_back(e); // <-\n}"),
    "a vector in Rust": (".rs", "impl L { fn add(&mut self, e: E) {\n self.all.push(e); // <-\n } }"),
    "an array in C": (".c", "void add(struct table *t, int n)\n{\n    t->rows[t->count++] = copy(n); // <-\n}"),
}
DOES_NOT = {
    "a list of its own": (
        ".py",
        "def read(rows):\n    found = []\n    for row in rows:\n        found.append(row)  # <-",
    ),
    "a local map": (
        ".js",
        "function count(words) {\n const n = new Map();\n for (const w of words) n.set(w, 1); // <-\n}",
    ),
    "a slice of its own": (
        ".go",
        "package a\nfunc f(n int) []int {\n var all []int\n all = append(all, n) // <-\n return all }",
    ),
    "a member that is replaced": (".py", "class A:\n  def see(self, row):\n    self.last = parse(row)  # <-"),
    "a message that is parsed": (".py", "class A:\n  def run(self, line):\n    self.handle(json.loads(line))  # <-"),
    "a comment": (".py", "class A:\n  def run(self, line):\n    pass  # self.all.append(line) <-"),
    "no code at all": (".py", "# <-"),
    "a collection that is emptied": (".py", "class A:\n  def run(self):\n    self.all.clear()  # <-"),
}


def _asked(suffix: str, text: str) -> bool:
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "<-" in each)
    return keeps(Source(f"/srv/program{suffix}", text.encode()), line)


@pytest.mark.parametrize("name", KEEPS)
def test_a_line_that_adds_to_what_outlives_it_keeps(name: str) -> None:
    assert _asked(*KEEPS[name])


@pytest.mark.parametrize("name", DOES_NOT)
def test_other_lines_do_not(name: str) -> None:
    assert not _asked(*DOES_NOT[name])
