# expect: healthy bench
"""Finds the handler of a path: all routes were compiled at start-up."""

import os
import re

known_words = re.compile(r"[a-z]+")
routes = [f"/shop/{name}-{n}/<number>/<word>" for name in ("item", "cart", "user") for n in range(300)]


def expression(route):
    return "^" + route.replace("<number>", r"(\d+)").replace("<word>", r"([a-z]+)") + "$"


compiled = [(route, re.compile(expression(route))) for route in routes]


def find(path):
    for route, pattern in compiled:
        found = pattern.match(path)
        if found:
            return route, found.groups()
    return None


def words(path):
    return len(known_words.findall(path))


paths = [f"/shop/user-{n}/{n * 7}/blue" for n in range(300)]
print("ready", os.getpid(), flush=True)
number = 0
while True:
    path = paths[number * 31 % len(paths)]
    find(path)
    words(path)
    number += 1
