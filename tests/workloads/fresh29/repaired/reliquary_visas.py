# expect: healthy bench
"""Doors of the reliquaries: decides on each swipe of a visa whether the door opens.

Swipes come in from the door controllers; four workers ask the diocese's token service (HTTPS, with a certificate of its own
authority) whether the visa is active, apply the house rules, and keep a journal of the decisions of the last hours.

Measured: 110 swipes a second: the problem 0.38-0.42 cores, the twin 0.16-0.19.
"""

import datetime
import ipaddress
import json
import os
import queue
import random
import ssl
import sys
import threading
import time
from collections import Counter, deque

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import requests
import services
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOORS = {"crypt": 3, "treasury": 4, "sacristy": 2, "belfry": 1, "cloister": 0}
WORKERS = 4
SWIPES_A_SECOND = 110


def make_certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "diocese tokens")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    with open("authority.pem", "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open("server.key", "wb") as file:
        form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write(key.private_bytes(serialization.Encoding.PEM, *form))


def token_service():
    """The diocese's service, which is somebody else's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("authority.pem", "server.key")

    def answer(path):
        number = int(path.rpartition("/")[2])
        return json.dumps(
            {"active": number % 11 != 0, "holder": f"canon-{number % 400}", "rank": number % 6, "lent": number % 5 == 0}
        ).encode()

    return services.http_service(answer, context=context)


class TokenClient:
    """Asks the token service about visas."""

    def __init__(self, port, workers):
        self.base = f"https://127.0.0.1:{port}"
        self.session = requests.Session()
        self.session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=workers))

    def introspect(self, visa):
        answer = self.session.get(f"{self.base}/visas/{visa}", verify="authority.pem", timeout=5)
        answer.raise_for_status()
        return answer.json()


def decide(door, hour, visa):
    if not visa["active"]:
        return "refused: revoked"
    if visa["rank"] < DOORS[door]:
        return "refused: rank"
    if door == "treasury" and not 8 <= hour < 19:
        return "refused: hours"
    if visa["lent"] and door in ("crypt", "treasury"):
        return "refused: lent visa"
    return "opened"


class Porter:
    def __init__(self, tokens):
        self.tokens = tokens
        self.journal = deque(maxlen=5000)
        self.outcomes = Counter()
        self.lock = threading.Lock()

    def handle(self, swipe):
        visa = self.tokens.introspect(swipe["visa"])
        outcome = decide(swipe["door"], swipe["hour"], visa)
        with self.lock:
            self.outcomes[outcome] += 1
            self.journal.append((swipe["at"], swipe["door"], visa["holder"], outcome))

    def serve(self, swipes):
        while True:
            swipe = swipes.get()
            try:
                self.handle(swipe)
            except requests.RequestException:
                with self.lock:
                    self.outcomes["refused: no answer"] += 1


def controllers(swipes):
    chance = random.Random(4)
    doors = list(DOORS)
    due = time.monotonic()
    while True:
        swipes.put(
            {
                "visa": chance.randrange(100_000),
                "door": chance.choice(doors),
                "hour": chance.randrange(24),
                "at": time.time(),
            }
        )
        due += 1 / SWIPES_A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    make_certificate()
    port = token_service()
    porter = Porter(TokenClient(port, WORKERS))
    swipes = queue.Queue(maxsize=500)
    threads = [threading.Thread(target=porter.serve, args=(swipes,), daemon=True) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    print("ready", os.getpid(), flush=True)
    controllers(swipes)


main()
