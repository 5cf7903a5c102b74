"""Peak envelope of an audio track for the waveform view and the limiter."""
import wave
from array import array
from collections import deque


def read_mono(path):
    with wave.open(path, "rb") as w:
        samples = array("h", w.readframes(w.getnframes()))
        channels = w.getnchannels()
    return samples[::channels], w.getframerate()


class Envelope:
    def __init__(self, width):
        self.width = width

    def follow(self, samples):
        recent = deque(maxlen=self.width)
        for s in samples:
            recent.append(abs(s))
            yield max(recent)  # <- cost hot 93


def gains(envelope, ceiling):
    for peak in envelope:
        yield 1.0 if peak <= ceiling else ceiling / peak


def limit(samples, rate, ceiling=28000, lookahead_ms=50):
    env = Envelope(max(1, rate * lookahead_ms // 1000))
    out = array("h")
    for s, g in zip(samples, gains(env.follow(samples), ceiling)):
        out.append(int(s * g))
    return out


def process(src, dst):
    samples, rate = read_mono(src)
    limited = limit(samples, rate)
    with wave.open(dst, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(limited.tobytes())
