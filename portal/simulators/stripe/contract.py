"""Every request and answer against Stripe's own description (OpenAPI), where one is at hand."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

_FORM = "application/x-www-form-urlencoded"


class Contract:
    """The description, read once. A form's strings are turned into what the schema expects."""

    def __init__(self, spec: Path) -> None:
        self._spec: dict[str, Any] = _read(spec)
        paths = sorted(self._spec["paths"], key=lambda one: one.count("{"))
        self._paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths]

    def request_problems(self, method: str, path: str, given: dict[str, Any]) -> list[str]:
        """What the description refuses of a request; [] when it is fine."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"Unrecognized request URL ({method} {path})"]
        if method == "POST":
            schema = operation["requestBody"]["content"][_FORM]["schema"]
        else:
            names = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
            schema = {
                "type": "object", "additionalProperties": False,
                "properties": {name: one["schema"] for name, one in names.items()},
                "required": [name for name, one in names.items() if one.get("required")],
            }  # fmt: skip
        return _problems(schema, typed(given, schema), {})

    def answer_problems(self, method: str, path: str, answer: dict[str, Any]) -> list[str]:
        """What the description refuses of an answer with status 200."""
        operation = self._operation(method, path)
        if operation is None:
            return []
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        return _problems(schema, answer, self._spec["components"])

    def event_problems(self, event: dict[str, Any]) -> list[str]:
        """What the description refuses of a notice, and of the object it is about."""
        about = event["data"]["object"]["object"]
        found = _problems({"$ref": "#/components/schemas/event"}, event, self._spec["components"])
        return found + _problems({"$ref": f"#/components/schemas/{about}"},
                                 event["data"]["object"], self._spec["components"])  # fmt: skip

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, name in self._paths:
            if pattern.fullmatch(path):
                found: dict[str, Any] | None = self._spec["paths"][name].get(method.lower())
                return found
        return None


def typed(given: Any, schema: dict[str, Any]) -> Any:
    """A form's text as the type its schema names; text that is none stays and is refused."""
    for choice in schema.get("anyOf", ()):
        made = typed(given, choice)
        if not _problems(choice, made, {}):
            return made
    kind = schema.get("type")
    if kind == "integer" and isinstance(given, str) and re.fullmatch(r"-?\d+", given):
        return int(given)
    if kind == "boolean" and given in ("true", "false"):
        return given == "true"
    if kind == "array" and isinstance(given, list):
        return [typed(one, schema.get("items", {})) for one in given]
    if kind == "object" and isinstance(given, dict):
        members = schema.get("properties", {})
        more = schema.get("additionalProperties")
        rest = more if isinstance(more, dict) else {}
        return {name: typed(one, members.get(name, rest)) for name, one in given.items()}
    return given


def _problems(schema: dict[str, Any], value: Any, components: dict[str, Any]) -> list[str]:
    whole = {**schema, "components": components} if components else schema
    errors = Draft202012Validator(whole).iter_errors(value)
    return [f"{'.'.join(map(str, one.path)) or 'request'}: {one.message[:300]}" for one in errors]


@lru_cache(maxsize=1)
def _read(spec: Path) -> dict[str, Any]:
    if spec.suffix == ".json":
        return json.loads(spec.read_text())  # type: ignore[no-any-return]
    return json.loads(as_json(spec))  # type: ignore[no-any-return]


def as_json(spec: Path) -> str:
    """Stripe's YAML as a JSON description, which is read sixty times faster."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return json.dumps(_nullable(yaml.load(spec.read_text(), Loader=loader)))  # noqa: S506


def _nullable(node: Any) -> Any:
    """OpenAPI 3.0 writes `nullable`; JSON Schema wants null among the choices."""
    if isinstance(node, list):
        return [_nullable(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _nullable(one) for name, one in node.items()}
    if made.pop("nullable", False) is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made
