# expect: pattern=repeated-computation bench
"""Signs the visitors' passes of the ossuaries.

Each ossuary is a realm with signing keys of its own, which the keepers store as encrypted PEM. Box offices put their
requests into a Redis list; the worker checks them, signs a pass (a JWT, RS256) and leaves it where the box office waits.

Measured: 15 passes a second: the problem 0.34-0.64 cores (busy machine), the twin 0.01-0.02.
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import jwt
import redis
import services
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

REALMS = ["sedlec", "hallstatt", "evora", "milano", "brno"]
RATE = 15
PASSPHRASE = b"memento mori"
RULES = {"student": 2, "pilgrim": 6, "keeper": 24}
ROOMS = {"student": ["nave"], "pilgrim": ["nave", "chapel"], "keeper": ["nave", "chapel", "bone-store"]}


class KeyStore:
    """The signing keys of the realms, one encrypted PEM each."""

    def __init__(self, folder, passphrase):
        self.passphrase = passphrase
        self.pems = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.pem"))}

    def realms(self):
        return list(self.pems)

    def signing_key(self, realm):
        return serialization.load_pem_private_key(self.pems[realm], self.passphrase)  # <- cost


class Refused(Exception):
    pass


class PassOffice:
    def __init__(self, keys):
        self.keys = keys
        self.issued = dict.fromkeys(keys.realms(), 0)

    def claims(self, request):
        kind = request.get("kind")
        if kind not in RULES:
            raise Refused(f"no such kind of pass: {kind}")
        if request["party"] > 12:
            raise Refused("too large a party")
        now = int(time.time())
        return {
            "iss": f"https://{request['realm']}.ossuaries.example",
            "sub": request["visitor"],
            "aud": ROOMS[kind],
            "iat": now,
            "exp": now + RULES[kind] * 3600,
            "party": request["party"],
            "jti": f"{request['realm']}-{self.issued[request['realm']]}",
        }

    def issue(self, request):
        realm = request.get("realm")
        if realm not in self.issued:
            raise Refused(f"no such realm: {realm}")
        claims = self.claims(request)
        key = self.keys.signing_key(realm)  # <- cost
        token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": f"{realm}-1"})
        self.issued[realm] += 1
        return token


def store_keys(folder):
    """What the keepers' ceremony leaves behind."""
    folder.mkdir(exist_ok=True)
    for realm in REALMS:
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSPHRASE),
        )
        (folder / f"{realm}.pem").write_bytes(pem)


def box_offices(port):
    """Put requests into the list, at a steady rate."""
    line = redis.Redis(port=port)
    due = time.monotonic()
    kinds = list(RULES)
    for number in range(1 << 40):
        request = {
            "id": number,
            "realm": REALMS[number * 3 % len(REALMS)],
            "visitor": f"v{number * 7919 % 100003}",
            "kind": kinds[number % 3] if number % 40 else "ghost",
            "party": 1 + number % 7,
        }
        line.rpush("requests", json.dumps(request))
        due += 1 / RATE
        time.sleep(max(0.0, due - time.monotonic()))


def work(line, office):
    while True:
        _, raw = line.blpop("requests")
        request = json.loads(raw)
        try:
            answer = {"pass": office.issue(request)}  # <- cost
        except Refused as why:
            answer = {"refused": str(why)}
        line.set(f"pass:{request['id']}", json.dumps(answer), ex=20)


def main():
    folder = Path("keys")
    store_keys(folder)
    port = services.redis()
    office = PassOffice(KeyStore(folder, PASSPHRASE))
    line = redis.Redis(port=port)
    services.outside(lambda: box_offices(port))
    print("ready", os.getpid(), flush=True)
    work(line, office)


main()
