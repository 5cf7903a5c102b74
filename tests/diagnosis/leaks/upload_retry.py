"""Uploads camera clips from the edge box to object storage."""
import hashlib
import logging
import queue
import threading
import time
from pathlib import Path

log = logging.getLogger(__name__)


class Part:
    def __init__(self, clip, index, data):
        self.clip = clip
        self.index = index
        self.data = data
        self.md5 = hashlib.md5(data).hexdigest()
        self.tries = 0


class Uploader(threading.Thread):
    part_size = 1 << 20
    max_tries = 5

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client = client
        self.todo = queue.Queue(maxsize=32)
        self.failed = []  # <- cost
        self.etags = {}
        self.bytes_sent = 0

    def submit(self, path: Path):
        clip = path.stem
        with path.open("rb") as fh:
            index = 0
            while True:
                data = fh.read(self.part_size)  # <- made 99
                if not data:
                    break
                self.todo.put(Part(clip, index, data))
                index += 1
        self.todo.put(("finish", clip, index))

    def run(self):
        while True:
            item = self.todo.get()
            try:
                if isinstance(item, tuple):
                    self._finish(*item[1:])
                else:
                    self._send(item)
            finally:
                self.todo.task_done()

    def _send(self, part):
        while part.tries < self.max_tries:
            part.tries += 1
            try:
                etag = self.client.put_part(part.clip, part.index, part.data, part.md5)
            except OSError as exc:
                log.warning("part %s/%d try %d: %s", part.clip, part.index, part.tries, exc)
                time.sleep(min(30, 2 ** part.tries))
                continue
            self.etags.setdefault(part.clip, {})[part.index] = etag
            self.bytes_sent += len(part.data)
            return
        self.failed.append(part)  # <- cost

    def _finish(self, clip, count):
        parts = self.etags.pop(clip, {})
        if len(parts) != count:
            log.error("clip %s incomplete: %d of %d", clip, len(parts), count)
            self.client.abort(clip)
            return
        ordered = [parts[i] for i in range(count)]
        self.client.complete(clip, ordered)

    def status(self):
        return {
            "queued": self.todo.qsize(),
            "failed": [(p.clip, p.index) for p in self.failed[-20:]],
            "sent": self.bytes_sent,
        }
