"""A real second user, programs that run as that user, and the privileged helper as its unit would run it."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from perfdoctor.collectors.host.helper import HelperClient
from tests.live import become
from tests.live.need import need

ROOT = Path(__file__).resolve().parents[2]
NAME = "perfdoctor-test"
NOBODY = 65534
CAPABILITIES = ("bpf", "perfmon", "sys_ptrace", "dac_read_search", "syslog")
"""those of the unit (collectors/helper/unit.py), without ``CAP_``"""


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
        for name in ("python", "checkout", "packages", "home", "helper"):
            (folder / name).mkdir()
        os.chown(folder / "home", known.pw_uid, known.pw_gid)
        os.chown(folder / "helper", NOBODY, NOBODY)
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
    """The daemon, as nobody with the capabilities of its unit and no others, listening at ``path``."""

    def __init__(self, user: SecondUser, policy: str) -> None:
        self.user, self._policy = user, policy
        self.path = user.folder / "helper" / "helper.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        file = self.user.folder / "helper" / "policy.toml"
        file.write_text(self._policy)
        os.chown(file, NOBODY, NOBODY)
        self.path.unlink(missing_ok=True)
        held = "-all," + ",".join(f"+{name}" for name in CAPABILITIES)
        program = self.user.checkout / "collectors" / "helper" / "main.py"
        # (the user's view of the files, but not yet the user)
        root = SecondUser(0, 0, self.user.folder, self.user.binds)
        command = [
            "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs",
            f"--inh-caps={held}", f"--ambient-caps={held}", f"--bounding-set={held}", "--",
            self.user.python, "-I", "-S", str(program), "--policy", str(file), "--socket", str(self.path),
        ]  # fmt: skip
        self.process = subprocess.Popen(root.argv(*command), stderr=subprocess.PIPE, env=self.user.environment())
        for _ in range(200):
            if self.path.exists() and HelperClient(str(self.path)).unavailable() is None:
                return
            assert self.process.poll() is None, (self.process.stderr or sys.stderr).read()
            time.sleep(0.05)
        raise AssertionError("the helper does not listen")

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


@contextmanager
def running_helper(user: SecondUser, policy: str | None = None) -> Iterator[RunningHelper]:
    helper = RunningHelper(user, policy if policy is not None else f"allow = [{user.uid}]\n")
    helper.start()
    try:
        yield helper
    finally:
        helper.stop()
