"""The command line: `perfdoctor serve`, `token`, `audit` and `helper`, and every tool as a command.

Exit codes: 0 answered; 2 the command or the question was refused; 128 + N ended by signal N (130: Ctrl-C).

What a command needs is imported when it is known which one it is: a client waits for `serve` to answer.
"""

import gc
import os
import sys
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
            from perfdoctor.server import token_command

            return token_command.run(arguments[1:])
        if arguments[:1] == ["audit"]:
            from perfdoctor.server.audit import command

            return command.run(arguments[1:])
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
    from perfdoctor.server import serving

    parser = serving.parser()
    given = parser.parse_args(argv)
    serving.check(parser, given)

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

    tcp, unix = serving.doors(given)
    _imports_are_done()
    return http.serve(service, tcp, unix)


def _imports_are_done() -> None:
    gc.freeze()
    gc.enable()


def version() -> str:
    return f"perfdoctor {__version__}"


if __name__ == "__main__":
    sys.exit(main())
