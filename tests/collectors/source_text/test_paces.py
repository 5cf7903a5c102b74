"""A sleep until some moment is told from a sleep of some length, by the text."""

import pytest

from perfdoctor.collectors.source_text.pausing.paces import is_paced
from perfdoctor.collectors.source_text.sources import Source

PACED = {
    "Java": (
        ".java",
        "class A { void run() {\n due += P;\n LockSupport.parkNanos(due - System.nanoTime()); // <-\n} }",
    ),
    "Java, by a name": (
        ".java",
        "class A { void run() {\n for (long left = end - System.nanoTime(); left > 0; left = end - now()) {\n"
        " LockSupport.parkNanos(left); // <-\n } } }",
    ),
    "Python": (".py", "def run():\n    time.sleep(max(0.0, due - time.monotonic()))  # <-"),
    "Python, by names": (
        ".py",
        "def run():\n    now = time.monotonic()\n    left = due - now\n    time.sleep(left)  # <-",
    ),
    "Rust": (".rs", "fn run() {\n    thread::sleep(due - Instant::now()); // <-\n}"),
    "C": (".c", "void run(void) {\n\tclock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL); // <-\n}"),
    "C++": (".cpp", "void run() {\n std::this_thread::sleep_until(due); // <-\n}"),
    "Go": (".go", "func run() {\n\ttime.Sleep(time.Until(due)) // <-\n}"),
}
NOT_PACED = {
    "a length": (".py", "def run():\n    time.sleep(0.01)  # <-"),
    "a length with a name": (".java", "class A { void run() {\n Thread.sleep(PAUSE); // <-\n} }"),
    "a poll that ends at a moment": (
        ".py",
        "def run():\n    while not ready():\n        time.sleep(min(0.01, end - time.monotonic()))  # <-",
    ),
    "no sleep": (".py", "def run():\n    queue.get(timeout=due - time.monotonic())  # <-"),
}


def told(suffix: str, text: str) -> bool:
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.endswith("<-"))
    return is_paced(Source(f"/srv/program{suffix}", text.encode()), line)


@pytest.mark.parametrize("case", PACED)
def test_a_sleep_until_a_moment(case: str) -> None:
    assert told(*PACED[case])


@pytest.mark.parametrize("case", NOT_PACED)
def test_other_sleeps(case: str) -> None:
    assert not told(*NOT_PACED[case])
