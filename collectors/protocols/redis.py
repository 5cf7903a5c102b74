"""Redis' protocol (RESP): the command and the form of its key, ``GET session:?``. No other argument is kept.

https://redis.io/docs/latest/develop/reference/protocol-spec
"""

import re

from perfdoctor.collectors.protocols.words import bounded, name

NAME = "Redis"
PORT = 6379
# *2\r\n$3\r\nGET\r\n$6\r\nuser:7\r\n
_ARRAY = re.compile(rb"\*(\d{1,7})\r\n")
_BULK = re.compile(rb"\$(\d{1,9})\r\n")
_PARTS = re.compile(r"([:/|{}])")
_MOST_COMMANDS = 32

_WITH_KEY = """append bitcount bitfield bitop bitpos blmove blpop brpop bzpopmax bzpopmin decr decrby del dump
exists expire expireat get getbit getdel getex getrange getset hdel hexists hget hgetall hincrby hincrbyfloat hkeys
hlen hmget hmset hrandfield hscan hset hsetnx hstrlen hvals incr incrby incrbyfloat lindex linsert llen lmove lpop
lpos lpush lpushx lrange lrem lset ltrim mget mset msetnx persist pexpire pexpireat pfadd pfcount pfmerge psetex
pttl rename renamenx restore rpop rpoplpush rpush rpushx sadd scard sdiff sdiffstore set setbit setex setnx setrange
sinter sinterstore sismember smembers smismember smove sort spop srandmember srem sscan strlen sunion sunionstore
touch ttl type unlink xack xadd xlen xrange xrevrange xtrim zadd zcard zcount zincrby zinterstore zlexcount zmscore
zpopmax zpopmin zrange zrangebylex zrangebyscore zrank zrem zremrangebyrank zremrangebyscore zrevrange
zrevrangebyscore zrevrank zscan zscore zunionstore geoadd geodist geopos geosearch"""
_WITHOUT = """acl auth bgrewriteaof bgsave client cluster command config dbsize debug discard echo eval evalsha exec
fcall flushall flushdb hello info keys lastsave latency memory module monitor multi object ping psubscribe psync publish
pubsub punsubscribe quit randomkey readonly readwrite replconf replicaof role save scan script select shutdown slaveof
slowlog ssubscribe subscribe swapdb sync time unsubscribe unwatch wait watch xgroup xinfo xread xreadgroup"""
_KEYED = frozenset(_WITH_KEY.split())
_OTHER = frozenset(_WITHOUT.split())


def read(data: bytes, size: int) -> str | None:
    """Commands sent together are one request: the first one's shape, and how the others differ."""
    shapes: list[str] = []
    at = 0
    for _ in range(_MOST_COMMANDS):
        array = _ARRAY.match(data, at)
        if not array:
            break
        at, said = _command(data, array.end(), int(array[1]))
        if said is None:
            break
        shapes.append(said)
        if at >= len(data):
            break
    if not shapes:
        return None
    different = list(dict.fromkeys(shapes))
    more = f" (+{len(different) - 1} others)" if len(different) > 1 else ""
    return bounded(f"{different[0]}{' (pipelined)' if len(shapes) > 1 else ''}{more}")


def _command(data: bytes, at: int, arguments: int) -> tuple[int, str | None]:
    at, command, _ = _bulk(data, at)
    if command is None or arguments == 0:
        return at, None
    word = command.decode("latin-1").lower()
    if word not in _KEYED and word not in _OTHER:
        return at, "(unknown command)" if word.isalpha() and len(word) <= 24 else None
    said = word.upper()
    rest = arguments - 1
    if rest and word in _KEYED:
        at, key, whole = _bulk(data, at)
        rest -= 1
        said += f" {key_shape(key.decode('latin-1'))}" if key is not None and whole else " ?"
    for _ in range(min(rest, 1024)):
        at, argument, whole = _bulk(data, at)
        if argument is None or not whole:
            return len(data), said
    return at, said


def _bulk(data: bytes, at: int) -> tuple[int, bytes | None, bool]:
    """(where the next one begins, this one or None, whether it is whole)."""
    found = _BULK.match(data, at)
    if not found:
        return len(data), None, False
    end = found.end() + int(found[1])
    return end + 2, data[found.end() : end], end <= len(data)


def key_shape(key: str) -> str:
    """The words of a key, its variable parts as ``?``. Only what stands before a separator is a name for certain: the
    last part stays only where it is a word like the others."""
    parts = _PARTS.split(key)[:17]
    if len(parts) == 1:
        return name(key)
    return "".join(part if _PARTS.fullmatch(part) else name(part) if part else "" for part in parts)
