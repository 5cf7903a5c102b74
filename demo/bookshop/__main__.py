"""Run the shop: ``python -m bookshop --data FOLDER [--port 0] [--workers 2]``. Prints ``ready PORT``.

One listening socket, some worker processes, each serving one connection at a time.
"""

import argparse
import os
import signal
import sys
from http.server import HTTPServer
from pathlib import Path

from bookshop.data import make
from bookshop.web import Handler, Shop


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()

    make(chosen.data)
    server = HTTPServer(("127.0.0.1", chosen.port), Handler)
    workers = []
    for _ in range(chosen.workers):
        worker = os.fork()
        if worker == 0:
            Handler.shop = Shop(chosen.data)
            server.serve_forever()
            return
        workers.append(worker)

    def end(*_: object) -> None:
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print("ready", server.server_port, flush=True)
    for worker in workers:
        os.waitpid(worker, 0)


if __name__ == "__main__":
    main()
