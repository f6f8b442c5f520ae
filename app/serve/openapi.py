"""Knows what the OpenAPI document says beside the shapes: what each route is for, and every way to be refused."""

from typing import Any

from fastapi import FastAPI

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

_WHY: dict[int, tuple[str, dict[str, Any]]] = {
    400: (
        "The body is not JSON.",
        {
            "message": "The body is not JSON: expecting ',' delimiter at character 17.",
            "type": "invalid_request_error",
            "code": "malformed_json",
        },
    ),
    401: (
        "The token is missing or wrong (where the server wants one).",
        {
            "message": "The bearer token is missing. Send the header 'Authorization: Bearer <token>'.",
            "type": "authentication_error",
            "code": "unauthorized",
        },
    ),
    404: (
        "The model is not the one that is served.",
        {
            "message": "The model 'gpt-4o' does not exist; here is 'stars'.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        },
    ),
    408: (
        "The body came too slowly.",
        {
            "message": "The body did not come within 30 s.",
            "type": "invalid_request_error",
            "code": "slow_body",
        },
    ),
    413: (
        "The body is too long.",
        {
            "message": "The body has more than 1,048,576 bytes. Send fewer or shorter items.",
            "type": "invalid_request_error",
            "code": "body_too_large",
        },
    ),
    415: (
        "The body is not said to be JSON.",
        {
            "message": "The Content-Type is missing. Send JSON with the header 'Content-Type: application/json'.",
            "type": "invalid_request_error",
            "code": "not_json_type",
        },
    ),
    422: (
        "An item lacks a field, has one too many, a blank or no text, or there are too many items.",
        {
            "message": "items[3] (id 'r17'): the field 'txt' is not known. An item has text and, if you like, id. "
            "Did you mean 'text'?",
            "type": "invalid_request_error",
            "param": "items[3].txt",
            "code": "unknown_field",
            "item": 3,
            "field": "txt",
        },
    ),
    429: (
        "Too many items are waiting; `Retry-After` says when there will likely be room.",
        {
            "message": "2,048 items are waiting already. Try again in 4 s.",
            "type": "rate_limit_error",
            "code": "overloaded",
        },
    ),
    500: (
        "A fault of the server.",
        {
            "message": "This is a fault of the server; its log says where.",
            "type": "server_error",
            "code": "internal_error",
        },
    ),
    502: (
        "The rater's model cannot be asked: a wrong key, or a server that is away.",
        {
            "message": "The rater's model cannot be asked: model 'm' at api.example.com:443: HTTP 401.",
            "type": "server_error",
            "code": "model_failed",
        },
    ),
    503: (
        "The server is stopping.",
        {
            "message": "The server is stopping. Try again later, or elsewhere.",
            "type": "server_error",
            "code": "draining",
        },
    ),
}
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
                if "example" in told:
                    told["example"] = _example(int(status))
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
    told: dict[str, Any] = {
        "model": Refusal,
        "description": why,
        "content": {"application/json": {"example": _example(status)}},
    }
    if status in (429, 503):
        told["headers"] = {"Retry-After": _RETRY_AFTER}
    return told


def _example(status: int) -> dict[str, Any]:
    return {"error": {"param": None, "item": None, "field": None, **_WHY[status][1]}}
