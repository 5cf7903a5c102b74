# expect: healthy
"""An echo server on asyncio, with clients that keep their connections and send as fast as they are answered."""

import asyncio
import os


async def serve(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def client(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    message = b"a message of some length, as messages are. " * 40
    while True:
        writer.write(message)
        await reader.readexactly(len(message))


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(*(client(port) for _ in range(8)))


asyncio.run(main())
