# expect: pattern=polling-loop bench
"""Sends the letters of an outbox. Three senders look every millisecond whether there is one."""

import hashlib
import hmac
import logging
import os
import queue
import socket
import sys
import threading
import time
from pathlib import Path
from string import Template

sys.path.append(str(Path(__file__).parents[2]))
import services

SENDERS = 3
LETTER = Template("Dear $name,\n\nyour order $order is on its way.\nIt holds:\n$lines\n\nYour shop\n")
logging.basicConfig(filename="outbox.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
outbox = queue.Queue()
sent = [0] * SENDERS


def customers(connection):
    """A few orders at a time, six times a second."""
    number = 0
    while True:
        for _ in range(4):
            number += 1
            connection.sendall(f"{number} customer-{number % 97}\n".encode())
        time.sleep(1 / 6)


def mail_server(listening):
    def take(peer):
        while peer.recv(1 << 16):
            pass

    while True:
        threading.Thread(target=take, args=(listening.accept()[0],), daemon=True).start()


def written(order, name):
    lines = "\n".join(f"  {1 + order * step % 4} pieces of article {order * step % 997}" for step in range(1, 9))
    text = LETTER.substitute(name=name, order=order, lines=lines)
    signed = hmac.new(b"key of the shop", text.encode(), hashlib.sha256).hexdigest()
    return f"Subject: Your order {order}\nX-Signature: {signed}\n\n{text}".encode()


def send(number, address):
    with socket.create_connection(address) as connection:
        while True:
            try:
                order, name = outbox.get_nowait()  # <- cost
            except queue.Empty:
                time.sleep(0.001)  # <- cost
                continue
            connection.sendall(written(order, name))
            sent[number] += 1


def main():
    listening = socket.create_server(("127.0.0.1", 0))
    services.outside(lambda: mail_server(listening))
    here, there = socket.socketpair()
    services.outside(lambda: customers(there))
    there.close()
    for number in range(SENDERS):
        threading.Thread(target=send, args=(number, listening.getsockname()), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    told = time.monotonic()
    for line in here.makefile("r"):
        order, name = line.split()
        outbox.put((int(order), name))
        if time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%d letters sent", sum(sent))


main()
