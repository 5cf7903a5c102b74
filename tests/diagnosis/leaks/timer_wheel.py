import heapq
import itertools
import select
import time


class Timer:
    __slots__ = ("when", "seq", "callback", "args", "cancelled")

    def __init__(self, when, seq, callback, args):
        self.when = when
        self.seq = seq
        self.callback = callback
        self.args = args
        self.cancelled = False

    def __lt__(self, other):
        return (self.when, self.seq) < (other.when, other.seq)

    def cancel(self):
        self.cancelled = True  # <- cost


class Loop:
    def __init__(self):
        self._timers = []
        self._ready = []
        self._seq = itertools.count()
        self._readers = {}
        self.running = False

    def call_later(self, delay, callback, *args):
        timer = Timer(time.monotonic() + delay, next(self._seq), callback, args)  # <- made 20
        heapq.heappush(self._timers, timer)  # <- cost
        return timer

    def call_soon(self, callback, *args):
        self._ready.append((callback, args))

    def add_reader(self, fd, callback):
        self._readers[fd] = callback

    def remove_reader(self, fd):
        self._readers.pop(fd, None)

    def run(self):
        self.running = True
        while self.running:
            timeout = 1.0
            if self._timers:
                timeout = max(0.0, min(timeout, self._timers[0].when - time.monotonic()))
            readable, _, _ = select.select(list(self._readers), [], [], timeout)
            for fd in readable:
                self._ready.append((self._readers[fd], (fd,)))
            now = time.monotonic()
            while self._timers and self._timers[0].when <= now:
                timer = heapq.heappop(self._timers)
                if not timer.cancelled:
                    self._ready.append((timer.callback, timer.args))
            ready, self._ready = self._ready, []
            for callback, args in ready:
                callback(*args)


class LineProtocol:
    idle_limit = 86400

    def __init__(self, loop, sock, on_line):
        self.loop = loop
        self.sock = sock
        self.on_line = on_line
        self.partial = b""
        self.idle = None
        loop.add_reader(sock.fileno(), self.readable)

    def readable(self, fd):
        chunk = self.sock.recv(4096)  # <- made 80
        if not chunk:
            self.loop.remove_reader(fd)
            self.sock.close()
            return
        if self.idle is not None:
            self.idle.cancel()
        self.idle = self.loop.call_later(self.idle_limit, self.expire, chunk)
        *lines, self.partial = (self.partial + chunk).split(b"\n")
        for line in lines:
            self.on_line(self, line)

    def expire(self, last):
        print("idle peer, last data", last[-20:])
        self.loop.remove_reader(self.sock.fileno())
        self.sock.close()
