"""A server on a port of its own that answers each request of each connection, and a Unix socket beside it.

Prints ``ready PID`` and ``PORT PATH``; ends when told ``stop``. A request is one line; an answer is two small sends.
"""

import os
import socket
import sys
import threading

REQUESTS, CONNECTIONS, UNIX_REQUESTS = 5, 7, 11
"""what its tester asks: requests on each connection, connections, requests over the Unix socket"""


def serve(connection):
    with connection:
        while connection.recv(4096):
            connection.send(b"HTTP/1.1 200 OK\r\n")
            connection.send(b"Content-Length: 0\r\n\r\n")  # @answer


def accept(listener):
    while True:
        connection, _ = listener.accept()  # @accept
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def main():
    path = os.path.abspath("server.sock")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(path)
    unix.listen()
    listener = socket.create_server(("127.0.0.1", 0))
    for one in (listener, unix):
        threading.Thread(target=accept, args=(one,), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    print(listener.getsockname()[1], path, flush=True)
    while sys.stdin.readline().strip() not in ("stop", ""):
        pass


if __name__ == "__main__":
    main()
