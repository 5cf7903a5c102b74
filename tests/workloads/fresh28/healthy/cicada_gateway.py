# expect: healthy bench
"""Front proxy of the cicada test farm: build machines ask it for fixtures, results and queue positions; it picks a backend by
the first part of the path, passes the request on, and keeps counters for the operators' page.
"""

import asyncio
import os
import sys
from collections import Counter

import aiohttp
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailers",
    "transfer-encoding",
    "upgrade",
    "host",
    "content-length",
}
CHUNK = 64 * 1024
RATE = 320


class Backends:
    """Where the parts of the site are; each has a few equal servers, of which the one with least to do is taken."""

    def __init__(self, routes):
        self.routes = routes
        self.busy = Counter()

    def pick(self, path):
        first = path.split("/", 2)[1]
        choices = self.routes.get(first)
        return min(choices, key=self.busy.__getitem__) if choices else None


class Gateway:
    def __init__(self, backends):
        self.backends = backends
        self.session = None
        self.statuses = Counter()
        self.bytes_out = 0

    async def start(self, app):
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=200, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=10, connect=1),
            auto_decompress=False,
        )
        yield
        await self.session.close()

    async def forward(self, request):
        base = self.backends.pick(request.path)
        if base is None:
            self.statuses[404] += 1
            return web.Response(status=404, text="no such part\n")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        headers["X-Forwarded-For"] = request.remote or ""
        body = request.content if request.can_read_body else None
        self.backends.busy[base] += 1
        try:
            async with self.session.request(
                request.method, base + request.raw_path, headers=headers, data=body, allow_redirects=False
            ) as upstream:
                return await self.pass_back(request, upstream)
        except (aiohttp.ClientConnectionError, asyncio.TimeoutError):
            self.statuses[502] += 1
            return web.Response(status=502, text="the backend does not answer\n")
        finally:
            self.backends.busy[base] -= 1

    async def pass_back(self, request, upstream):
        self.statuses[upstream.status] += 1
        headers = {name: value for name, value in upstream.headers.items() if name.lower() not in HOP_BY_HOP}
        length = upstream.content_length
        if length is not None and length <= CHUNK:
            body = await upstream.read()
            self.bytes_out += len(body)
            return web.Response(status=upstream.status, headers=headers, body=body)
        answer = web.StreamResponse(status=upstream.status, headers=headers)
        await answer.prepare(request)
        async for chunk in upstream.content.iter_chunked(CHUNK):
            self.bytes_out += len(chunk)
            await answer.write(chunk)
        await answer.write_eof()
        return answer

    async def status(self, request):
        lines = [f"answers_{status} {count}" for status, count in sorted(self.statuses.items())]
        lines += [f"busy {base} {count}" for base, count in self.backends.busy.items()]
        return web.Response(text="\n".join([*lines, f"bytes_out {self.bytes_out}", ""]))


def backend(size):
    body = bytes(range(32, 96)) * (size // 64)
    return f"http://127.0.0.1:{services.http_service(lambda path: body)}"


async def main():
    routes = {
        "fixtures": [backend(24_000), backend(24_000)],
        "results": [backend(2_000), backend(2_000)],
        "queue": [backend(128)],
    }
    gateway = Gateway(Backends(routes))
    app = web.Application(client_max_size=8 << 20)
    app.cleanup_ctx.append(gateway.start)
    app.router.add_get("/-/status", gateway.status)
    app.router.add_route("*", "/{rest:.*}", gateway.forward)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = services.free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    paths = [f"/{part}/{n}" for part in routes for n in range(40)] + ["/-/status"]
    services.outside(lambda: clients.come(port, paths, RATE, 12))
    while gateway.statuses[200] < 100:
        await asyncio.sleep(0.1)
    print("ready", os.getpid(), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
