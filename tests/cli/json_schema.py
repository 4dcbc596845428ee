"""Validates JSON against a schema of draft 4 or 7, as far as those of SARIF and of the configuration go; refuses what it does not know."""

from __future__ import annotations

import re
from typing import Any, Iterator

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
ANNOTATIONS = {"$schema", "id", "title", "description", "default", "definitions", "format", "enumDescriptions"}


def is_type(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def errors(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> Iterator[str]:
    """What is wrong with the value, a line each."""
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        yield from errors(value, target, root, at)
        return
    for keyword, wanted in schema.items():
        if keyword in ANNOTATIONS:
            continue
        match keyword:
            case "type":
                names = wanted if isinstance(wanted, list) else [wanted]
                if not any(is_type(value, name) for name in names):
                    yield f"{at}: {value!r} is no {wanted}"
            case "enum":
                if value not in wanted:
                    yield f"{at}: {value!r} is none of {wanted}"
            case "required":
                if isinstance(value, dict):
                    yield from (f"{at}: lacks {key}" for key in wanted if key not in value)
            case "properties":
                if isinstance(value, dict):
                    for key in wanted.keys() & value.keys():
                        yield from errors(value[key], wanted[key], root, f"{at}.{key}")
            case "additionalProperties":
                if isinstance(value, dict) and wanted is not True:
                    for key in value.keys() - schema.get("properties", {}).keys():
                        if wanted is False:
                            yield f"{at}: has {key}"
                        else:
                            yield from errors(value[key], wanted, root, f"{at}.{key}")
            case "propertyNames":
                if isinstance(value, dict):
                    for key in value:
                        yield from errors(key, wanted, root, f"{at}: the key")
            case "items":
                if isinstance(value, list):
                    for index, item in enumerate(value):
                        yield from errors(item, wanted, root, f"{at}[{index}]")
            case "minItems":
                if isinstance(value, list) and len(value) < wanted:
                    yield f"{at}: has {len(value)} items"
            case "uniqueItems":
                if isinstance(value, list) and wanted and any(value.count(item) > 1 for item in value):
                    yield f"{at}: has equal items"
            case "minimum":
                if isinstance(value, (int, float)) and value < wanted:
                    yield f"{at}: {value} is less than {wanted}"
            case "maximum":
                if isinstance(value, (int, float)) and value > wanted:
                    yield f"{at}: {value} is more than {wanted}"
            case "pattern":
                if isinstance(value, str) and not re.search(wanted, value):
                    yield f"{at}: {value!r} does not match {wanted}"
            case "anyOf" | "oneOf":
                fitting = sum(not list(errors(value, choice, root, at)) for choice in wanted)
                if fitting == 0 or (keyword == "oneOf" and fitting > 1):
                    yield f"{at}: {value!r} fits {fitting} of {keyword}"
            case _:
                raise NotImplementedError(keyword)
