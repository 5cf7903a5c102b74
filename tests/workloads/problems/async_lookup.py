# expect: pattern=blocking-io
"""A lookup service on asyncio. Its store is asked with the blocking driver, in the midst of a coroutine."""

import asyncio
import os
import socket
import threading
import time

store = socket.create_server(("127.0.0.1", 0))


def keep_store():
    """The store, in a process of its own: 4 ms for each key."""
    while True:
        peer, _ = store.accept()
        threading.Thread(target=answer, args=(peer,), daemon=True).start()


def answer(peer):
    while key := peer.recv(64):
        time.sleep(0.004)
        peer.sendall(b"value of " + key)


class Driver:
    def __init__(self):
        self.peer = socket.create_connection(store.getsockname())

    def get(self, key):
        self.peer.sendall(key)
        return self.peer.recv(256)  # <- cost


async def serve(reader, writer):
    while key := await reader.readline():
        with open("requests", "ab") as log:  # (a few microseconds in the page cache: no reason to worry)
            log.write(key)
        value = driver.get(key)
        await asyncio.sleep(0.001)
        writer.write(value + b"\n")
        await writer.drain()


async def client(port, number):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        writer.write(b"key %d\n" % number)
        await reader.readline()
        await reader.readline()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if os.fork() == 0:
        os.execlp("python3", "python3", __file__, str(port))
    print("ready", os.getpid(), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import sys

    if len(sys.argv) > 1:

        async def clients():
            await asyncio.gather(*(client(int(sys.argv[1]), number) for number in range(8)))

        asyncio.run(clients())
    if os.fork() == 0:
        keep_store()
    driver = Driver()
    asyncio.run(main())
