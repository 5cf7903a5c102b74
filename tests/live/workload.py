"""Start a program with a known answer, tell it when to work, read its truth, and leave nothing behind.

``async with workload("known_counts.py") as program:`` waits until it says "ready"; ``await program.go()`` lets it do
its work once and returns what it did, line by line. Programs that work by themselves need no ``go``.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import psutil
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.live.control_groups import limited_cpu
from tests.live.need import need

WORKLOADS = Path(__file__).parent.parent / "workloads"
C_FLAGS = ("-O1", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread")
_PACKAGED = Path("/usr/share")
"""Where the packages of a distribution put jars (below ``java``) and sources of Go (below ``gocode``)."""
_LONGEST_LINE = 1 << 20
_PROGRAMS = {".js": "node", ".rb": "ruby", ".php": "php", ".pl": "perl", ".escript": "escript"}
_OURS = {**os.environ, "PYTHON": sys.executable, "SERVICES": str(WORKLOADS / "services.py")}
"""(a program in another language may start services.py)"""


@dataclass(frozen=True, slots=True)
class LineTruth:
    """What one line of a workload did: see tests/workloads/known_counts.py for the fields."""

    line: int
    marker: str
    function: str
    process: str
    syscalls: tuple[str, ...]
    calls: int
    errors: int
    empty: int
    bytes: int
    seconds: float


class Workload:
    """A running program. ``pid`` is its pid as we see it, ``inner_pid`` as it sees itself; ``executable`` what runs."""

    def __init__(self, process: Process, source: Path, executable: str) -> None:
        self._process = process
        assert process.stdout is not None
        self._lines = BufferedByteReceiveStream(process.stdout)
        self.source = source
        self.executable = executable
        self.pid = process.pid
        self.inner_pid = 0

    async def line(self, within: float = 30) -> str:
        """The next line that it prints."""
        with anyio.fail_after(within):
            return (await self._lines.receive_until(b"\n", _LONGEST_LINE)).decode()

    async def ready(self, within: float = 30) -> None:
        word = (await self.line(within)).split()
        assert word[0] == "ready", f"{self.source.name} said {word} before it said ready"
        self.inner_pid = int(word[1]) if len(word) > 1 else self.pid
        if self.inner_pid != self.pid:
            self.pid = self._seen_from_here()

    def _seen_from_here(self) -> int:
        """The program was started through another (unshare, sudo …): it is the descendant that knows itself by that
        pid, in its own namespace (the last number of NSpid)."""
        for child in psutil.Process(self._process.pid).children(recursive=True):
            status = Path(f"/proc/{child.pid}/status").read_text()
            own = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1]
            if int(own) == self.inner_pid:
                return int(child.pid)
        raise AssertionError(f"no descendant of {self._process.pid} is pid {self.inner_pid} to itself")

    async def tell(self, word: str) -> None:
        assert self._process.stdin is not None
        await self._process.stdin.send(f"{word}\n".encode())

    async def work(self, within: float = 60) -> dict[str, Any]:
        """Let it work once; what it says that it did. It stays alive, idle, until it is stopped."""
        await self.tell("go")
        told: dict[str, Any] = json.loads(await self.line(within))
        return told

    async def go(self, within: float = 60) -> dict[int, LineTruth]:
        """Let a workload of known counts work once; what it did, by line number."""
        told = await self.work(within)
        return {
            int(line): LineTruth(line=int(line), **{**truth, "syscalls": tuple(truth["syscalls"])})
            for line, truth in told["line"].items()
        }

    async def stop(self) -> None:
        """Ask, then kill: it and everything that it started."""
        with anyio.CancelScope(shield=True):
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await self.tell("stop")
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            with anyio.move_on_after(3):
                await self._process.wait()
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.aclose()


@asynccontextmanager
async def workload(
    source: str,
    *arguments: str,
    interpreter: str = sys.executable,
    prefix: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    c_flags: tuple[str, ...] = (),
    program: str = "",
) -> AsyncIterator[Workload]:
    """A workload, ready: a file below tests/workloads, run by ``interpreter`` (.py), by the program for its ending
    (.js, .rb …) or compiled (.c, .cpp, .rs, .go; .java: ``c_flags`` are options of the machine; so they are of Ruby,
    PHP and Perl). ``program``: it was built already, and this is what runs.

    ``prefix`` goes before the command (``("unshare", "--pid", "--fork", "--mount-proc")``). The program runs in a
    folder of its own, on a disk (a sync in memory costs nothing), which is removed when it has ended. A first line with
    ``limit-cpu=0.3`` puts it into a control group with so many cores, once it is ready.
    """
    path = WORKLOADS / source
    started = [program] if program else _command(path, interpreter, c_flags)
    command = [*prefix, *started, *arguments]
    limited = re.search(r" limit-cpu=([\d.]+)", path.read_text().partition("\n")[0])
    with (
        ExitStack() as around,
        TemporaryDirectory(dir="/var/tmp", prefix="perfdoctor-workload-", ignore_cleanup_errors=True) as folder,
    ):
        group = around.enter_context(limited_cpu(float(limited[1]))) if limited else None
        Path(folder).chmod(0o777)  # for programs that run as somebody else
        process = await anyio.open_process(
            command, stderr=None, start_new_session=True, cwd=folder, env={**_OURS, **(environment or {})}
        )
        running = Workload(process, path, started[0])
        try:
            await running.ready()
            if group:
                (group / "cgroup.procs").write_text(str(running.pid))
            yield running
        finally:
            await running.stop()


def _command(path: Path, interpreter: str, c_flags: tuple[str, ...]) -> list[str]:
    if path.suffix == ".py":
        return [interpreter, str(path)]
    if path.suffix == ".java":
        need(shutil.which("java") and shutil.which("javac"), f"{path.name} needs a JDK")
        classes = ":".join([str(classes_of(path)), *_jars(path)])
        return ["java", *c_flags, "-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", classes, path.stem]
    if path.suffix in (".c", ".cpp", ".rs", ".go"):
        return [str(compiled(path, c_flags))]
    program = _PROGRAMS[path.suffix]
    need(shutil.which(program), f"{path.name} needs {program}")
    return [program, *c_flags, str(path)]


@cache
def _build_folder() -> TemporaryDirectory[str]:
    """Removed when the interpreter ends."""
    return TemporaryDirectory(prefix="perfdoctor-workloads-")


@cache
def compiled(path: Path, flags: tuple[str, ...] = ()) -> Path:
    """A workload that is compiled, built once per test run; ``flags`` come on top. C and C++ have frame pointers and
    line numbers; the first line may ask for more: ``/* build: -static``. Go finds the packages of the system."""
    # (a problem and its repaired twin have the same name)
    name = "".join([path.stem, *flags]).replace("/", "_")
    output = Path(_build_folder().name) / f"{path.parent.name}{path.suffix}" / name
    output.parent.mkdir(exist_ok=True)
    environment = dict(os.environ)
    if path.suffix == ".rs":
        compiler, fixed = shutil.which("rustc"), ["-g"]
    elif path.suffix == ".go":
        compiler, fixed = shutil.which("go"), ["build"]
        # nothing is to be fetched, and no module is around it
        offline = {"GOFLAGS": "-mod=mod", "GO111MODULE": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
        environment |= offline | {"GOPATH": str(_PACKAGED / "gocode")}
    else:
        compiler = shutil.which("c++" if path.suffix == ".cpp" else "cc") or shutil.which("gcc")
        fixed, flags = [*C_FLAGS], (*flags, *_asked_for(path), "-lm")
    need(compiler, f"{path.name} needs its compiler")
    command = [str(compiler), *fixed, "-o", str(output)]
    if path.suffix in (".rs", ".go"):
        command += [*flags, str(path)]
    else:
        command += [str(path), *flags]
    subprocess.run(command, check=True, env=environment)
    return output


def _asked_for(path: Path) -> list[str]:
    """What the first line of a workload asks for beyond what all of its language get."""
    return path.read_text().partition("\n")[0].partition(" build: ")[2].removesuffix("*/").split()


def _jars(path: Path) -> list[str]:
    jars = [_PACKAGED / "java" / name for name in _asked_for(path)]
    for jar in jars:
        need(jar.exists(), f"{path.name} needs {jar}")
    return list(map(str, jars))


@cache
def classes_of(path: Path) -> Path:
    """The folder with the classes of a Java workload (which is on its class path), and its source beside them. Its
    first line may ask for jars of the system: ``// build: postgresql.jar``."""
    # (a problem and its repaired twin have the same name)
    output = Path(_build_folder().name) / path.parent.name / path.stem
    output.mkdir(parents=True)
    for folder in (output.parent, output.parent.parent):
        folder.chmod(0o755)  # for programs that run as somebody else
    shutil.copy(path, output)
    classes = ":".join([str(output), *_jars(path)])
    subprocess.run([str(shutil.which("javac")), "-g", "-cp", classes, "-d", str(output), str(path)], check=True)
    return output


@cache
def python_interpreters() -> dict[str, str]:
    """CPython interpreters by minor version ("3.12"), as found under the version manager and on PATH."""
    manager = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [*sorted(manager.glob("versions/*/bin/python3")), Path(sys.executable)]
    found += [Path(path) for minor in range(8, 20) if (path := shutil.which(f"python3.{minor}"))]
    versions: dict[str, str] = {}
    for interpreter in found:
        asked = [
            str(interpreter),
            "-c",
            "import sys; print('%s %d.%d' % (sys.implementation.name, *sys.version_info[:2]))",
        ]
        told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
        if told[:1] == ["cpython"]:
            versions.setdefault(told[1], str(interpreter))
    return versions
