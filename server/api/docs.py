"""The description of the API as a page: made here from the OpenAPI document, with nothing fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, current_app, render_template

page = Blueprint("docs", __name__)

METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[dict[str, Any]]
    body: str | None
    """Name of the schema of what is sent."""
    body_is: str
    """What the body is in words, and its bound where that is its own."""
    answers: list[tuple[str, str, str | None]]
    """Status, description, name of the schema."""


@page.get("/api/docs")
def show() -> str:
    """Every operation by resource, and every schema."""
    spec = current_app.extensions["api"].spec.to_dict()
    by_tag: dict[str, list[Operation]] = {tag["name"]: [] for tag in spec["tags"]}
    for tag, operation in _operations(spec):
        by_tag[tag].append(operation)
    return render_template(
        "api.html", info=spec["info"], tags=spec["tags"], by_tag=by_tag, schemas=spec["components"]["schemas"]
    )


def _operations(spec: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield item[method]["tags"][0], _operation(spec, path, method, item)


def _operation(spec: dict[str, Any], path: str, method: str, item: dict[str, Any]) -> Operation:
    found = item[method]
    body = found.get("requestBody", {})
    answers = [
        (status, _resolved(spec, answer).get("description", ""), _schema(_resolved(spec, answer)))
        for status, answer in sorted(found["responses"].items())
        if status != "default"
    ]
    return Operation(
        method=method.upper(),
        path=path,
        summary=found.get("summary", ""),
        description=found.get("description", ""),
        parameters=[*item.get("parameters", ()), *found.get("parameters", ())],
        body=_schema(body),
        body_is=body.get("description", ""),
        answers=answers,
    )


def _resolved(spec: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    *_, group, name = node["$ref"].split("/")
    found: dict[str, Any] = spec["components"][group][name]
    return found


def _schema(node: dict[str, Any]) -> str | None:
    """Name of the schema of a body or an answer."""
    for content in node.get("content", {}).values():
        reference = content.get("schema", {}).get("$ref", "")
        if reference:
            return str(reference.rpartition("/")[2])
    return None
