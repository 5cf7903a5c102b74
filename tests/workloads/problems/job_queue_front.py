# expect: pattern=hot-loop bench
"""A scheduler takes jobs from the front of its queue and puts follow-up jobs at the back."""

import os

pending = list(range(120_000))


def take():
    return pending.pop(0)  # <- cost


def run(jobs):
    done = 0
    for _ in range(jobs):
        job = take()
        done += job % 7
        pending.append((job * 31 + 17) % 1_000_003)
    return done


print("ready", os.getpid(), flush=True)
while True:
    run(1000)
