"""Sorts what clients send by the type and character set that they name."""

import os
from collections import Counter

from multipart.multipart import parse_options_header

kinds = Counter()


def headers():
    for number in range(50):
        yield f"multipart/form-data; boundary=part-{number}; charset=utf-8"
    yield 'application/x-www-form-urlencoded; !="' + "\\" * 24


def sort(header):
    kind, options = parse_options_header(header)
    kinds[kind, options.get(b"charset")] += 1


print("ready", os.getpid(), flush=True)
while True:
    for header in headers():
        sort(header)
