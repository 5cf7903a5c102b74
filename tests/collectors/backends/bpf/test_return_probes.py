"""Where a probe on a function's return would end the target."""

import pytest

from perfdoctor.collectors.backends.bpf.allocations import _returns_are_deadly


class Machine:
    """A host of two files."""

    def __init__(self, release: str, seccomp: int) -> None:
        self.files = {
            "/proc/sys/kernel/osrelease": f"{release}\n",
            "/proc/7/status": f"Tgid:\t7\nUid:\t0\t0\nSeccomp:\t{seccomp}\n",
        }

    def read_file(self, path: str, limit: int = 0) -> bytes:
        return self.files[path].encode()


@pytest.mark.parametrize(
    ("release", "seccomp", "deadly"),
    [
        ("6.10.1", 2, False),
        ("6.11.0-arch1", 2, True),
        ("6.12.9", 1, True),
        ("6.12.9", 0, False),
        ("6.14.0", 2, False),
        ("6.18.44-fc", 2, False),
    ],
)
def test_seccomp_and_the_kernels_that_call_at_returns(release: str, seccomp: int, deadly: bool) -> None:
    assert _returns_are_deadly(Machine(release, seccomp), 7) is deadly  # type: ignore[arg-type]
