# expect: pattern=connection-per-request bench
"""Log shipper on the hosts of a wickerwork marketplace.

Services hand their log entries to the shipper, which cuts them into batches (by size and age), packs these and posts them
to the log store over HTTPS. What can't be delivered is kept for a second try.

Measured: for 75 batches a second 6.4 to 8.3 ms a batch and 0.23 to 0.30 cores, repaired 2.1 to 2.9 ms
and 0.11 to 0.13.
"""

import datetime
import gzip
import ipaddress
import json
import os
import queue
import random
import ssl
import sys
import threading
import time
from collections import deque

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

ENTRIES_PER_SECOND = 3000
BATCH_ENTRIES = 40
BATCH_AGE = 0.5
SENDERS = 2
CA_FILE = "store-ca.pem"


class Batcher:
    """Cuts the stream of entries into batches."""

    def __init__(self, entries, batches):
        self.entries = entries
        self.batches = batches

    def run(self):
        batch, begun = [], time.monotonic()
        while True:
            try:
                left = BATCH_AGE - (time.monotonic() - begun)
                batch.extend(self.entries.get(timeout=max(0.001, left)))
            except queue.Empty:
                pass
            while len(batch) >= BATCH_ENTRIES:
                self.batches.put(batch[:BATCH_ENTRIES])
                batch = batch[BATCH_ENTRIES:]
                begun = time.monotonic()
            if time.monotonic() - begun >= BATCH_AGE:
                if batch:
                    self.batches.put(batch)
                batch, begun = [], time.monotonic()


class Sender:
    def __init__(self, url, batches):
        self.url = url
        self.batches = batches
        self.headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip", "X-Shipper": "wicker/3"}
        self.again = deque(maxlen=100)
        self.delivered = 0
        self.seconds = 0.0

    def pack(self, batch):
        text = "\n".join(json.dumps(entry, separators=(",", ":")) for entry in batch)
        return gzip.compress(text.encode(), compresslevel=1)

    def deliver(self, body):
        response = requests.post(self.url, data=body, headers=self.headers, verify=CA_FILE, timeout=5)  # <- cost
        response.raise_for_status()

    def run(self):
        while True:  # <- cost
            body = self.pack(self.batches.get())
            begun = time.monotonic()
            try:
                self.deliver(body)  # <- cost
                self.delivered += 1
                if self.again:
                    self.deliver(self.again.popleft())
            except requests.RequestException:
                self.again.append(body)
                time.sleep(0.2)
            self.seconds += time.monotonic() - begun


def certificate():
    """The log store's own certificate, which the hosts trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "log store")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    made = made.not_valid_after(now + datetime.timedelta(days=30)).add_extension(address, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    signed = made.sign(key, hashes.SHA256())
    with open(CA_FILE, "wb") as file:
        file.write(signed.public_bytes(serialization.Encoding.PEM))
    with open("store-key.pem", "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def log_store():
    certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CA_FILE, "store-key.pem")
    return services.http_service(lambda path: (200, b'{"stored": true}'), context=context)


def emit(entries):
    """The services' entries, a few at a time."""
    chosen = random.Random(7)
    weavers = [f"basket-{n}" for n in range(30)]
    messages = [f"order {chosen.randrange(10**8)} of {chosen.randrange(40)} rods, stake {n}" for n in range(800)]
    number = 0
    due = time.monotonic()
    while True:
        some = []
        for _ in range(ENTRIES_PER_SECOND // 50):
            number += 1
            some.append({"t": due, "n": number, "service": weavers[number % 30], "text": messages[number * 31 % 800]})
        entries.put(some)
        due = max(due + 1 / 50, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    url = f"https://127.0.0.1:{log_store()}/v1/logs"
    entries, batches = queue.Queue(maxsize=100), queue.Queue(maxsize=50)
    senders = [Sender(url, batches) for _ in range(SENDERS)]
    threading.Thread(target=Batcher(entries, batches).run, name="batcher", daemon=True).start()
    for sender in senders:
        threading.Thread(target=sender.run, name="sender", daemon=True).start()
    threading.Thread(target=emit, args=(entries,), name="services", daemon=True).start()
    while sum(sender.delivered for sender in senders) < 20:
        time.sleep(0.05)
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(10)
        delivered = sum(sender.delivered for sender in senders)
        seconds = sum(sender.seconds for sender in senders)
        with open("shipper.state", "w") as file:
            file.write(f"{delivered} batches, {seconds / delivered * 1000:.2f} ms each\n")


if __name__ == "__main__":
    main()
