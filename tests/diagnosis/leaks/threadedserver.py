"""Line protocol server that answers every connection on its own thread."""
import logging
import selectors
import socket
import threading

log = logging.getLogger(__name__)


class LineServer:
    request_queue_size = 16
    max_line = 64 * 1024

    def __init__(self, address, handler, daemon_threads=False):
        self.handler = handler
        self.daemon_threads = daemon_threads
        self.block_on_close = True
        self._threads = None
        self._stop = threading.Event()
        self._stopped = threading.Event()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(address)
        self.socket.listen(self.request_queue_size)

    def serve_forever(self, poll=0.5):
        self._stopped.clear()
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self.socket, selectors.EVENT_READ)
                while not self._stop.is_set():
                    for _key, _mask in selector.select(poll):
                        self._accept()
        finally:
            self._stopped.set()

    def _accept(self):
        try:
            conn, peer = self.socket.accept()
        except OSError:
            return
        try:
            self.process(conn, peer)
        except Exception:
            log.exception("could not serve %s", peer)
            conn.close()

    def process(self, conn, peer):
        worker = threading.Thread(target=self._work, args=(conn, peer))  # <- made 100
        worker.daemon = self.daemon_threads
        if not worker.daemon and self.block_on_close:
            if self._threads is None:
                self._threads = []  # <- cost
            self._threads.append(worker)  # <- cost
        worker.start()

    def _work(self, conn, peer):
        pending = bytearray()
        replies = []
        try:
            while not self._stop.is_set():
                data = conn.recv(4096)
                if not data:
                    break
                pending += data
                if len(pending) > self.max_line:
                    conn.sendall(b"ERR line too long\n")
                    break
                *lines, rest = bytes(pending).split(b"\n")
                pending = bytearray(rest)
                for line in lines:
                    replies.append(self.handler(peer, line.decode("utf-8", "replace")))
                if replies:
                    conn.sendall("".join(f"{r}\n" for r in replies).encode())
                    replies.clear()
        except OSError as exc:
            log.debug("%s went away: %s", peer, exc)
        finally:
            conn.close()

    def close(self):
        self._stop.set()
        self._stopped.wait(5)
        self.socket.close()
        if self.block_on_close:
            threads, self._threads = self._threads, None
            for thread in threads or ():
                thread.join()
