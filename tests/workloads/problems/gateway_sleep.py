# expect: pattern=blocking-io bench
"""A gateway on asyncio: a failed call is tried again after a pause, which everybody waits for. Its weather comes over
HTTP by urllib, in a thread, as it should."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Weather(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.02)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"rain")

    def log_message(self, *_):
        pass


class Gateway:
    def __init__(self, port):
        self.port = port
        self.tries = 0

    def call(self):
        """Every third call fails at first."""
        self.tries += 1
        return self.tries % 3 != 0

    def call_with_patience(self):
        pause = 0.01
        while not self.call():
            time.sleep(pause)  # <- cost
            pause *= 2
        return b"done"

    def weather(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/") as answer:
            return answer.read()

    async def serve(self, reader, writer):
        while line := await reader.readline():
            if line.startswith(b"weather"):
                writer.write(await asyncio.to_thread(self.weather) + b"\n")
            else:
                writer.write(self.call_with_patience() + b"\n")
            await writer.drain()


async def customer(port, question):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        writer.write(question + b"\n")
        await reader.readline()
        await asyncio.sleep(0.002)


async def main(weather):
    gateway = Gateway(weather)
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(*(customer(port, b"order") for _ in range(5)), customer(port, b"weather"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Weather)
        print(server.server_port, flush=True)
        server.serve_forever()
    other = subprocess.Popen([sys.executable, __file__, "weather"], stdout=subprocess.PIPE, text=True)
    asyncio.run(main(int(other.stdout.readline())))
