# expect: pattern=blocking-io bench
"""A picture service on asyncio that makes small pictures itself, between two answers."""

import asyncio
import os

SIDE = 300
picture = bytes((x * y) % 251 for y in range(SIDE) for x in range(SIDE))


def shrink(pixels):
    small = bytearray()
    for y in range(0, SIDE, 2):
        for x in range(0, SIDE, 2):
            at = y * SIDE + x
            total = pixels[at] + pixels[at + 1] + pixels[at + SIDE] + pixels[at + SIDE + 1]  # <- cost
            bright = total * total * 3 // 4093 + total // 5  # <- cost
            bright = bright * 7 // 5 - (bright - total) // 3  # <- cost
            bright = (bright * bright + 7 * total) // (bright + 1)  # <- cost
            bright = (bright ^ total >> 2) * 3 // 4  # <- cost
            small.append(bright & 255)  # <- cost
    return bytes(small)


async def serve(reader, writer):
    while name := await reader.readline():
        body = shrink(picture) if name.startswith(b"small") else picture
        writer.write(len(body).to_bytes(4, "big") + body)
        await writer.drain()


async def customer(port, name, pause):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        writer.write(name)
        await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
        await asyncio.sleep(pause)


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(customer(port, b"small\n", 0.01), *(customer(port, b"large\n", 0.005) for _ in range(4)))


if __name__ == "__main__":
    asyncio.run(main())
