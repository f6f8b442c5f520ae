"""Knows what the OpenAPI document says beside the shapes: what each route is for, and every way to be refused."""

from typing import Any

from fastapi import FastAPI

from .batching import Full
from .errors import (
    Refused,
    draining,
    failed,
    no_model,
    not_json,
    not_json_type,
    overloaded,
    slow_body,
    too_long,
    unauthorized,
)
from .schemas import Refusal

DESCRIPTION = """\
Rates items as `accord rate` does: the same prompts, temperature 0, the same reading of replies.

A reply in which no label can be read is data: `label` is null and `unparsed` says why. A request that is refused as a
whole has the body `{"error": {"message", "type", "param", "code", "item", "field"}}`, whatever the route.
"""

ROUTES = {
    "POST /v1/rate": "rate items",
    "POST /v1/chat/completions": "the rater as a model, for OpenAI's clients",
    "GET /v1/models": "the rater's name",
    "GET /healthz": "whether requests are taken",
    "GET /metrics": "figures for Prometheus",
    "GET /openapi.json": "all of this, for programs",
    "GET /": "what is served here",
}
"""Every route with its purpose."""

_UNKNOWN = """\
items[3] (id 'r17'): the field 'txt' is not known. An item has text and, if you like, id. Did you mean 'text'?"""
_AWAY = "The rater's model cannot be asked: model 'm' at api.example.com:443: HTTP 401."
_WHY: dict[int, tuple[str, Refused]] = {
    400: ("The body is not JSON.", not_json("expecting ',' delimiter at character 17")),
    401: ("The token is missing or wrong (where the server wants one).", unauthorized()),
    404: ("The model is not the one that is served.", no_model("gpt-4o", "stars")),
    408: ("The body came too slowly.", slow_body(30)),
    413: ("The body is too long.", too_long(2**20)),
    415: ("The body is not said to be JSON.", not_json_type()),
    422: (
        "An item lacks a field, has one too many, a blank or no text, or there are too many items.",
        Refused(422, "unknown_field", _UNKNOWN, param="items[3].txt", item=3, field="txt"),
    ),
    429: (
        "Too many items are waiting; `Retry-After` says when there will likely be room.",
        overloaded(Full(2048, 4)),
    ),
    500: ("A fault of the server.", failed(RuntimeError())),
    502: (
        "The rater's model cannot be asked: a wrong key, or a server that is away.",
        Refused(502, "model_failed", _AWAY),
    ),
    503: ("The server is stopping.", draining()),
}
"""Why a status is given, beside an example of it."""
_CHAT_400 = "The body is not JSON or no conversation, asks for what a rater does not do, or ends with no item."
_RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
_ASKING = (400, 401, 408, 413, 415, 429, 500, 502, 503)


def asking(*more: int) -> dict[int | str, dict[str, Any]]:
    """Return the refusals of a route that asks the rater, and some more."""
    return {status: _refusal(status) for status in sorted({*_ASKING, *more})}


def looking() -> dict[int | str, dict[str, Any]]:
    """Return the refusals of a route that only looks."""
    return {status: _refusal(status) for status in (401, 503)}


def document(app: FastAPI, *, rated: dict[str, Any], guarded: bool) -> None:
    """Put the last touches to an application's OpenAPI document.

    FastAPI writes a 422 of its own shape to every route with a body (the chat route answers 400 as OpenAI's does), and
    leaves out of examples what is null. Who needs a token is said once, for all routes but the open one.

    Args:
        app: The application, with all its routes.
        rated: The example of a rating.
        guarded: Whether requests must carry a token.
    """
    written = app.openapi()
    written["components"]["schemas"]["Rating"]["examples"] = [rated]
    for operations in written["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                told = response.get("content", {}).get("application/json", {})
                if told.get("schema", {}).get("$ref", "").endswith("/Refusal"):
                    told["example"] = _WHY[int(status)][1].refusal.model_dump()
    chat = written["paths"]["/v1/chat/completions"]["post"]
    chat["responses"].pop("422", None)
    chat["responses"]["400"]["description"] = _CHAT_400
    schemas = written["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    if guarded:
        written["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        written["security"] = [{"bearer": []}]
        written["paths"]["/healthz"]["get"]["security"] = []
    app.openapi_schema = written


def _refusal(status: int) -> dict[str, Any]:
    why, _ = _WHY[status]
    headers = {"headers": {"Retry-After": _RETRY_AFTER}} if status in (429, 503) else {}
    return {"model": Refusal, "description": why, **headers}
