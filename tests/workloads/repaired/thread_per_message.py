# expect: healthy bench
"""Reads messages from a queue of the kernel and counts their words, in the threads of a pool."""

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

inbox, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
words = {}
lock = threading.Lock()


def send():
    message = b"the quick brown fox jumps over the lazy dog " * 6
    while True:
        sender.send(message)


def count(message):
    mine = {}
    for word in message.decode().split():
        mine[word] = mine.get(word, 0) + 1
    with lock:
        for word, often in mine.items():
            words[word] = words.get(word, 0) + often


def serve():
    with ThreadPoolExecutor(2) as pool:
        while True:
            batch = [inbox.recv(4096) for _ in range(20)]
            pool.submit(count, b" ".join(batch)).result()


if __name__ == "__main__":
    if os.fork() == 0:
        send()
    print("ready", os.getpid(), flush=True)
    serve()
