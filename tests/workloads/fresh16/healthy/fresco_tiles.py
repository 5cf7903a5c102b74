# expect: healthy bench
"""The tile works of a fresco archive: each photograph of a wall is cut into tiles, which are reduced, compared with the
last campaign's to find flaking paint, and packed for the archive.

A Celery worker (one process) on Redis. Looks costly, and is as it should be: packing with zlib and the reducing with
numpy are the work itself, the connection to Redis stays and takes a wall's tiles in one pipeline, the worker process
is renewed only after some thousand walls, the campaign's reference is read once for each process.

Measured: 8 walls a second, 0.05 cores in the worker.
"""

import random
import sys
import time
import warnings
import zlib
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import numpy as np
import redis
import services
from celery import Celery, Task, chain
from celery.signals import worker_process_init, worker_ready

WALLS = 48
SIDE = 192
TILES = 6
WALLS_PER_SECOND = 8

app = Celery("fresco", set_as_current=True)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=2,
    worker_max_tasks_per_child=20000,
    worker_redirect_stdouts=False,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
)


class Archive:
    """The tiles in Redis: one hash for each wall, so that a wall is replaced as a whole."""

    def __init__(self, url):
        self.client = redis.Redis.from_url(url)

    def keep(self, wall, tiles, flaking):
        with self.client.pipeline(transaction=True) as pipe:
            pipe.delete(f"wall:{wall}")
            pipe.hset(f"wall:{wall}", mapping=tiles)
            pipe.zadd("flaking", {wall: flaking})
            pipe.execute()

    def flaking(self, number):
        return self.client.zrevrange("flaking", 0, number - 1, withscores=True)

    def publish(self, text):
        self.client.set("report", text, ex=3600)


class Campaign:
    """How the walls looked last time; photographs are drawn here, by number."""

    def __init__(self):
        noise = np.random.default_rng(7)
        rows, columns = np.mgrid[0 : SIDE * 2, 0 : SIDE * TILES]
        plaster = 120 + 60 * np.sin(rows / 37) * np.cos(columns / 23)
        self.base = (plaster + noise.normal(0, 3, plaster.shape)).astype(np.float32)

    def before(self, wall):
        return np.roll(self.base, wall * 11, axis=1)

    def photograph(self, wall, seed):
        now = self.before(wall).copy()
        noise = np.random.default_rng(seed)
        top, left = noise.integers(0, SIDE), noise.integers(0, SIDE * (TILES - 1))
        now[top : top + 30, left : left + 40] += 45
        return now


class WallTask(Task):
    abstract = True
    _archive = None
    campaign = None

    @property
    def archive(self):
        if self._archive is None:
            self._archive = Archive(self.app.conf.broker_url)
        return self._archive


@worker_process_init.connect
def prepare(**_):
    WallTask.campaign = Campaign()


def reduced(picture):
    """Half the size: the mean of each four pixels."""
    height, width = picture.shape
    return picture.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)).astype(np.uint8)


def cut(picture):
    for number, tile in enumerate(np.split(picture, TILES, axis=1)):
        yield f"tile:{number}", tile


@app.task(bind=True, base=WallTask, name="fresco.tile")
def tile_wall(self, wall, seed):
    """Reduces, compares and packs a wall; tells how much of it flakes."""
    picture = self.campaign.photograph(wall, seed)
    flaking = float((np.abs(picture - self.campaign.before(wall)) > 25).mean())
    packed = {name: zlib.compress(tile.tobytes(), 6) for name, tile in cut(reduced(picture))}
    self.archive.keep(wall, packed, flaking)
    return wall, flaking


@app.task(bind=True, base=WallTask, name="fresco.report")
def report(self, told, limit):
    """Names the worst walls when one was found that is worse than the limit."""
    wall, flaking = told
    if flaking > limit:
        worst = self.archive.flaking(5)
        lines = [f"wall {name.decode()}: {share:.2%}" for name, share in worst]
        self.archive.publish(f"found at wall {wall}\n" + "\n".join(lines))


def photographers(broker):
    """The campaign in the chapels: eight walls a second, as long as there is light."""
    sender = Celery("photographers", broker=broker, set_as_current=False)
    due = time.monotonic()
    while True:
        wall = random.randrange(WALLS)
        cut_it = sender.signature("fresco.tile", (wall, random.randrange(1 << 30)))
        chain(cut_it, sender.signature("fresco.report", (0.01,))).apply_async()
        due += 1 / WALLS_PER_SECOND
        time.sleep(max(0, due - time.monotonic()))


@worker_ready.connect
def started(sender=None, **_):
    services.outside(lambda: photographers(app.conf.broker_url))
    (worker,) = sender.pool._pool._pool  # the one process that works
    print(f"ready {worker.pid}", flush=True)


def main():
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
    app.conf.broker_url = f"redis://127.0.0.1:{services.redis()}/0"
    options = ["--concurrency=1", "--pool=prefork", "--loglevel=ERROR", "--without-gossip", "--without-mingle"]
    app.worker_main(["--quiet", "worker", *options, "--without-heartbeat"])


if __name__ == "__main__":
    main()
