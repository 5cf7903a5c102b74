"""Requests without their values: what is kept, and that nothing else ever is."""

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdoctor.collectors.protocols import dns, http, mysql, postgres, redis, smtp, sql, tls
from perfdoctor.collectors.protocols.guess import guess
from perfdoctor.collectors.protocols.words import LONGEST, name
from perfdoctor.collectors.text import clean

SECRET = "hunter2xyzzy9"
POSTGRES, MYSQL = sql.Dialect.POSTGRES, sql.Dialect.MYSQL


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("SELECT * FROM t WHERE id = 42", "SELECT * FROM t WHERE id = ?"),
        ("select a.b,\n c from a where d='x''y' and e=-1.5e3", "select a.b, c from a where d = ? and e = ?"),
        ("SELECT 1 WHERE a IN (1, 'b', $3, NULL)", "SELECT ? WHERE a IN (?, NULL)"),
        ("INSERT INTO t (a, b) VALUES (1, 2), (3, 4), (5, 6)", "INSERT INTO t(a, b) VALUES (?)"),
        ("SELECT 1 -- secret\n, 2 /* secret /* nested */ secret */ FROM t", "SELECT ? FROM t"),
        ("SELECT $tag$secret$tag$, $$secret$$", "SELECT ?"),
        ("SELECT E'a', X'ff', 0xff, N'x'", "SELECT ?"),
        ("SELECT count(*) FROM events_20261123 WHERE t1.x >= 7", "SELECT count(*) FROM events_? WHERE t1.x >= ?"),
        ('SELECT "name", "se cret" FROM "t"', "SELECT name, ? FROM t"),
        ("UPDATE t SET a = %s, b = :name WHERE c = ?", "UPDATE t SET a = ?, b = ? WHERE c = ?"),
        ("SELECT a::int FROM t;", "SELECT a :: int FROM t"),
        ("SELECT 'open secret", "SELECT ? …"),
        ("SELECT 1 /* open secret", "SELECT ? …"),
        (r"SELECT 'a\' , secret, 'b'", "SELECT ? …"),
    ],
)  # fmt: skip
def test_statements_lose_their_values(text: str, shape: str) -> None:
    assert sql.shape(text, POSTGRES, whole=True) == shape


def test_dialects_differ_in_quotes_and_comments() -> None:
    assert (
        sql.shape('SELECT `a` FROM t WHERE b = "secret" # secret', MYSQL, whole=True) == "SELECT a FROM t WHERE b = ?"
    )
    assert sql.shape("SELECT a #> b FROM t", POSTGRES, whole=True) == "SELECT a #> b FROM t"


def test_the_last_word_of_a_cut_statement_may_be_half_a_secret() -> None:
    assert sql.shape("SELECT a FROM customers WHERE hunt", POSTGRES, whole=False) == "SELECT a FROM customers WHERE ? …"
    assert len(sql.shape("SELECT " + "abcdefgh, " * 400, POSTGRES, whole=True)) <= LONGEST


LITERALS = st.text(st.characters(exclude_characters="\0"), max_size=40)


@given(LITERALS, LITERALS, st.sampled_from([POSTGRES, MYSQL]), st.booleans())
def test_a_quoted_literal_is_never_echoed(before: str, after: str, dialect: sql.Dialect, whole: bool) -> None:
    """Whatever stands in the literal beside the secret, in quotes as a driver would escape it."""
    inside = (before + SECRET + after).replace("'", "''")
    text = f"SELECT a FROM t WHERE b = '{inside}' AND c = 1"
    assert SECRET not in sql.shape(text, dialect, whole=whole)
    escaped = (before + SECRET + after).replace("\\", "\\\\").replace("'", "\\'")
    assert SECRET not in sql.shape(f"INSERT INTO t VALUES ('{escaped}')", dialect, whole=whole)


@given(LITERALS, st.integers(0, 80))
def test_a_statement_cut_anywhere_says_no_more(literal: str, at: int) -> None:
    text = "UPDATE t SET a = '{}' WHERE b = {}".format(literal.replace("'", "''") + SECRET, 4711)
    for dialect in sql.Dialect:
        shape = sql.shape(text[:at], dialect, whole=False)
        assert SECRET not in shape
        assert "4711" not in shape


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ("GET / HTTP/1.1", "GET /"),
        ("GET /users/17/orders?page=3&token=x HTTP/1.1", "GET /users/?/orders?page=?&token=?"),
        ("POST /api/v2/order-items HTTP/1.0", "POST /api/v2/order-items"),
        ("GET /static/app.js?v1secret HTTP/1.1", "GET /static/app.js??"),
        ("DELETE /f/9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d HTTP/1.1", "DELETE /f/?"),
        ("GET http://user:pass@host/a/b HTTP/1.1", "GET /a/b"),
        ("CONNECT secret.example:443 HTTP/1.1", "CONNECT ?"),
        ("GET /alice%40example.com/x HTTP/1.1", "GET /?/x"),
    ],
)
def test_request_lines(line: str, shape: str) -> None:
    data = f"{line}\r\nHost: secret\r\nAuthorization: Bearer {SECRET}\r\n\r\n{SECRET}".encode()
    assert http.read(data, len(data)) == shape


def test_a_request_line_that_is_cut_keeps_no_half_word() -> None:
    data = b"GET /users/" + b"a" * 300
    assert http.read(data[:256], 400) == "GET /users/? …"
    assert http.read(b"GETTING on with it", 18) is None
    assert http.read(b"GET me a coffee", 15) is None
    assert http.read(b"HTTP/1.1 200 OK\r\n", 17) is None


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def test_postgres() -> None:
    def read(data: bytes, cut: int = 256) -> str | None:
        return postgres.read(data[:cut], len(data))

    assert read(message(b"Q", b"SELECT 'x'\0")) == "SELECT ?"
    long = message(b"Q", b"SELECT a FROM t WHERE b = '" + b"s" * 900 + b"'\0")
    assert read(long) == "SELECT a FROM t WHERE b = ? …"
    parse = message(b"P", b"s1\0SELECT $1\0\0\0")
    bind = message(b"B", b"\0stmt_17\0\0\0\0\1\0\0\0\6secret\0\0")
    rest = message(b"D", b"P\0") + message(b"E", b"\0\0\0\0\0") + message(b"S", b"")
    assert read(parse + bind + rest) == "SELECT ?"
    assert read(bind + rest) == "EXECUTE stmt_?"
    assert read(message(b"p", b"secret\0")) == "(authentication)"
    assert read(message(b"X", b"")) == "(end of the session)"
    assert read(struct.pack("!II", 8, 80877103)) == "(asks for TLS)"
    assert read(b"QUIT\r\n") is None
    assert read(b"PRETTY TEXT") is None


def test_a_statement_that_postgres_runs_again_is_told_by_its_text() -> None:
    prepared = postgres.Prepared()

    def heard(data: bytes, connection: int = 1) -> str:
        return prepared.shape(connection, data, postgres.read(data, len(data)) or "")

    def bind(name: bytes) -> bytes:
        return message(b"B", b"\0" + name + b"\0\0\0\0\0\0\0") + message(b"E", b"\0\0\0\0\0") + message(b"S", b"")

    assert heard(bind(b"_pg3_0")) == "EXECUTE _pg?_?"
    assert heard(message(b"P", b"_pg3_0\0SELECT a FROM t WHERE b = $1\0\0\0")) == "SELECT a FROM t WHERE b = ?"
    assert heard(message(b"P", b"_pg3_1\0DELETE FROM t\0\0\0")) == "DELETE FROM t"
    assert heard(message(b"P", b"\0SELECT now()\0\0\0") + bind(b"")) == "SELECT now()"
    assert heard(bind(b"_pg3_0")) == "SELECT a FROM t WHERE b = ?"
    assert heard(bind(b"_pg3_1")) == "DELETE FROM t"
    assert heard(bind(b"_pg3_2")) == "EXECUTE _pg?_?"
    assert heard(bind(b"_pg3_0"), connection=2) == "EXECUTE _pg?_?"
    assert heard(message(b"Q", b"DEALLOCATE ALL\0")) == "DEALLOCATE ALL"
    assert heard(bind(b"_pg3_0")) == "EXECUTE _pg?_?"


def test_the_oldest_names_of_postgres_are_forgotten() -> None:
    prepared = postgres.Prepared()
    for number in range(300):
        prepared.shape(7, message(b"P", b"s%d\0SELECT 1\0\0\0" % number), "SELECT ?")
    assert prepared.shape(7, message(b"B", b"\0s299\0\0\0"), "EXECUTE s?") == "SELECT ?"
    assert prepared.shape(7, message(b"B", b"\0s1\0\0\0"), "EXECUTE s?") == "EXECUTE s?"


def test_mysql() -> None:
    def packet(body: bytes, sequence: int = 0) -> bytes:
        return len(body).to_bytes(3, "little") + bytes([sequence]) + body

    def read(data: bytes) -> str | None:
        return mysql.read(data[:256], len(data))

    assert read(packet(b"\x03SELECT \"secret\", 'x' # secret")) == "SELECT ?"
    assert read(packet(b"\x16UPDATE t SET a = ?")) == "UPDATE t SET a = ?"
    assert read(packet(b"\x03SELECT '" + b"s" * 900 + b"'")) == "SELECT ? …"
    assert read(packet(b"\x0e")) == "(ping)"
    assert read(packet(b"\x17" + bytes(12))) == "(execute)"
    login = bytes(9) + bytes(23) + b"root\0" + b"\x14" + b"s" * 20
    assert read(packet(login, 1)) == "(start of a session)"
    assert read(packet(b"\x03not a statement")) is None
    assert read(packet(b"\x03SELECT 1", 3)) is None


def test_redis() -> None:
    def command(*words: str) -> bytes:
        return f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words)

    def read(data: bytes) -> str | None:
        return redis.read(data[:256], len(data))

    assert read(command("GET", "user:4711:cart")) == "GET user:?:cart"
    assert read(command("set", f"session:{SECRET}", SECRET)) == "SET session:?"
    assert read(command("AUTH", "default", "secret")) == "AUTH"
    assert read(command("EVAL", "return 'secret'", "0")) == "EVAL"
    assert read(command("MYSECRETCOMMAND", "x")) == "(unknown command)"
    assert read(command("GET", "a") * 3) == "GET a (pipelined)"
    assert read(command("MULTI") + command("INCR", "n:1") + command("EXEC")) == "MULTI (pipelined) (+2 others)"
    assert read(command("SET", "k", "v" * 900)) == "SET k"
    assert read(command("GET", "user:" + "a" * 900)) == "GET ?"
    assert read(b"+OK\r\n") is None
    assert read(b"*1\r\n$-1\r\n") is None


def test_tls_is_recognised_and_opaque() -> None:
    assert tls.read(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 517) == "(encrypted)"
    assert guess(b"\x17\x03\x03\x00\x40" + bytes(64), 69) == ("TLS", "(encrypted)")
    assert tls.read(b"\x17\x03\x03\xff\xff", 5) is None
    assert tls.read(b"\x16\x02\x01", 3) is None


def question(asked: str, kind: int = 1, flags: int = 0x0100) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in asked.split("."))
    return struct.pack("!6H", 7, flags, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


def test_names_lose_their_variable_parts() -> None:
    data = question("db-17.shop.example", 28)
    assert dns.read(data, len(data)) == dns.Message(7, False, "db-?.shop.example", "AAAA", "")
    data = question("9f86d081884c7d65.cdn.example", flags=0x8183)
    assert dns.read(data, len(data)) == dns.Message(7, True, "?.cdn.example", "A", "NXDOMAIN")
    assert dns.read(data[:20], len(data)) is None


def test_a_known_protocol_is_tried_first() -> None:
    both = message(b"Q", b"select 1\0")
    assert guess(both, len(both), 5432) == ("PostgreSQL", "select ?")
    assert guess(both, len(both)) == ("PostgreSQL", "select ?")
    assert guess(b"\x01\x02", 2) == ("", "")


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (b"EHLO shop.example\r\n", "EHLO ?"),
        (b"ehlo [10.0.0.7]\r\n", "EHLO ?"),
        (b"AUTH PLAIN AGh1bnRlcg==\r\n", "AUTH ?"),
        (b"mail from:<hunter2@b.example> size=712\r\n", "MAIL FROM:?"),
        (b"RCPT TO:<hunter2@c.example>\r\n", "RCPT TO:?"),
        (b"aHVudGVyMg==\r\n", "(authentication)"),
        (b"data\r\n", "DATA"),
        (b"QUIT\r\n", "QUIT"),
        (b"From: hunter2@b.example\r\nSubject: x\r\n\r\nGET / of hunter2\r\n.\r\n", "(mail)"),
        (b"GET /hunter2 HTTP/1.1\r\n\r\n.\r\n", "(mail)"),
    ],
)
def test_mail(data: bytes, shape: str) -> None:
    assert guess(data, len(data), 2525, "SMTP") == ("SMTP", shape)


def test_what_others_say_too_is_mail_only_where_that_is_known() -> None:
    for word in (b"QUIT\r\n", b"DATA\r\n", b"AUTH hunter2\r\n", b"HELOISE\r\n"):
        assert guess(word, len(word), 21) == ("", "")
    assert guess(b"MAIL FROM:<a@b.example>\r\n", 25) == ("SMTP", "MAIL FROM:?")
    shake = b"\x16\x03\x01\x00\x40" + bytes(64)
    assert guess(shake, 69, 25, "SMTP")[0] == "TLS"


BYTES = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda start, rest: start + rest,
        st.sampled_from([
            b"GET /", b"POST /a?", b"*2\r\n$3\r\nGET\r\n$", b"*999999\r\n", b"Q\0\0\0\x20", b"P\0\0\0\x30",
            b"\x16\x03\x01", b"MAIL FROM:<", b"AUTH PLAIN ",
            b"\x20\0\0\0\x03SELECT ", b"\0\x07\x01\0\0\x01\0\0\0\0\0\0", b"\0\0\0\x20\0\x03\0\0", b"B\0\0\0\x20",
        ]),
        st.binary(max_size=280),
    ),
)  # fmt: skip


@given(BYTES, st.integers(0, 1 << 32), st.sampled_from([0, 80, 3306, 5432, 6379]))
def test_any_bytes_give_a_short_clean_shape_or_nothing(data: bytes, size: int, port: int) -> None:
    size = max(size, len(data)) if size % 2 else len(data)
    protocol, shape = guess(data, size, port)
    assert bool(protocol) == bool(shape)
    assert len(shape) <= LONGEST
    assert clean(shape, LONGEST) == shape
    for read in (http.read, mysql.read, postgres.read, redis.read, smtp.read, smtp.read_more, tls.read):
        read(data, size)
    told = dns.read(data, size)
    assert told is None or clean(told.name) == told.name


@given(st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-_.%~", max_size=60))
def test_a_name_that_is_kept_holds_no_digit_but_a_version(text: str) -> None:
    kept = name(text)
    assert kept in (text, "?")
    assert kept == "?" or re.fullmatch(r"v\d{1,2}|\D*", kept)


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz0123456789:", max_size=30), min_size=1, max_size=4))
def test_no_argument_of_redis_but_the_form_of_its_key(arguments: list[str]) -> None:
    words = ["SET", "key", *[a + SECRET for a in arguments]]
    data = f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words)
    assert redis.read(data, len(data)) == "SET key"
