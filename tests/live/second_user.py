"""A real second user, programs that run as that user, and the privileged helper as its unit would run it."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from perfdoctor.collectors.helper import unit
from perfdoctor.collectors.helper.policy import FILE
from perfdoctor.collectors.host import installation
from perfdoctor.collectors.host.helper import HelperClient
from tests.live import become
from tests.live.need import need

ROOT = Path(__file__).resolve().parents[2]
NAME = "perfdoctor-test"
NOBODY = 65534


@dataclass
class SecondUser:
    """``folder`` can be read by everybody; ``python`` runs there as the user does."""

    uid: int
    gid: int
    folder: Path
    binds: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> str:
        return f"{self.folder}/python/bin/{Path(os.path.realpath(sys.executable)).name}"

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def environment(self, **more: str) -> dict[str, str]:
        paths = f"{self.checkout}:{self.folder}/packages"
        home = str(self.folder / "home")
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": home,
            "PYTHONPATH": paths,
            "LD_LIBRARY_PATH": f"{self.folder}/python/lib",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PERFDOCTOR_STATE": f"{home}/state",
            **more,
        }

    def argv(self, *argv: str) -> list[str]:
        """What root runs so that the user runs ``argv``."""
        binds = [f"{name}={path}" for name, path in self.binds.items()]
        script = str(become.__file__)
        return [sys.executable, "-I", "-S", script, str(self.uid), str(self.gid), str(self.folder), *binds, "--", *argv]


@contextmanager
def second_user() -> Iterator[SecondUser]:
    """Made by useradd, and removed again."""
    need(os.geteuid() == 0, "only root can become another user")
    try:
        known = pwd.getpwnam(NAME)
    except KeyError:
        need(shutil.which("useradd"), "useradd must be installed")
        subprocess.run(["useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME], check=True)
        known = pwd.getpwnam(NAME)
    folder = Path(mkdtemp(prefix="perfdoctor-workload-user-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        for name in ("python", "checkout", "packages", "home"):
            (folder / name).mkdir()
        os.chown(folder / "home", known.pw_uid, known.pw_gid)
        binds = {
            "python": os.path.realpath(sys.base_prefix),
            "checkout": str(ROOT),
            "packages": sysconfig.get_path("purelib"),
        }
        yield SecondUser(known.pw_uid, known.pw_gid, folder, binds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["userdel", NAME], check=False, capture_output=True)


class RunningHelper:
    """The daemon from its private copy, as nobody with the capabilities of its unit and no others, on a socket that is
    passed to it. ``start`` again after ``stop``: the socket stays, as with systemd."""

    def __init__(self, user: SecondUser, policy: str) -> None:
        self.user = user
        self.root = Path(mkdtemp(prefix="helper-", dir=user.folder))
        self.root.chmod(0o755)
        self.path = self.root / "helper.sock"
        self.process: subprocess.Popen[bytes] | None = None
        installation.install([], root=str(self.root), python=self.user.python, look=False)
        (self.root / FILE.lstrip("/")).write_text(policy)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.path))
        self.path.chmod(0o666)
        self._listener.listen(64)

    def start(self) -> None:
        held = "-all," + ",".join(f"+{name.removeprefix('CAP_').lower()}" for name in unit.CAPABILITIES)
        # (root sees the files as the user does)
        root = SecondUser(0, 0, self.user.folder, self.user.binds)
        command = [
            "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs",
            f"--inh-caps={held}", f"--ambient-caps={held}", f"--bounding-set={held}", "--",
            self.user.python, "-I", "-S", f"{self.root}{unit.PROGRAM}", "--policy", f"{self.root}{FILE}",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            root.argv(*command),
            stderr=subprocess.PIPE,
            pass_fds=[self._listener.fileno()],
            env=self.user.environment(PASS_SOCKET=str(self._listener.fileno())),
        )
        problem = HelperClient(str(self.path)).unavailable()
        assert problem is None, problem

    def offer(self, name: str, text: str) -> Path:
        """A program of the administrator's."""
        folder = (self.root / FILE.lstrip("/")).parent / "programs"
        folder.mkdir(mode=0o755, exist_ok=True)
        file = folder / f"{name}.bt"
        file.write_text(text)
        file.chmod(0o644)
        return file

    def workers(self) -> list[int]:
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in children.read_text().split()]

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(10)
            if self.process.stderr:
                self.process.stderr.close()
            self.process = None

    def close(self) -> None:
        self.stop()
        self._listener.close()


@contextmanager
def running_helper(user: SecondUser, policy: str | None = None) -> Iterator[RunningHelper]:
    helper = RunningHelper(user, policy if policy is not None else f"allow = [{user.uid}]\n")
    try:
        helper.start()
        yield helper
    finally:
        helper.close()
