# expect: healthy bench
"""Scores for a dessert delivery: how likely a household orders tiramisu this evening.

GET /households/{number}/score takes the household's profile with the dishes that it ordered lately, and answers with
the probability and the strongest dishes. The model is what the training job left: embeddings of dishes and of
postcodes, and a small network, in one pickle.

Measured: 0.32 cores (median latency 5.5 ms) with the problem, 0.09 cores (1.6 ms) repaired, at 60 requests a second.
"""

import math
import os
import pickle
import random
import sys
import threading
from contextlib import asynccontextmanager
from functools import cache

import numpy as np
import uvicorn
from fastapi import FastAPI, HTTPException

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

MODEL_PATH = os.path.join("models", "tiramisu.pkl")
DISHES = 1500
POSTCODES = 170_000
WIDTH = 32
HIDDEN = 64
HOUSEHOLDS = 2000
RATE = 60


def train_model():
    """Stands for the training job: leaves a model behind."""
    rng = np.random.default_rng(3)
    model = {
        "version": "2024-11-02",
        "dishes": {f"dish-{number}": number for number in range(DISHES)},
        "dish_vectors": rng.normal(0, 0.3, (DISHES, WIDTH)).astype(np.float32),
        "postcode_vectors": rng.normal(0, 0.3, (POSTCODES, WIDTH)).astype(np.float32),
        "hidden": rng.normal(0, 0.2, (2 * WIDTH + 4, HIDDEN)).astype(np.float32),
        "hidden_bias": rng.normal(0, 0.1, HIDDEN).astype(np.float32),
        "output": rng.normal(0, 0.2, HIDDEN).astype(np.float32),
        "output_bias": -0.4,
    }
    os.makedirs(os.path.dirname(MODEL_PATH), exist_ok=True)
    with open(MODEL_PATH, "wb") as file:
        pickle.dump(model, file, protocol=pickle.HIGHEST_PROTOCOL)


@cache
def load_model():
    with open(MODEL_PATH, "rb") as file:
        return pickle.load(file)


class Scorer:
    def __init__(self, model):
        self.model = model

    def score(self, household):
        model = self.model
        known = [model["dishes"][dish] for dish in household["dishes"] if dish in model["dishes"]]
        recent = model["dish_vectors"][known] if known else np.zeros((1, WIDTH), np.float32)
        postcode = model["postcode_vectors"][household["postcode"] % POSTCODES]
        plain = np.array(
            [household["adults"], household["children"], household["hour"] / 24, household["budget"] / 100],
            np.float32,
        )
        inputs = np.concatenate([recent.mean(axis=0), postcode, plain])
        hidden = np.maximum(inputs @ model["hidden"] + model["hidden_bias"], 0)
        logit = float(hidden @ model["output"]) + model["output_bias"]
        closeness = recent @ postcode
        order = np.argsort(-closeness)[:3]
        return {
            "model": model["version"],
            "probability": round(1 / (1 + math.exp(-logit)), 5),
            "because": [household["dishes"][at] for at in order if at < len(household["dishes"])],
        }


@asynccontextmanager
async def lifespan(app):
    said = threading.Timer(2, lambda: print("ready", os.getpid(), flush=True))
    said.daemon = True
    said.start()
    yield


def make_profiles():
    """The households as the ordering system knows them."""
    chance = random.Random(8)
    return {
        number: {
            "postcode": chance.randrange(POSTCODES),
            "adults": chance.randint(1, 4),
            "children": chance.randint(0, 3),
            "hour": chance.randint(16, 22),
            "budget": chance.uniform(10, 90),
            "dishes": [f"dish-{chance.randrange(DISHES)}" for _ in range(12)],
        }
        for number in range(HOUSEHOLDS)
    }


app = FastAPI(lifespan=lifespan)
profiles = make_profiles()


@app.get("/households/{number}/score")
def score(number: int):
    household = profiles.get(number)
    if household is None:
        raise HTTPException(404, "no such household")
    scorer = Scorer(load_model())
    return scorer.score(household)


@app.get("/health")
def health():
    return {"status": "ok"}


def main():
    train_model()
    port = services.free_port()
    paths = [f"/households/{number}/score" for number in range(0, HOUSEHOLDS, 7)]
    services.outside(lambda: clients.come(port, paths, RATE, workers=6))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, timeout_keep_alive=60)


if __name__ == "__main__":
    main()
