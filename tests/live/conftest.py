"""What the live tests tell beside what passed and failed."""

import pytest

from tests.live.verdict import DOUBTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if DOUBTS:
        terminalreporter.section("programs that were looked at more than once")
        for line in DOUBTS:
            terminalreporter.line(line)
