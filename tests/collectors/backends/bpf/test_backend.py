"""When the engine cannot run, it says what, why and what to do; nothing else is tried in its name."""

from pathlib import Path

import pytest

from perfdoctor.collectors.backends.bpf import backend as bpf
from perfdoctor.collectors.backends.bpf import libbpf
from perfdoctor.collectors.host.local import LocalHost


class Machine(LocalHost):
    """This machine, with some of its files missing or saying something else."""

    def __init__(self, files: dict[str, bytes | None]) -> None:
        super().__init__()
        self.files = files

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        if path in self.files:
            content = self.files[path]
            if content is None:
                raise FileNotFoundError(2, "No such file or directory", path)
            return content
        return super().read_file(path, limit)


BTF = {"/sys/kernel/btf/vmlinux": b"\x9f\xeb"}


def test_a_kernel_without_btf_is_named() -> None:
    problem = bpf.unavailable(Machine({"/sys/kernel/btf/vmlinux": None}))
    assert problem is not None
    assert "BTF" in problem.why and "strace" in problem.next_step


@pytest.mark.parametrize(
    ("capabilities", "may"),
    [(0, False), (1 << 39, False), (1 << 38, False), (1 << 39 | 1 << 38, True), (1 << 21, True)],
)
def test_it_takes_both_capabilities_whoever_we_are(
    monkeypatch: pytest.MonkeyPatch, capabilities: int, may: bool
) -> None:
    monkeypatch.setattr(bpf, "library", lambda: None)
    status = f"Name:\tx\nCapEff:\t{capabilities:016x}\n".encode()
    problem = bpf.unavailable(Machine({**BTF, "/proc/self/status": status}))
    assert (problem is None) == may
    if problem:
        assert "CAP_BPF and CAP_PERFMON" in problem.why and "root" in problem.next_step


def test_without_libbpf_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libbpf, "_library", None)
    monkeypatch.setattr(libbpf.ctypes.util, "find_library", lambda _name: None)

    def no_library(*_arguments: object, **_named: object) -> None:
        raise OSError("cannot open shared object file")

    monkeypatch.setattr(libbpf.ctypes, "CDLL", no_library)
    root = {"/proc/self/status": b"CapEff:\t000001ffffffffff\n"}
    problem = bpf.unavailable(Machine({**BTF, **root}))
    assert problem is not None
    assert "libbpf.so" in problem.why and "apt-get install libbpf1" in problem.next_step


def test_an_installation_without_the_compiled_program_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bpf, "OBJECT", tmp_path / "watch.bpf.o")
    problem = bpf.unavailable(LocalHost())
    assert problem is not None
    assert "compiled program" in problem.why


@pytest.mark.parametrize(
    ("estimated", "sampled", "least", "most"),
    [
        (1.0, 0.5, 0.5, 0.55),  # fifty samples beat the estimate
        (0.01, 0.0, 0.006, 0.01),  # none says little of a hundredth of a second
        (0.01, 0.04, 0.01, 0.02),
        (0.0, 0.0, 0.0, 0.0),
    ],
)
def test_what_the_engine_took_is_weighed_by_how_sure_each_measure_is(
    estimated: float, sampled: float, least: float, most: float
) -> None:
    assert least <= bpf._weighed(estimated, sampled, 99) <= most
