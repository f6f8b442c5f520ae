"""Knows how the service says no: one shape for every reason, naming item, field and cure; not when it says so."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...data import AccordError
from ...data.values import suggestion
from .batching import Full, Stopped
from .rate_schemas import Forms
from .schemas import Problem, Refusal

TEXT_OR_PARTS = "text_or_parts_type"
"""The type of the error of what is neither a text nor a list of its parts."""
UNAVAILABLE = 503
"""The status of what is refused because the server stops."""

_TYPES = {401: "authentication_error", 429: "rate_limit_error"}
_CODES = {404: "not_found", 405: "method_not_allowed"}
_EXPECTED = {
    "string_type": "a string",
    "bool_type": "true or false",
    "int_type": "a number",
    "list_type": "a list",
    TEXT_OR_PARTS: "a string or a list of parts",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
_BROKEN = ("broken_text", "has broken Unicode (half of a surrogate pair)")
_NAMES = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}


class Refused(Exception):
    """A request that is not served.

    Args:
        status: The HTTP status.
        code: The reason as a word.
        message: What is wrong and what to do about it.
        headers: Further headers of the reply.
        **where: ``param``, ``item`` and ``field``, where it is about one of these.
    """

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **where: Any
    ) -> None:
        """Word the problem."""
        super().__init__(message)
        kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
        self.status = status
        self.headers = {} if headers is None else dict(headers)
        self.refusal = Refusal(error=Problem(message=message, type=kind, code=code, **where))


def overloaded(error: Full) -> Refused:
    """Refuse a request for which there is no room now."""
    seconds = error.retry_after
    message = f"{error.waiting:,} items are waiting already. Try again in {seconds} s."
    return Refused(429, "overloaded", message, headers={"Retry-After": str(seconds)})


def draining(grace: int = 1) -> Refused:
    """Refuse a request that comes while the server stops."""
    headers = {"Retry-After": str(grace), "Connection": "close"}
    message = "The server is stopping. Try again later, or elsewhere."
    return Refused(UNAVAILABLE, "draining", message, headers=headers)


def failed(error: Exception) -> Refused:
    """Say that the rater's model could not be asked at all, or that the server has a fault."""
    if isinstance(error, Stopped):
        message = "The server stopped before it came to this request. Try again later, or elsewhere."
        return Refused(UNAVAILABLE, "stopped", message, headers={"Retry-After": "1"})
    if isinstance(error, AccordError):
        return Refused(502, "model_failed", f"The rater's model cannot be asked: {error}")
    return Refused(500, "internal_error", "This is a fault of the server; its log says where.")


def unauthorized(given: str = "") -> Refused:
    """Refuse a request without the right token."""
    what = "is wrong" if given else "is missing"
    message = f"The bearer token {what}. Send the header 'Authorization: Bearer <token>'."
    return Refused(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


def no_model(asked: str, name: str) -> Refused:
    """Refuse a request for another model."""
    return Refused(404, "model_not_found", f"The model {asked!r} does not exist; here is {name!r}.", param="model")


def slow_body(seconds: float) -> Refused:
    """Refuse a body that does not come."""
    message = f"The body did not come within {seconds:g} s."
    return Refused(408, "slow_body", message, headers={"Connection": "close"})


def too_long(limit: int) -> Refused:
    """Refuse a body of too many bytes."""
    message = f"The body has more than {limit:,} bytes. Send fewer or shorter items."
    return Refused(413, "body_too_large", message, headers={"Connection": "close"})


def not_json_type(kind: str = "") -> Refused:
    """Refuse a body that is not said to be JSON."""
    found = f"{kind[:60]!r}" if kind else "missing"
    message = f"The Content-Type is {found}. Send JSON with the header 'Content-Type: application/json'."
    return Refused(415, "not_json_type", message)


def no_route(
    status: int, method: str, path: str, routes: Sequence[str], headers: Mapping[str, str] | None = None
) -> Refused:
    """Refuse what no route takes."""
    message = f"There is no {method} {path[:80]} here. There are {', '.join(routes)}."
    return Refused(status, _CODES.get(status, "http_error"), message, headers=headers)


def broken_text(status: int, subject: str, **where: Any) -> Refused:
    """Refuse a text that no file or model takes."""
    code, what = _BROKEN
    return Refused(status, code, f"{subject} {what}.", **where)


def not_json(detail: str = "it cannot be read") -> Refused:
    """Refuse a body that is not JSON."""
    return Refused(400, "malformed_json", f"The body is not JSON: {detail}.")


def invalid(errors: Sequence[Any], body: Any, *, status: int, forms: Forms | None = None) -> Refused:
    """Refuse a body that is JSON but not what the route takes; one error is told.

    Args:
        errors: What pydantic found.
        body: The body as it was read; only an item's id is taken from it.
        status: 422, or 400 where OpenAI's clients expect that.
        forms: The models of ``/v1/rate``, None for another route.
    """
    first = _most_telling(errors)
    kind, place = first["type"], _place(first["loc"][1:], body)
    if kind == "json_invalid":
        said = first.get("ctx", {}).get("error", "it cannot be read").rstrip(":")
        return not_json(f"{said[:1].lower()}{said[1:]} at character {first['loc'][-1]}")
    if not place and kind == "string_unicode":
        return broken_text(status, "A name in the body")
    if not place:
        what = "The body is empty" if kind == "missing" else "The body is no JSON object"
        return Refused(status, "invalid_body", f"{what}. Send one as GET /openapi.json describes it.")
    param = _spelled(place)
    number = place[1] if forms is not None and len(place) > 1 and place[0] == "items" else None
    named = str(place[2])[:60] if number is not None and len(place) > 2 else None
    where = param if number is None else f"items[{number}]{_id_of(body, number, forms)}"
    subject = where if named is None else f"{where}: the field {named!r}"
    code, what = _reason(first)
    cure = ""
    if forms is not None and named is not None:
        known = (*forms.fields, forms.key)
        cure = f" An item has {', '.join(forms.fields)} and, if you like, {forms.key}."
        cure += suggestion(named, known) if kind == "extra_forbidden" else ""
    elif forms is not None and kind == "extra_forbidden":
        options = list(forms.request.model_fields)
        cure = f" A request has {', '.join(options)}.{suggestion(param, options)}"
    return Refused(status, code, f"{subject} {what}.{cure}", param=param, item=number, field=named)


def _most_telling(errors: Sequence[Any]) -> Any:
    """Return the first error, unless its item also has a name that is not known: then a name was misspelt."""
    around = list(errors[0]["loc"])[:-1]
    beside = [error for error in errors if list(error["loc"])[:-1] == around and error["type"] == "extra_forbidden"]
    return beside[0] if beside and errors[0]["type"] == "missing" else errors[0]


def _reason(error: Mapping[str, Any]) -> tuple[str, str]:
    """Return an error's code and what is wrong, as the rest of a sentence."""
    kind, context = error["type"], error.get("ctx", {})
    known = {
        "missing": ("missing_field", "is missing"),
        "extra_forbidden": ("unknown_field", "is not known"),
        "string_pattern_mismatch": ("empty_field", "is blank"),
        "too_short": ("no_items", "is empty"),
        "too_long": (
            "too_many_items",
            f"has {context.get('actual_length')} entries; a request takes {context.get('max_length')}",
        ),
        "string_too_long": ("bad_length", f"has more than {context.get('max_length')} characters"),
        "string_too_short": ("bad_length", "is empty"),
        "string_unicode": _BROKEN,
    }
    if kind in known:
        return known[kind]
    expected = _EXPECTED.get(kind)
    if expected is None:
        return "invalid_value", f"cannot be read ({error['msg']})"
    given = error.get("input")
    return "wrong_type", f"has to be {expected}, not {'null' if given is None else _NAMES.get(type(given), 'that')}"


def _place(loc: Sequence[Any], body: Any) -> list[Any]:
    """Return the names and positions that lead to an error, without the tag by which pydantic tells a union's branch.

    A list is entered by a position, so that a name there is such a tag.
    """
    place: list[Any] = []
    for part in loc:
        if isinstance(body, list) and isinstance(part, str):
            continue
        place.append(part)
        try:
            body = body[part]
        except (KeyError, IndexError, TypeError):
            body = None  # what is missing, or a text that should have been a list
    return place


def _spelled(place: Sequence[Any]) -> str:
    """Write a place as people do: ``items[3].text``."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{str(part)[:60]}" for part in place]
    return "".join(parts).removeprefix(".")


def _id_of(body: Any, number: int, forms: Forms | None) -> str:
    try:
        given = body["items"][number][forms.key] if forms is not None else None
    except (KeyError, IndexError, TypeError):
        return ""
    return f" (id {given[:60]!r})" if isinstance(given, str) else ""
