# expect: healthy bench
"""Answers requests by rules that stand in a configuration file."""

import os
import time

with open("rules.conf", "w") as file:
    for number in range(300):
        file.write(f"rule.{number} = {number * 7 % 101}\n")


def read_rules():
    with open("rules.conf") as file:
        return dict(line.split(" = ") for line in file)


kept = {"until": 0.0}


def rules():
    now = time.monotonic()
    if now > kept["until"]:
        kept.update(until=now + 1, rules=read_rules())
    return kept["rules"]


def answer(request):
    weight = int(rules()[f"rule.{request % 300}"])
    return sum(byte * weight for byte in f"request {request} body".encode() * 10)


print("ready", os.getpid(), flush=True)
request = 0
while True:
    request += 1
    answer(request)
