# expect: pattern=connection-per-request bench
"""Frost warnings by text message: hands the delivery receipts on to the orchards' own systems.

The operator's short message centre reports what became of each text; each receipt is mapped to the state that orchards
know, signed, and posted to the callback of the growers' association over HTTPS. Eight threads post; a receipt that is
not accepted comes again later, three times at most.

Measured: 0.20-0.28 cores and 9.6-13 ms (median) to post a receipt, 4 of them the callback itself, as a problem;
0.09-0.13 cores and 6.4 ms as a twin.
"""

import datetime
import hashlib
import hmac
import ipaddress
import json
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

POSTERS = 8
RATE = 60
AGAIN_AFTER = 5.0
ATTEMPTS = 3
SECRET = b"blossom-at-minus-two"
STATES = {"DELIVRD": "delivered", "EXPIRED": "expired", "UNDELIV": "failed", "REJECTD": "refused"}

receipts = queue.Queue(maxsize=5000)
posted = {state: 0 for state in STATES.values()}
given_up = 0
tally = threading.Lock()


def make_certificate():
    """The certificate of the association's server, which we were given as a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "growers.test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    with open("growers.pem", "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open("growers.key", "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def start_association():
    """The callback of the growers' association; its port."""
    make_certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("growers.pem", "growers.key")

    def accept(_):
        time.sleep(0.004)
        return b'{"accepted": true}'

    return services.http_service(accept, context=context)


def callback_body(receipt):
    told = {
        "message": receipt["id"],
        "orchard": receipt["to"],
        "state": STATES[receipt["stat"]],
        "parts": receipt["parts"],
        "at": receipt["done"],
    }
    return json.dumps(told, separators=(",", ":")).encode()


def post_receipts(url):
    global given_up
    while True:  # <- cost
        receipt = receipts.get()
        body = callback_body(receipt)
        headers = {
            "Content-Type": "application/json",
            "X-Signature": hmac.new(SECRET, body, hashlib.sha256).hexdigest(),
        }
        try:
            answer = requests.post(url, data=body, headers=headers, timeout=10, verify="growers.pem")  # <- cost
            answer.raise_for_status()
        except requests.RequestException:
            receipt["attempts"] += 1
            if receipt["attempts"] < ATTEMPTS:
                threading.Timer(AGAIN_AFTER * receipt["attempts"], receipts.put, (receipt,)).start()
            else:
                with tally:
                    given_up += 1
            continue
        with tally:
            posted[STATES[receipt["stat"]]] += 1


def listen_to_centre():
    """The link to the short message centre (a simulator of it, as in our tests)."""
    random.seed(4)
    due = time.monotonic()
    for number in range(1 << 40):
        receipts.put(
            {
                "id": f"f{number:08x}",
                "to": f"+4477009{random.randrange(100000):05d}",
                "stat": random.choices(list(STATES), (94, 3, 2, 1))[0],
                "parts": random.choice((1, 1, 1, 2)),
                "done": int(time.time()),
                "attempts": 0,
            }
        )
        due += 1 / RATE
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    url = f"https://127.0.0.1:{start_association()}/callbacks/receipts"
    for _ in range(POSTERS):
        threading.Thread(target=post_receipts, args=(url,), daemon=True).start()
    threading.Thread(target=listen_to_centre, daemon=True).start()
    time.sleep(1)
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(60)
        with tally:
            print("posted", dict(posted), "given up", given_up, "waiting", receipts.qsize(), file=sys.stderr)


if __name__ == "__main__":
    main()
