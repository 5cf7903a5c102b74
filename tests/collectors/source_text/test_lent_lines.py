"""Lines that wait for what a pool of the program's own lends are told from those that wait for work."""

import pytest

from perfdoctor.collectors.source_text.asking.lent_lines import is_lent, takes_work
from perfdoctor.collectors.source_text.sources import Source

LENT = {
    "Python, given back by the same function": (
        ".py",
        "class Board:\n  @contextlib.contextmanager\n  def line(self):\n    lent = self.free.get()  # <-\n"
        "    try:\n      yield lent\n    finally:\n      self.free.put(lent)",
    ),
    "Python, with a time limit": (
        ".py",
        "def ask(box, text):\n  line = box.lines.get(timeout=5)  # <-\n  try:\n    return line.ask(text)\n"
        "  finally:\n    box.lines.put(line)",
    ),
    "Python, filled by the constructor, given back by another": (
        ".py",
        "class Cranes:\n  def __init__(self, n):\n    self.idle = queue.Queue()\n    for i in range(n):\n"
        "      self.idle.put(Crane(i))\n  def fetch(self):\n    return self.idle.get()  # <-\n"
        "  def back(self, crane):\n    self.idle.put(crane)",
    ),
    "Java": (
        ".java",
        "class Kilns { String fire(String s) throws Exception {\n  Kiln kiln = free.take(); // <-\n"
        "  try { return kiln.fire(s); } finally { free.put(kiln); }\n} }",
    ),
    "Java, filled by the constructor": (
        ".java",
        "class Kilns {\n Kilns(int n) { for (int i = 0; i < n; i++) free.add(new Kiln(i)); }\n"
        " Kiln borrow() throws Exception {\n  return free.take(); // <-\n }\n"
        " void done(Kiln kiln) { free.offer(kiln); }\n}",
    ),
}
WORK = {
    "Python, a worker": (
        ".py",
        "def work(self):\n  while True:\n    job = self.jobs.get()  # <-\n    self.done.put(job.run())",
    ),
    "Python, work that is handed in by others": (
        ".py",
        "class A:\n  def submit(self, job):\n    self.jobs.put(job)\n"
        "  def next(self):\n    return self.jobs.get()  # <-",
    ),
    "Python, a stage that hands on": (
        ".py",
        "def stage(inbox, outbox):\n  while True:\n    item = inbox.get()  # <-\n    outbox.put(item)",
    ),
    "Python, the constructor fills it with work, and nobody gives anything back": (
        ".py",
        "class A:\n  def __init__(self, files):\n    for file in files:\n      self.todo.put(file)\n"
        "  def run(self):\n    return self.todo.get()  # <-",
    ),
    "Python, a worker that puts back what failed": (
        ".py",
        "def work(self):\n  while True:\n    job = self.jobs.get()  # <-\n    try:\n      job.run()\n"
        "    except OSError:\n      self.jobs.put(job)",
    ),
    "Java, a worker": (
        ".java",
        "class A { void run() throws Exception {\n  Job job = jobs.take(); // <-\n  done.put(job.run());\n} }",
    ),
    "no code at all": (".py", "# <-"),
}


def _asked(suffix: str, text: str) -> bool:
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "<-" in each)
    return is_lent(Source(f"/srv/program{suffix}", text.encode()), line)


@pytest.mark.parametrize("name", LENT)
def test_what_is_given_back_is_lent(name: str) -> None:
    assert _asked(*LENT[name])


@pytest.mark.parametrize("name", WORK)
def test_work_is_not(name: str) -> None:
    assert not _asked(*WORK[name])


SIMPLE = "import queue\nclass A:\n  def __init__(self):\n    self.jobs = queue.SimpleQueue()\n  def work(self):\n    {}"


@pytest.mark.parametrize(
    ("made", "line", "expected"),
    [
        ("SimpleQueue", "answer, places = self.jobs.get()", True),
        ("Queue", "job = self.jobs.get()", False),  # (a frame of queue.py tells)
        ("SimpleQueue", "row = self.rows.get(key)", False),
        ("SimpleQueue", "self.jobs.put(1)", False),
    ],
)
def test_a_queue_without_a_frame_gives_work(made: str, line: str, expected: bool) -> None:
    text = SIMPLE.replace("SimpleQueue", made).format(line)
    assert takes_work(Source("/srv/program.py", text.encode()), 6) is expected
