"""What a workload talks to: services and customers in processes of their own, which are not its children.

They belong to the workload's process group, so they end with it. ``services.py http MILLISECONDS`` starts one for a
program in another language, and prints its port.
"""

import contextlib
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def outside(do):
    """Run ``do()`` in a process that is nobody's child here."""
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # who started this may read its output to the end
            with contextlib.suppress(OSError, http.client.HTTPException, KeyboardInterrupt):
                do()
        os._exit(0)
    os.waitpid(child, 0)


class Service(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass  # a customer that hung up


def http_service(answer, *, keep_alive=True, host="127.0.0.1", context=None):
    """Serve ``answer(path)``, which returns a body or (status, body), outside; its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keep_alive else "HTTP/1.0"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = answer(self.path)
            status, body = said if isinstance(said, tuple) else (200, said)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    server = Service((host, 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    outside(server.serve_forever)
    return server.server_port


def customers(port, paths, number=1, host="127.0.0.1", pause=0.0, keep_alive=True):
    """``number`` customers that ask for one of ``paths`` after the other, as fast as they are answered."""

    def shop():
        connection = http.client.HTTPConnection(host, port)
        while True:
            connection.request("GET", random.choice(paths))
            connection.getresponse().read()
            if not keep_alive:
                connection.close()
            time.sleep(pause)

    for _ in range(number):
        outside(shop)


def outer_address():
    """An address of this machine that other machines use."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("192.0.2.1", 9))  # (sends nothing)
        return asked.getsockname()[0]


def free_port():
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def wait_for(port, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def redis():
    """An empty Redis server, in memory only; its port."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
    outside(lambda: _become(command))
    wait_for(port)
    return port


def postgres(*setup):
    """A PostgreSQL server with a database of its own in the current folder, after the statements of ``setup``; its
    port. The user is ``postgres``, without a password."""
    import pg8000.native

    programs = _postgres_programs()
    port = free_port()
    folder = os.path.abspath("database")

    def as_user():
        if os.geteuid() == 0:
            import pwd

            user = pwd.getpwnam("postgres")
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)

    made = [
        os.path.join(programs, "initdb"),
        "-D",
        folder,
        "-N",
        "-A",
        "trust",
        "-U",
        "postgres",
        "--locale=C",
        "-E",
        "UTF8",
    ]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, preexec_fn=as_user)
    settings = {"fsync": "off", "unix_socket_directories": folder, "shared_buffers": "32MB", "jit": "off"}
    command = [os.path.join(programs, "postgres"), "-D", folder, "-p", str(port), "-h", "127.0.0.1"]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def serve():
        as_user()
        _become(command)

    outside(serve)
    wait_for(port)
    for _ in range(100):
        with contextlib.suppress(pg8000.native.InterfaceError, pg8000.native.DatabaseError):
            with pg8000.native.Connection("postgres", host="127.0.0.1", port=port) as first:
                for statement in setup:
                    first.run(statement)
            return port
        time.sleep(0.1)
    raise SystemExit("the database does not start")


def _postgres_programs():
    """Debian keeps them off PATH, by version."""
    base = "/usr/lib/postgresql"
    versions = sorted(os.listdir(base), key=int) if os.path.isdir(base) else []
    folders = [os.path.join(base, version, "bin") for version in reversed(versions)]
    found = [folder for folder in folders if os.path.exists(os.path.join(folder, "initdb"))]
    return found[0] if found else os.path.dirname(shutil.which("initdb") or "initdb")


def _become(command):
    silent = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silent, descriptor)
    os.execvp(command[0], command)


def _article(path):
    number = sum(path.encode())
    return json.dumps(
        {"path": path, "name": f"article {number}", "price": number * 7 % 1000, "stock": number % 13}
    ).encode()


def main():
    kind, *words = sys.argv[1:]
    if kind == "http":
        delay = float(words[0]) / 1000

        def answer(path):
            time.sleep(delay)
            return _article(path)

        print(http_service(answer), flush=True)
    elif kind == "unable":
        print(http_service(lambda path: (503, b'{"error": "overloaded"}')), flush=True)
    elif kind == "postgres":
        print(postgres(*words), flush=True)
    elif kind == "redis":
        print(redis(), flush=True)
    elif kind == "customers":
        customers(int(words[0]), words[1].split(","), int(words[2]) if len(words) > 2 else 1)


if __name__ == "__main__":
    main()
