"""What `perfdoctor serve` is told: for one client over standard input and output, or at which doors for many."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfdoctor.server.transports.http import Tcp
    from perfdoctor.server.transports.listen import UnixSocket

PORT = 8077
_OF_TCP = ("no_token", "tls_cert", "tls_key", "tls_client_ca", "open_metrics")


def parser() -> ArgumentParser:
    made = ArgumentParser(
        "perfdoctor serve",
        description="Serve MCP clients: one over standard input and output, or many over HTTP, on a TCP port, a Unix "
        "socket or both.",
    )
    made.add_argument("--stdio", action="store_true", help="serve one client over standard input and output")
    made.add_argument("--host", help="serve over HTTP on this address (127.0.0.1 unless --port alone is given)")
    made.add_argument("--port", type=int, help=f"the TCP port ({PORT}; 0 takes a free one)")
    made.add_argument(
        "--no-token", action="store_true", help="answer without a token; allowed on a loopback address only"
    )
    made.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME[:PORT]",
        help="answer to this Host header too, such as the public name of a proxy (repeatable)",
    )
    made.add_argument(
        "--tls-cert", type=Path, metavar="FILE", help="the certificate and its chain, in PEM; read again on SIGHUP"
    )
    made.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, in PEM")
    made.add_argument(
        "--tls-client-ca", type=Path, metavar="FILE", help="only clients with a certificate of these authorities"
    )
    made.add_argument(
        "--open-metrics", action="store_true", help="/metrics without a token (on loopback it never needs one)"
    )
    made.add_argument(
        "--unix",
        type=Path,
        metavar="PATH",
        help="serve over HTTP on this Unix socket; who runs the server needs no token there, others do",
    )
    made.add_argument("--unix-mode", type=_mode, metavar="MODE", help="the mode of the socket (0600)")
    made.add_argument("--unix-group", metavar="GROUP", help="its group (with it, the mode is 0660)")
    return made


def check(made: ArgumentParser, given: Namespace) -> None:
    """Ends the program where what is given does not fit together."""
    tcp = given.host is not None or given.port is not None
    if given.stdio == (tcp or given.unix is not None):
        made.error("choose either --stdio, or --host and --port, or --unix, or both of these")
    if given.stdio and (given.no_token or given.allow_host):
        made.error("--no-token and --allow-host are for HTTP; over --stdio the client is whoever started this")
    for name in _OF_TCP:
        if getattr(given, name) and not tcp:
            made.error(f"--{name.replace('_', '-')} is for a TCP port: give --host or --port too")
    if (given.tls_cert is None) != (given.tls_key is None) or (given.tls_client_ca and not given.tls_cert):
        made.error("TLS needs both --tls-cert and --tls-key")
    if given.unix is None and (given.unix_mode is not None or given.unix_group is not None):
        made.error("--unix-mode and --unix-group are for --unix PATH")


def doors(given: Namespace) -> "tuple[Tcp | None, UnixSocket | None]":
    """Where to listen, by arguments that were checked."""
    from perfdoctor.server.transports.http import Tcp
    from perfdoctor.server.transports.listen import UnixSocket
    from perfdoctor.server.transports.tls import Tls

    tcp = unix = None
    if given.host is not None or given.port is not None:
        tcp = Tcp(
            given.host or "127.0.0.1",
            PORT if given.port is None else given.port,
            no_token=given.no_token,
            allow=tuple(given.allow_host),
            tls=Tls(given.tls_cert, given.tls_key, given.tls_client_ca) if given.tls_cert else None,
            open_metrics=given.open_metrics,
        )
    if given.unix is not None:
        mode = given.unix_mode if given.unix_mode is not None else 0o660 if given.unix_group else 0o600
        unix = UnixSocket(given.unix.absolute(), mode, given.unix_group, tuple(given.allow_host))
    return tcp, unix


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0o600 <= mode <= 0o777 or mode & 0o600 != 0o600:
        raise ArgumentTypeError(f"{text!r} is not a mode such as 0600 or 0660")
    return mode
