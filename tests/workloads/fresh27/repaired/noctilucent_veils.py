# expect: healthy bench
"""Noctilucent cloud grader: an HTTP service that says how bright the night-shining veils are in a sky camera's frame.

The cameras' frames are kept as feature vectors (a ring per camera); a request grades one with a two-layer network
whose weights lie in grader.npz. Observers ask 35 times a second.

Measured: 0.30 of a core, p50 8.7 ms and 151 MB as it was; 0.07, 3.6 ms and 76 MB mended.
"""

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

from contextlib import asynccontextmanager

import clients
import numpy as np
import services
import uvicorn
from fastapi import FastAPI, HTTPException

WEIGHTS = "grader.npz"
FEATURES = 3072
HIDDEN = 1024
GRADES = ("none", "faint", "moderate", "bright", "brilliant")
CAMERAS = ("kuhlungsborn", "trondheim", "moscow", "edmonton", "sodankyla")
RING = 24


def train(path, seed):
    """Stand-in for the training run of last winter: it leaves the weights on disk."""
    rng = np.random.default_rng(seed)
    np.savez(
        path,
        mean=rng.normal(0, 1, FEATURES).astype(np.float32),
        scale=rng.uniform(0.5, 2, FEATURES).astype(np.float32),
        first=rng.normal(0, 0.02, (FEATURES, HIDDEN)).astype(np.float32),
        first_bias=rng.normal(0, 0.1, HIDDEN).astype(np.float32),
        second=rng.normal(0, 0.05, (HIDDEN, len(GRADES))).astype(np.float32),
        second_bias=rng.normal(0, 0.1, len(GRADES)).astype(np.float32),
    )


class Grader:
    """The network: standardise, one hidden layer, softmax over the grades."""

    def __init__(self, arrays):
        self.mean = arrays["mean"]
        self.scale = arrays["scale"]
        self.first = arrays["first"]
        self.first_bias = arrays["first_bias"]
        self.second = arrays["second"]
        self.second_bias = arrays["second_bias"]

    @classmethod
    def load(cls, path):
        with np.load(path) as stored:
            return cls({name: stored[name] for name in stored.files})

    def grade(self, features):
        scaled = (features - self.mean) / self.scale
        hidden = np.maximum(scaled @ self.first + self.first_bias, 0)
        scores = hidden @ self.second + self.second_bias
        odds = np.exp(scores - scores.max())
        return odds / odds.sum()


class Sky:
    """The last frames of each camera, as features."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.frames = {camera: rng.normal(0, 1, (RING, FEATURES)).astype(np.float32) for camera in CAMERAS}
        self.cloudiness = {camera: float(rng.uniform(0, 1)) for camera in CAMERAS}

    def frame(self, camera, number):
        return self.frames[camera][number % RING]


sky = Sky(4)
grader = None


@asynccontextmanager
async def lifespan(_):
    print("ready", os.getpid(), flush=True)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/grade/{camera}/{number}")
def grade(camera: str, number: int):
    if camera not in CAMERAS:
        raise HTTPException(404, "no such camera")
    odds = grader.grade(sky.frame(camera, number))
    best = int(odds.argmax())
    return {
        "camera": camera,
        "frame": number,
        "grade": GRADES[best],
        "certainty": round(float(odds[best]), 4),
        "cloudiness": round(sky.cloudiness[camera], 2),
    }


@app.get("/cameras")
async def cameras():
    return {"cameras": CAMERAS, "frames": RING}


def main():
    global grader
    train(WEIGHTS, 8)
    port = services.free_port()
    paths = [f"/grade/{camera}/{number}" for camera in CAMERAS for number in range(RING)]
    services.outside(lambda: clients.come(port, paths, 35, 6))
    grader = Grader.load(WEIGHTS)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
