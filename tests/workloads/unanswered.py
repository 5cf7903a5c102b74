"""Connects to somebody who never answers, in a network namespace of its own (start it by ``unshare --net``).

The packets leave through one end of a virtual cable whose other end nobody reads."""

import os
import socket
import subprocess
import sys

PATIENCE = 1.6
"""longer than the second after which the kernel sends its first packet again"""
COMMANDS = (
    "link set lo up",
    "link add cable0 type veth peer name cable1",
    "addr add 192.0.2.1/24 dev cable0",
    "link set cable1 up",
    "link set cable0 up",
    "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev cable0",
)


def main():
    for command in COMMANDS:
        subprocess.run(["ip", *command.split()], check=True)
    here = socket.create_server(("127.0.0.1", 0))
    friend = socket.create_connection(here.getsockname())
    print("ready", os.getpid(), flush=True)
    while sys.stdin.readline().strip() == "go":
        with socket.socket() as nobody:
            nobody.settimeout(PATIENCE)
            try:
                nobody.connect(("192.0.2.9", 80))
            except TimeoutError:
                pass
        print("done", flush=True)
    friend.close()


if __name__ == "__main__":
    main()
