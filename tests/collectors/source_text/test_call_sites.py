"""In which line does a function of JavaScript call another one?"""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.asking.call_sites import CallSites, Function

SOURCE = r"""const http = require("http");
function quote(day) {
  // http.get( is asked below
  const text = `day ${day.get("}")} of get(`;
  return new Promise((resolve) => {
    http.get({ path: text, other: /get(\/[)]/ }, (answer) => {
      answer.on("end", () => resolve(1));
    }).on("error", () => {});
  });
}
async function report(shops) {
  let total = 0;
  for (const shop of shops) total += await stock(shop);
  return total / 2 / stock.length;
}
const stock = async (shop) => read(shop) + 1;
class Shelf {
  async fill(count = { of: (n) => n }) {
    this.empty();
    return store?.(count) ?? this.empty();
  }
  empty() { return 0; }
}
[3, 1].forEach(
  (one) => { stock(one); }
);
"""


def at(name: str, text: str, offset: int = 0) -> Function:
    """The function whose text (from its parameters on) begins with ``text``."""
    begin = SOURCE.index(text) + offset
    return Function(name, SOURCE.count("\n", 0, begin) + 1, begin - (SOURCE.rfind("\n", 0, begin) + 1) + 1)


QUOTE = at("quote", "(day) {")
ANSWER = at("", "(answer) =>")
REPORT = at("report", "(shops) {")
STOCK = at("stock", "async (shop) =>")
FILL = at("fill", "(count =")
MODULE = Function("", 1, 1)
ELSEWHERE = Function("get", 300, 12)
MAKES = """class Trip {
  ride(to) {
    if (to) { this.seen = {}; }
  }
  track(step) {
    for (const [x, y] of this.steps) {
      this.points.push({ x, y, text: "{" });
    }
    return this.points;
  }
  both(n) {
    const made = [n];
    return new Map(made);
  }
  none({ a } = {}, b) { if (a) { b(a); } }
  arrow = (n) => [n, 1];
}
"""


@pytest.fixture
def sites(tmp_path: Path) -> tuple[CallSites, str]:
    file = tmp_path / "app.js"
    file.write_text(SOURCE)
    return CallSites(LocalHost(), os.getpid()), str(file)


@pytest.mark.parametrize(
    ("caller", "callee", "same_file", "line"),
    [
        (REPORT, STOCK, True, 13),
        (STOCK, Function("read", 9, 9), False, 16),
        (at("", "(resolve) =>"), Function("ClientRequest.get", 300, 12), False, 6),
        (FILL, Function("store", 4, 4), False, 20),
        (ANSWER, Function("EventEmitter.on", 4, 4), False, 7),
        (MODULE, at("", "(one) =>"), True, 25),
        (QUOTE, at("", "(resolve) =>"), True, 5),
        (REPORT, Function("forEach", 1, 1), False, 24),
    ],
    ids=[
        "a loop",
        "an arrow",
        "a library's",
        "optional",
        "a callback",
        "given to a native one",
        "executor",
        "put into it",
    ],
)
def test_the_line_of_the_call_is_found(
    sites: tuple[CallSites, str], caller: Function, callee: Function, same_file: bool, line: int
) -> None:
    finder, file = sites
    assert finder.path(file, caller, callee, same_file=same_file)[-1].line == line


@pytest.mark.parametrize(
    ("caller", "callee", "same_file"),
    [
        (FILL, at("empty", "() { return"), True),
        (REPORT, ELSEWHERE, False),
        (REPORT, Function("", 400, 3), False),
        (REPORT, at("", "(one) =>"), True),
        (REPORT, Function("a name (", 3, 3), False),
    ],
    ids=["two lines", "not named", "without a name", "a callback of others", "no name"],
)
def test_what_the_text_does_not_tell_is_not_told(
    sites: tuple[CallSites, str], caller: Function, callee: Function, same_file: bool
) -> None:
    finder, file = sites
    assert finder.path(file, caller, callee, same_file=same_file) == ((caller, None),)


def test_only_files_are_read(sites: tuple[CallSites, str], tmp_path: Path) -> None:
    finder, _ = sites
    os.mkfifo(tmp_path / "pipe")
    for name in ("node:fs", "pipe", str(tmp_path / "pipe"), str(tmp_path / "gone"), "/dev/zero", f"{tmp_path}\0"):
        assert finder.path(name, REPORT, STOCK, same_file=True) == ((REPORT, None),)


@example("`\\", 1, 1)
@given(st.text(alphabet="ab/`${}()[]'\"\\*=>,;\n ", max_size=200), st.integers(1, 9), st.integers(1, 9))
def test_any_text_is_read(text: str, line: int, column: int) -> None:
    with NamedTemporaryFile("w", suffix=".js") as file:
        file.write(text)
        file.flush()
        finder = CallSites(LocalHost(), os.getpid())
        found = finder.path(file.name, Function("a", line, column), Function("b", 1, 1), same_file=True)[-1].line
        made = finder.maker(file.name, Function("a", line, column))
    assert all(number is None or 1 <= number <= text.count("\n") + 1 for number in (found, made))


@pytest.mark.parametrize(
    ("text", "line"),
    [("(to) {", 3), ("(step) {", 7), ("(n) {", None), ("(n) => [n", 16)],
    ids=["an empty one", "within a call, in a loop", "two lines", "an arrow"],
)
def test_the_line_that_makes_objects_is_found(tmp_path: Path, text: str, line: int | None) -> None:
    file = tmp_path / "trip.js"
    file.write_text(MAKES)
    begin = MAKES.index(text)
    column = begin - MAKES.rfind("\n", 0, begin)
    function = Function("", MAKES.count("\n", 0, begin) + 1, column)
    assert CallSites(LocalHost(), os.getpid()).maker(str(file), function) == line


OTHERS = r"""// ask(1) is said here only
function told(day) {
  say("ask(2)", `of ${day.at} ask(3)`, /ask(4)/);
  return ask(`a } of ${day["}"]}`) / 2 / day;
}
function later(shops) {
  for (const shop of shops) jobs.push(() => ask(shop));
  ask(jobs);
}
function inlined(shops) {
  return shops.map((shop) =>
    ask(shop));
}
class Shop {
  seen = new Map();
  #price = 0;
  take(n) { return n; }
  get total() { return 1; }
  static of = (n) => n;
  sum() {
    const all = this.total;
    return this.#add(all);
  }
  #add(n) { return n; }
}
const ask = (n) => n, made = () => ({
  n: 1,
});
/* 🙂 */ const smile = (n) => { /* 🙂 */ return [n]; }, more = (n) => {
  return ask(n);
};
"""
TYPED = """interface Shop { ask(n: number): number }
@sealed("ask(")
class Desk<T extends Shop> {
  constructor(private readonly shops: Array<T>) {}
  sum(of: (n: number) => { total: number }): number {
    const first = this.shops[0] as T;
    return first!.ask(1) + <number>of(2).total;
  }
  all<K>(kinds: K[]): K[] {
    return this.shops.flatMap<K>(() => kinds);
  }
}
"""


def begin_of(text: str, part: str) -> tuple[int, int]:
    """Line and column, in units of UTF-16, at which ``part`` of a text begins."""
    before = text[: text.index(part)]
    return before.count("\n") + 1, len(before.rpartition("\n")[2].encode("utf-16-le")) // 2 + 1


def test_what_node_gives_another_name_is_known_by_those_of_programs(tmp_path: Path) -> None:
    text = "function send(all) {\n  const head = gzip(all);\n  more();\n  return zlib.gzipSync(all);\n}\n"
    (tmp_path / "send.js").write_text(text)
    finder, caller = CallSites(LocalHost(), os.getpid()), Function("send", *begin_of(text, "(all) {"))
    made = Function("syncBufferWrapper", 766, 1)
    assert finder.path(str(tmp_path / "send.js"), caller, made, same_file=False)[-1].line == 4
    assert finder.path(str(tmp_path / "send.js"), caller, made, same_file=True)[-1].line is None


@pytest.mark.parametrize(
    ("part", "callee", "line"),
    [
        ("(day) {", "ask", 4),
        ("(shops) {\n  for", "ask", 8),
        ("(shops) {\n  return", "ask", 12),
        ("() {\n    const all", "get total", 21),
        ("() {\n    const all", "#add", 22),
        ("class Shop", "Map", 15),
        ("(n) => {\n", "ask", 30),
        ("(n) => { /*", "ask", None),
        ("(n) => n, made", "ask", None),
    ],
    ids=[
        "not in texts",
        "its own, not a lambda's",
        "a lambda's",
        "a getter",
        "private",
        "fields",
        "behind letters of two units",
        "the one before it",
        "none",
    ],
)
def test_calls_are_told_from_what_looks_like_them(tmp_path: Path, part: str, callee: str, line: int | None) -> None:
    (tmp_path / "others").write_text(OTHERS)
    finder, caller = CallSites(LocalHost(), os.getpid()), Function("", *begin_of(OTHERS, part))
    assert finder.path(str(tmp_path / "others"), caller, Function(callee, 900, 1), same_file=False)[-1].line == line


@pytest.mark.parametrize(
    ("part", "line"), [("(n) => { /*", 29), ("class Shop", 15), ("() => ({", 26), ("(day) {", None)]
)
def test_objects_are_told_from_what_looks_like_them(tmp_path: Path, part: str, line: int | None) -> None:
    (tmp_path / "others.mjs").write_text(OTHERS)
    function = Function("", *begin_of(OTHERS, part))
    assert CallSites(LocalHost(), os.getpid()).maker(str(tmp_path / "others.mjs"), function) == line


@pytest.mark.parametrize(
    ("part", "callee", "line"),
    [
        ("(of: (n", "Shop.ask", 7),
        ("(of: (n", "of", 7),
        ("<K>(kinds", "flatMap", 10),
        ("(kinds", "flatMap", 10),
        ("(kinds", "sealed", None),
    ],
)
def test_types_are_no_calls(tmp_path: Path, part: str, callee: str, line: int | None) -> None:
    (tmp_path / "desk.ts").write_text(TYPED)
    finder, caller = CallSites(LocalHost(), os.getpid()), Function("", *begin_of(TYPED, part))
    assert finder.path(str(tmp_path / "desk.ts"), caller, Function(callee, 900, 1), same_file=False)[-1].line == line


WHEEL = """class Wheels {
  async wheel(id) {
    const fields = await this.redis.hgetall(key(id));
    return this.parse(fields);
  }
  parse(fields) { return fields; }
}
function key(id) { return `wheel:${id}`; }
"""


def test_the_only_call_of_a_library_is_that_of_a_function_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "wheels.js").write_text(WHEEL)
    finder, caller = CallSites(LocalHost(), os.getpid()), Function("wheel", *begin_of(WHEEL, "(id) {\n    const"))
    assert finder.path(str(tmp_path / "wheels.js"), caller, Function("", 900, 1), same_file=False)[-1].line == 3


PLAN = """async function plan(show) {
  const seats = [];
  for (const place of show.places) {
    seats.push({ place, free: !place.sold });
  }
  return { show, seats };
}
"""


def test_of_several_lines_that_make_objects_the_one_in_a_loop_makes_most(tmp_path: Path) -> None:
    file, whole = tmp_path / "plan.mjs", Function("plan", 1, 20)
    file.write_text(PLAN)
    assert CallSites(LocalHost(), os.getpid()).maker(str(file), whole) == 4
    file.write_text(PLAN.replace("const place of", "const place of [1, 2] ||").replace("!place", "[place]"))
    assert CallSites(LocalHost(), os.getpid()).maker(str(file), whole) == 4
    file.write_text(PLAN.replace("for (const place of show.places)", "if (show.places)"))
    assert CallSites(LocalHost(), os.getpid()).maker(str(file), whole) is None
