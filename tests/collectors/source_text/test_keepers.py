"""Lines that add to a collection which outlives their function, and those that do not."""

import os
from pathlib import Path

import pytest

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.keeping.escapes import escape_of
from perfdoctor.collectors.source_text.keeping.keepers import keeps, with_kept
from perfdoctor.collectors.source_text.sources import Source, SourcesOfAll
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.frame import Frame, FrameKind
from perfdoctor.schemas.memory import KeptLine, LivingRow, MemorySample, MemoryTrend
from perfdoctor.schemas.recording import Window
from perfdoctor.schemas.target import Target
from perfdoctor.schemas.waits import FaultRow

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
KEEPS["a listener of something that stays"] = (
    ".js",
    "class A {\n next(reach) {\n  this.river.on('gauge', (reading) => this.see(reach, reading)); // <-\n }\n}",
)
KEEPS["a timer of Java"] = (".java", "class A {\n void arm(Task one) {\n  clock.schedule(one, HOURS); // <-\n }\n}")
KEEPS["a heap of Python"] = (
    ".py",
    "class A:\n  def add(self, due, one):\n    heappush(self.waiting, (due, one))  # <-",
)
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
    "an array of its own, as long as something else": (
        ".js",
        "function compute(level) {\n const all = new Array(STEPS).fill(0);\n all[1] = level; // <-\n return all;\n}",
    ),
    "a vector of its own": (
        ".cpp",
        "std::vector<int> f(int n)\n{\n  std::vector<int> all;\n  all.push_back(n); // <-\n  return all;\n}",
    ),
    "a vector of its own, with room": (
        ".rs",
        "fn f(n: usize) {\n  let mut all = Vec::with_capacity(ROOM);\n  all.push(n); // <-\n}",
    ),
    "a map of its own, with room": (
        ".go",
        "package a\nfunc f(n int) {\n all := make(map[int]int, room)\n all[n] = 1 // <-\n}",
    ),
    "a text of its own, in a chain": (
        ".java",
        "class A {\n String row() {\n  StringBuilder b = new StringBuilder(9);\n"
        "  b.append(name).append(free[at]); // <-\n  return b.toString();\n }\n}",
    ),
    "a line of its own class, which its type tells": (
        ".cpp",
        "class Line {\n public:\n  void put(int turn) { turns_.push_back(turn); }\n};\n"
        "class Radar {\n  void run() {\n    line_.put(sweep()); // <-\n  }\n  Line &line_;\n};",
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


INDEX = """class Index {
  constructor() {
    this.cells = new Map();
  }
  add(one) {
    this.cells.set(one.cell, one);
  }
}
class Watch {
  constructor() {
    this.index = new Index();
  }
  take(one) {
    this.index.add(one); // <-
  }
  near(one) {
    return new Near(one);
  }
}
"""
BOOK = """class Book:
    def __init__(self):
        self.kept = {}
    def keep(self, key, answer):
        self.kept[key] = Answer(answer)

def dial(wall):
    return clip(path(wall))  # <-
"""


def _kept(tmp_path: Path, suffix: str, text: str, *functions: str) -> list[KeptLine]:
    """Of a window in which memory is first touched at the marked line, below which ``functions`` of the file are."""
    file = tmp_path / f"program{suffix}"
    file.write_text(text)
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "<-" in each)
    frames = [Frame(kind=FrameKind.PYTHON, function=name, file=str(file), line=1) for name in functions]
    frames += [Frame(kind=FrameKind.PYTHON, function="take", file=str(file), line=line)]
    readings = (MemorySample(at=at, rss=n, anonymous=n) for at, n in ((0.0, 1 << 20), (1.0, 64 << 20)))
    window = Evidence(
        target=Target(pid=os.getpid(), start_time=0.0, name="test"),
        window=Window(started=0.0, seconds=1.0),
        collections={},
        faults=(FaultRow(pid=os.getpid(), stack=tuple(frames), faults=9000),),
        memory=MemoryTrend(samples=tuple(readings), bytes_per_second=1e6, confidence=1.0),
    )
    found = with_kept(SourcesOfAll(LocalHost()), window).memory
    return list(found.kept) if found else []


def test_a_method_of_its_own_keeps_by_what_it_does(tmp_path: Path) -> None:
    (kept,) = _kept(tmp_path, ".js", INDEX)
    assert (kept.through, kept.function) == (6, "add")


def test_a_function_that_is_called_like_those_of_collections_keeps_nothing_by_its_name(tmp_path: Path) -> None:
    text = "class A:\n  def take(self, one):\n    self.traces.append(one)  # <-\n"
    assert [kept.line for kept in _kept(tmp_path, ".py", text)] == [3]
    assert KeptLine(file=str(tmp_path / "program.py"), line=3) not in _kept(tmp_path, ".py", text, "Traces.append")


def test_the_only_line_of_a_file_that_keeps_is_told_where_none_is_on_the_way(tmp_path: Path) -> None:
    (kept,) = _kept(tmp_path, ".py", BOOK)
    assert (kept.through, kept.function) == (5, "keep")
    emptied = BOOK + "\ndef forget(book):\n    book.kept.pop(1)\n"
    assert _kept(tmp_path, ".py", emptied) == []


REPORT = """class Report:
    def set_aside(self, fault):
        self.faults.append(fault)

class Decoder:
    def take(self, message):
        dive = unpack(message)  # <-
        if self.animals.get(dive.tag) is None:
            self.animals[dive.tag] = Animal(dive.kind)
        self.report.set_aside(dive)
"""


def test_what_keeps_what_it_was_given_comes_before_what_makes_an_entry(tmp_path: Path) -> None:
    (kept,) = _kept(tmp_path, ".py", REPORT)
    assert (kept.through, kept.function) == (3, "set_aside")


CLOCK = """class Game:
    def play(self, move):
        self.clocks[move.seat] = move.clock
        self.last = parse(move)  # <-
"""


@pytest.mark.parametrize(
    ("suffix", "text", "number"),
    [
        (".py", CLOCK + "clocks: list = [0.0]\n", 0),
        (".py", CLOCK + "clocks: dict[int, float] = {}\n", 1),
        (".py", CLOCK.replace("move.clock", "2"), 0),
        (".py", CLOCK.replace("move.clock", "self.clocks.get(0, 0) + 1"), 0),
        (".py", CLOCK.replace("move.clock", "len(move.clock)"), 0),
        (".py", CLOCK.replace("move.seat", "'white'") + "clocks: dict[str, float] = {}\n", 0),
        (".py", CLOCK.replace("[move.seat]", "[move.seat][move.turn]") + "clocks = [[0.0] for _ in range(9)]\n", 0),
        (".py", CLOCK.replace("[move.seat]", "[move.seat][move.turn]") + "clocks = [{} for _ in range(9)]\n", 1),
        (".py", CLOCK.replace("self.clocks[move.seat] = move.clock", "MOVES.labels(move.text).inc()"), 1),
        (".py", CLOCK.replace("self.clocks[move.seat] = move.clock", "MOVES.labels('white').inc()"), 0),
        (".js", "class Show {\n constructor() { this.seats = new Uint8Array(9); }\n"
                " sell(seat, how) { this.seats[seat] = how; }\n look(at) { return parse(at); // <-\n }\n}", 0),
        (".js", "class Show {\n constructor() { this.seats = {}; }\n"
                " sell(seat, how) { this.seats[seat] = how; }\n look(at) { return parse(at); // <-\n }\n}", 1),
        (".go", "package a\ntype meter struct {\n totals []uint64\n}\nfunc (m *meter) add(at int, used uint64) {\n"
                " m.totals[at] += used\n}\nfunc next() []byte {\n return make([]byte, 9) // <-\n}\n", 0),
        (".go", "package a\ntype meter struct {\n totals map[int]uint64\n}\n"
                "func (m *meter) add(at int, used uint64) {\n m.totals[at] = used\n}\n"
                "func next() []byte {\n return make([]byte, 9) // <-\n}\n", 1),
    ],
    ids=["a list", "a map", "a number", "counted", "a length", "a place of the text", "a list of lists",
         "a list of maps", "a series of a metric", "one series", "an array", "an object", "a slice", "a map of Go"],
)  # fmt: skip
def test_an_element_that_gets_another_value_makes_nothing_larger(
    tmp_path: Path, suffix: str, text: str, number: int
) -> None:
    assert len(_kept(tmp_path, suffix, text)) == number


PAGES = """class Visit {
    void show(Page page) {
        if (seen.size() == 5) {
            seen.removeFirst();
        }
        seen.addLast(page);
    }
}
class Desk {
    void look(int visitor) {
        Visit visit = visits.of(visitor);
        visit.show(timetable.page(visitor)); // <-
        visit.wanted.add(timetable.any(visitor));
    }
}
class Timetable {
    Page page(int number) {
        return new Page(text(number));
    }
}
"""


@pytest.mark.parametrize(
    "call",
    ["visit.show(timetable.page(visitor));", "Page page = timetable.page(visitor);"],
)
def test_what_a_function_gives_is_followed_to_what_it_is_handed_to(tmp_path: Path, call: str) -> None:
    text = PAGES.replace("visit.show(timetable.page(visitor));", call)
    if "Page page =" in call:
        text = text.replace("        visit.wanted", "        visit.show(page);\n        visit.wanted")
    kept = _kept(tmp_path, ".java", text, "Timetable.page")
    assert [(each.through, each.function) for each in kept] == [(6, "show")]


ACKNOWLEDGED = """struct Frame {
    sequence: u64,
}
impl Outstanding {
    fn remember(&mut self, frame: Frame) {
        self.frames.insert(frame.sequence, frame);
    }
    fn acknowledge(&mut self, up_to: u64) {
        self.frames.remove(&up_to);
    }
    fn name(&mut self, link: &str) {
        self.names.insert(1, link);
        self.names.remove(&2);
    }
}
fn encode(sequence: u64) -> Frame {
    let payload = Vec::with_capacity(8); // <-
    Frame { sequence, payload }
}
"""


def test_what_keeps_objects_of_the_class_that_is_made_there_is_told_although_it_gives_some_back(tmp_path: Path) -> None:
    (kept,) = _kept(tmp_path, ".rs", ACKNOWLEDGED)
    assert (kept.through, kept.function) == (6, "remember")
    assert not _kept(tmp_path, ".rs", ACKNOWLEDGED.replace("    Frame {", "    Packet {"))


def test_objects_that_live_on_are_looked_at_before_new_pages(tmp_path: Path) -> None:
    """Many stacks touch new pages, and of few it is worth to search the calls."""
    file = tmp_path / "book.py"
    file.write_text(BOOK)
    line = next(n for n, each in enumerate(BOOK.splitlines(), 1) if "<-" in each)
    pid = os.getpid()

    def stack(path: str, line: int) -> tuple[Frame, ...]:
        return (Frame(kind=FrameKind.PYTHON, function="dial", file=path, line=line),)

    readings = (MemorySample(at=at, rss=n, anonymous=n) for at, n in ((0.0, 1 << 20), (1.0, 64 << 20)))
    window = Evidence(
        target=Target(pid=pid, start_time=0.0, name="test"),
        window=Window(started=0.0, seconds=1.0),
        collections={},
        faults=tuple(FaultRow(pid=pid, stack=stack(f"{tmp_path}/other{n}.py", 1), faults=9000) for n in range(20)),
        living=(LivingRow(pid=pid, stack=stack(str(file), line), samples=9),),
        memory=MemoryTrend(samples=tuple(readings), bytes_per_second=1e6, confidence=1.0),
    )
    found = with_kept(SourcesOfAll(LocalHost()), window).memory
    assert found and [kept.function for kept in found.kept] == ["keep"]


@pytest.mark.parametrize(
    ("made", "limited"),
    [
        ("deque(maxlen=9)", True),
        ("deque()", False),
        ("LRUCache(500)", True),
        ("queue.Queue(64)", True),
        ("queue.Queue()", False),
        ("queue.Queue(0)", False),
    ],
    ids=str,
)
def test_what_holds_no_more_than_so_many_fills(tmp_path: Path, made: str, limited: bool) -> None:
    text = f"""class A:
  def __init__(self):
    self.rows = {made}
  def add(self, row):
    self.rows.append(row)  # <-
"""
    (kept,) = _kept(tmp_path, ".py", text)
    assert (kept.line, kept.limited) == (5, limited)


@pytest.mark.parametrize(
    ("made", "limited"),
    [
        ("new ArrayBlockingQueue<>(100)", True),
        ("new LinkedBlockingQueue<String>(MOST)", True),
        ("new LinkedBlockingQueue<>()", False),
        ("new PriorityQueue<>(11)", False),
    ],
    ids=str,
)
def test_a_queue_of_java_that_holds_no_more_than_so_many_fills(tmp_path: Path, made: str, limited: bool) -> None:
    text = f"""class A {{
  final Queue<String> rows = {made};
  void add(String row) {{
    rows.add(new String(row));  // <-
  }}
}}
"""
    (kept,) = _kept(tmp_path, ".java", text)
    assert (kept.line, kept.limited) == (4, limited)


SESSIONS = {
    ".py": """class Session:
    def __init__(self):
        self.trace = []
    def hear(self, beat):
        self.trace.append(beat)  # <-
class Desk:
    def issue(self, number, session):
        self.issued[number] = session
def serve(desk, beats):
    for number in beats:
        session = Session()
        session.hear(number)
        desk.issue(number, session)
""",
    ".cpp": """class Session {
    void hear(const Beat &beat) { trace.push_back(beat); } // <-
};
class Desk {
    void issue(unsigned number, std::shared_ptr<const Session> finished) {
        issued.emplace(number, std::move(finished));
    }
};
void serve(Desk &desk) {
    while (true) desk.issue(1, std::make_unique<Session>());
}
""",
    ".go": """package a
func (s *Session) Hear(beat Beat) {
	s.trace = append(s.trace, beat) // <-
}
func (d *Desk) Issue(number int) {
	kept := &Session{}
	d.issued[number] = kept
}
""",
    ".js": """class Session {
  hear(beat) {
    this.trace.push(beat); // <-
  }
}
class Desk {
  issue(number) {
    this.issued.set(number, new Session());
  }
}
""",
}


@pytest.mark.parametrize("suffix", SESSIONS)
def test_what_keeps_an_object_is_told_rather_than_what_the_object_keeps(tmp_path: Path, suffix: str) -> None:
    (kept,) = _kept(tmp_path, suffix, SESSIONS[suffix])
    through = {".py": 8, ".cpp": 6, ".go": 7, ".js": 8}[suffix]
    assert (kept.through, kept.function.lower()) == (through, "issue")


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("    for number in beats:\n        session = Session()\n", "    for number in beats:\n", 5),  # (one for all)
        ("        self.issued[number] = session\n", "        self.last = session\n", 5),
        ("class Desk:\n", "class Desk:\n    def end(self, number):\n        self.issued.pop(number)\n", 5),
        ("class Desk:\n", "class Desk:\n    def add(self, session):\n        self.waiting.append(session)\n", 10),
    ],
    ids=["made once", "kept by nobody", "given back", "kept by two"],
)
def test_an_object_keeps_by_itself(tmp_path: Path, before: str, after: str, line: int) -> None:
    text = SESSIONS[".py"]
    assert before in text
    (kept,) = _kept(tmp_path, ".py", text.replace(before, after))
    assert (kept.line, kept.through or kept.line) == (5, line)


GATEWAY = """class Gateway {
  report(session, track) {
    session.tracks.push({ at: Date.now(), ...track });
  }
  serve(socket) {
    socket.on('error', () => socket.destroy());
    socket.on('line', (line) => {
      let message;
      try {
        message = JSON.parse(line);
      } catch {
        return;
      }
      this.report(session, message);
    });
  }
}
"""


def test_of_a_function_that_v8_names_by_its_first_line_all_is_followed() -> None:
    source = Source("/srv/gateway.js", GATEWAY.encode())
    found = escape_of(source, [7], "(anonymous)")
    assert found is not None and (found.line, found.function) == (3, "report")
    # (what the function around makes there is the callback itself, which its socket keeps)
    outer = escape_of(source, [7], "Gateway.serve")
    assert outer is None or outer.function == "serve"
