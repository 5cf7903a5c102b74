"""The command line: `perfdoctor serve`, `perfdoctor token`, `perfdoctor helper`, and every tool as a command.

Exit codes: 0 answered; 2 the command or the question was refused; 128 + N ended by signal N (130: Ctrl-C).

What a command needs is imported when it is known which one it is: a client waits for `serve` to answer.
"""

import gc
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING

from perfdoctor import __version__

if TYPE_CHECKING:
    from perfdoctor.schemas.problem import Problem

REFUSED = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # The SDK shows validation errors with links that help nobody; it must be said before pydantic is imported.
    os.environ.setdefault("PYDANTIC_ERRORS_INCLUDE_URL", "0")
    if arguments[:1] == ["serve"]:
        # Importing the SDK makes some 100,000 objects that live for ever: collecting garbage meanwhile is a sixth of
        # the time until `initialize` is answered, and freezing them spares every later collection.
        gc.disable()
    from perfdoctor.schemas.problem import ProblemError

    try:
        if arguments[:1] == ["serve"]:
            return _serve(arguments[1:])
        if arguments[:1] == ["token"]:
            return _token(arguments[1:])
        if arguments[:1] == ["helper"]:
            from perfdoctor.server import helper_command

            return helper_command.run(arguments[1:])
        from perfdoctor.server.shell import run_tool

        return run_tool(arguments)
    except ProblemError as error:
        return refuse(error.problem)
    except BrokenPipeError:
        # The reader of our output has left (`perfdoctor ... | head`); nothing more may be written, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13


def refuse(problem: "Problem") -> int:
    sys.stderr.write(f"perfdoctor: {problem.what}\n  why: {problem.why}\n  next: {problem.next_step}\n")
    return REFUSED


def _serve(argv: Sequence[str]) -> int:
    parser = ArgumentParser(
        "perfdoctor serve",
        description="Serve MCP clients: one over standard input and output, or many over HTTP.",
    )
    parser.add_argument("--stdio", action="store_true", help="serve one client over standard input and output")
    parser.add_argument("--host", help="serve over HTTP on this address (127.0.0.1 unless --port alone is given)")
    parser.add_argument("--port", type=int, help="the TCP port (8077; 0 takes a free one)")
    parser.add_argument(
        "--no-token", action="store_true", help="answer without a token; allowed on a loopback address only"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME[:PORT]",
        help="answer to this Host header too, such as the public name of a proxy (repeatable)",
    )
    given = parser.parse_args(argv)
    over_http = given.host is not None or given.port is not None
    if given.stdio == over_http:
        parser.error("choose either --stdio, or --host and --port")
    if given.stdio and (given.no_token or given.allow_host):
        parser.error("--no-token and --allow-host are for HTTP; over --stdio the client is whoever started this")

    from perfdoctor.server import settings
    from perfdoctor.server.service import Service

    service = Service(settings.load())
    if given.stdio:
        import anyio

        from perfdoctor.server.transports import stdio

        _imports_are_done()
        anyio.run(stdio.serve, service)
        return 0
    from perfdoctor.server.transports import http

    _imports_are_done()
    http.serve(
        service,
        host=given.host or "127.0.0.1",
        port=8077 if given.port is None else given.port,
        no_token=given.no_token,
        allow=given.allow_host,
    )
    return 0


def _imports_are_done() -> None:
    gc.freeze()
    gc.enable()


def _token(argv: Sequence[str]) -> int:
    from perfdoctor.server import settings
    from perfdoctor.server.policy import Role
    from perfdoctor.server.tokens import Tokens

    parser = ArgumentParser("perfdoctor token", description="Tokens that let clients connect over HTTP.")
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a token and print it, once")
    create.add_argument("--name", required=True, help="whose it is")
    create.add_argument(
        "--role",
        required=True,
        choices=[role.value for role in Role],
        help="observe: look; trace: also measure; operate: also delete recordings; admin: everything",
    )
    actions.add_parser("list", help="names, roles and ages of all tokens")
    revoke = actions.add_parser("revoke", help="refuse a token from now on")
    revoke.add_argument("name")
    given = parser.parse_args(argv)

    tokens = Tokens(settings.load().state)
    if given.action == "create":
        sys.stdout.write(tokens.create(given.name, Role(given.role)) + "\n")
        sys.stderr.write("Keep it: it is not stored and cannot be shown again. Clients send it as a bearer token.\n")
    elif given.action == "list":
        from datetime import UTC, datetime

        for token in tokens.list():
            made = datetime.fromtimestamp(token.created, UTC)
            sys.stdout.write(f"{token.name}\t{token.role}\t{made:%Y-%m-%d %H:%M} UTC\n")
    else:
        tokens.revoke(given.name)
        sys.stdout.write(f"revoked {given.name}\n")
    return 0


def version() -> str:
    return f"perfdoctor {__version__}"


if __name__ == "__main__":
    sys.exit(main())
