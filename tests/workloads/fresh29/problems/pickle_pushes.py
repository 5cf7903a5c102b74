# expect: pattern=connection-per-request bench
"""The push sender of a messenger for pickle makers ("your jar was tasted", "new brine in your cellar").

Notifications come from the message service through a queue; eight workers hand them to the push gateway over HTTPS,
and drop the devices that the gateway does not know any more.

Measured: 110 pushes a second: 0.37 cores; repaired 0.13.
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

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

log = logging.getLogger("pushes")

WORKERS = 8
PUSHES_PER_SECOND = 110
GATEWAY_SECONDS = 0.02
KINDS = {
    "tasted": "Your jar was tasted by {who}",
    "brine": "{who} has put a new brine into the cellar",
    "swap": "{who} wants to swap a jar with you",
    "mention": "{who} mentioned you in Gherkin Talk",
}


def make_certificate():
    """The gateway's, of the company's own authority; here it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "push gateway")])
    today = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    with open("gateway.pem", "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    with open("authority.pem", "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))


def start_gateway():
    make_certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("gateway.pem")

    def accept(path):
        time.sleep(GATEWAY_SECONDS)
        if sum(path.encode()) % 97 == 0:
            return 410, b'{"reason": "unregistered"}'
        return 200, b'{"status": "accepted"}'

    return services.http_service(accept, context=context)


class Devices:
    """Which device tokens belong to a member."""

    def __init__(self, members):
        self.lock = threading.Lock()
        self.tokens = {member: [f"{member * 2654435761 % 2**32:08x}"] for member in range(members)}

    def of(self, member):
        with self.lock:
            return list(self.tokens.get(member, ()))

    def drop(self, member, token):
        with self.lock:
            self.tokens[member] = [kept for kept in self.tokens[member] if kept != token]


class Sender(threading.Thread):
    def __init__(self, gateway, pending, devices):
        super().__init__(daemon=True)
        self.gateway = gateway
        self.pending = pending
        self.devices = devices
        self.sent = 0

    def run(self):
        while True:  # <- cost
            member, kind, who = self.pending.get()
            body = {"title": "Pickle Post", "body": KINDS[kind].format(who=who), "badge": 1, "kind": kind}
            for token in self.devices.of(member):  # <- cost
                try:
                    self.push(member, token, body)  # <- cost
                except requests.RequestException as error:
                    log.warning("push to %s: %s", token, error)

    def push(self, member, token, body):
        url = f"{self.gateway}/v3/devices/{token}"
        answer = requests.post(url, json=body, timeout=5, verify="authority.pem")  # <- cost
        if answer.status_code == 410:
            self.devices.drop(member, token)
        else:
            answer.raise_for_status()
            self.sent += 1


def main():
    logging.basicConfig(level=logging.WARNING)
    gateway = f"https://127.0.0.1:{start_gateway()}"
    pending = queue.Queue(maxsize=2000)
    devices = Devices(40000)
    for _ in range(WORKERS):
        Sender(gateway, pending, devices).start()

    chosen = random.Random(5)
    kinds = list(KINDS)
    begun = due = time.monotonic()
    announced = False
    while True:
        pending.put((chosen.randrange(40000), chosen.choice(kinds), f"brinemaster{chosen.randrange(900)}"))
        due += 1 / PUSHES_PER_SECOND
        if not announced and due > begun + 1:
            print("ready", os.getpid(), flush=True)
            announced = True
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
