"""What a request may hold: each field is looked at before anything is done with it."""

from contextlib import suppress
from typing import Any

from perfdoctor.collectors.helper.refusal import malformed


def only(told: dict[str, Any], data: bytes | None, *fields: str) -> None:
    """All of these fields and no others; no data, unless it is None here."""
    if told.keys() != {"ask", *fields}:
        raise malformed("It has other fields than it should.")
    if data:
        raise malformed("It has data that it should not have.")


def text(told: dict[str, Any], field: str) -> str:
    value = told.get(field)
    if not isinstance(value, str) or len(value) > 4096 or "\0" in value:
        raise malformed(f"{field} must be text.")
    return value


def number(told: dict[str, Any], field: str, below: int) -> int:
    value = told.get(field)
    if type(value) is not int or not 0 <= value < below:
        raise malformed(f"{field} must be a number below {below}.")
    return value


def numbers(told: dict[str, Any], field: str, count: int) -> list[int]:
    value = told.get(field)
    if not isinstance(value, list) or len(value) != count:
        raise malformed(f"{field} must be {count} numbers.")
    for one in value:
        if type(one) is not int or not 0 <= one < 1 << 31:
            raise malformed(f"{field} must be {count} numbers.")
    return list(value)


def names(told: dict[str, Any], field: str, known: frozenset[str]) -> set[str]:
    value = told.get(field)
    if not isinstance(value, list) or not all(isinstance(one, str) and one in known for one in value):
        raise malformed(f"{field} must be names that are known.")
    return set(value)


def constant(value: object, size: int) -> bytes:
    with suppress(ValueError):
        if isinstance(value, str) and len(value) == 2 * size:
            return bytes.fromhex(value)
    raise malformed(f"A constant must be {size} bytes.")
