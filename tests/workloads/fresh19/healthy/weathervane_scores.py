# bench: healthy
# A Celery worker that scores what wind vanes on church towers recorded: each task takes one compressed block of readings
# out of Redis, finds the gusts and the veer with numpy, and stores the score in one round trip. Some forty tasks a second,
# 19 % of a core; hardly any page faults.
import os
import random
import sys
import time
import zlib

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside, redis as redis_server

import numpy as np
import redis
from celery import Celery
from celery.signals import worker_ready

app = Celery("weathervanes")
app.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_redirect_stdouts=False,
)

TOWERS = ("st_anne", "st_giles", "minster", "guildhall", "corn_exchange", "water_tower")
READINGS = 16_384
store = None


def use_redis(port):
    global store
    url = f"redis://127.0.0.1:{port}/0"
    app.conf.broker_url = url
    store = redis.Redis.from_url(url)


def unwrap(degrees):
    """Directions as a continuous angle in radians."""
    return np.unwrap(np.deg2rad(degrees))


def gusts_of(speed, window=60):
    """Readings that stand out from the mean of the minute around them."""
    total = np.cumsum(np.insert(speed, 0, 0.0))
    mean = (total[window:] - total[:-window]) / window
    middle = speed[window // 2 : window // 2 + len(mean)]
    return np.flatnonzero(middle > mean * 1.8)


def spectrum_peak(angle):
    power = np.abs(np.fft.rfft(angle - angle.mean())) ** 2
    return int(np.argmax(power[1:]) + 1)


@app.task(name="weathervanes.score")
def score(key, tower, hour):
    packed = store.get(key)
    if packed is None:
        return
    block = np.frombuffer(zlib.decompress(packed), dtype=np.float32).reshape(2, -1)
    speed, direction = block.astype(np.float64)
    angle = unwrap(direction)
    gusts = gusts_of(speed)
    low, middle, high = np.percentile(speed, (10, 50, 99))
    with store.pipeline(transaction=True) as pipe:
        pipe.hset(
            f"score:{tower}",
            mapping={
                "hour": hour,
                "gusts": len(gusts),
                "calm": round(float(low), 2),
                "median": round(float(middle), 2),
                "strongest": round(float(high), 2),
                "veer": round(float(np.rad2deg(angle[-1] - angle[0])), 1),
                "swing": spectrum_peak(angle),
            },
        )
        pipe.expire(f"score:{tower}", 3600)
        pipe.delete(key)
        pipe.execute()


def record(random_numbers):
    steps = random_numbers.normal(0, 2, READINGS).astype(np.float32)
    direction = np.mod(210 + np.cumsum(steps), 360)
    speed = np.abs(random_numbers.normal(6, 3, READINGS)).astype(np.float32)
    return np.stack([np.round(speed, 1), np.round(direction, 0)]).astype(np.float32).tobytes()


def loggers():
    numbers = np.random.default_rng(7)
    blocks = [zlib.compress(record(numbers), 1) for _ in range(12)]
    due, hour = time.monotonic(), 0
    while True:
        tower = TOWERS[hour % len(TOWERS)]
        key = f"block:{tower}:{hour}"
        store.set(key, random.choice(blocks), ex=60)
        score.delay(key, tower, hour)
        hour += 1
        due = max(due + 1 / 40, time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))


@worker_ready.connect
def say_ready(**_):
    print("ready", flush=True)


def main():
    use_redis(redis_server())
    sys.__stdout__ = sys.stderr
    outside(loggers)
    app.Worker(
        pool="solo", quiet=True, loglevel="ERROR", without_gossip=True, without_mingle=True, without_heartbeat=True
    ).start()


if __name__ == "__main__":
    main()
