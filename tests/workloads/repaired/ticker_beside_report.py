# expect: healthy bench
"""Takes quotes from four feeds and confirms each one, while a process of its own makes the report of the day over and over."""

import os
import socket
import threading

feeds = [socket.socketpair() for _ in range(4)]
quotes = [(number * 7919 % 1000, number * 104729 % 997) for number in range(4000)]


def report():
    while True:
        total = spread = 0
        for price, amount in quotes:
            total += price * amount
            spread = (spread * 31 + price - amount) % 1000003


def send_quotes(feed):
    """An exchange: one quote, and the next when it is confirmed."""
    while True:
        feed.sendall(b"q" * 64)
        feed.recv(64)


def take_quotes(here):
    while True:
        last = here.recv(64)
        here.sendall(last)


if __name__ == "__main__":
    if os.fork() == 0:
        for _, feed in feeds[1:]:
            threading.Thread(target=send_quotes, args=(feed,), daemon=True).start()
        send_quotes(feeds[0][1])
    if os.fork() == 0:
        report()
    for here, _ in feeds[1:]:
        threading.Thread(target=take_quotes, args=(here,), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    take_quotes(feeds[0][0])
