"""Whom the target talked to, how often and how well."""

from pydantic import Field

from perfdoctor.schemas.frame import Stack
from perfdoctor.schemas.model import Model

SMALL_BYTES = 128
"""a send below this is small: its headers weigh as much as what it says"""


NAME_SERVICE = "name service"
"""the protocol of a Unix socket at which names are looked up"""


class Delay(Model):
    """How long something took, ``times`` times. Histogram: bucket i counts 2**i to 2**(i+1) - 1 nanoseconds; empty
    where the backend has none."""

    times: int = 0
    seconds: float = 0.0
    max_seconds: float = 0.0
    histogram: tuple[int, ...] = ()


class NetworkError(Model):
    """``call`` is connect, accept, send or receive; ``errno`` its name (``ECONNREFUSED``), or ``closed`` for a connect
    that the program gave up. ``answer`` is an answer that says that there is none, ``errno`` its words (``HTTP 503``;
    500 to 599, and 429). Calls that only said "not yet" (EAGAIN, EINPROGRESS) are no errors."""

    call: str
    errno: str
    times: int


class TalkRow(Model):
    """What one stack did with a peer. ``opened`` counts connects and accepts that succeeded, ``requests`` how often it
    began a turn (outgoing: sent after nothing or after receiving; incoming: received so). ``failed`` counts what Peer
    has in ``errors``: connects that did not succeed, calls that failed, answers that were none."""

    pid: int
    stack: Stack = ()
    opened: int = 0
    requests: int = 0
    answered: int = 0
    wait_seconds: float = 0.0
    sends: int = 0
    sent_bytes: int = 0
    small_sends: int = 0
    small_bytes: int = 0
    receives: int = 0
    received_bytes: int = 0
    failed: int = 0


class Awaited(Model):
    """How long a process had at least one request under way: the turns' union, as far as it can be told from turns in
    the order of their ends (a lower bound)."""

    pid: int
    seconds: float


class StatementShape(Model):
    """A request's form without its values: ``SELECT a FROM t WHERE id = ?``, ``GET /users/?``, ``GET user:?``.
    ``sampled``: requests came faster than they could all be looked at; ``seen`` is then a lower bound."""

    shape: str
    seen: int
    sampled: bool = False
    pid: int = 0
    stack: Stack = ()


class Peer(Model):
    """One other side, over all connections with it.

    ``transport``: tcp, udp, unix, unix-datagram, unix-packet, or the address family. ``direction``: outgoing (we
    called), incoming (they called). ``address``: ``10.0.0.7:5432``, ``[::1]:80``, ``/run/x.sock``, ``@abstract``;
    of incoming ones without their port, and ``local`` is the address that they called. ``side``: local when the peer
    is on this machine, remote otherwise; ``program`` names a local one where it is known.

    ``opened`` in the window, ``already_open`` before it (None: not known), ``open_at_end``. ``connect`` times the
    connects that succeeded, those without waiting up to the established connection. ``turn``: outgoing, from the last
    send to the first bytes of the answer; incoming, from the last bytes received to the first of ours. ``rtt_seconds``
    is the kernel's smoothed round-trip time; ``retransmits`` are TCP segments sent again. ``protocol`` is a guess from
    first bytes; ``opaque`` says that the content is encrypted.
    """

    transport: str
    direction: str
    address: str
    local: str = ""
    side: str = "remote"
    program: str = ""
    opened: int | None = 0
    already_open: int | None = None
    open_at_end: int | None = None
    connect: Delay = Delay()
    requests: int | None = 0
    turn: Delay = Delay()
    sends: int | None = 0
    sent_bytes: int = 0
    small_sends: int | None = 0
    small_bytes: int = 0
    receives: int | None = 0
    received_bytes: int = 0
    rtt_seconds: float | None = None
    max_rtt_seconds: float | None = None
    retransmits: int | None = None
    errors: tuple[NetworkError, ...] = ()
    protocol: str = ""
    opaque: bool = False
    rows: tuple[TalkRow, ...] = ()
    statements: tuple[StatementShape, ...] = ()
    other_statements: int = 0
    """requests whose shape was one too many to keep"""
    awaited: tuple[Awaited, ...] = ()
    sent_shrinks_to: float | None = None
    """what a fast zlib leaves of samples of large sends, 0 to 1; None where there were none"""
    received_shrinks_to: float | None = None


class NameLookup(Model):
    """A name that was asked of a name server. ``name`` without its variable parts; ``failed`` by the server's answer
    (NXDOMAIN, SERVFAIL …). ``answer`` is exact where each query was paired with its answer."""

    name: str
    kind: str
    server: str
    queries: int
    failed: int = 0
    answer: Delay = Delay()
    pid: int = 0
    stack: Stack = ()


class WrittenLine(Model):
    """A line of a process's own files, as their text tells of it."""

    file: str
    line: int
    function: str


class AskingLine(WrittenLine):
    """The only line in which a process's own files call a client of the network, or give an answer a body.
    ``awaited``: the only line that awaits in a loop what its function gives."""

    pid: int
    awaited: WrittenLine | None = None


class SaidLine(Model):
    """Where the text of a statement stands in a process's own files, or what builds it: ``line``, in ``function``,
    which goes from line ``first`` to ``last``."""

    pid: int
    shape: str
    file: str
    line: int
    function: str
    first: int
    last: int


class RepeatedLine(Model):
    """A line on the stacks that ask peers that stands in a loop of its own function. ``file`` as in frames;
    ``pauses``: each round of that loop has a pause; ``takes``: it takes a piece of work out of a queue; ``chained``: it
    asks by what the last answer said; ``again``: the loop goes on only where it has failed; ``until``: it asks, and
    pauses, until an answer has something in it."""

    file: str
    line: int
    pauses: bool = False
    takes: bool = False
    chained: bool = False
    again: bool = False
    until: bool = False


class NetworkUse(Model):
    """Whom the target talked to, how often and how well. Peers are in order of time waited for them, then of calls.

    ``sampled_requests`` were counted and their shape not looked at; ``uring`` says that io_uring may have carried
    traffic that is not counted."""

    peers: tuple[Peer, ...] = ()
    omitted_peers: int = 0
    names: tuple[NameLookup, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    """over all peers that were called"""
    sampled_requests: int = Field(default=0, description="counted, their shape not looked at")
    uring: bool = False
    repeated: tuple[RepeatedLine, ...] = ()
    """by the text of the files; only where a diagnosis asked for it"""
    asking: tuple[AskingLine, ...] = ()
    answering: tuple[AskingLine, ...] = ()
    connecting: tuple[AskingLine, ...] = ()
    """the same, of programs of Node.js"""
    said: tuple[SaidLine, ...] = ()
    """by the text of the files: where the statements to databases stand"""
