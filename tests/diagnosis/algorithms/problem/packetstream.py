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

    def take_frame(self, data):
        sync, length, stamp = HEADER.unpack(data[:HEADER.size])  # <- hot 6
        if sync != SYNC:
            self.dropped += 1
            return None, data[1:]
        end = HEADER.size + length
        body = data[HEADER.size:end]
        return Frame(body[0] if body else 0, stamp, body), data[end:]  # <- cost hot 84

    def decode(self, data):
        frames = []
        while len(data) >= HEADER.size:
            frame, data = self.take_frame(data)  # <- cost
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
