# expect: healthy bench
"""Twenty-four threads ask a store that takes 10 ms, for a page of twenty-four articles at a time."""

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

ARTICLES = 24


def keep_store(ends):
    for end in ends[1:]:
        threading.Thread(target=answer, args=(end,), daemon=True).start()
    answer(ends[0])


def answer(end):
    while end.recv(16):
        time.sleep(0.01)
        end.send(b"17")


def stock(article):
    ends[article][0].send(b"%d" % article)
    return int(ends[article][0].recv(16))


if __name__ == "__main__":
    ends = [socket.socketpair() for _ in range(ARTICLES)]
    if os.fork() == 0:
        for mine, _ in ends:
            mine.close()
        keep_store([other for _, other in ends])
    with ThreadPoolExecutor(ARTICLES) as pool:
        print("ready", os.getpid(), flush=True)
        while True:
            page = sum(pool.map(stock, range(ARTICLES)))
            time.sleep(0.02)  # (what is done with the page)
