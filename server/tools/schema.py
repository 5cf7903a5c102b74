"""A tool's schemas as a client sees them: what may go in (without bounds that nobody would pass), and lean for what
comes out."""

from functools import cache
from typing import Any

from pydantic import BaseModel


def input_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    """Made once: for all tools it takes some 100 ms, and each client of a shared server asks for them."""
    return _input_schema(arguments)


@cache
def _input_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    schema: dict[str, Any] = _resolved(arguments.model_json_schema(), {})
    schema.pop("description", None)
    # What only shapes the answer comes last; pydantic puts inherited fields first.
    properties = schema["properties"]
    for name in ("detail", "limit"):
        if name in properties:
            properties[name] = properties.pop(name)
    return schema


def output_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """The fields of an answer, and the columns of its tables; what lies deeper is promised only to be an object."""
    return _output_schema(answer)


@cache
def _output_schema(answer: type[BaseModel]) -> dict[str, Any]:
    schema = answer.model_json_schema(mode="serialization")
    definitions = schema.get("$defs", {})
    properties = {name: _lean(field, definitions, table=True) for name, field in schema["properties"].items()}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _resolved(schema: Any, definitions: dict[str, Any]) -> Any:
    """Without titles and references: they cost tokens and tell a model nothing."""
    if isinstance(schema, list):
        return [_resolved(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    definitions = schema.get("$defs", definitions)
    if "$ref" in schema:
        definition = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        # The description of a shared type is the program's business; that of the argument stays.
        schema = {**{k: v for k, v in definition.items() if k != "description"}, **schema}
    kept = {k: v for k, v in schema.items() if k not in ("$defs", "$ref")}
    if "properties" in kept:
        properties = {name: _resolved(value, definitions) for name, value in kept.pop("properties").items()}
        return {**_resolved(kept, definitions), "properties": properties}
    if "anyOf" in kept:
        kept = _optional(kept)
    return {key: _resolved(value, definitions) for key, value in kept.items() if not _goes_without_saying(key, value)}


def _goes_without_saying(key: str, value: Any) -> bool:
    """Titles, and bounds that only nonsense would pass: empty and endless texts and lists, the zeroth of something,
    pids beyond the kernel's. They are refused all the same; to list them for every tool costs hundreds of tokens."""
    return (
        (key == "title" and isinstance(value, str))
        or (key in ("minLength", "maxLength", "minItems", "maxItems") and isinstance(value, int))
        or (key == "minimum" and value == 1 and isinstance(value, int))
        or (key == "maximum" and isinstance(value, int) and value >= 1 << 20)
    )


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    """An argument that may be left out need not be offered as null as well; null is still accepted."""
    real = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
    if len(real) != 1 or schema.get("default", 0) is not None:
        return schema
    return {**real[0], **{k: v for k, v in schema.items() if k not in ("anyOf", "default")}}


def _lean(schema: dict[str, Any], definitions: dict[str, Any], *, table: bool) -> dict[str, Any]:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in schema:
        choices = [_lean(choice, definitions, table=False) for choice in schema["anyOf"]]
        return {"type": [choice["type"] for choice in choices]}
    if "enum" in schema:
        return {"type": schema["type"], "enum": schema["enum"]}
    lean = {"type": schema["type"]}
    if table and schema["type"] == "array":
        row = schema["items"]
        row = definitions[row["$ref"].rsplit("/", 1)[-1]] if "$ref" in row else row
        if "properties" in row:
            columns = {name: _lean(field, definitions, table=False) for name, field in row["properties"].items()}
            lean["items"] = {"type": "object", "properties": columns}
    return lean
