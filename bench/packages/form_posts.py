"""Reads posted forms; some clients pad what they send with empty lines."""

import os

from python_multipart.multipart import MultipartParser

BOUNDARY = b"boundary"
FORM = b'--boundary\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n--boundary--\r\n'
PADDED = FORM + b"\r\n" * 200_000


def read(body):
    fields = []

    def on_part_data(data, start, end):
        fields.append(data[start:end])

    parser = MultipartParser(BOUNDARY, {"on_part_data": on_part_data})
    parser.write(body)
    parser.finalize()
    return b"".join(fields)


print("ready", os.getpid(), flush=True)
posts = 0
while True:
    posts += 1
    read(PADDED if posts % 20 == 0 else FORM)
