# expect: healthy bench
"""Lorries with blocks of ice for the fish markets: takes the thermometers' readings from the lorries, judges them, and
hands each on to the portal of the wholesaler who waits for the ice (an HTTPS interface, one reading at a time).

Measured: at 90 readings a second 0.34 cores and 10 to 16 ms a report before (3.4 ms of CPU time each), 0.16 cores and
2.3 to 4.8 ms after (1.0 to 1.6 ms of CPU time each).
"""

import datetime
import ipaddress
import logging
import os
import queue
import random
import ssl
import sys
import threading
import time
from dataclasses import dataclass, field

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

LORRIES = 120
RATE = 90
SENDERS = 4
MELTING = -0.5

log = logging.getLogger("lorries")


@dataclass
class Reading:
    lorry: int
    degrees: float
    latitude: float
    longitude: float
    taken: float


@dataclass
class Lorry:
    number: int
    degrees: float = -11.0
    latitude: float = 38.7
    longitude: float = -9.1
    warm_since: float | None = None
    last: list = field(default_factory=list)

    def note(self, reading):
        self.degrees, self.latitude, self.longitude = reading.degrees, reading.latitude, reading.longitude
        self.last = [*self.last[-11:], reading.degrees]
        if reading.degrees < MELTING:
            self.warm_since = None
        elif self.warm_since is None:
            self.warm_since = reading.taken

    def state(self, now):
        if self.warm_since is None:
            return "frozen"
        return "lost" if now - self.warm_since > 1800 else "melting"

    def trend(self):
        return round(self.last[-1] - self.last[0], 2) if len(self.last) > 1 else 0.0


class Portal:
    def __init__(self, address, certificate):
        self.address = address
        self.certificate = certificate
        self.local = threading.local()

    def session(self):
        """The session of this thread."""
        if not hasattr(self.local, "session"):
            self.local.session = requests.Session()
            self.local.session.headers["X-Sender"] = "iceblock"
        return self.local.session

    def report(self, lorry, reading):
        body = {
            "lorry": f"ICE-{lorry.number:03}",
            "degrees": round(reading.degrees, 2),
            "trend": lorry.trend(),
            "state": lorry.state(reading.taken),
            "place": [round(reading.latitude, 5), round(reading.longitude, 5)],
        }
        answer = self.session().post(f"{self.address}/v2/readings", json=body, verify=self.certificate, timeout=5)
        answer.raise_for_status()
        return answer.json()


class Forwarder:
    def __init__(self, portal):
        self.portal = portal
        self.lorries = {number: Lorry(number) for number in range(LORRIES)}
        self.readings = queue.Queue(maxsize=500)
        self.sent = self.failed = 0
        self.counting = threading.Lock()

    def send(self):
        while True:
            reading = self.readings.get()
            lorry = self.lorries[reading.lorry]
            lorry.note(reading)
            try:
                self.portal.report(lorry, reading)
            except requests.RequestException as problem:
                log.warning("lorry %d: %s", lorry.number, problem)
                with self.counting:
                    self.failed += 1
            else:
                with self.counting:
                    self.sent += 1

    def receive(self):
        """Stands for the radio, over which the lorries tell their readings."""
        chance = random.Random(17)
        due = time.monotonic()
        while True:
            lorry = self.lorries[chance.randrange(LORRIES)]
            reading = Reading(
                lorry.number,
                min(4.0, max(-18.0, lorry.degrees + chance.gauss(0, 0.4))),
                lorry.latitude + chance.gauss(0, 0.01),
                lorry.longitude + chance.gauss(0, 0.01),
                time.time(),
            )
            self.readings.put(reading)
            due += 1 / RATE
            time.sleep(max(0.0, due - time.monotonic()))


def make_certificate():
    """A certificate of the portal for the tests; the paths of it and of its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "portal.test")])
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
    with open("portal.pem", "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open("portal.key", "wb") as file:
        form = serialization.PrivateFormat.PKCS8
        file.write(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return "portal.pem", "portal.key"


def accept(_path):
    time.sleep(0.001)
    return b'{"accepted": true}'


def main():
    logging.basicConfig(level=logging.WARNING)
    certificate, key = make_certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    port = services.http_service(accept, context=context)
    forwarder = Forwarder(Portal(f"https://127.0.0.1:{port}", certificate))
    for _ in range(SENDERS):
        threading.Thread(target=forwarder.send, daemon=True).start()
    threading.Thread(target=forwarder.receive, daemon=True).start()
    time.sleep(1)
    print("ready", os.getpid(), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
