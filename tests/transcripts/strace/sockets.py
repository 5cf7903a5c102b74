"""Makes sockets.txt: a short conversation under the strace that is installed here. Run by hand, as root."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

FLAGS = ("-f", "-ttt", "-T", "-yy", "-xx", "-s256", "-etrace=socket,connect,sendto,recvfrom,close,socketpair,sendmsg")
CLIENT = """
import socket, sys
port, closed = map(int, sys.argv[1:])
with socket.create_connection(("127.0.0.1", port)) as c:
    for _ in range(3):
        c.send(b"GET /a/17 HTTP/1.1\\r\\nCookie: hunter2xyzzy\\r\\n\\r\\n")
        c.recv(99)
    c.sendmsg([b"", b"GET /b HTTP/1.1\\r\\n", b"\\r\\n"])
    c.recv(99, socket.MSG_PEEK)
    c.recv(99)
for _ in range(2):
    with socket.socket() as c:
        c.connect_ex(("127.0.0.1", closed))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
    c.sendto(b"\\0\\7\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4db-1\\4shop\\0\\0\\1\\0\\1", ("127.0.0.1", 53))
a, b = socket.socketpair()
a.send(b"12345"); b.recv(9)
"""


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))

        def answer() -> None:
            connection, _ = server.accept()
            while connection.recv(999):
                connection.send(b"ok")

        threading.Thread(target=answer, daemon=True).start()
        ports = [str(s.getsockname()[1]) for s in (server, closed)]
        out = Path(__file__).with_name("sockets.txt")
        command = ["strace", *FLAGS, f"-o{out}", sys.executable, "-c", CLIENT, *ports]
        subprocess.run(command, check=True)
        text = out.read_text()
        out.write_text(text[text.rindex("\n", 0, text.index(" socket(")) + 1 :])  # without the interpreter's start


if __name__ == "__main__":
    main()
