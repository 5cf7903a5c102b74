import hashlib
import hmac
import json
import logging
import time
import uuid
from collections import Counter, deque

import requests

log = logging.getLogger("webhooks")

RETRY_DELAYS = [5, 30, 120, 600]


class Delivery:
    __slots__ = ("id", "url", "body", "attempts", "created", "headers")

    def __init__(self, url, body, headers):
        self.id = uuid.uuid4().hex
        self.url = url
        self.body = body
        self.headers = headers
        self.attempts = 0
        self.created = time.time()


class WebhookSender:
    def __init__(self, secret, session=None):
        self._secret = secret
        self._session = session or requests.Session()
        self._inflight = {}  # <- cost
        self._ready = deque()
        self._delayed = []
        self._recent_errors = deque(maxlen=200)
        self._status_counts = Counter()

    def _encode(self, event):
        doc = {"type": event.kind, "at": event.at, "data": event.payload}
        return json.dumps(doc, sort_keys=True).encode("utf-8")  # <- made 85

    def _sign(self, body):
        mac = hmac.new(self._secret, body, hashlib.sha256)
        return {  # <- made 15
            "Content-Type": "application/json",
            "X-Signature": "sha256=" + mac.hexdigest(),
        }

    def enqueue(self, hook, event):
        body = self._encode(event)
        d = Delivery(hook.url, body, self._sign(body))
        self._inflight[d.id] = d  # <- cost
        self._ready.append(d.id)
        return d.id

    def pump(self):
        now = time.time()
        due = [e for e in self._delayed if e[0] <= now]
        self._delayed = [e for e in self._delayed if e[0] > now]
        for _, delivery_id in due:
            self._ready.append(delivery_id)
        while self._ready:
            self._attempt(self._inflight[self._ready.popleft()])

    def _attempt(self, d):
        d.attempts += 1
        try:
            resp = self._session.post(d.url, data=d.body, headers=d.headers, timeout=10)
        except requests.RequestException as exc:
            self._recent_errors.append((d.url, repr(exc)))
            self._retry(d)
            return
        self._status_counts[resp.status_code // 100] += 1
        if resp.ok:
            del self._inflight[d.id]
        elif resp.status_code >= 500:
            self._retry(d)
        else:
            log.warning("hook %s rejected delivery %s: %s", d.url, d.id, resp.status_code)  # <- cost

    def _retry(self, d):
        if d.attempts > len(RETRY_DELAYS):
            log.error("giving up on %s after %d attempts", d.id, d.attempts)
            self._inflight.pop(d.id, None)
            return
        delay = RETRY_DELAYS[d.attempts - 1]
        self._delayed.append((time.time() + delay, d.id))

    def stats(self):
        return {
            "ready": len(self._ready),
            "delayed": len(self._delayed),
            "statuses": dict(self._status_counts),
            "errors": list(self._recent_errors),
        }
