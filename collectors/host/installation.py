"""Installs the privileged helper: a copy of what it runs that only root can write, its units, and its policy.

Nothing that another user may write is ever executed by the unit: neither our checkout nor a virtual environment, and
an interpreter only if it and its library are root's.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfdoctor.collectors.backends.bpf import command
from perfdoctor.collectors.helper import policy, unit
from perfdoctor.collectors.text import clean, quoted
from perfdoctor.schemas.problem import ProblemError

_OLDEST = (3, 11)
_HOMES = ("/root/", "/home/", "/run/user/")
"""what ProtectHome= hides"""
_UNITS = "/etc/systemd/system"
_HELPER = ("__init__", "admission", "custom", "daemon", "fields", "guard", "kernel_names", "main", "policy",
           "probed_file", "program_files", "protocol", "refusal", "running", "sandbox", "session", "slots",
           "worker")  # fmt: skip
_READING = ("__init__", "command", "language/__init__", "language/expressions", "language/probes", "language/program",
            "language/refused", "language/rules", "language/tokens")  # fmt: skip
"""of the bpftrace language"""
_BPF = ("__init__", "command", "libbpf", "uprobe_multi")
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Installed:
    """What was written, and what is left to do by hand (empty: nothing)."""

    files: tuple[str, ...]
    left: tuple[str, ...]


def units(python: str) -> dict[str, str]:
    """Path and text of each unit."""
    return {
        f"{_UNITS}/{unit.NAME}.socket": unit.SOCKET_UNIT,
        f"{_UNITS}/{unit.NAME}.service": unit.service_unit(python),
    }


def policy_text(allow: Sequence[str]) -> str:
    return (
        "# Who may use perfdoctor's privileged helper: see docs/helper.md. Read when it starts:\n"
        f"# systemctl restart {unit.NAME}.service\n"
        f"allow = {json.dumps(list(allow))}\n"
    )


def install(allow: Sequence[str], *, python: str | None = None, root: str = "/", look: bool = True) -> Installed:
    """Write everything below ``root``, and start it where that is / and systemd runs. A policy that is there is kept.
    ProblemError when we are not root, a user is unknown, or there is no interpreter that only root can write (``look``
    False, for packages: ``python`` is taken as it is, for it may not be there yet)."""
    _must_be_root(root)
    chosen = python if python and not look and root != "/" else find_python(python)
    wanted = policy_text(allow)
    try:
        policy.parse({"allow": list(allow)})
    except policy.PolicyError as error:
        raise ProblemError("The policy cannot be written.", f"{error}.", "Name users of this machine.") from error
    written = [*_copy_programs(Path(root)), *(_write(Path(root), path, text) for path, text in units(chosen).items())]
    if not _below(Path(root), policy.FILE).exists():
        written.append(_write(Path(root), policy.FILE, wanted))
    left: list[str] = []
    commands = [["systemctl", "daemon-reload"], ["systemctl", "enable", "--now", f"{unit.NAME}.socket"]]
    if root == "/" and Path("/run/systemd/system").is_dir():
        commands.append(["systemctl", "try-restart", f"{unit.NAME}.service"])
        for argv in commands:
            _run(argv)
    else:
        left = [" ".join(argv) for argv in commands]
    return Installed(tuple(written), tuple(left))


def uninstall(*, root: str = "/") -> Installed:
    """Stop it, and remove all but the policy."""
    _must_be_root(root)
    if root == "/" and Path("/run/systemd/system").is_dir():
        for name in (f"{unit.NAME}.socket", f"{unit.NAME}.service"):
            subprocess.run(["systemctl", "disable", "--now", name], capture_output=True, timeout=_SECONDS, check=False)
    gone = []
    for path in units(""):
        place = _below(Path(root), path)
        if place.exists():
            place.unlink()
            gone.append(str(place))
    folder = _below(Path(root), unit.FOLDER)
    if folder.is_dir():
        shutil.rmtree(folder)
        gone.append(str(folder))
    return Installed(tuple(gone), ())


def find_python(asked: str | None) -> str:
    """An interpreter that only root can write, together with its library. ProblemError when there is none."""
    candidates = [asked] if asked else ["/usr/bin/python3", os.path.realpath(sys.executable)]
    whys = []
    for candidate in candidates:
        why = _unfit(candidate)
        if why is None:
            return candidate
        whys.append(f"{candidate}: {why}")
    raise ProblemError(
        "No Python was found that the helper may run.",
        f"It must be of version {_OLDEST[0]}.{_OLDEST[1]} or newer, and nobody but root may be able to change it: "
        + "; ".join(whys)
        + ".",
        "Install the system's python3, or name one: perfdoctor helper install --python /usr/bin/python3.11",
    )


def _unfit(python: str) -> str | None:
    if not python.startswith("/") or not os.access(python, os.X_OK):
        return "it is not there"
    if os.path.realpath(python).startswith(_HOMES):
        return "it lies in a home folder, which the unit does not see"
    if writer := who_else_may_write([Path(python), Path(os.path.realpath(python))]):
        return writer
    # (Looked at before it is run, by us who are root.)
    ask = "import json, sys; print(json.dumps([sys.version_info[:2], [p for p in sys.path if p]]))"
    try:
        said = subprocess.run([python, "-I", "-S", "-c", ask], capture_output=True, timeout=_SECONDS, check=True)
        version, folders = json.loads(said.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return "it does not run"
    if tuple(version) < _OLDEST:
        return f"it is of version {version[0]}.{version[1]}"
    for folder in map(Path, folders):
        if folder.exists() and (writer := who_else_may_write([folder, *_all_below(folder)])):
            return writer
    return None


def who_else_may_write(paths: Sequence[Path]) -> str | None:
    """Why somebody besides root may change one of these files, or put another in its place; None when nobody may."""
    looked: set[Path] = set()
    for path in paths:
        for place in [path, *path.parents]:
            if place in looked:
                break
            looked.add(place)
            found = place.lstat()
            if found.st_uid != 0:
                return f"{clean(str(place), 200)} is not root's"
            if not stat.S_ISLNK(found.st_mode) and found.st_mode & 0o022:
                return f"{clean(str(place), 200)} may be written by others"
    return None


def _all_below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("site-packages", "dist-packages", "test")]
        yield from (Path(place) / name for name in [*folders, *files])


def _copy_programs(root: Path) -> Iterator[str]:
    """The few files that the helper runs, from where we were imported, into a folder of root's."""
    bpf = Path(str(command.__file__)).parent
    collectors = bpf.parents[1]
    # (perfdoctor/__init__.py stands beside the rooms in a checkout, above them where it is installed)
    import perfdoctor

    yield _copy(root, Path(str(perfdoctor.__file__)), "perfdoctor/__init__.py")
    for name in ("collectors/__init__.py", "collectors/text.py", "collectors/backends/__init__.py"):
        yield _copy(root, collectors.parent / name, f"perfdoctor/{name}")
    for name in _HELPER:
        yield _copy(root, collectors / "helper" / f"{name}.py", f"perfdoctor/collectors/helper/{name}.py")
    for name in _READING:
        yield _copy(root, bpf.parent / "bpftrace" / f"{name}.py", f"perfdoctor/collectors/backends/bpftrace/{name}.py")
    for file in [*(f"{name}.py" for name in _BPF), *(f"{name}.bpf.o" for name in command.OBJECTS)]:
        yield _copy(root, bpf / file, f"perfdoctor/collectors/backends/bpf/{file}")


def _copy(root: Path, source: Path, name: str) -> str:
    return _write(root, f"{unit.FOLDER}/{name}", source.read_bytes())


def _write(root: Path, path: str, content: str | bytes) -> str:
    """Whole or not at all, root's, readable by everybody."""
    place = _below(root, path)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    made = place.with_name(f".{place.name}.new")
    made.unlink(missing_ok=True)
    made.write_bytes(content.encode() if isinstance(content, str) else content)
    made.chmod(0o644)
    made.replace(place)
    return str(place)


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _must_be_root(root: str) -> None:
    if root == "/" and os.geteuid() != 0:
        raise ProblemError(
            "The helper can only be installed by root.",
            "It is a service of the system.",
            "Run it with sudo; --dry-run shows what it would write, --root DIR writes it elsewhere.",
        )


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise ProblemError(
            f"{' '.join(argv)} failed.", quoted(clean(done.stderr, 400), 400), "Look at it by hand: all is written."
        )
