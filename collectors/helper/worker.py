"""The process that serves one connection. All that it holds goes when it ends: programs, links, tables, descriptors."""

import ctypes
import os
import resource
import signal
import socket
import sys
from contextlib import suppress

from perfdoctor.collectors.helper import protocol
from perfdoctor.collectors.helper.admission import Peer, peer_of
from perfdoctor.collectors.helper.policy import Policy
from perfdoctor.collectors.helper.refusal import RefusedError
from perfdoctor.collectors.helper.session import Answer, Session
from perfdoctor.collectors.helper.slots import Slots

_PR_SET_PDEATHSIG = 1
IDLE_SECONDS = 30.0
"""A client asks twenty times a second while its window is open: who says nothing for so long has left its place."""
_MOST_REFUSALS = 256
_LIMITS = {
    resource.RLIMIT_AS: 1 << 30,
    resource.RLIMIT_NOFILE: 8192,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 0,
}


def run(connection: socket.socket, policy: Policy, daemon: int, slots: Slots) -> None:
    """Serve until the client goes, the time is up, or it asks for nonsense. Does not return."""
    code = 1
    try:
        _confine(policy, daemon)
        serve(connection, peer_of(connection), policy, slots)
        code = 0
    except RefusedError as refusal:
        with suppress(OSError):
            protocol.send(connection, {"refused": refusal.what, "why": refusal.why})
    except BaseException as error:  # whatever it was, this process ends here
        sys.stderr.write(f"perfdoctor-helper: {type(error).__name__}: {error}\n"[:500])
    finally:
        os._exit(code)


def _confine(policy: Policy, daemon: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != daemon:  # it died before we asked to die with it
        os._exit(1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    for limit, most in _LIMITS.items():
        hard = resource.getrlimit(limit)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))
    signal.setitimer(signal.ITIMER_REAL, policy.seconds)  # SIGALRM ends us, and with us the window


def serve(connection: socket.socket, peer: Peer, policy: Policy, slots: Slots) -> None:
    """Answer until the connection ends. A message that is none ends it."""
    connection.settimeout(IDLE_SECONDS)
    session, refusals = Session(peer, policy, slots), 0
    try:
        while refusals < _MOST_REFUSALS:
            try:
                message = protocol.receive(connection)
                if message is None:
                    return
                for fd in message.descriptors:  # (no request has any)
                    os.close(fd)
                header, data, descriptors = _answer(session, message)
            except protocol.MalformedError as error:
                protocol.send(connection, {"refused": "The request is not understood.", "why": str(error)})
                return
            refusals += "refused" in header
            protocol.send(connection, header, data, descriptors)
            if message.header.get("ask") == "memory":
                for fd in descriptors:
                    os.close(fd)
    except OSError:
        return  # it does not read, does not ask, or is gone
    finally:
        session.close()


def _answer(session: Session, message: protocol.Message) -> Answer:
    try:
        return session.answer(message)
    except RefusedError as refusal:
        return {"refused": refusal.what, "why": refusal.why}, b"", ()
    except OSError as error:
        # What libbpf and the verifier said is for the administrator's log.
        sys.stderr.write(f"perfdoctor-helper: {str(error)[:800]}\n")
        number = error.errno or 5
        return {"errno": number, "words": os.strerror(number)}, b"", ()
