"""Online ranking model trained from click feedback."""
import collections
import time

import numpy as np


class Adam:
    def __init__(self, dim, lr=1e-3):
        self.m = np.zeros(dim)
        self.v = np.zeros(dim)
        self.t = 0
        self.lr = lr

    def update(self, w, grad):
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * grad
        self.v = 0.999 * self.v + 0.001 * grad * grad
        mh = self.m / (1 - 0.9 ** self.t)
        vh = self.v / (1 - 0.999 ** self.t)
        return w - self.lr * mh / (np.sqrt(vh) + 1e-8)


class Ranker:
    def __init__(self, dim):
        self.w = np.zeros(dim)
        self.opt = Adam(dim)
        self.impressions = {}  # <- cost
        self.recent_loss = collections.deque(maxlen=1000)
        self.buffer = []

    def features(self, user, items):
        block = np.empty((len(items), self.w.size))  # <- made 100
        for i, item in enumerate(items):
            block[i] = np.outer(user.vector, item.vector).ravel()[: self.w.size]
        return block

    def rank(self, request_id, user, items):
        x = self.features(user, items)
        scores = x @ self.w
        order = np.argsort(-scores)
        self.impressions[request_id] = (time.time(), x, order)  # <- cost
        return [items[i].id for i in order]

    def feedback(self, request_id, clicked):
        record = self.impressions.pop(request_id, None)
        if record is None:
            return
        _, x, order = record
        y = np.zeros(len(order))
        y[order[clicked]] = 1.0
        self.buffer.append((x, y))
        if len(self.buffer) >= 64:
            self._train()

    def _train(self):
        x = np.concatenate([b[0] for b in self.buffer])
        y = np.concatenate([b[1] for b in self.buffer])
        p = 1.0 / (1.0 + np.exp(-(x @ self.w)))
        loss = -np.mean(y * np.log(p + 1e-9) + (1 - y) * np.log(1 - p + 1e-9))
        self.recent_loss.append(float(loss))
        self.w = self.opt.update(self.w, x.T @ (p - y) / len(y))
        self.buffer = []
