import struct
import time
import zlib
from dataclasses import dataclass, field


@dataclass
class Delivery:
    tag: int
    routing_key: str
    body: bytes
    attempts: int = 0
    received: float = field(default_factory=time.time)


def decode_frame(buf, offset):
    tag, klen, blen = struct.unpack_from(">QHI", buf, offset)
    offset += 14
    key = buf[offset:offset + klen].decode()
    offset += klen
    body = zlib.decompress(buf[offset:offset + blen])  # <- made 90
    return Delivery(tag, key, body), offset + blen  # <- made 10


class Consumer:
    """Reads deliveries from the broker and hands them to handlers."""

    max_attempts = 4

    def __init__(self, channel, handlers):
        self.channel = channel
        self.handlers = dict(handlers)
        self.unacked = {}  # <- cost
        self.redeliver = []
        self.latencies = []

    def on_readable(self):
        buf = self.channel.read()
        offset = 0
        batch = []
        while offset < len(buf):
            delivery, offset = decode_frame(buf, offset)
            batch.append(delivery)
        for delivery in batch:
            self._dispatch(delivery)
        self._report()

    def _dispatch(self, delivery):
        self.unacked[delivery.tag] = delivery  # <- cost
        handler = self.handlers.get(delivery.routing_key.split(".")[0])
        if handler is None:
            self.channel.reject(delivery.tag, requeue=False)  # <- cost
            return
        started = time.perf_counter()
        try:
            handler(delivery.body)
        except Exception:
            delivery.attempts += 1
            if delivery.attempts < self.max_attempts:
                self.redeliver.append(delivery.tag)
            else:
                self._finish(delivery.tag, ok=False)
        else:
            self._finish(delivery.tag, ok=True)
        self.latencies.append(time.perf_counter() - started)

    def _finish(self, tag, ok):
        self.unacked.pop(tag, None)
        if ok:
            self.channel.ack(tag)
        else:
            self.channel.reject(tag, requeue=False)

    def tick(self):
        pending, self.redeliver = self.redeliver, []
        for tag in pending:
            delivery = self.unacked.get(tag)
            if delivery is not None:
                self._dispatch(delivery)

    def _report(self):
        if len(self.latencies) < 500:
            return
        ordered = sorted(self.latencies)
        print("p50=%.4f p99=%.4f" % (ordered[len(ordered) // 2], ordered[int(len(ordered) * .99)]))
        self.latencies.clear()
