"""Which recordings do the arguments of a call name? Their types say it, so that no tool must."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel


class NamesRecording:
    """Marks a type of arguments whose values are ids of recordings."""


def recordings_in(arguments: BaseModel) -> Iterator[str]:
    """Each id that ``arguments`` hold, alone or in lists."""
    for name in recording_fields(type(arguments)):
        value = getattr(arguments, name)
        if isinstance(value, str):
            yield value
        elif value is not None:
            yield from value


def recording_fields(arguments: type[BaseModel]) -> tuple[str, ...]:
    fields = arguments.model_fields.items()
    return tuple(name for name, field in fields if _marked(field.annotation) or any(map(_is_mark, field.metadata)))


def _marked(kind: Any) -> bool:
    return any(_is_mark(part) or _marked(part) for part in (*get_args(kind), *getattr(kind, "__metadata__", ())))


def _is_mark(part: Any) -> bool:
    return isinstance(part, NamesRecording) or part is NamesRecording
