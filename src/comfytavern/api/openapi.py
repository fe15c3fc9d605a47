"""The OpenAPI 3.1 document: what FastAPI finds in the routes, and the documents that other rooms define by structs."""

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from comfytavern.api.schemas.common import REFERENCE, ProblemDocument
from comfytavern.graph.document import Graph
from comfytavern.graph.kinds import Kind
from comfytavern.kernel.errors import Problem
from comfytavern.kernel.events import RunEvent

TEMPLATE: Final = "#/components/schemas/{name}"
DOCUMENTS: Final[dict[str, Any]] = {"Graph": Graph, "Kind": Kind, "Problem": Problem, "RunEvent": RunEvent}
SECURITY: Final[dict[str, Any]] = {
    "session": {"type": "apiKey", "in": "cookie", "name": "ct_session"},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}
ANONYMOUS: Final = frozenset(
    {"health", "ready", "version", "metrics", "login", "create_token", "get_setup", "create_owner", "get_watching", "report_errors"}
)
PROBLEM_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "Refused: see `code`.",
        "content": {"application/problem+json": {"schema": {"$ref": TEMPLATE.format(name="ProblemDocument")}}},
    }
}


def openapi(app: FastAPI) -> dict[str, Any]:
    """Return the document, made once per application."""
    if app.openapi_schema is None:
        app.openapi_schema = _build(app)
    return app.openapi_schema


def _build(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes, openapi_version="3.1.0")
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    names, structs = msgspec.json.schema_components(DOCUMENTS.values(), ref_template=TEMPLATE)
    schemas |= {name: _without_defaults(schema) for name, schema in structs.items()}
    schemas |= {name: schema for name, schema in zip(DOCUMENTS, names, strict=True) if name not in schemas}
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema(ref_template=TEMPLATE.replace("{name}", "{model}"))
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = SECURITY
    made["security"] = [{name: []} for name in SECURITY]
    for methods in made["paths"].values():
        for operation in methods.values():
            if operation["operationId"] in ANONYMOUS:
                operation["security"] = []
    return _resolved(made)


def _without_defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a struct's schema as it is on the wire, where members with their default value are left out."""
    if "properties" not in schema:
        return schema
    members = schema["properties"]
    return schema | {"properties": {name: {k: v for k, v in member.items() if k != "default"} for name, member in members.items()}}


def _resolved(part: Any) -> Any:
    """Return the document with marked places replaced by references."""
    match part:
        case {"x-comfytavern-reference": str() as name}:
            return {"$ref": TEMPLATE.format(name=name)}
        case dict():
            return {key: _resolved(value) for key, value in part.items() if key != REFERENCE}
        case list():
            return [_resolved(value) for value in part]
        case _:
            return part
