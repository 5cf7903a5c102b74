"""A client whose every connection, request and turn is known beforehand, in primes.

``known_traffic.py SERVERS``: SERVERS is the JSON that tests/live/servers.py makes. It opens two connections, prints
``ready PID``, waits for ``go``, talks to every server once, prints ``done`` and waits for ``stop``. The counts are the
constants below; whoever tests imports nothing of this file, but reads them by ``counts``.
"""

import http.client
import json
import os
import select
import smtplib
import socket
import ssl
import struct
import sys
import threading

SECRET = "hunter2xyzzy"
KEEP_ALIVE, PER_REQUEST, REFUSED, SMALL_TURNS, SMALL_BYTES = 31, 29, 23, 17, 13
UNIX_TURNS, DATAGRAMS, NAMES, MISSING_NAMES, LOOSE_NAMES = 19, 11, 37, 5, 7
QUERIES, PREPARED, COMMANDS, MY_QUERIES, WAITING_CONNECTS, TLS_TURNS = 41, 2, 43, 47, 3, 5
RUN_AGAIN = 7
BEFORE_TURNS, THREAD_TURNS, FORK_TURNS, SIX_CONNECTS, PAIR_TURNS, VECTOR_TURNS = 53, 61, 59, 3, 67, 7
UNABLE = 13
MAIL_SESSIONS, MAILS = 3, 7


def keep_alive(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for number in range(KEEP_ALIVE):
        headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"session={SECRET}"}
        connection.request("GET", f"/users/{number}/orders?token={SECRET}&page=3", headers=headers)  # @keep-alive
        connection.getresponse().read()
    connection.close()


def per_request(port):
    for _ in range(PER_REQUEST):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/orders/new", body=f"card={SECRET}")  # @per-request
        connection.getresponse().read()
        connection.close()


def unable(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(UNABLE):
        connection.request("GET", "/unable")
        connection.getresponse().read()
    connection.close()


def refused(port):
    for _ in range(REFUSED):
        with socket.socket() as nobody:
            nobody.connect_ex(("127.0.0.1", port))  # @refused


def small(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(SMALL_TURNS):
            for _ in range(SMALL_BYTES):
                connection.send(b"x")  # @small
            connection.recv(100)


def turns(connection, times, said=b"hello"):
    for _ in range(times):
        connection.send(said)  # @turn
        connection.recv(4096)


def unix(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        turns(connection, UNIX_TURNS)


def datagrams(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        for _ in range(DATAGRAMS):
            connection.sendto(b"datagram", path)  # @datagram


def question(identity, name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", identity, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def names(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.connect((address, 53))
        for number in range(NAMES + MISSING_NAMES):
            missing = number >= NAMES
            connection.send(question(number, f"{'missing' if missing else f'db-{number}'}.shop.example"))  # @name
            connection.recv(512)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        for number in range(LOOSE_NAMES):
            connection.sendto(question(number, "loose.shop.example"), (address, 53))  # @loose
            connection.recvfrom(512)


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def postgres(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        start = struct.pack("!I", 196608) + f"user\0{SECRET}\0database\0shop\0\0".encode()
        turns(connection, 1, struct.pack("!I", len(start) + 4) + start)
        turns(connection, 1, message(b"p", f"{SECRET}\0".encode()))
        for number in range(QUERIES):
            text = f"SELECT name -- {SECRET}\nFROM users WHERE email = '{SECRET}''s' AND id IN ({number}, 2, 3)"
            connection.send(message(b"Q", text.encode() + b"\0"))  # @query
            connection.recv(4096)
        for _ in range(PREPARED):
            parts = message(b"P", b"s1\0UPDATE users SET secret = $1 WHERE id = $2\0\0\0")
            again = message(b"B", f"\0s1\0\0\0\0\1\0\0\0\x0c{SECRET}\0\0".encode()) + message(b"S", b"")
            turns(connection, 1, parts + again)
        turns(connection, RUN_AGAIN, again)


def mysql(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for number in range(MY_QUERIES):
            text = (
                f"INSERT INTO log (who, what) VALUES ('{SECRET}', {number}), (\"{SECRET}\", 2) /* {SECRET} */".encode()
            )
            turns(connection, 1, len(text).__add__(1).to_bytes(3, "little") + b"\0\x03" + text)


def redis(port):
    def command(*words):
        return f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words)

    with socket.create_connection(("127.0.0.1", port)) as connection:
        turns(connection, 1, command("AUTH", SECRET))
        for number in range(COMMANDS):
            turns(connection, 1, command("SET", f"session:{number}:{SECRET}", SECRET))


def waiting_connects(port):
    for _ in range(WAITING_CONNECTS):
        with socket.socket() as connection:
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))  # @waiting
            select.select([], [connection], [])


def tls(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as connection:
        for _ in range(TLS_TURNS):
            connection.send(f"GET /{SECRET} HTTP/1.1\r\n\r\n".encode())
            connection.recv(4096)


def in_threads(port):
    def talk():
        with socket.create_connection(("127.0.0.1", port)) as connection:
            turns(connection, THREAD_TURNS)

    threads = [threading.Thread(target=talk) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_fork(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        child = os.fork()
        if child == 0:
            turns(connection, FORK_TURNS)
            os._exit(0)
        os.waitpid(child, 0)


def six(port):
    for _ in range(SIX_CONNECTS):
        with socket.create_connection(("::1", port)) as connection:
            turns(connection, 1)


def pair():
    left, right = socket.socketpair()
    for _ in range(PAIR_TURNS):
        left.send(b"12345")
        right.recv(5)
    left.close()
    right.close()


def vectors(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(VECTOR_TURNS):
            connection.sendmsg([b"", b"GET /vector/", b"17 HTTP/1.1\r\n\r\n"])
            connection.recv(4096)


def mail(port):
    for _ in range(MAIL_SESSIONS):
        with smtplib.SMTP("127.0.0.1", port, local_hostname=f"{SECRET}.example") as relay:
            relay.login(SECRET, SECRET)
            for _ in range(MAILS):
                relay.sendmail(f"{SECRET}@a.example", f"{SECRET}@b.example", f"Subject: {SECRET}\n\n{SECRET}")


def work(at, before):
    turns(before, BEFORE_TURNS)
    keep_alive(at["http"])
    per_request(at["http_new"])
    unable(at["unable"])
    refused(at["refused"])
    small(at["small"])
    unix(at["unix"])
    datagrams(at["datagram"])
    names(at["dns"])
    postgres(at["postgres"])
    mysql(at["mysql"])
    redis(at["redis"])
    mail(at["mail"])
    waiting_connects(at["waiting"])
    tls(at["tls"])
    in_threads(at["threads"])
    in_fork(at["fork"])
    six(at["six"])
    pair()
    vectors(at["vector"])


def main():
    at = json.loads(sys.argv[1])
    before = socket.create_connection(("127.0.0.1", at["before"]))
    idle = socket.create_connection(("127.0.0.1", at["idle"]))
    print("ready", os.getpid(), flush=True)
    while (word := sys.stdin.readline().strip()) not in ("stop", ""):
        if word == "go":
            work(at, before)
            print("done", flush=True)
    idle.close()


if __name__ == "__main__":
    main()
