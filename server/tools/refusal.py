"""Arguments that a tool cannot accept, said so that the next call is right."""

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from perfdoctor.collectors.text import clean
from perfdoctor.schemas.problem import ProblemError

_SHOWN = 60
"""characters of a refused value that are repeated to the caller"""


def refusal(tool: str, arguments: type[BaseModel], error: ValidationError) -> ProblemError:
    """The first two things that are wrong with the arguments, why, and what to do."""
    details = error.errors(include_url=False)
    # A list whose item is refused is then found to be too short: that says nothing more.
    inside = {detail["loc"][0] for detail in details if len(detail["loc"]) > 1}
    details = [detail for detail in details if len(detail["loc"]) != 1 or detail["loc"][0] not in inside]
    said = [_sentence(tool, arguments, detail) for detail in details[:2]]
    more = f" ({len(details) - 2} more arguments are wrong.)" if len(details) > 2 else ""
    return ProblemError(
        " ".join(what for what, _, _ in said) + more,
        " ".join(dict.fromkeys(why for _, why, _ in said)),
        " ".join(dict.fromkeys(step for _, _, step in said)),
    )


def _sentence(tool: str, arguments: type[BaseModel], detail: ErrorDetails) -> tuple[str, str, str]:
    names = list(arguments.model_fields)
    name = clean(str(detail["loc"][0]), _SHOWN) if detail["loc"] else ""
    if len(detail["loc"]) > 1 and name in names:
        inner = clean(".".join(str(part) for part in detail["loc"]), _SHOWN)
        return f"{inner} is not accepted.", f"{inner} {_rule(detail)}.", _step(arguments, name)
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, names, n=1)
        step = f"Use {near[0]} instead of {name}." if near else f"Call {tool} again without {name}."
        return f"{tool} has no argument {name}.", f"Its arguments are: {', '.join(names)}.", step
    if detail["type"] == "missing":
        return f"{tool} needs the argument {name}.", f"It is the {_meaning(arguments, name)}.", f"Give {name}."
    if not name:
        message = str(detail.get("ctx", {}).get("error", detail["msg"]))
        return f"{tool} cannot be asked this way.", _ended(message), f"Call {tool} again with other arguments."
    value = clean(repr(detail["input"]), _SHOWN)
    return f"{name} = {value} is not accepted.", f"{name} {_rule(detail)}.", _step(arguments, name)


def _rule(detail: ErrorDetails) -> str:
    """What the value must be. pydantic: ``Input should be greater than or equal to 0.1``."""
    return detail["msg"].replace("Value error, ", "").replace("Input should", "must").rstrip(".")


def _step(arguments: type[BaseModel], name: str) -> str:
    schema: dict[str, Any] = arguments.model_json_schema()["properties"].get(name, {})
    choices = [schema, *schema.get("anyOf", [])]
    low = next((c["minimum"] for c in choices if "minimum" in c), None)
    high = next((c["maximum"] for c in choices if "maximum" in c), None)
    default = schema.get("default")
    if low is not None and high is not None:
        known = f" ({_plain(default)} is the default)" if isinstance(default, int | float) else ""
        return f"Give {name} from {_plain(low)} to {_plain(high)}{known}."
    return f"Give {name}: {_meaning(arguments, name)}."


def _meaning(arguments: type[BaseModel], name: str) -> str:
    field = arguments.model_fields.get(name)
    return (field.description if field else None) or name


def _ended(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _plain(number: float) -> str:
    """4194304 and 0.5, as a caller would type them."""
    return f"{number:g}" if abs(number) < 100_000 else f"{number:.0f}"
