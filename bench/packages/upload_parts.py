"""Takes uploads apart as they come in, in pieces of 64 KiB."""

import hashlib
import os

from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartDecoder, NeedData

BOUNDARY = b"----boundary-of-the-upload"


def body(kilobytes):
    head = b'Content-Disposition: form-data; name="file"; filename="scan.raw"\r\nContent-Type: image/x-raw\r\n\r\n'
    yield b"--" + BOUNDARY + b"\r\n" + head + b"\r" + b"p" * 1000
    for _ in range(kilobytes // 64):
        yield b"p" * 65536
    yield b"\r\n--" + BOUNDARY + b"--\r\n"


def receive(pieces):
    decoder = MultipartDecoder(BOUNDARY)
    digest = hashlib.blake2b()
    size = 0
    for piece in pieces:
        decoder.receive_data(piece)
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            if isinstance(event, Data):
                digest.update(event.data)
                size += len(event.data)
            elif isinstance(event, File):
                name = event.filename
        if isinstance(event, Epilogue):
            break
    return name, size, digest.hexdigest()


print("ready", os.getpid(), flush=True)
while True:
    receive(body(8192))
