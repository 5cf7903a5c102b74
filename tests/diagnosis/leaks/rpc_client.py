import asyncio
import itertools
import json
import struct


class RpcError(Exception):
    pass


class RpcClient:
    def __init__(self, host, port, timeout=2.0):
        self.host = host
        self.port = port
        self.timeout = timeout
        self._ids = itertools.count(1)
        self._waiting = {}  # <- cost
        self._subs = {}
        self._writer = None
        self._reader_task = None

    async def connect(self):
        reader, self._writer = await asyncio.open_connection(self.host, self.port)
        self._reader_task = asyncio.create_task(self._read_loop(reader))

    async def call(self, method, params):
        request_id = next(self._ids)
        loop = asyncio.get_running_loop()
        future = loop.create_future()  # <- made 25
        payload = self._encode(request_id, method, params)
        self._waiting[request_id] = (future, payload)  # <- cost
        self._writer.write(payload)
        await self._writer.drain()
        try:
            return await asyncio.wait_for(future, self.timeout)
        except asyncio.TimeoutError:  # <- cost
            raise RpcError("%s timed out" % method) from None

    def _encode(self, request_id, method, params):
        body = json.dumps({"id": request_id, "method": method, "params": params}).encode()
        return struct.pack(">I", len(body)) + body  # <- made 75

    async def subscribe(self, topic, callback):
        self._subs.setdefault(topic, []).append(callback)
        if len(self._subs[topic]) == 1:
            await self.call("subscribe", {"topic": topic})

    async def unsubscribe(self, topic, callback):
        callbacks = self._subs[topic]
        callbacks.remove(callback)
        if not callbacks:
            del self._subs[topic]
            await self.call("unsubscribe", {"topic": topic})

    async def _read_loop(self, reader):
        try:
            while True:
                (size,) = struct.unpack(">I", await reader.readexactly(4))
                message = json.loads(await reader.readexactly(size))
                if "id" in message:
                    self._complete(message)
                else:
                    for callback in list(self._subs.get(message["topic"], ())):
                        callback(message["data"])
        except asyncio.IncompleteReadError:
            for future, _ in self._waiting.values():
                if not future.done():
                    future.set_exception(RpcError("connection lost"))
            self._waiting.clear()

    def _complete(self, message):
        entry = self._waiting.pop(message["id"], None)
        if entry is None:
            return
        future, _ = entry
        if future.done():
            return
        if "error" in message:
            future.set_exception(RpcError(message["error"]))
        else:
            future.set_result(message["result"])
