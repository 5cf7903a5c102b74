"""The real server, as a process of its own, on instruments that need no machine.

``python -m tests.contract.fake_server stdio EVENTS STATE`` or ``... http EVENTS STATE [OPTION...]`` with options of
``perfdoctor serve`` (a free port of the loopback unless they say something else), ``--hurry`` for short time limits of
connections, and ``name=value`` for settings. What the instruments notice is appended to the file EVENTS, a line each,
before it can be lost.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio

from perfdoctor.server.service import Service
from perfdoctor.server.settings import Settings
from tests.server.fakes import FakeInstruments


def _append(log: int, event: str, at: float) -> None:
    os.write(log, f"{event} {at}\n".encode())


def main() -> int:
    transport, events, state, *rest = sys.argv[1:]
    log = os.open(events, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    instruments = FakeInstruments(lambda event, at: _append(log, event, at))
    given: dict[str, Any] = dict(option.split("=", 1) for option in rest if "=" in option and option[0] != "-")
    given |= json.loads(os.environ.get("FAKE_SETTINGS", "{}"))
    service = Service(Settings.model_validate({"state": Path(state), **given}), instruments)
    if transport == "stdio":
        from perfdoctor.server.transports import stdio

        anyio.run(stdio.serve, service)
        return 0
    from perfdoctor.server import serving
    from perfdoctor.server.transports import connection, http

    if "--hurry" in rest:
        connection.HEADER_SECONDS, connection.BODY_SECONDS, connection.READ_SECONDS = 0.5, 0.5, 0.5
    options = ["--no-token" if option == "no-token" else option for option in rest]
    options = [option for option in options if option[0] == "-" and option != "--hurry"]
    tcp = () if any(option.startswith(("--unix=", "--port=")) for option in options) else ("--port=0",)
    return http.serve(service, *serving.doors(serving.parser().parse_args([*tcp, *options])))


sys.exit(main())
