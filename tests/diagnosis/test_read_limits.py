"""Reads of Go whose time is over, told from those that wait for something."""

import pytest

from perfdoctor.diagnosis.example import call, native
from perfdoctor.diagnosis.read_limits import Waits, limited_reads
from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.syscalls import SyscallRow

GO = (native("internal/poll.(*FD).Read"), native("main.serve", "/srv/app", "/srv/app/main.go", 9))
C = (native("read"), native("serve", "/srv/app", "/srv/app/main.c", 9))


def read(calls: int, errors: int, *, fd: int = 7, name: str = "read", at: Stack = GO) -> SyscallRow:
    return call(name, at, calls, on=f"fd:{fd}", errors=errors)


def test_each_wait_begins_with_a_read_that_finds_nothing() -> None:
    rows = [read(1030, 1000), read(519, 500, fd=8)]
    found, waits = limited_reads(rows)
    assert found == rows
    assert waits == Waits(connections=2, waits=1500, in_vain=1451)
    assert waits.pause(15.0) == pytest.approx(0.02)


@pytest.mark.parametrize(
    "row",
    [
        read(1000, 500),
        read(1000, 0),
        read(300, 200),
        read(1030, 1000, at=C),
        read(1030, 1000, name="write"),
        read(1030, 1000, at=()),
    ],
    ids=["each wait brings something", "always ready", "every other one", "another runtime", "no read", "no stack"],
)
def test_what_is_no_time_limit(row: SyscallRow) -> None:
    assert limited_reads([row])[0] == []
    assert limited_reads([])[1].waits == 0
