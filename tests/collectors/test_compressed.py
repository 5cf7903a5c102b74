"""Whether bytes would shrink."""

import random

from perfdoctor.collectors.compressed import Sample


def sample_of(data: bytes) -> Sample:
    sample = Sample()
    for at in range(0, len(data), 256):
        sample.add(data[at : at + 256])
    return sample


def test_text_shrinks_and_noise_does_not() -> None:
    text = b"".join(b'{"id": %d, "name": "article %d", "price": %d}' % (i, i, i * 7) for i in range(100))
    assert (sample_of(text).shrinks_to() or 1.0) < 0.4
    assert sample_of(random.Random(1).randbytes(4096)).shrinks_to() == 1.0


def test_too_little_tells_nothing() -> None:
    assert sample_of(b"aaaa" * 100).shrinks_to() is None


def test_samples_are_bounded_and_can_be_joined() -> None:
    noise = sample_of(random.Random(1).randbytes(100_000))
    noise.join(sample_of(b"a" * 100_000))
    assert noise.shrinks_to() == 1.0
    quiet = Sample()
    quiet.join(sample_of(b"a" * 1000))
    assert (quiet.shrinks_to() or 1.0) < 0.1
