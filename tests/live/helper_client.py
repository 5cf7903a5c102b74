"""Run as a program, as an unprivileged user: speaks to the privileged helper itself, as an attacker would.

It reads requests, a line of JSON each (``{"ask": …}``; ``"data"``: hex), sends them as they are, and prints what came
back: ``{"header": …, "data": hex, "descriptors": how many, "read": bytes that the last one gave at "address"}``.
``{"connect": path}`` opens a connection, in the place of the one before.
"""

import json
import os
import socket
import sys
from typing import Any

from perfdoctor.collectors.helper import protocol


def answer(connection: socket.socket, asked: dict[str, Any]) -> dict[str, Any]:
    data, address = bytes.fromhex(asked.pop("data", "")), asked.pop("address", None)
    protocol.send(connection, asked, data)
    parts, message = [], None
    while message is None or message.header.get("more"):
        message = protocol.receive(connection)
        if message is None:
            return {"header": {"closed": True}}
        parts.append(message.data)
    told: dict[str, Any] = {
        "header": message.header, "data": b"".join(parts).hex(), "descriptors": len(message.descriptors)
    }  # fmt: skip
    for fd in message.descriptors:
        if address is not None:
            try:
                told["read"] = len(os.pread(fd, 8, address))
            except OSError as error:
                told["read"] = -(error.errno or 1)
        os.close(fd)
    return told


def main() -> None:
    connection: socket.socket | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "connect" in asked:
            if connection is not None:
                connection.close()
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            connection.connect(asked["connect"])
            print(json.dumps({"header": {}}), flush=True)
            continue
        assert connection is not None
        try:
            said = answer(connection, asked)
        except OSError as error:
            said = {"header": {"closed": str(error)}}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
