"""A sleep in a loop that does nothing but look again is told from other pauses, by the text."""

import pytest

from perfdoctor.collectors.source_text.pausing.polls import is_poll
from perfdoctor.collectors.source_text.sources import Source

POLLS = {
    "Python, while nothing is there": (
        ".py",
        "def get(self):\n    while not self._letters:\n        time.sleep(0.01)  # <-\n    return self._letters.pop()",
    ),
    "Python, what came is taken within": (
        ".py",
        "def work(box):\n    while True:\n        letter = box.take()\n        if letter is None:\n"
        "            time.sleep(PAUSE)  # <-\n"
        "            continue\n        read(letter)",
    ),
    "Python, or else a pause": (
        ".py",
        "def work(box):\n    while box.open:\n        if box.full:\n            read(box.take())\n        else:\n"
        "            time.sleep(0.02)  # <-",
    ),
    "Python, an exception says so": (
        ".py",
        "def work(box):\n    while True:\n        try:\n            letter = box.get_nowait()\n"
        "        except queue.Empty:\n"
        "            time.sleep(0.01)  # <-\n            continue\n        read(letter)",
    ),
    "Python, asked anew": (
        ".py",
        "def get(box):\n    letter = box.take()\n    while letter is None:\n        time.sleep(0.01)  # <-\n"
        "        letter = box.take()\n    return letter",
    ),
    "Java": (
        ".java",
        "class A { Job next() throws InterruptedException {\n while (jobs.isEmpty()) {\n"
        "  Thread.sleep(10); // <-\n }\n"
        " return jobs.poll();\n} }",
    ),
    "Java, a pause that may be interrupted": (
        ".java",
        "class A { Job next() {\n Job job = jobs.poll();\n while (job == null) {\n  try {\n"
        "   Thread.sleep(10); // <-\n"
        "  } catch (InterruptedException e) {\n   return null;\n  }\n }\n return job;\n} }",
    ),
    "Rust": (
        ".rs",
        "fn next(&self) -> Job {\n    while self.jobs.lock().unwrap().is_empty() {\n"
        "        thread::sleep(PAUSE); // <-\n    }\n"
        "    self.take()\n}",
    ),
    "Rust, an arm": (
        ".rs",
        "fn run(&self) {\n    loop {\n        match self.jobs.try_recv() {\n            Ok(job) => self.work(job),\n"
        "            Err(_) => thread::sleep(PAUSE), // <-\n        }\n    }\n}",
    ),
    "C": (
        ".c",
        "void wait_for(struct box *box)\n{\n\twhile (box->count == 0)\n\t{\n\t\tusleep(10000); // <-\n\t}\n}",
    ),
    "C, with a lock that is given back meanwhile": (
        ".c",
        "void wait_for(struct box *box)\n{\n\twhile (!box->count) {\n\t\tpthread_mutex_unlock(&box->lock);\n"
        "\t\tusleep(10000); // <-\n\t\tpthread_mutex_lock(&box->lock);\n\t}\n}",
    ),
    "C, a ring that is empty": (
        ".c",
        "void wait_for(struct ring *ring)\n{\n\twhile (ring->head == ring->tail)\n\t\tusleep(10000); // <-\n}",
    ),
    "Python, a process that has not ended": (
        ".py",
        "def wait(child):\n    while child.poll() is None:\n        time.sleep(0.01)  # <-",
    ),
    "C++": (
        ".cpp",
        "void wait() {\n while (!ready_.load()) {\n  std::this_thread::sleep_for(10ms); // <-\n }\n}",
    ),
}
DOES_NOT = {
    "a round of work and a pause": (
        ".py",
        "def run(self):\n    while self.running:\n        self.beat()\n        time.sleep(0.02)  # <-",
    ),
    "a beat without end": (".py", "def run(self):\n    while True:\n        time.sleep(0.02)  # <-"),
    "a pause between attempts that are counted": (
        ".py",
        "def run(self):\n    tries = 0\n    while tries < 5:\n        time.sleep(0.02)  # <-\n        tries += 1",
    ),
    "until the end of the program": (".py", "def run(self):\n    while self.running:\n        time.sleep(0.02)  # <-"),
    "until a moment": (".py", "def run(end):\n    while time.monotonic() < end:\n        time.sleep(0.02)  # <-"),
    "what takes so long": (".py", "def press(self):\n    time.sleep(0.02)  # <-\n    self.done += 1"),
    "after what was found": (
        ".py",
        "def run(box):\n    while True:\n        letter = box.get()\n        if letter:\n"
        "            time.sleep(0.02)  # <-",
    ),
    "a pause now and then": (
        ".py",
        "def run(rows):\n    for row in rows:\n        if not row.number % 100:\n"
        "            time.sleep(0.02)  # <-\n        use(row)",
    ),
    "an error is told, and tried again": (
        ".py",
        "def run(box):\n    while True:\n        try:\n            box.send()\n        except OSError:\n"
        "            time.sleep(0.02)  # <-\n            continue",
    ),
    "something is done before the pause": (
        ".py",
        "def run(box):\n    while not box.full:\n        box.add(read())\n        time.sleep(0.02)  # <-",
    ),
    "a step of a machine": (
        ".java",
        "class A { void run() throws Exception {\n while (running) {\n  step();\n  Thread.sleep(20); // <-\n }\n} }",
    ),
    "each twentieth round": (
        ".py",
        "def run(page):\n    while True:\n        page(number)\n        if number % 20 == 0:\n"
        "            time.sleep(0.02)  # <-",
    ),
    "as long as something comes": (
        ".py",
        "def view(line):\n    while line.recv(60_000):\n        time.sleep(0.02)  # <-",
    ),
    "a customer who waits before he asks again": (
        ".c",
        "void customer(int line)\n{\n\twhile (write(line, p, 300) > 0 && read(line, a, 300) > 0)\n"
        "\t\tusleep(8000); // <-\n}",
    ),
    "no sleep": (".py", "def run(box):\n    while not box:\n        box.wait(0.02)  # <-"),
    "not parsed": (".py", "def (((:\n    time.sleep(0.02)  # <-"),
}


def told(suffix: str, text: str) -> bool:
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.endswith("<-"))
    return is_poll(Source(f"/srv/program{suffix}", text.encode()), line)


@pytest.mark.parametrize("case", POLLS)
def test_a_loop_that_only_looks_again(case: str) -> None:
    assert told(*POLLS[case])


@pytest.mark.parametrize("case", DOES_NOT)
def test_other_pauses(case: str) -> None:
    assert not told(*DOES_NOT[case])
