"""Customers of the programs in the folders beside it, in processes of their own. They come at a rate of their own.

``clients.py http PORT PATHS RATE WORKERS`` starts some for a program in another language; so do the other kinds below.
"""

import contextlib
import http.client
import json
import random
import socket
import struct
import sys
import time
from threading import Thread

import services


def come(port, paths, rate, workers=8, host="127.0.0.1", body=None):
    """Ask for one of ``paths`` so many times a second, on kept connections; later only if all workers still wait."""

    def work(number):
        connection = http.client.HTTPConnection(host, port)
        due = time.monotonic() + number / rate
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                connection.request("POST" if body else "GET", random.choice(paths), body)
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.5)
            due = max(due + workers / rate, time.monotonic() - 1)

    crowd(work, workers)


def crowd(work, number):
    """``work(i)`` in so many threads, for ever."""
    threads = [Thread(target=work, args=(i,), daemon=True) for i in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fetch_slowly(host, port, path, rate, workers, pause=0.2):
    """Fetch ``path`` over and over on a line that carries ``rate`` bytes a second, as one that can unpack gzip."""

    def work(_):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        line.connect((host, port))
        while True:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
            head, left = b"", 1
            while left:
                got = line.recv(16384)
                if not got:
                    return
                time.sleep(len(got) / rate)
                if head is not None:
                    head += got
                    if b"\r\n\r\n" not in head:
                        continue
                    told, _, got = head.partition(b"\r\n\r\n")
                    left = int(told.lower().partition(b"content-length:")[2].split()[0])
                    head = None
                left -= len(got)
            time.sleep(pause)

    crowd(work, workers)


def send_frames(port, workers):
    """Send the frames of meters: a count of values, a number, a time, and the values; in bursts."""

    def work(number):
        with socket.create_connection(("127.0.0.1", port)) as line:
            for second in range(1 << 40):
                burst = [struct.pack(">hiq8i", 8, number, second, *range(at, at + 8)) for at in range(400)]
                line.sendall(b"".join(burst))
                time.sleep(0.004)

    crowd(work, workers)


def ask_lines(port, questions, workers, pause=0.0):
    """Send one line of ``questions`` after the other, and read what comes up to an empty line each time."""

    def work(number):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(number, 1 << 40):
                line.sendall(questions[at % len(questions)].encode() + b"\n")
                end = b""
                while not end.endswith(b"\n\n"):
                    got = line.recv(1 << 16)
                    if not got:
                        return
                    end = (end + got)[-2:]
                time.sleep(pause)

    crowd(work, workers)


def send_events(line):
    """Write the events of a shop, one JSON object a line, as fast as they are taken."""
    kinds = ("seen", "basket", "order", "return")
    lines = []
    for number in range(4000):
        articles = [{"article": f"A-{number * 31 % 977 + n}", "pieces": 1 + n, "cents": 99 + number} for n in range(24)]
        event = {"kind": kinds[number % 4], "id": number, "customer": f"c{number * 7919 % 9973}", "articles": articles}
        if number % 50 == 0:
            event["id"] = "unknown"
        lines.append(json.dumps(event).encode() + b"\n")
    while True:
        for at in range(0, len(lines), 40):
            line.sendall(b"".join(lines[at : at + 40]))


def send_jobs(port, rate):
    """Send so many short lines a second, a few at a time, and read nothing."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic()
        for number in range(1 << 40):
            line.sendall(f"job {number} {number * 7919 % 997}\n".encode())
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    kind, *words = sys.argv[1:]
    kinds = {
        "http": lambda port, paths, rate, workers: come(int(port), paths.split(","), float(rate), int(workers)),
        "slow": lambda host, port, path, rate, workers: fetch_slowly(host, int(port), path, float(rate), int(workers)),
        "frames": lambda port, workers: send_frames(int(port), int(workers)),
        "lines": lambda port, questions, workers, pause: ask_lines(
            int(port), questions.split(","), int(workers), float(pause)
        ),
    }

    def run():
        with contextlib.suppress(OSError):
            kinds[kind](*words)

    services.outside(run)


if __name__ == "__main__":
    main()
