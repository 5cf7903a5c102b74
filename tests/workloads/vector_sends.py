"""Sends what does not shrink behind heads that do, both in one call: 50 times a second 64 KiB of noise."""

import os
import socket
import threading
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 65536\r\n\r\n"


def take(line: socket.socket) -> None:
    while line.recv(1 << 20):
        pass


def main() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    line = socket.create_connection(server.getsockname())
    other, _ = server.accept()
    threading.Thread(target=take, args=(other,), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        line.sendmsg([HEAD, os.urandom(1 << 16)])
        time.sleep(0.02)


if __name__ == "__main__":
    main()
