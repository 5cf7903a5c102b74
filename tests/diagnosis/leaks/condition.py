"""A condition for coroutines, and the configuration feed that waits on it."""
import asyncio
from collections import deque


class Notifier:
    """Lets coroutines sleep until somebody calls notify()."""

    def __init__(self):
        self._waiters = deque()  # <- cost

    async def wait(self, timeout=None):
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()  # <- made 95
        self._waiters.append(waiter)  # <- cost
        if timeout is None:
            await waiter
            return True

        def expire():
            if not waiter.done():
                waiter.set_result(False)  # <- cost

        handle = loop.call_later(timeout, expire)
        try:
            return await waiter
        finally:
            handle.cancel()

    def notify(self, n=1):
        woken = []
        while n and self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                n -= 1
                woken.append(waiter)
        for waiter in woken:
            waiter.set_result(True)

    def notify_all(self):
        self.notify(len(self._waiters))


class ConfigFeed:
    """Serves the current settings to long-polling agents."""

    HISTORY = 20

    def __init__(self, source, poll_seconds=25.0):
        self._source = source
        self._poll = poll_seconds
        self._changed = Notifier()
        self._version = 0
        self._current = {}
        self._history = deque(maxlen=self.HISTORY)
        self._agents = {}

    async def refresh(self):
        fresh = await self._source()
        if fresh == self._current:
            return False
        changed = {k for k in fresh if fresh[k] != self._current.get(k)}
        self._history.append((self._version, sorted(changed)))
        self._current = fresh
        self._version += 1
        self._changed.notify_all()
        return True

    async def long_poll(self, agent, seen_version):
        self._agents[agent] = seen_version
        try:
            if seen_version == self._version:
                await self._changed.wait(self._poll)
            body = {"version": self._version, "settings": None}
            if seen_version != self._version:
                body["settings"] = dict(self._current)
            return body
        finally:
            self._agents.pop(agent, None)

    def lagging(self):
        return [a for a, v in self._agents.items() if v < self._version]

    def changelog(self):
        lines = []
        for version, keys in self._history:
            lines.append(f"{version}: {', '.join(keys)}")
        return "\n".join(lines)
