# expect: healthy bench
"""Push notifications for a zorbing hill: runs are called up, and the phones of those whose turn it is are told, through
the push provider's HTTPS interface.

The desk's events come in through a queue; a few senders take them, so that one slow answer does not hold up the rest.

Measured: 0.25 cores and 8.4 ms for a push (median) with the problem, 0.07 cores and 5.1 ms in the twin, at 90 pushes a second.
"""

import asyncio
import datetime
import ipaddress
import json
import os
import random
import ssl
import sys
import time

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

SENDERS = 6
CALLS_PER_SECOND = 90
SLOPES = ["nursery", "long-meadow", "ridge", "twin-track", "aqua"]


def certificate():
    """The provider's certificate and key, for this machine."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "push.test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
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
    with open("push.pem", "wb") as file:
        file.write(made.public_bytes(serialization.Encoding.PEM))
    with open("push.key", "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def provider():
    """The push provider."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("push.pem", "push.key")

    def answer(path):
        time.sleep(0.004)
        return json.dumps({"accepted": True, "id": path.rsplit("/", 1)[-1]}).encode()

    return services.http_service(answer, context=context)


class PushClient:
    def __init__(self, port):
        self.base = f"https://127.0.0.1:{port}"
        trust = ssl.create_default_context(cafile="push.pem")
        headers = {"Authorization": "Bearer 3f1c", "User-Agent": "zorbing-slopes/2.1"}
        timeout = aiohttp.ClientTimeout(total=5)
        connector = aiohttp.TCPConnector(ssl=trust)
        self.session = aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout)

    async def send(self, device, message):
        async with self.session.post(f"{self.base}/devices/{device}", json=message) as answer:
            answer.raise_for_status()
            return (await answer.json())["accepted"]

    async def close(self):
        await self.session.close()


class Statistics:
    def __init__(self):
        self.sent = 0
        self.failed = 0
        self.taken = []

    def note(self, accepted, began):
        if accepted:
            self.sent += 1
        else:
            self.failed += 1
        self.taken.append(time.monotonic() - began)
        del self.taken[:-200]

    def text(self):
        last = sorted(self.taken) or [0]
        return f"{self.sent} sent, {self.failed} failed, median {last[len(last) // 2] * 1e3:.1f} ms\n"


def message_for(call):
    return {
        "title": f"Zorb {call['zorb']} is ready",
        "body": f"Please come to the {call['slope']} gate within {call['minutes']} minutes.",
        "data": {"run": call["run"], "slope": call["slope"]},
        "priority": "high" if call["minutes"] < 3 else "normal",
    }


async def desk(calls):
    """The desk at the foot of the hill calls up the next runs."""
    run = 0
    due = time.monotonic()
    while True:
        run += 1
        await calls.put(
            {
                "run": run,
                "zorb": run % 14 + 1,
                "slope": random.choice(SLOPES),
                "minutes": random.randint(1, 8),
                "device": f"{run * 7919 % 99991:05d}",
            }
        )
        due += 1 / CALLS_PER_SECOND
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def sender(calls, push, statistics):
    while True:
        call = await calls.get()
        began = time.monotonic()
        try:
            accepted = await push.send(call["device"], message_for(call))
        except (aiohttp.ClientError, asyncio.TimeoutError):
            accepted = False
        statistics.note(accepted, began)


async def main(port):
    calls = asyncio.Queue(maxsize=500)
    push = PushClient(port)
    statistics = Statistics()
    tasks = [asyncio.create_task(sender(calls, push, statistics)) for _ in range(SENDERS)]
    tasks.append(asyncio.create_task(desk(calls)))
    await asyncio.sleep(1.5)
    print("ready", os.getpid(), flush=True)
    try:
        while True:
            await asyncio.sleep(3)
            with open("pushes.txt", "w") as report:
                report.write(statistics.text())
    finally:
        for task in tasks:
            task.cancel()
        await push.close()


if __name__ == "__main__":
    certificate()
    port = provider()
    services.wait_for(port)
    asyncio.run(main(port))
