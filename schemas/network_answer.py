"""What trace-network returns: one window, cut to what fits an answer."""

from perfdoctor.schemas.answers import Traced
from perfdoctor.schemas.finding import Location
from perfdoctor.schemas.model import Model
from perfdoctor.schemas.network import NetworkError
from perfdoctor.schemas.recording import NextCall


class Times(Model):
    """Percentiles are upper bounds of log2 buckets, in seconds; None where the backend has none."""

    times: int
    seconds: float
    mean_seconds: float
    p50_seconds: float | None
    p99_seconds: float | None
    max_seconds: float


class Connections(Model):
    """``opened`` in the window, ``already_open`` before it; None: not known. ``program`` listens at a local peer."""

    direction: str
    program: str
    opened: int | None
    already_open: int | None
    open_at_end: int | None
    connect: Times | None


class Requests(Model):
    """``per_connection`` counts all connections, those opened in the window and before; ``sends_each``: sends per
    request, of incoming peers per answer."""

    number: int | None
    per_connection: float | None
    sends_each: float | None
    turn: Times | None


class Traffic(Model):
    sends: int | None
    small_sends: int | None
    small_mean_bytes: float | None
    sent_bytes: int
    receives: int | None
    received_bytes: int
    rtt_seconds: float | None
    retransmits: int | None


class PeerLine(Model):
    """One peer; see ``schemas.network.Peer``."""

    peer: str
    protocol: str
    connections: Connections
    requests: Requests
    traffic: Traffic
    errors: tuple[NetworkError, ...]


class NetworkLine(Model):
    """What one line of the user's code did with one peer."""

    location: Location | None
    peer: str
    opened: int
    requests: int
    wait_seconds: float
    sends: int
    bytes: int


class StatementLine(Model):
    location: Location | None
    peer: str
    shape: str
    seen: int
    sampled: bool


class NameLine(Model):
    location: Location | None
    name: str
    server: str
    queries: int
    failed: int
    answer: Times | None


class NetworkAnswer(Traced):
    """What was cut from each table is counted beside it."""

    opened: int
    requests: int
    wait_seconds: float
    peers: tuple[PeerLine, ...]
    total_peers: int
    omitted_peers: int
    lines: tuple[NetworkLine, ...]
    omitted_lines: int
    statements: tuple[StatementLine, ...]
    omitted_statements: int
    names: tuple[NameLine, ...]
    omitted_names: int
    next: tuple[NextCall, ...]
