# expect: pattern=thread-churn
"""Reads messages from a queue of the kernel and counts their words, each message in a thread of its own."""

import os
import socket
import threading

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
    while True:
        message = inbox.recv(4096)
        worker = threading.Thread(target=count, args=(message,))
        worker.start()  # <- cost
        worker.join()


if __name__ == "__main__":
    if os.fork() == 0:
        send()
    print("ready", os.getpid(), flush=True)
    serve()
