"""Groups the links of crawled pages by host."""

import os
from collections import Counter

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

hosts = Counter()


def links():
    for number in range(100):
        yield f"https://www.example.org/shop/{number}?from=mail#top"
    yield "https://" + "user@" * 600 + "www.example.org:port/"


def note(link):
    try:
        hosts[parse_url(link).host] += 1
    except LocationParseError:
        hosts["(broken)"] += 1


print("ready", os.getpid(), flush=True)
while True:
    for link in links():
        note(link)
