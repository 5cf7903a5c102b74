import os
from collections import deque

import numpy as np


class ReplayBuffer:
    def __init__(self, capacity, obs_dim):
        self.obs = np.zeros((capacity, obs_dim), dtype=np.float32)
        self.rew = np.zeros(capacity, dtype=np.float32)
        self.capacity = capacity
        self.n = 0

    def add(self, obs, rew):
        i = self.n % self.capacity
        self.obs[i] = obs
        self.rew[i] = rew
        self.n += 1

    def sample(self, rng, size):
        idx = rng.integers(0, min(self.n, self.capacity), size)
        return self.obs[idx], self.rew[idx]


class LinearCritic:
    def __init__(self, obs_dim, lr=1e-3):
        self.w = np.zeros(obs_dim, dtype=np.float32)
        self.lr = lr

    def errors(self, obs, rew):
        return rew - obs @ self.w  # <- made 60

    def step(self, obs, err):
        grad = obs.T @ err / len(err)
        self.w += self.lr * grad
        return grad


class Tracker:
    def __init__(self, window=100):
        self.window = deque(maxlen=window)
        self.curve = []  # <- cost
        self.best = -np.inf

    def update(self, step, err, weights):
        score = -float(np.mean(err ** 2))
        self.window.append(score)
        self.curve.append({"step": step, "score": score, "err": err, "w": weights})  # <- cost
        self.best = max(self.best, score)

    def smoothed(self):
        return sum(self.window) / max(1, len(self.window))

    def write_csv(self, path):
        with open(path, "w") as fh:
            for row in self.curve:
                fh.write(f"{row['step']},{row['score']:.6f}\n")


def rollout(env, critic, rng, horizon):
    obs = env.reset()
    trace = []
    for _ in range(horizon):
        action = rng.integers(env.n_actions)
        nxt, rew, done = env.step(action)
        trace.append((obs, rew))
        obs = nxt
        if done:
            break
    return trace


def train(env, steps, out_dir, seed=0, batch=256):
    rng = np.random.default_rng(seed)
    buf = ReplayBuffer(50_000, env.obs_dim)
    critic = LinearCritic(env.obs_dim)
    tracker = Tracker()
    checkpoints = []
    for step in range(steps):
        for obs, rew in rollout(env, critic, rng, 200):
            buf.add(obs, rew)
        obs, rew = buf.sample(rng, batch)
        err = critic.errors(obs, rew)
        critic.step(obs, err)
        tracker.update(step, err, critic.w.copy())  # <- made 40
        if step % 1000 == 0:
            path = os.path.join(out_dir, f"w{step}.npy")
            np.save(path, critic.w)
            checkpoints.append(path)
            while len(checkpoints) > 5:
                os.unlink(checkpoints.pop(0))
            print(step, tracker.smoothed(), tracker.best)
    tracker.write_csv(os.path.join(out_dir, "curve.csv"))
    return critic
