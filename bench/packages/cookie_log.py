"""Counts the sessions of a log of Cookie headers."""

import os
from collections import Counter

from tornado.httputil import parse_cookie

sessions = Counter()


def headers():
    for number in range(60):
        yield f'session=s{number}; theme=dark; seen="{number}"'
    yield 'session=s1; basket="' + 'a "quoted" word '.replace('"', '\\"') * 400 + '"'


def count(header):
    cookies = parse_cookie(header)
    sessions[cookies.get("session")] += 1
    return len(cookies.get("basket", ""))


print("ready", os.getpid(), flush=True)
while True:
    for header in headers():
        count(header)
