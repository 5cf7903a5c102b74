"""Access tokens that are wrong in every way that is known: forged, stolen, confused, expired, of another kind."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import anyio
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from pydantic import ValidationError

from perfdoctor.server.identity import Verifier, why_refused
from perfdoctor.server.jwks import MOST_BYTES, PAUSE, STALE, PublishedKeys
from perfdoctor.server.oauth import Checker, OAuth, Refused
from perfdoctor.server.policy import Caller, Role
from perfdoctor.server.tokens import Tokens

pytestmark = pytest.mark.anyio

ISSUER, RESOURCE = "https://login.example.com", "https://perf.example.com/mcp"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    kinds = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    algorithm = next((alg for kind, alg in kinds.items() if isinstance(key, kind)), OKPAlgorithm)
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


PUBLISHED = [jwk(RSA_KEY, "rsa", use="sig"), jwk(EC_KEY, "ec", alg="ES256"), jwk(ED_KEY, "ed")]


def claims(**changes: Any) -> dict[str, Any]:
    now = time.time()
    base = {"iss": ISSUER, "aud": RESOURCE, "sub": "anna", "exp": now + 300, "iat": now, "scope": "perfdoctor:trace x"}
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def token(
    key: Any = RSA_KEY, algorithm: str = "RS256", kid: str | None = "rsa", typ: Any = "at+jwt", **more: Any
) -> str:
    header = {"typ": typ, **({"kid": kid} if kid is not None else {}), **more.pop("header", {})}
    return jwt.encode(claims(**more), key, algorithm=algorithm, headers=header)


def raw(header: dict[str, Any], payload: Any, signature: bytes) -> str:
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": PUBLISHED}))
    return file


def wanted(keys: object, **changes: Any) -> OAuth:
    given = {"issuer": ISSUER, "resource": RESOURCE, "jwks": str(keys), "algorithms": ("RS256", "ES256", "EdDSA")}
    return OAuth(**{**given, **changes})


def checker(jwks: object, **changes: Any) -> Checker:
    oauth = wanted(jwks, **changes)
    return Checker(oauth, PublishedKeys(oauth))


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec"), (ED_KEY, "EdDSA", "ed")]
)
async def test_a_good_token_says_who_comes(jwks: Path, key: Any, algorithm: str, kid: str) -> None:
    caller, _ = await checker(jwks).check(token(key, algorithm, kid))
    assert caller == Caller("oauth/anna", Role.TRACE)
    listed = await checker(jwks).check(token(key, algorithm, kid, aud=["https://other", RESOURCE]))
    assert listed[0] == caller


def hs256_with_the_public_key() -> str:
    """The classic confusion: the published key, taken as a shared secret."""
    pem = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    unsigned = raw({"alg": "HS256", "typ": "at+jwt", "kid": "rsa"}, claims(), b"").rstrip(".")
    signature = hmac.new(pem, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


ATTACKS: dict[str, tuple[Any, str]] = {
    "alg none": (lambda: raw({"alg": "none", "typ": "at+jwt"}, claims(), b""), "algorithm is not allowed"),
    "alg NonE": (lambda: raw({"alg": "NonE", "typ": "at+jwt", "kid": "rsa"}, claims(), b""), "algorithm is not"),
    "alg missing": (lambda: raw({"typ": "at+jwt", "kid": "rsa"}, claims(), b"x"), "not a signed JWT|algorithm"),
    "HS256 with the public key": (hs256_with_the_public_key, "algorithm is not allowed"),
    "another algorithm of the same key": (lambda: token(algorithm="RS512"), "algorithm is not allowed"),
    "an RSA token by the name of the EC key": (lambda: token(kid="ec"), "signed by no key"),
    "an EC algorithm with an RSA key's name": (lambda: token(EC_KEY, "ES256", "rsa"), "signed by no key"),
    "another's key": (lambda: token(OTHER_RSA), "signature is wrong"),
    "another's key, unknown kid": (lambda: token(OTHER_RSA, kid="theirs"), "signed by no key"),
    "kid as a path": (lambda: token(kid="../../../../dev/null"), "signed by no key"),
    "kid as SQL": (lambda: token(kid="' OR 1=1 --"), "signed by no key"),
    "kid with a newline": (lambda: token(kid="a\nb"), "kid is no name"),
    "kid that is a list": (lambda: raw({"alg": "RS256", "typ": "at+jwt", "kid": ["rsa"]}, claims(), b"x"), "JWT|kid"),
    "a key that it brings along": (
        lambda: token(OTHER_RSA, kid=None, header={"jwk": jwk(OTHER_RSA, "own"), "jku": "https://evil.example/jwks"}),
        "signature is wrong",
    ),
    "extensions that must be understood": (lambda: token(header={"crit": ["exp"], "exp": 1}), "crit|JWT"),
    "expired": (lambda: token(exp=time.time() - 61), "expired"),
    "without an end": (lambda: token(exp=None), "lacks a claim"),
    "an end that is no number": (lambda: token(exp="soon"), "malformed"),
    "an end beyond all numbers": (lambda: token(exp=1e400), "malformed|expired"),
    "not valid yet": (lambda: token(nbf=time.time() + 120), "not valid yet"),
    "made in the future": (lambda: token(iat=time.time() + 120), "not valid yet"),
    "of another issuer": (lambda: token(iss="https://evil.example"), "another issuer"),
    "of an issuer that begins alike": (lambda: token(iss=ISSUER + ".evil.example"), "another issuer"),
    "of an issuer with a slash": (lambda: token(iss=ISSUER + "/"), "another issuer"),
    "without issuer": (lambda: token(iss=None), "lacks a claim"),
    "stolen from another server": (lambda: token(aud="https://wiki.example.com"), "another server"),
    "for a server that begins alike": (lambda: token(aud=RESOURCE + "/x"), "another server"),
    "for nobody": (lambda: token(aud=None), "lacks a claim"),
    "for no one of a list": (lambda: token(aud=[]), "another server|lacks|malformed"),
    "an ID token": (lambda: token(typ="JWT", aud="client-7"), "another server"),
    "a logout token": (lambda: token(typ="logout+jwt"), "type"),
    "without a type": (lambda: token(typ=None), "type"),
    "without a role": (lambda: token(scope="openid profile"), "gives no role"),
    "a role that is a prefix": (lambda: token(scope="perfdoctor:trac perfdoctor:trace2"), "gives no role"),
    "without a name": (lambda: token(sub=None), "lacks a claim"),
    "an empty name": (lambda: token(sub=""), "is no name"),
    "a name with a newline": (lambda: token(sub="anna\nrole=admin"), "is no name"),
    "a name of 10,000 letters": (lambda: token(sub="a" * 10_000), "is no name"),
    "a changed payload": (lambda: _swap(token(), claims(sub="root")), "signature is wrong"),
    "no token at all": (lambda: "abc", "not a signed JWT"),
    "dots": (lambda: "....", "not a signed JWT"),
    "a payload that is a list": (lambda: signed(b"[1]"), "malformed"),
    "a deep payload": (lambda: signed(b"[" * 5000), "malformed"),
    "a megabyte": (lambda: token(x="a" * 1_000_000), "longer than 16 KiB"),
}  # fmt: skip


def signed(payload: bytes) -> str:
    return jwt.api_jws.encode(payload, RSA_KEY, "RS256", {"typ": "at+jwt", "kid": "rsa"})


def _swap(good: str, other: dict[str, Any]) -> str:
    header, _, signature = good.split(".")
    payload = base64.urlsafe_b64encode(json.dumps(other).encode()).rstrip(b"=").decode()
    return f"{header}.{payload}.{signature}"


@pytest.mark.parametrize("attack", ATTACKS)
async def test_nobody_gets_in_by(jwks: Path, attack: str) -> None:
    make, why = ATTACKS[attack]
    with pytest.raises(Refused, match=why):
        await checker(jwks).check(make())


@pytest.mark.parametrize("kind", ["ID", "Refresh", "Logout"])
async def test_other_tokens_of_keycloak_are_told_by_their_claim(jwks: Path, kind: str) -> None:
    made = jwt.encode({**claims(), "typ": kind}, RSA_KEY, "RS256", headers={"typ": "JWT", "kid": "rsa"})
    with pytest.raises(Refused, match="no access token"):
        await checker(jwks).check(made)


@pytest.mark.parametrize(
    ("changes", "role"),
    [
        ({"scope": "perfdoctor:observe perfdoctor:operate"}, Role.OPERATE),
        ({"scope": ["perfdoctor:observe"]}, Role.OBSERVE),
        ({"exp_ago": 30}, Role.TRACE),  # within the skew of clocks
    ],
)
async def test_near_misses(jwks: Path, changes: dict[str, Any], role: Role) -> None:
    if "exp_ago" in changes:
        changes = {"exp": time.time() - changes["exp_ago"]}
    assert (await checker(jwks).check(token(**changes)))[0].role is role


async def test_roles_may_lie_in_objects_and_identities_elsewhere(jwks: Path) -> None:
    asked = checker(jwks, role_claim="realm_access.roles", roles={"perf": "operate"}, identity_claim="email")
    made = token(realm_access={"roles": ["x", "perf"]}, email="anna@example.com", sub=None)
    assert (await asked.check(made))[0] == Caller("oauth/anna@example.com", Role.OPERATE)
    for odd in ({"roles": "perfect"}, {"roles": {"perf": 1}}, ["perf"], 7):
        with pytest.raises(Refused, match="no role"):
            await asked.check(token(realm_access=odd, email="anna@example.com"))


@pytest.mark.parametrize(
    "bad",
    [
        {"algorithms": ("HS256",)}, {"algorithms": ("none",)}, {"algorithms": ()}, {"jwks": "http://login.example.com/k"},
        {"jwks": "file:///etc/passwd"}, {"jwks": "https://user:x@login.example.com/k"}, {"issuer": "http://evil.example"},
        {"resource": "https://perf.example.com/mcp#x"}, {"clock_skew": 3600}, {"roles": {"x": "king"}}, {"roles": {}},
    ],
)  # fmt: skip
def test_what_an_operator_may_not_set(jwks: Path, bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        wanted(jwks, **bad)


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "rsa"},
        jwk(rsa.generate_private_key(public_exponent=65537, key_size=1024), "rsa"),
        {**jwk(RSA_KEY, "rsa"), "use": "enc"},
        {**jwk(RSA_KEY, "rsa"), "key_ops": ["encrypt"]},
        {**jwk(RSA_KEY, "rsa"), "alg": "RS512"},
        {**jwk(RSA_KEY, "rsa"), "d": "AQAB"},
        {"kty": "RSA", "kid": "rsa"},
        "key",
    ],
)
async def test_keys_that_are_not_used(tmp_path: Path, key: Any) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [key, PUBLISHED[1]]}))
    with pytest.raises(Refused, match="signed by no key"):
        await checker(file).check(token())
    assert await checker(file).check(token(EC_KEY, "ES256", "ec"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": 7}', '{"keys": []}', json.dumps({"keys": [{}] * 1000})])
async def test_a_broken_set_of_keys_lets_nobody_in(tmp_path: Path, text: str, capsys: Any) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(text)
    with pytest.raises(Refused, match="signed by no key"):
        await checker(file).check(token())
    assert "no keys from" in capsys.readouterr().err


async def test_a_file_of_keys_that_others_can_write_is_not_used(jwks: Path, capsys: Any) -> None:
    jwks.chmod(0o666)
    with pytest.raises(Refused, match="signed by no key"):
        await checker(jwks).check(token())
    assert "Others may write it" in capsys.readouterr().err


class Issuer:
    """Publishes ``keys`` over HTTP on loopback."""

    def __init__(self) -> None:
        self.keys = PUBLISHED
        self.asked = 0
        self.status = 200
        self.padding = 0
        self.redirect = ""


@contextmanager
def published() -> Iterator[tuple[Issuer, str]]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            self.send_response(302 if issuer.redirect else issuer.status)
            if issuer.redirect:
                self.send_header("Location", issuer.redirect)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": issuer.keys}).encode() + b" " * issuer.padding)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer, f"http://127.0.0.1:{server.server_port}/jwks"
    finally:
        server.shutdown()
        server.server_close()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_keys_are_kept_and_fetched_again_when_the_issuer_turns_to_new_ones() -> None:
    clock = Clock()
    with published() as (issuer, url):
        oauth = wanted(url)
        asked = Checker(oauth, PublishedKeys(oauth, clock))
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(asked.check, token())
        assert issuer.asked == 1, "all wait for one fetch"
        issuer.keys = [jwk(OTHER_RSA, "new")]
        clock.now += PAUSE
        assert await asked.check(token(OTHER_RSA, kid="new"))
        assert issuer.asked == 2
        with pytest.raises(Refused):
            await asked.check(token())
        assert issuer.asked == 2, "what was taken back is not good any more, and nothing is fetched again so soon"


async def test_unknown_names_of_keys_do_not_make_it_fetch_without_end() -> None:
    clock = Clock()
    with published() as (issuer, url):
        oauth = wanted(url)
        asked = Checker(oauth, PublishedKeys(oauth, clock))
        assert await asked.check(token())
        for number in range(50):
            with pytest.raises(Refused, match="signed by no key"):
                await asked.check(token(OTHER_RSA, kid=f"k{number}"))
        assert issuer.asked == 1
        clock.now += PAUSE
        with pytest.raises(Refused):
            await asked.check(token(OTHER_RSA, kid="k"))
        assert issuer.asked == 2
        assert await asked.check(token())


@pytest.mark.parametrize("trouble", [{"status": 500}, {"padding": MOST_BYTES}, {"redirect": "http://127.0.0.1:1/"}])
async def test_while_the_issuer_is_in_trouble_known_keys_are_good_for_a_while(trouble: dict[str, Any]) -> None:
    clock = Clock()
    with published() as (issuer, url):
        oauth = wanted(url)
        asked = Checker(oauth, PublishedKeys(oauth, clock))
        assert await asked.check(token())
        for name, value in trouble.items():
            setattr(issuer, name, value)
        clock.now += oauth.keys_last
        assert await asked.check(token())
        assert issuer.asked == 2
        clock.now += STALE
        with pytest.raises(Refused, match="signed by no key"):
            await asked.check(token())


async def test_both_kinds_of_tokens_and_why_one_is_refused(tmp_path: Path, jwks: Path) -> None:
    tokens = Tokens(tmp_path / "state")
    ours = tokens.create("anna", Role.OPERATE)
    both = Verifier(tokens, checker(jwks))
    by_token, by_oauth = await both.verify_token(ours), await both.verify_token(token())
    assert by_token is not None and by_oauth is not None
    assert (by_token.client_id, by_token.scopes) == ("anna", ["operate", "trace", "observe"])
    assert (by_oauth.client_id, by_oauth.scopes) == ("oauth/anna", ["trace", "observe"]), "never the other anna"
    assert await both.verify_token("pd_x") is None
    assert "unknown" in why_refused.get()
    assert await both.verify_token(token(exp=1)) is None
    assert why_refused.get() == "it has expired"
    assert await Verifier(tokens).verify_token(token()) is None, (
        "nobody is asked about tokens of issuers unless configured"
    )
