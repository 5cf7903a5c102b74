# expect: healthy bench
"""Requests look a price up under a lock. A thread that reads the list anew takes the same lock only to put it in place."""

import os
import random
import socket
import threading
import time

lock = threading.Lock()
prices = {}
with open("prices", "w") as file:
    file.writelines(f"{number};{number % 997}\n" for number in range(3000))


def reload_prices():
    while True:
        fresh = {}
        with open("prices") as file:
            for line in file:
                number, price = line.split(";")
                fresh[int(number)] = int(price)
        time.sleep(0.03)
        with lock:
            prices.update(fresh)
        time.sleep(0.01)


def price(number):
    with lock:
        return prices.get(number, 0)


def serve(requests):
    while requests.recv(16):
        requests.send(b"%d" % price(random.randrange(3000)))


def ask(ends):
    """Customers, in a process of their own: some hundred requests a second."""
    while True:
        for end in ends:
            end.send(b"price?")
        time.sleep(0.005)
        for end in ends:
            end.recv(16)


if __name__ == "__main__":
    pairs = [socket.socketpair() for _ in range(6)]
    if os.fork() == 0:
        ask([pair[1] for pair in pairs])
    threading.Thread(target=reload_prices, daemon=True).start()
    for pair in pairs[1:]:
        threading.Thread(target=serve, args=(pair[0],), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    serve(pairs[0][0])
