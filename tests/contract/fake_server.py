"""The real server, as a process of its own, on instruments that need no machine.

``python -m tests.contract.fake_server stdio EVENTS STATE`` or ``... http EVENTS STATE [no-token] [OPTION...]``, with
``name=value`` for settings and ``--allow-host=NAME``. What the instruments notice is appended to the file EVENTS, a
line each, before it can be lost.
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


def main() -> None:
    transport, events, state, *rest = sys.argv[1:]
    log = os.open(events, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    instruments = FakeInstruments(lambda event, at: _append(log, event, at))
    given: dict[str, Any] = dict(option.split("=", 1) for option in rest if "=" in option and option[0] != "-")
    given |= json.loads(os.environ.get("FAKE_SETTINGS", "{}"))
    service = Service(Settings.model_validate({"state": Path(state), **given}), instruments)
    if transport == "stdio":
        from perfdoctor.server.transports import stdio

        anyio.run(stdio.serve, service)
    else:
        from perfdoctor.server.transports import http

        allow = [option.partition("=")[2] for option in rest if option.startswith("--allow-host=")]
        http.serve(service, host="127.0.0.1", port=0, no_token="no-token" in rest, allow=allow)


main()
