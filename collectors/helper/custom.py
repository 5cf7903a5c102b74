"""Programs that the administrator wrote, run on processes that the peer may measure.

What runs is never a caller's text: bpftrace compiles with our rights, and its language was not made to keep anybody
from the kernel's memory. The caller names a program and processes. The text comes from a file of root's, is read and
written anew by the rules of the server and stricter ones, and at each event the process that runs must still belong to
whom it belonged to (guard.py).
"""

import os
import secrets
from collections.abc import Sequence
from typing import Any, NoReturn

from perfdoctor.collectors.backends.bpftrace import command
from perfdoctor.collectors.backends.bpftrace.language.program import Asked, confined
from perfdoctor.collectors.backends.bpftrace.language.program import read as understand
from perfdoctor.collectors.backends.bpftrace.language.refused import ProgramRefusedError
from perfdoctor.collectors.helper import guard, program_files, sandbox
from perfdoctor.collectors.helper.admission import Admitted, Peer
from perfdoctor.collectors.helper.fields import only
from perfdoctor.collectors.helper.policy import Policy
from perfdoctor.collectors.helper.refusal import RefusedError, malformed
from perfdoctor.collectors.helper.running import Bpftrace
from perfdoctor.collectors.helper.slots import EACH, TOTAL, Slots

Answer = tuple[dict[str, Any], bytes, tuple[int, ...]]
_FIRST_PID_NAMESPACE = 4026531836
"""PROC_PID_INIT_INO of the kernel (include/linux/proc_ns.h): the numbers that bpftrace knows processes by"""


class Started:
    """``text`` is what runs."""

    def __init__(self, text: str, mark: str, probes: int) -> None:
        self.text, self.mark, self.probes = text, mark, probes


class Custom:
    """Of one connection, which runs one program. RefusedError for what may not be, OSError when it could not."""

    def __init__(self, peer: Peer, policy: Policy, slots: Slots) -> None:
        self._peer, self._policy, self._slots = peer, policy, slots
        self._running: Bpftrace | None = None

    def programs(self, told: dict[str, Any], data: bytes) -> Answer:
        """Names, each with a line about it."""
        only(told, data)
        self._must_be_allowed()
        try:
            found = program_files.listed(self._policy.programs_folder)
        except OSError:
            found = []
        return {"programs": found}, b"", ()

    def read(self, name: str) -> Asked:
        """A program that may be run."""
        self._must_be_allowed()
        if self._running is not None:
            raise malformed("This connection has its program.")
        text = program_files.read(self._policy.programs_folder, name)
        try:
            return understand(text, resolve=_no_files, lent=True)
        except ProgramRefusedError as refusal:
            raise RefusedError(f"The program {name} may not be run: {refusal.what}", refusal.why) from refusal

    def start(self, program: Asked, processes: Sequence[Admitted], *, children: bool) -> Started:
        """The first of ``processes`` is the target; with ``children`` what they fork is seen, too."""
        if not sandbox.known() or not _in_first_namespace():
            raise RefusedError(
                "Programs cannot be run on this machine.",
                "It is no x86_64 or aarch64, or the helper is in a container, where bpftrace knows no processes.",
            )
        if not self._slots.take(self._peer.uid):
            raise RefusedError(
                "Too many programs run at once.", f"The helper runs {EACH} of one user's, and {TOTAL} of everybody's."
            )
        mark = f"tick {secrets.token_hex(8)}"
        whose = "" if self._policy.may_measure_all(self._peer.uid) else guard.whose(processes[0].owner)
        ran = confined(program, [one.pid for one in processes], follow=children, mark=mark, whose=whose)
        try:
            self._running = Bpftrace(ran.text, command.CUSTOM_ENVIRONMENT)
        except (FileNotFoundError, PermissionError) as error:
            raise RefusedError("Programs cannot be run on this machine.", f"{error.strerror or error}.") from error
        return Started(ran.text, mark, ran.probes)

    def output(self, told: dict[str, Any], data: bytes) -> Answer:
        """What it has said since it was asked last; ``code`` when that was all."""
        only(told, data)
        running = self._run()
        said, ended = running.take()
        about: dict[str, Any] = {"errors": running.errors}
        if ended:
            about["code"] = running.code
        return about, said, ()

    def interrupt(self, told: dict[str, Any], data: bytes) -> Answer:
        only(told, data)
        self._run().interrupt()
        return {}, b"", ()

    def close(self) -> None:
        if self._running is not None:
            self._running.close()
            self._running = None

    def _run(self) -> Bpftrace:
        if self._running is None:
            raise malformed("Nothing runs.")
        return self._running

    def _must_be_allowed(self) -> None:
        if not self._policy.may_run_programs(self._peer.uid):
            raise RefusedError(
                f"User {self._peer.uid} may not have programs run.",
                "The helper's policy (programs in /etc/perfdoctor/helper.toml) does not allow it.",
            )


def _in_first_namespace() -> bool:
    return os.stat("/proc/self/ns/pid").st_ino == _FIRST_PID_NAMESPACE  # noqa: PTH116


def _no_files(_name: str) -> NoReturn:
    raise ProgramRefusedError("Files may not be probed.", "The helper reads none of the target's.", "Leave it out.")
