"""Result side of the task client: subscribe, wait, and hand out states."""
import json
import threading
import time
from collections import OrderedDict, deque

READY = frozenset({"SUCCESS", "FAILURE", "REVOKED"})


class ResultTimeout(Exception):
    pass


class PendingResult:
    __slots__ = ("task_id", "state", "value", "children", "callbacks", "created")

    def __init__(self, task_id):
        self.task_id = task_id
        self.state = "PENDING"
        self.value = None
        self.children = []  # <- made 6
        self.callbacks = deque()  # <- made 80
        self.created = time.time()

    def then(self, fn):
        self.callbacks.append(fn)


class ResultConsumer:
    def __init__(self, pubsub, prefix="task-meta-", cache_size=500):
        self._pubsub = pubsub
        self._prefix = prefix
        self._pending = {}  # <- cost
        self._subscribed = set()
        self._early = OrderedDict()
        self._cache_size = cache_size
        self._lock = threading.RLock()

    def add_pending(self, task_id):
        with self._lock:
            result = self._pending.get(task_id)
            if result is None:
                result = PendingResult(task_id)  # <- made 8
                self._pending[task_id] = result  # <- cost
                self._subscribe(task_id)
            meta = self._early.pop(task_id, None)
            if meta is not None:
                self._resolve(result, meta)
            return result

    def _subscribe(self, task_id):
        key = self._prefix + task_id
        if key not in self._subscribed:
            self._subscribed.add(key)
            self._pubsub.subscribe(key)

    def _unsubscribe(self, task_id):
        key = self._prefix + task_id
        if key in self._subscribed:
            self._subscribed.discard(key)
            self._pubsub.unsubscribe(key)

    def drain(self, timeout):
        message = self._pubsub.get_message(timeout=timeout)
        if not message or message["type"] != "message":
            return
        meta = json.loads(message["data"])
        with self._lock:
            result = self._pending.get(meta["task_id"])
            if result is None:
                self._early[meta["task_id"]] = meta
                while len(self._early) > self._cache_size:
                    self._early.popitem(last=False)
                return
            self._resolve(result, meta)

    def _resolve(self, result, meta):
        result.state = meta["status"]
        if result.state not in READY:
            return
        result.value = meta.get("result")
        self._pending.pop(result.task_id, None)
        self._unsubscribe(result.task_id)
        while result.callbacks:
            result.callbacks.popleft()(result)

    def wait_for(self, task_id, timeout):
        result = self.add_pending(task_id)
        deadline = time.monotonic() + timeout
        while result.state not in READY:
            left = deadline - time.monotonic()
            if left <= 0:
                self._unsubscribe(task_id)  # <- cost
                raise ResultTimeout(task_id)
            self.drain(min(left, 1.0))
        return result.value
