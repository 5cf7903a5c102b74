"""A busy but ordinary service, in one process: ``service.py COUNTER``. Each request comes over TCP from a thread of
its own, is parsed, read from a file, computed, counted under a lock, written to a log, and answered. COUNTER counts
them.
"""

import json
import mmap
import os
import socket
import sys
import tempfile
import threading

ROWS = [{"id": i, "name": f"item {i}", "price": i * 7 % 101} for i in range(40)]


def serve(connection: socket.socket, page: str, log: int, counter: mmap.mmap) -> None:
    lock, done = threading.Lock(), 0
    while line := connection.recv(4096):
        asked = json.loads(line)
        with open(page) as file:
            rows = json.load(file)
        cheap = sorted((row for row in rows if row["price"] < asked["most"]), key=lambda row: row["price"])
        with lock:
            done += 1
            counter[0:8] = done.to_bytes(8, "little")
        os.write(log, b"GET /items 200\n")
        connection.sendall(json.dumps(cheap[:10]).encode() + b"\n")


def ask(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        while True:
            connection.sendall(b'{"most": 50}\n')
            answer = b""
            while not answer.endswith(b"\n"):
                answer += connection.recv(65536)


def main() -> None:
    counter = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 8)
    folder = tempfile.mkdtemp(dir=os.path.dirname(sys.argv[1]))
    page = os.path.join(folder, "page.json")
    with open(page, "w") as file:
        json.dump(ROWS, file)
    log = os.open(os.path.join(folder, "log"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=ask, args=(server.getsockname(),), daemon=True).start()
    connection, _ = server.accept()
    print("ready", os.getpid(), flush=True)
    serve(connection, page, log, counter)


main()
