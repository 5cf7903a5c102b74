"""How a program ended is said as it was."""

import signal

import pytest

from perfdoctor.collectors.workloads.ends import failure, told

CORE = 128


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exit 0"),
        (3 << 8, "exit 3"),
        (signal.SIGSEGV | CORE, "killed by SIGSEGV (core dumped)"),
        (signal.SIGTERM, "killed by SIGTERM"),
        (40, "killed by signal 40"),
    ],
)
def test_in_words(status: int, words: str) -> None:
    assert told(status).startswith(words)


def test_only_the_declared_codes_are_good() -> None:
    assert failure(0, (0,)) is None
    assert failure(1 << 8, (0, 1)) is None
    assert failure(0, (1,)) == "exit 0 (good are: 1)"
    assert failure(2 << 8, (0, 1)) == "exit 2 (good are: 0, 1)"


def test_a_signal_is_never_a_good_end() -> None:
    killed = failure(signal.SIGKILL, (0, 9, 137))
    assert killed is not None and "out of memory" in killed
