"""How many pieces of work did a window see done?"""

from perfdoctor.collectors.peers import UNNAMED
from perfdoctor.schemas.evidence import Evidence

_ACCEPTS = frozenset({"accept", "accept4"})
_WITHOUT_SOCKETS = "only trace = diagnose follows sockets"


def seen(evidence: Evidence, what: str) -> tuple[float | None, str]:
    """(how many, why it is not known): connections accepted, HTTP responses given, messages read from sockets."""
    if what == "accepts":
        if evidence.syscalls is None:
            return None, "accepts are system calls, which this trace does not count"
        rows = [row for row in evidence.syscalls.rows if row.syscall in _ACCEPTS]
        return float(sum(row.calls - row.errors for row in rows)), ""
    if evidence.network is None:
        return None, f"{what} are not counted: {_WITHOUT_SOCKETS}"
    incoming = [peer for peer in evidence.network.peers if peer.direction == "incoming"]
    if what == "responses":
        http = [peer for peer in incoming if peer.protocol.lower().startswith("http")]
        if any(peer.turn.times for peer in http):
            return float(sum(peer.turn.times for peer in http)), ""
        return None, "no HTTP request was seen on its sockets (TLS hides them)"
    # (a socket that it was started with, or has of a pair, has a peer that nothing names, and no direction)
    asking = incoming or [peer for peer in evidence.network.peers if peer.address == UNNAMED]
    received = sum(peer.receives or 0 for peer in asking)
    return (float(received), "") if received else (None, "no message was read from a socket of others")
