"""A Host made of a few texts, for what this machine is not: an older kernel, a container, another user's process."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from perfdoctor.collectors.host.base import Memory, Program


@dataclass
class Machine:
    """``files`` and ``links`` by path; ``denied`` paths begin so and raise PermissionError. Folders follow from the
    paths."""

    attach_runtimes = True
    helper = None

    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    denied: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    def which(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if program in self.programs else None

    def run(
        self,
        argv: Sequence[str],
        *,
        kill: bool = True,
        tracefs: bool = False,
        extra_environment: dict[str, str] | None = None,
    ) -> AbstractAsyncContextManager[Program]:
        raise AssertionError(f"{argv} should not be run")

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        return self._allowed(self.files, path).encode("utf-8", "surrogateescape")[:limit]

    def read_link(self, path: str) -> str:
        return self._allowed(self.links, path)

    def list_folder(self, path: str) -> list[str]:
        if path.startswith(self.denied or ("\0",)):
            raise PermissionError(13, "denied", path)
        below = path.rstrip("/") + "/"
        names = {
            known[len(below) :].partition("/")[0] for known in (*self.files, *self.links) if known.startswith(below)
        }
        if not names:
            raise FileNotFoundError(2, "not there", path)
        return sorted(names)

    def memory(self, pid: int) -> Memory:
        raise PermissionError(13, "denied", f"/proc/{pid}/mem")

    def forget_references(self, pid: int) -> None:
        raise PermissionError(13, "denied", f"/proc/{pid}/clear_refs")

    def _allowed(self, kept: dict[str, str], path: str) -> str:
        if path.startswith(self.denied or ("\0",)):
            raise PermissionError(13, "denied", path)
        if path not in kept:
            raise FileNotFoundError(2, "not there", path)
        return kept[path]


def process(
    pid: int,
    name: str = "shop",
    *,
    parent: int = 1,
    state: str = "S",
    flags: int = 0,
    threads: int = 1,
    uid: int = 1000,
    leader: int | None = None,
    inner: int | None = None,
    capabilities: int = 0,
    command: str = "",
    exe: str | None = "/usr/bin/shop",
    start: int = 500,
) -> tuple[dict[str, str], dict[str, str]]:
    """(files, links) of one process below /proc, as Linux 6.18 words them."""
    below = f"/proc/{pid}"
    stat = f"{pid} ({name}) {state} {parent} 0 0 0 -1 {flags} 0 0 0 0 1 2 0 0 20 0 {threads} 0 {start} 0 10 0\n"
    status = (
        f"Name:\t{name}\nTgid:\t{leader or pid}\nNSpid:\t{pid}\t{inner or pid}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"
        f"CapEff:\t{capabilities:016x}\nSeccomp:\t0\n"
    )
    files = {f"{below}/stat": stat, f"{below}/status": status, f"{below}/cmdline": command, f"{below}/maps": ""}
    links = {f"{below}/exe": exe, f"{below}/cwd": "/srv"} if exe else {}
    return files, links


def machine(*processes: tuple[dict[str, str], dict[str, str]], uid: int = 1000, capabilities: int = 0) -> Machine:
    """A machine on which perfdoctor is process 77 of user ``uid``."""
    ours, _ = process(77, "perfdoctor", uid=uid, capabilities=capabilities)
    files = {"/proc/self/status": ours["/proc/77/status"], "/proc/self/mounts": "proc /proc proc rw 0 0\n", **ours}
    links = {"/proc/self": "77"}
    for more_files, more_links in processes:
        files |= more_files
        links |= more_links
    files["/proc/uptime"] = "100.00 50.00\n"
    return Machine(files, links)
