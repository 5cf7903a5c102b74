# expect: healthy
"""Takes quotes from a feed and confirms each one, while a process of its own makes the report of the day over and over."""

import os
import socket

here, feed = socket.socketpair()
quotes = [(number * 7919 % 1000, number * 104729 % 997) for number in range(4000)]


def report():
    while True:
        total = spread = 0
        for price, amount in quotes:
            total += price * amount
            spread = (spread * 31 + price - amount) % 1000003


def send_quotes():
    """The exchange: one quote, and the next when it is confirmed."""
    while True:
        feed.sendall(b"q" * 64)
        feed.recv(64)


def take_quotes():
    last = b""
    while True:
        last = here.recv(64)
        here.sendall(last)


if __name__ == "__main__":
    if os.fork() == 0:
        here.close()
        send_quotes()
    feed.close()
    if os.fork() == 0:
        report()
    print("ready", os.getpid(), flush=True)
    take_quotes()
