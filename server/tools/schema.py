"""A tool's schemas as a client sees them: exact for what goes in, lean for what comes out."""

from typing import Any

from pydantic import BaseModel

DEPTH = 2
"""levels of an answer that are spelled out: the answer and the rows of its tables"""


def input_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    schema: dict[str, Any] = _resolved(arguments.model_json_schema(), {})
    schema.pop("description", None)
    return schema


def output_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """Names and types of an answer, down to ``DEPTH``; what lies deeper is an object without further promise."""
    schema = answer.model_json_schema(mode="serialization")
    return _lean(schema, schema.get("$defs", {}), DEPTH)


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
    kept = {k: v for k, v in schema.items() if k not in ("$defs", "$ref") and not (k == "title" and isinstance(v, str))}
    if "properties" in kept:
        properties = {name: _resolved(value, definitions) for name, value in kept.pop("properties").items()}
        return {**_resolved(kept, definitions), "properties": properties}
    if "anyOf" in kept:
        kept = _optional(kept)
    return {key: _resolved(value, definitions) for key, value in kept.items()}


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    """An argument that may be left out need not be offered as null as well; null is still accepted."""
    real = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
    if len(real) != 1 or schema.get("default", 0) is not None:
        return schema
    return {**real[0], **{k: v for k, v in schema.items() if k not in ("anyOf", "default")}}


def _lean(schema: dict[str, Any], definitions: dict[str, Any], depth: int) -> dict[str, Any]:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in schema:
        choices = [_lean(choice, definitions, depth) for choice in schema["anyOf"]]
        if all(set(choice) == {"type"} for choice in choices):
            return {"type": [choice["type"] for choice in choices]}
        return {"anyOf": choices}
    if "enum" in schema:
        return {"enum": schema["enum"]}
    kind = schema.get("type")
    if kind == "array" and depth:
        return {"type": "array", "items": _lean(schema.get("items", {}), definitions, depth)}
    if kind == "object" and depth and "properties" in schema:
        properties = {n: _lean(s, definitions, depth - 1) for n, s in schema["properties"].items()}
        return {"type": "object", "properties": properties, "required": list(schema["properties"])}
    return {"type": kind} if kind else {}
