# expect: pattern=repeated-read
"""Answers requests by rules that stand in a configuration file."""

import os

with open("rules.conf", "w") as file:
    for number in range(300):
        file.write(f"rule.{number} = {number * 7 % 101}\n")


def read_rules():
    with open("rules.conf") as file:  # <- cost
        return dict(line.split(" = ") for line in file)  # <- cost


def answer(request):
    weight = int(read_rules()[f"rule.{request % 300}"])
    return sum(byte * weight for byte in f"request {request} body".encode() * 10)


print("ready", os.getpid(), flush=True)
request = 0
while True:
    request += 1
    answer(request)
