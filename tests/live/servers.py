"""Local servers for clients whose traffic is known: each answers once for each request."""

import http.server
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.live.need import need

DNS_ADDRESS = f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255 | 1}"
"""of this test run alone: port 53 can only be had once"""
ANSWER = b"answer!"
ECHOES = ("before", "idle", "postgres", "mysql", "redis", "waiting", "threads", "fork", "vector")


@dataclass
class Servers:
    at: dict[str, int | str]

    @property
    def argument(self) -> str:
        return json.dumps(self.at)


class _Http(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/unable":
            body = b'{"error": "unable", "hint": "try again"}' * 1000
            self.wfile.write(b"HTTP/1.1 503 Unable\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    do_POST = do_GET

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """``folder`` is for the Unix sockets and the certificate. Every server ends with the context."""
    at: dict[str, int | str] = {}
    with ExitStack() as stack:
        for name in ("http", "http_new", "unable"):
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Http)
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            at[name] = server.server_port
        for name in ECHOES:
            at[name] = stack.enter_context(_listening(("127.0.0.1", 0), _answer_each))[1]
        at["small"] = stack.enter_context(_listening(("127.0.0.1", 0), _answer_thirteen))[1]
        at["six"] = stack.enter_context(_listening(("::1", 0), _answer_each, socket.AF_INET6))[1]
        at["mail"] = stack.enter_context(_listening(("127.0.0.1", 0), _relay))[1]
        at["unix"] = str(folder / "echo.sock")
        stack.enter_context(_listening(at["unix"], _answer_each, socket.AF_UNIX))
        at["tls"] = stack.enter_context(_listening(("127.0.0.1", 0), _tls(folder)))[1]
        refusing = stack.enter_context(socket.socket())  # bound, and nobody listens: nobody else can get the port
        refusing.bind(("127.0.0.1", 0))
        at["refused"] = refusing.getsockname()[1]
        sink = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        at["datagram"] = str(folder / "sink.sock")
        sink.bind(at["datagram"])
        stack.enter_context(_hearing(sink, lambda said: b""))
        at["dns"] = DNS_ADDRESS
        names = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        names.bind((DNS_ADDRESS, 53))
        stack.enter_context(_hearing(names, _name_answer))
        yield Servers(at)


def _thread(do: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=do, args=arguments, daemon=True).start()


@contextmanager
def _listening(
    address: object, serve: Callable[[socket.socket], None], family: int = socket.AF_INET
) -> Iterator[tuple[str, int]]:
    with socket.socket(family) as listener:
        listener.bind(address)  # type: ignore[arg-type]
        listener.listen(64)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    _thread(_served, serve, connection)

        _thread(accept)
        yield listener.getsockname()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _served(serve: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection, suppress(OSError):
        serve(connection)


def _answer_each(connection: socket.socket) -> None:
    while connection.recv(65536):
        connection.sendall(ANSWER)


def _answer_thirteen(connection: socket.socket) -> None:
    got = 0
    while said := connection.recv(65536):
        got += len(said)
        if got % 13 == 0:
            connection.sendall(ANSWER)


_REPLIES = {
    b"EHLO": b"250-relay\r\n250 AUTH PLAIN\r\n",
    b"AUTH": b"235 welcome\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


def _relay(connection: socket.socket) -> None:
    """Takes every mail, from whoever logs in."""
    connection.sendall(b"220 relay ESMTP\r\n")
    with connection.makefile("rb") as lines:
        for line in lines:
            verb = line[:4].upper()
            connection.sendall(_REPLIES.get(verb, b"250 ok\r\n"))
            if verb == b"DATA":
                while lines.readline() not in (b".\r\n", b""):
                    pass
                connection.sendall(b"250 ok\r\n")


def _tls(folder: Path) -> Callable[[socket.socket], None]:
    openssl = shutil.which("openssl")
    need(openssl, "a certificate needs openssl")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [str(openssl), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as connection:
            while connection.recv(65536):
                connection.sendall(ANSWER)

    return serve


@contextmanager
def _hearing(end: socket.socket, answer: Callable[[bytes], bytes]) -> Iterator[None]:
    """Datagrams, until the context ends; then nobody holds the address any more."""
    ended = threading.Event()
    end.settimeout(0.05)

    def hear() -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                said, who = end.recvfrom(4096)
                if told := answer(said):
                    end.sendto(told, who)

    thread = threading.Thread(target=hear, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _name_answer(asked: bytes) -> bytes:
    """Every name has an address, but for those that begin with ``missing``."""
    code = 3 if asked[13:20] == b"missing" else 0
    return asked[:2] + struct.pack("!H", 0x8180 | code) + asked[4:]
