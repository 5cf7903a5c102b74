"""Which protocol do the first bytes of a request speak, and what do they ask, without their values?"""

from collections.abc import Callable

from perfdoctor.collectors.protocols import http, mysql, postgres, redis, smtp, tls

LOOKED_AT = 256
"""first bytes of a request that are looked at, and forgotten"""
_READERS: tuple[tuple[str, int, Callable[[bytes, int], str | None]], ...] = (
    (tls.NAME, 0, tls.read),
    (http.NAME, 0, http.read),
    (redis.NAME, redis.PORT, redis.read),
    (postgres.NAME, postgres.PORT, postgres.read),
    (mysql.NAME, mysql.PORT, mysql.read),
    (smtp.NAME, smtp.PORT, smtp.read),
)


def guess(data: bytes, size: int, port: int = 0, known: str = "") -> tuple[str, str]:
    """(protocol, shape); both empty where the bytes are of none that is known. The protocol that the peer was seen to
    speak, then the one its port is for, are tried first."""
    if known == smtp.NAME and tls.read(data, size) is None:
        return known, smtp.read(data, size) or smtp.read_more(data, size)
    ordered = sorted(_READERS, key=lambda r: (r[0] != known, r[1] != port or not port))
    for name, _, read in ordered:
        shape = read(data, size)
        if shape is not None:
            return name, shape
    return "", ""
