"""The tracers that are compared: how each is started, when it has begun, how it is asked to end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SETTLE_SECONDS = 1.5
"""until a tracer that does not say so has surely attached"""
LONGEST = 60

NETWORK = "trace=%network,read,readv,write,writev,close"
LOCKS = HERE.parent / "collectors" / "backends" / "bpftrace" / "locks.bt"
HISTOGRAMS = """
tracepoint:raw_syscalls:sys_enter /pid == PID/ { @began[tid] = nsecs; }
tracepoint:raw_syscalls:sys_exit /@began[tid]/ {
    @calls[args->id] = count();
    @took[args->id] = hist(nsecs - @began[tid]);
    @bytes[args->id] = sum(args->ret > 0 ? args->ret : 0);
    delete(@began[tid]);
}
"""


@dataclass
class Tracer:
    """``command`` with PID and SECONDS to be filled in. ``ours`` says "attached" and ends by itself."""

    name: str
    command: tuple[str, ...]
    ours: bool = False
    python_only: bool = False
    attached_ms: list[float] = field(default_factory=list)
    answered_ms: list[float] = field(default_factory=list)
    lost: int = 0

    @property
    def there(self) -> bool:
        return shutil.which(self.command[0]) is not None

    @contextmanager
    def tracing(self, pid: int, seconds: float) -> Iterator[None]:
        """It traces ``pid`` inside this context; ``seconds`` is how long the context will last."""
        filled = [part.replace("PID", str(pid)).replace("SECONDS", str(seconds)) for part in self.command]
        process = subprocess.Popen(
            filled, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        try:
            if self.ours:
                said = process.stdout.readline().split()
                if said[:1] != ["attached"]:
                    raise RuntimeError(f"{self.name} did not attach: {said} {process.stdout.read()}")
                self.attached_ms.append(float(said[1]))
            else:
                time.sleep(SETTLE_SECONDS)
                if process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended: {process.stdout.read()[-400:]}")
            yield
            if self.ours:
                text = process.stdout.read()
                words = text.partition("answered")[2].split()
                if len(words) < 2:
                    raise RuntimeError(f"{self.name} gave no answer: {text[-400:]}")
                self.answered_ms.append(float(words[0]))
                self.lost += int(words[1])
        finally:
            if process.poll() is None and not self.ours:
                process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                process.terminate()
                process.communicate()


def engine(how: str, name: str) -> Tracer:
    return Tracer(name, (sys.executable, str(HERE / "engine_run.py"), "PID", "SECONDS", how), ours=True)


def all_tracers() -> list[Tracer]:
    pyspy = Path(sys.executable).with_name("py-spy")
    tracers = [
        engine("floor", "floor: empty programs on the same hooks"),
        engine("counts", "engine, counts"),
        engine("stacks", "engine, by source line"),
        engine("cpu", "engine, CPU samples at 99 Hz"),
        engine("network", "engine, network"),
        engine("locks", "engine, locks"),
        Tracer("bpftrace, histograms", ("bpftrace", "-e", HISTOGRAMS)),
        Tracer("bpftrace, locks", ("bpftrace", "-p", "PID", str(LOCKS), "0", "PID", *["0"] * 31)),
        Tracer("strace -f -e futex", ("strace", "-f", "-e", "trace=futex", "-o", os.devnull, "-p", "PID")),
        Tracer("perf trace -s", ("perf", "trace", "-s", "-p", "PID")),
        Tracer("strace -f -c", ("strace", "-f", "-c", "-p", "PID")),
        Tracer(
            "strace, socket calls",
            ("strace", "-f", "-T", "-ttt", "-yy", "-xx", "-s256", f"-e{NETWORK}", f"-o{os.devnull}", "-p", "PID"),
        ),
        Tracer(
            "py-spy record, 100 Hz",
            (str(pyspy), "record", "-r", "100", "-d", str(LONGEST), "-f", "raw", "-o", os.devnull, "-p", "PID"),
            python_only=True,
        ),
    ]
    return [tracer for tracer in tracers if tracer.there]


@contextmanager
def tracefs() -> Iterator[None]:
    """perf trace and bpftrace need it; mounted for the run where it is not, and taken away again."""
    folder = Path("/sys/kernel/tracing")
    mount = not (folder / "events").exists()
    if mount:
        subprocess.run(["mount", "-t", "tracefs", "tracefs", str(folder)], check=True)
    try:
        yield
    finally:
        if mount:
            subprocess.run(["umount", str(folder)], check=False)
