"""Knows the routes of the review page, as an application of FastAPI; not what is on the pages or how it is guarded."""

from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import Body, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from ...data import AccordError, RetryError
from ..serve import Refused, failed, not_json
from .desk import PARTS, ReviewDesk, ReviewQuestion, reviewer_name
from .guard import COOKIE, SIGN_IN, ReviewGuard
from .pages import item_page, next_path, overview_page, path_of, problem_page, sign_in_page, start_page


def make_review(desk: ReviewDesk, *, local: bool, token: str | None = None, reviewer: str | None = None) -> ReviewGuard:
    """Make the application that serves the review of a run.

    Args:
        desk: What is reviewed.
        local: Whether only this machine reaches it.
        token: What people sign in with, or None.
        reviewer: Whose page is opened first; None asks for a name.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    guard = ReviewGuard(app, _refuse, local=local, token=token)
    _add_pages(app, desk, reviewer)
    _add_choices(app, desk)
    _add_signing_in(app, guard)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return _refuse(request.scope, error)

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: RequestValidationError) -> Response:
        return _refuse(request.scope, _unreadable(error.errors()[0]))

    @app.exception_handler(AccordError)
    async def not_now(request: Request, error: AccordError) -> Response:
        status, code = (503, "not_saved") if isinstance(error, RetryError) else (409, "not_there")
        return _refuse(request.scope, Refused(status, code, f"{error}"))

    @app.exception_handler(HTTPException)
    async def nowhere(request: Request, error: HTTPException) -> Response:
        headers = {} if error.headers is None else error.headers
        return _refuse(
            request.scope, Refused(error.status_code, "not_found", "There is no such page.", headers=headers)
        )

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        return _refuse(request.scope, failed(error))

    return guard


def _add_pages(app: FastAPI, desk: ReviewDesk, reviewer: str | None) -> None:
    @app.get("/")
    def start(request: Request, name: str = "", other: bool = False) -> Response:
        """Ask for a name, or go to whose page it is."""
        if name.strip():
            return RedirectResponse(path_of(reviewer_name(name)), status_code=303)
        if reviewer is not None and not other:
            return RedirectResponse(path_of(reviewer), status_code=303)
        return HTMLResponse(start_page(desk, request.scope["nonce"]))

    @app.get("/by/{name}")
    def overview(request: Request, name: str) -> Response:
        """Show how far somebody is."""
        return HTMLResponse(overview_page(desk, reviewer_name(name), request.scope["nonce"]))

    @app.get("/by/{name}/{part}/{number}")
    def item(request: Request, name: str, part: str, number: int) -> Response:
        """Show one thing to choose about."""
        return HTMLResponse(item_page(desk, reviewer_name(name), part, number, request.scope["nonce"]))


def _add_choices(app: FastAPI, desk: ReviewDesk) -> None:
    @app.post("/v1/choices")
    def choose(asked: Annotated[ReviewQuestion, Body()]) -> dict[str, Any]:
        """Record a choice; the answer is given when it is on disk."""
        taken = desk.take(asked)
        part = next((one for one in desk.parts(taken.reviewer) if PARTS[one.name] == taken.kind), None)
        if part is None:
            return {"saved": taken.time, "next": path_of(taken.reviewer)}
        onward = next_path(part, taken.reviewer, taken.subject)
        return {"saved": taken.time, "done": sum(part.done), "of": len(part.done), "next": onward}


def _add_signing_in(app: FastAPI, guard: ReviewGuard) -> None:
    @app.get(SIGN_IN)
    def ask(request: Request) -> Response:
        """Ask for the token."""
        return HTMLResponse(sign_in_page(request.scope["nonce"]))

    @app.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        """Let somebody in who has the token."""
        given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0]
        if not guard.opens(given):
            return HTMLResponse(sign_in_page(request.scope["nonce"], wrong=True), status_code=401)
        reply = RedirectResponse("/", status_code=303)
        reply.set_cookie(COOKIE, guard.cookie, httponly=True, samesite="strict", path="/")
        return reply


def _unreadable(error: Any) -> Refused:
    """Refuse a choice that is not what the page sends."""
    if error["type"] == "json_invalid":
        return not_json()
    said = error["msg"]
    return Refused(
        422, "invalid_choice", f"The choice cannot be read: {error['loc'][-1]}: {said[:1].lower()}{said[1:]}."
    )


def _refuse(scope: Any, refused: Refused) -> Response:
    """Answer a page's script in JSON and a person with a page."""
    if scope["method"] in ("GET", "HEAD") or scope["path"] == SIGN_IN:
        return HTMLResponse(problem_page(scope["nonce"], refused), refused.status, refused.headers)
    return JSONResponse(refused.refusal.model_dump(), refused.status, refused.headers)
