"""Who is let in by a running server, and what its audit says of it: tokens, OAuth, rules, over real connections."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from perfdoctor.server.policy import Role
from perfdoctor.server.tokens import Tokens
from tests.contract.connections import ROOT, http_server, network_client
from tests.contract.test_http_security import ask
from tests.server.samples import PID

pytestmark = pytest.mark.anyio
KEY = ec.generate_private_key(ec.SECP256R1())
ISSUER, RESOURCE = "https://login.example.com", "https://perf.example.com/mcp"


@dataclass(frozen=True)
class Team:
    url: str
    state: Path

    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.state / "audit" / "audit.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    state = tmp_path_factory.mktemp("team")
    keys = state / "jwks.json"
    keys.write_text(json.dumps({"keys": [{**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "k"}]}))
    settings = {
        "oauth": {"issuer": ISSUER, "resource": RESOURCE, "jwks": str(keys)},
        "rules": [{"identity": "oauth/ci-*", "users": ["app"]}],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKE_SETTINGS", json.dumps(settings))
        with http_server(state / "events", state) as url:
            yield Team(url, state)


def token(**changes: Any) -> str:
    claims = {"iss": ISSUER, "aud": RESOURCE, "sub": "anna", "exp": time.time() + 600, "scope": "perfdoctor:trace"}
    return jwt.encode({**claims, **changes}, KEY, "ES256", headers={"kid": "k", "typ": "at+jwt"})


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_client_learns_where_to_get_a_token(team: Team) -> None:
    refused = httpx2.post(f"{team.url}/mcp", json={})
    where = refused.headers["www-authenticate"].split('resource_metadata="')[1].rstrip('"')
    assert where == "https://perf.example.com/.well-known/oauth-protected-resource/mcp"
    told = httpx2.get(team.url + where.removeprefix("https://perf.example.com")).json()
    assert told["resource"] == RESOURCE
    assert [url.rstrip("/") for url in told["authorization_servers"]] == [ISSUER]
    assert told["scopes_supported"] == [f"perfdoctor:{role}" for role in Role]


@pytest.mark.parametrize("way", ["http", "sse"])
async def test_an_access_token_lets_in_as_far_as_role_and_rules_go(team: Team, way: str) -> None:
    async with network_client(way, team.url, token(), "auto") as client:
        traced = await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})
        shown = await client.call_tool("recordings", {"action": "show", "id": traced.structured_content["recording"]})
        assert shown.structured_content["recordings"][0]["caller"] == "oauth/anna"
    async with network_client(way, team.url, token(scope="perfdoctor:observe"), "auto") as client:
        assert (await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})).is_error
    async with network_client(way, team.url, token(sub="ci-7"), "auto") as client:
        hidden = await client.call_tool("trace-cpu", {"pid": PID, "seconds": 0.1})
        assert "that you may look at" in hidden.content[0].text
    last = team.audit()[-1]
    assert (last["who"], last["via"], last["decision"], last["from"]) == ("oauth/ci-7", "http", "denied", "127.0.0.1")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "https://wiki.example.com"}, "another server"),
        ({"exp": 1}, "expired"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"scope": ""}, "no role"),
    ],
)
def test_a_wrong_one_gets_401_and_a_line(team: Team, changes: dict[str, Any], why: str) -> None:
    refused = httpx2.post(f"{team.url}/mcp", json={}, headers=bearer(token(**changes)))
    assert refused.status_code == 401
    assert why not in refused.text + str(refused.headers), "why is for the operator"
    last = team.audit()[-1]
    assert (last["event"], last["decision"], last["from"]) == ("stranger", "refused", "127.0.0.1")
    assert why in last["why"]


def test_strangers_of_every_kind_leave_a_line(team: Team) -> None:
    ask(team.url, "/mcp")
    assert team.audit()[-1]["why"] == "no token was sent"
    ask(team.url, "/sse", Authorization="Bearer pd_wrong")
    assert "unknown" in team.audit()[-1]["why"]
    ask(team.url, "/mcp", **bearer(token()), Host="evil.example")
    assert team.audit()[-1]["why"] == "its Host is not answered"


def test_rotation_is_noticed_by_a_running_server(team: Team) -> None:
    tokens = Tokens(team.state)
    first = tokens.create("turner", Role.TRACE)
    second = tokens.rotate("turner", grace=600)
    assert ask(team.url, "/mcp", **bearer(first)) != 401
    assert ask(team.url, "/mcp", **bearer(second)) != 401
    third = tokens.rotate("turner", grace=0)
    assert ask(team.url, "/mcp", **bearer(second)) == 401
    assert ask(team.url, "/mcp", **bearer(third)) != 401
    file = team.state / "tokens.json"
    file.chmod(0o644)
    assert ask(team.url, "/mcp", **bearer(third)) == 401, "a file that others can read lets nobody in"
    file.chmod(0o600)
    assert ask(team.url, "/mcp", **bearer(third)) != 401


def test_the_audit_of_all_this_is_whole(team: Team) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "perfdoctor", "audit", "verify"],
        cwd=ROOT,
        env={"PERFDOCTOR_STATE": str(team.state), "PATH": "/usr/bin:/bin", "HOME": str(team.state)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hashes and signatures are right" in done.stdout
    text = (team.state / "audit" / "audit.jsonl").read_text()
    assert "pd_" not in text and "eyJ" not in text, "no token is in it"
