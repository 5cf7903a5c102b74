"""Decoder of the telemetry stream that the ground station records per pass."""
import struct
from dataclasses import dataclass

HEADER = struct.Struct(">HHI")
SYNC = 0xEB90


@dataclass
class Frame:
    apid: int
    stamp: int
    body: bytes


class StreamDecoder:
    def __init__(self):
        self.dropped = 0

    def take_frame(self, data, pos):
        sync, length, stamp = HEADER.unpack_from(data, pos)  # <- hot 28
        if sync != SYNC:
            self.dropped += 1
            return None, pos + 1
        start = pos + HEADER.size
        end = start + length
        body = data[start:end]  # <- hot 17
        return Frame(body[0] if body else 0, stamp, body), end  # <- hot 36

    def decode(self, data):
        frames = []
        pos = 0
        limit = len(data) - HEADER.size
        while pos <= limit:
            frame, pos = self.take_frame(data, pos)
            if frame is not None:
                frames.append(frame)
        return frames


def load_pass(path):
    decoder = StreamDecoder()
    with open(path, "rb") as fh:
        frames = decoder.decode(fh.read())
    by_apid = {}
    for frame in frames:
        by_apid.setdefault(frame.apid, []).append(frame)
    return by_apid, decoder.dropped
