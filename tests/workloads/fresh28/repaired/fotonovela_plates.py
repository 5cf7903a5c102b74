# expect: healthy bench
"""Ingests the plates of photo novels: fetches each page's pictures from the studio's store over HTTPS, checks them,
and keeps a manifest of the episodes for the printers.

Measured: at 10 pages/s: 40 ms a page and 0.22 cores as it was; 10 ms and 0.10 cores in the repaired one.
"""

import datetime
import hashlib
import ipaddress
import json
import os
import ssl
import struct
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PAGES_PER_SECOND = 10
PLATES_PER_PAGE = 8
WORKERS = 4


def picture(number):
    """A PNG as the studio delivers it."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 640 + number % 64, 480, 8, 0, 0, 0, 0)
    grey = hashlib.shake_128(str(number).encode()).digest(20000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", grey) + chunk(b"IEND", b"")


def studio():
    """The studio's store, with a certificate of the studio's own; its port and the certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store.studio.example")])
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
    Path("studio.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    Path("studio.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("studio.pem", "studio.key")
    stored = [picture(number) for number in range(64)]
    port = services.http_service(lambda path: stored[sum(path.encode()) % 64], context=context)
    return port, os.path.abspath("studio.pem")


class PlateStore:
    def __init__(self, port, authority):
        self.base = f"https://127.0.0.1:{port}"
        self.authority = authority
        self.session = requests.Session()

    def fetch(self, episode, page, plate):
        url = f"{self.base}/episodes/{episode}/{page}/{plate}.png"
        answer = self.session.get(url, verify=self.authority, timeout=10)
        answer.raise_for_status()
        return answer.content


def size_of(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG")
    return struct.unpack(">II", data[16:24])


def ingest_plate(store, episode, page, plate):
    data = store.fetch(episode, page, plate)
    width, height = size_of(data)
    return {"plate": plate, "sha1": hashlib.sha1(data).hexdigest(), "width": width, "height": height}


def ingest_page(store, pool, episode, page):
    wanted = [pool.submit(ingest_plate, store, episode, page, plate) for plate in range(PLATES_PER_PAGE)]
    return {"page": page, "plates": [one.result() for one in wanted]}


def write_manifest(episode, pages):
    path = Path(f"episode-{episode % 20:02}.json")
    path.write_text(json.dumps({"episode": episode, "pages": pages}))


def main():
    store = PlateStore(*studio())
    due = time.monotonic()
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="plates") as pool:
        print("ready", os.getpid(), flush=True)
        for episode in range(1 << 40):
            pages = []
            for page in range(24):
                pages.append(ingest_page(store, pool, episode, page))
                due = max(due + 1 / PAGES_PER_SECOND, time.monotonic() - 1)
                time.sleep(max(0.0, due - time.monotonic()))
            write_manifest(episode, pages)


if __name__ == "__main__":
    main()
