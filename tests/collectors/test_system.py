"""What tools-check says of machines that are not this one."""

import pytest

from perfdoctor.collectors.machine import distribution
from perfdoctor.collectors.system import check_tools
from perfdoctor.collectors.target import user_name
from perfdoctor.schemas.system import BackendState, ToolsAnswer
from tests.collectors.machine import Machine, machine, process

pytestmark = pytest.mark.anyio

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n'
UBUNTU = 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nNAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n'
ROCKY = 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nPRETTY_NAME="Rocky Linux 9.4"\n'
SUSE = 'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nPRETTY_NAME="openSUSE Leap 15.6"\n'
ARCH = 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\n'
ALPINE = 'NAME="Alpine Linux"\nID=alpine\nPRETTY_NAME="Alpine Linux v3.20"\n'
NIXOS = 'NAME=NixOS\nID=nixos\nPRETTY_NAME="NixOS 24.05"\n'


@pytest.mark.parametrize(
    ("release", "program", "command"),
    [
        (DEBIAN, "strace", "apt-get install -y strace"),
        (DEBIAN, "perf", "apt-get install -y linux-perf"),
        (DEBIAN, "libbpf", "apt-get install -y libbpf1"),
        (UBUNTU, "perf", "apt-get install -y linux-tools-common linux-tools-6.8.0-45-generic"),
        (ROCKY, "perf", "dnf install -y perf"),
        (ROCKY, "libbpf", "dnf install -y libbpf"),
        (SUSE, "bpftrace", "zypper --non-interactive install bpftrace"),
        (ARCH, "ltrace", "pacman -S --noconfirm ltrace"),
        (ALPINE, "strace", "apk add strace"),
        (NIXOS, "strace", "install strace with the package manager of NixOS 24.05"),
    ],
)
def test_the_command_that_installs(release: str, program: str, command: str) -> None:
    assert distribution.parse(release).install(program, "6.8.0-45-generic", root=True) == command


def test_who_is_not_root_needs_sudo() -> None:
    here = distribution.parse(DEBIAN)
    assert here.install("strace", "6.1", root=False) == "sudo apt-get install -y strace"


def bare(release: str = DEBIAN) -> Machine:
    """No program, no BTF, no privilege."""
    host = machine(
        process(42, exe="/usr/bin/python3.12"), process(43, exe="/usr/bin/python3.9"), process(44, exe="/usr/bin/node")
    )
    host.files |= {
        "/etc/os-release": release,
        "/proc/sys/kernel/osrelease": "6.8.0-45-generic\n",
        "/proc/sys/kernel/perf_event_paranoid": "4\n",
        "/proc/sys/kernel/unprivileged_bpf_disabled": "2\n",
        "/proc/sys/kernel/yama/ptrace_scope": "1\n",
        "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
        "/proc/self/stat": host.files["/proc/77/stat"],
        "/proc/self/cgroup": "0::/docker-" + "3f4e" * 16 + ".scope\n",
    }
    host.links["/proc/self/ns/pid"] = "pid:[4026532281]"
    return host


def of(answer: ToolsAnswer, backend: str) -> BackendState:
    return next(state for state in answer.backends if state.backend == backend)


async def test_a_machine_on_which_nothing_can_be_traced() -> None:
    answer = await check_tools(bare())
    assert answer.summary == "System calls cannot be traced here. CPU time cannot be traced here."
    assert [state.backend for state in answer.backends if state.available] == ["jvm", "sockets", "proc"]
    assert of(answer, "strace").unlock == "sudo apt-get install -y strace"
    assert of(answer, "perf").unlock == "sudo apt-get install -y linux-perf"
    assert (of(answer, "py-spy").unlock or "").endswith("-m pip install py-spy")
    assert "BTF" in of(answer, "bpf").why
    for state in answer.backends:
        assert state.available or (state.why and state.unlock), state
    assert answer.kernel == "6.8.0-45-generic" and answer.privileges == (f"user {user_name(1000)}",)


async def test_capabilities_are_named() -> None:
    host = bare()
    host.files |= machine(capabilities=1 << 19 | 1 << 38 | 1 << 39 | 1 << 12).files
    assert (await check_tools(host)).privileges[1:] == ("CAP_SYS_PTRACE", "CAP_PERFMON", "CAP_BPF")


async def test_what_the_kernel_forbids_is_told() -> None:
    told = {feature.feature: feature for feature in (await check_tools(bare())).features}
    assert not told["BTF"].available
    assert not told["BPF without privilege"].available
    assert told["perf events"].detail == "kernel.perf_event_paranoid is 4"
    assert "only one's own children" in told["ptrace"].detail
    assert told["lockdown"].available and told["lockdown"].detail.startswith("integrity")
    assert not told["tracefs"].available and not told["pressure stall information"].available
    assert told["in a container"].available and "docker 3f4e3f4e3f4e" in told["in a container"].detail
    assert "only processes of this pid namespace" in told["in a container"].detail


async def test_runtimes_that_run_now() -> None:
    assert (await check_tools(bare())).runtimes == (
        "node (1 running): source lines of CPU time, functions of system calls and new objects",
        "python3.12 (1 running): source lines",
        "python3.9 (1 running): source lines",
    )


async def test_a_program_that_is_there_but_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ubuntu's perf is a script that looks for the one of the running kernel."""

    async def version(host: Machine, program: str) -> tuple[int, str]:
        return 2, "WARNING: perf not found for kernel 6.8.0-45\n"

    monkeypatch.setattr("perfdoctor.collectors.system._version", version)
    host = bare(UBUNTU)
    host.programs = ("perf",)
    perf = of(await check_tools(host), "perf")
    assert not perf.available and "perf not found for kernel" in perf.why
    assert perf.unlock == "sudo apt-get install -y linux-tools-common linux-tools-6.8.0-45-generic"
