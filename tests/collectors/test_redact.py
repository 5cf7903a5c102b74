"""No secret of a command line is shown; what is none stays readable."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.redact import command_line, is_secret_name, redact, redact_arguments

# Hidden in every form below, and long enough not to appear by chance.
SECRETS = st.text(
    st.characters(codec="ascii", categories=("L", "N"), include_characters="_+-.!%"), min_size=12, max_size=40
)
NAMES = st.sampled_from(
    ["password", "db-password", "DB_PASSWORD", "dbPassword", "PGPASSWORD", "MYSQL_PWD", "token", "api_key", "ApiKey",
     "x.secret", "AWS_SECRET_ACCESS_KEY", "client-secret", "GITHUB_TOKEN", "redis.auth", "privateKey", "passphrase"]
)  # fmt: skip


@given(NAMES, SECRETS)
def test_a_value_that_is_named_a_secret_is_hidden(name: str, secret: str) -> None:
    for text in (
        f"run --{name}={secret} now",
        f"run --{name} {secret.lstrip('-')} now",
        f"{name}={secret} run",
        f"{name}: {secret}",
        f"{name}='{secret} {secret}' run",
        f'{{"{name}": "{secret}", "user": "bob"}}',
        f"java -D{name}={secret} -jar x.jar",
        f"http://x/path?page=2&{name}={secret}",
        f"http://x/path?{name}={secret}&page=2",
    ):
        assert secret.lstrip("-") not in redact(text), text


@given(NAMES, st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=12, max_size=60))
def test_as_an_argument_of_its_own_it_may_hold_anything(name: str, secret: str) -> None:
    for arguments in (["run", f"--{name}={secret}"], ["run", f"{name}={secret}"]):
        assert redact_arguments(arguments)[1].endswith("=***")
    if not secret.startswith("--"):
        assert redact_arguments(["run", f"--{name}", secret]) == ("run", f"--{name}", "***")


@given(SECRETS)
def test_credentials_without_a_name(secret: str) -> None:
    for text in (
        f"psql postgres://shop:{secret}@db:5432/shop",
        f"redis://:{secret}@cache/0",
        f"curl -H 'Authorization: Bearer {secret}' http://x",
        f"curl -H 'X-Api-Key: {secret}' http://x",
        f"curl -u bob:{secret} http://x",
        f"curl --user bob:{secret} http://x",
        f"mysql -u root -px{secret} shop",
    ):
        assert secret not in redact(text), text
    assert secret not in command_line(["mysql", f"-p{secret}", "shop"])
    assert secret not in command_line(["curl", "-u", f"bob:{secret}", "http://x"])


@pytest.mark.parametrize(
    "secret",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2_" * 9,
        "glpat-" + "a1B2" * 5,
        "xoxb-" + "1234567890-abc",
        "AIza" + "a1B2-" * 7,
        "sk_live_" + "a1B2" * 6,
        "sk-" + "a1B2" * 8,
        "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_by_their_shape(secret: str) -> None:
    assert redact(f"run {secret} now") == "run *** now"


@pytest.mark.parametrize(
    "text",
    [
        "/usr/bin/python3 -m http.server --bind=0.0.0.0:8000 --directory /srv/www",
        "java -Xmx512m -cp /opt/app.jar:/opt/lib/* com.example.Main --config=/etc/app.yaml",
        "gunicorn shop.wsgi:app --workers 4 --timeout 30",
        "run --password-file=/run/secrets/db --max-tokens 400 --token-url https://id.example/token --no-auth",
        "curl http://localhost:8080/users/bob@example.com",
        "git clone ssh://git@example.com/shop.git",
        "env PWD=/srv/shop keyboard=us monkey=1 compass=north author=bob",
        "node --inspect=127.0.0.1:9229 server.js",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "name", ["password_file", "max_tokens", "tokenUrl", "author", "PWD", "keyboard", "key", "passenger"]
)
def test_names_that_only_look_so(name: str) -> None:
    assert not is_secret_name(name)


@given(st.lists(st.text(max_size=400), max_size=80))
def test_any_command_line_is_bounded_and_printable(arguments: list[str]) -> None:
    shown = redact_arguments(arguments)
    assert len(shown) <= 65 and all(len(argument) <= 256 for argument in shown)
    line = command_line(arguments)
    assert len(line) <= 400
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in line)


@pytest.mark.parametrize(
    "piece",
    ["a", "a=", 'password="', "password='", "a://", "a://b:", "mysql ", "-u ", "eyJ", "x-key", "'", 'token="\\"',
     " --p", "cookie:", "-----BEGIN PRIVATE KEY-----", "bearer ", "sk-", "a://b:c@", "--user "],
)  # fmt: skip
def test_no_command_line_takes_long(piece: str) -> None:
    began = time.perf_counter()
    redact(piece * (32_000 // len(piece)))
    assert time.perf_counter() - began < 20  # all take below 0.3 s on an idle machine


def test_a_secret_at_the_cut_does_not_show_its_first_half() -> None:
    assert "ghp_" not in redact("x " * 16_370 + "ghp_" + "a" * 36)
