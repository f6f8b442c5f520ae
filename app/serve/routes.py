"""Knows the routes under which a rater is served, as an application of FastAPI; not how requests are answered."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ...programs import Rater
from .admission import OPEN, Intake, as_json
from .batching import Batcher
from .chat_schemas import ChatReply, ChatRequest, reply_form
from .desk import Desk
from .errors import Refused, failed, invalid, no_route, not_json
from .metrics import CONTENT_TYPE, Metrics
from .openapi import DESCRIPTION, ROUTES, asking, document, looking
from .rate_schemas import Forms, make_forms
from .rater_answers import Answering, RaterAnswer, RaterQuestion
from .schemas import Description, Health, Model, Models

_METRICS_EXAMPLE = 'accord_requests_total{route="/v1/rate",status="200"} 512.0\n'


@dataclass(frozen=True)
class RequestLimits:
    """What one server takes.

    Attributes:
        items: Of one request.
        bytes: Of one request's body.
        queue: Items that may wait.
    """

    items: int = 256
    bytes: int = 2**20
    queue: int = 2048


@dataclass(frozen=True)
class Service:
    """A rater ready to be served.

    Attributes:
        intake: The ASGI application.
        answering: What answers; `Answering.warm_up` loads a local model.
        batcher: What puts questions together; to be stopped in the end.
    """

    intake: Intake
    answering: Answering
    batcher: Batcher[RaterQuestion, RaterAnswer]


def make_service(rater: Rater, name: str, *, limits: RequestLimits | None = None, token: str | None = None) -> Service:
    """Make the application that serves a rater; to be called within the event loop that runs it.

    Args:
        rater: Who rates.
        name: What clients call it.
        limits: What is taken.
        token: The bearer token that requests must carry, or None.
    """
    limits = RequestLimits() if limits is None else limits
    answering = Answering(rater)
    metrics = Metrics(rater.scale, {"rater": name, "model": rater.lm.model, "accord": version("accord")})
    batcher = Batcher(answering, capacity=limits.queue, lanes=answering.lanes, watch=metrics.batched)
    metrics.follow_queue(lambda: batcher.waiting)
    forms = make_forms(
        rater.fields,
        rater.scale,
        most=limits.items,
        reasons=rater.order != "label",
        weighs=answering.weighs,
        scores=answering.scores,
    )
    app = FastAPI(
        title=f"Accord: {name}",
        version=version("accord"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # behind a proxy that does TLS, a redirect would lead to plain http
    )
    paths = [route.split()[1] for route in ROUTES]
    intake = Intake(app, metrics, routes=paths, max_bytes=limits.bytes, token=token)
    _add_asking(app, Desk(name, forms, answering, batcher, metrics))
    _add_looking(app, intake, metrics, _describe(rater, name, limits))
    _refuse_in_one_form(app, forms)
    document(app, rated=forms.rated, guarded=token is not None)
    return Service(intake, answering, batcher)


def _add_asking(app: FastAPI, desk: Desk) -> None:
    """Add the routes that ask the rater."""
    forms = desk.forms

    @app.post("/v1/rate", summary="Rate items", response_model=forms.reply, responses=asking(422))
    async def rate(request: Request, asked: forms.request) -> Any:  # pyright: ignore[reportInvalidTypeForm]
        """Give each item a label, with the reasoning and, where the model can say, the levels' probabilities.

        Ratings come in the order of the items. All items are checked before the first is rated. An item of which the
        model could not be asked (too long for it, say) has `unparsed: "error"` and an `error`; the others are rated.
        """
        return await desk.rate(request, asked)

    completion = reply_form(forms.rating)

    @app.post(
        "/v1/chat/completions", summary="Ask the rater as a model", response_model=completion, responses=asking(404)
    )
    async def chat(request: Request, asked: ChatRequest) -> ChatReply:
        """Rate what the last user message says, in the form of OpenAI's chat completions.

        The message is the item's text; for a rater of several texts, a JSON object of them. The answer is the reply in
        the rater's own form, such as `Reason: ...` and `Label: ...` on two lines, or as the model left it where it
        has no label (of a rater that scores, the reasoning of its one reply). Earlier messages and sampling options
        have no effect: the rater has its own guideline and is greedy.
        """
        return await desk.chat(request, asked)


def _add_looking(app: FastAPI, intake: Intake, metrics: Metrics, about: Description) -> None:
    """Add the routes that only look."""

    @app.get("/v1/models", summary="The rater's name", responses=looking())
    async def models() -> Models:
        """List the one model there is, as OpenAI's clients expect it."""
        return Models(data=[Model(id=about.rater)])

    stopping: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "It is stopping."}}

    @app.get(OPEN, summary="Whether requests are taken", responses=stopping)
    async def health(response: Response) -> Health:
        """Say `ready`, or `draining` with status 503 while the server finishes what it accepted. Needs no token."""
        response.status_code = 503 if intake.stopping else 200
        return Health(status="draining" if intake.stopping else "ready")

    page: dict[int | str, dict[str, Any]] = {
        200: {"description": "Prometheus' text.", "content": {"text/plain": {"example": _METRICS_EXAMPLE}}},
        **looking(),
    }

    @app.get("/metrics", summary="Figures for Prometheus", response_class=Response, responses=page)
    async def figures() -> Response:
        """Count requests, items, labels and tokens, and measure requests, batches and the queue."""
        return Response(metrics.page(), media_type=CONTENT_TYPE)

    @app.get("/", summary="What is served here", responses=looking())
    async def describe() -> Description:
        """Describe the rater: the texts it reads, its labels, the limits of a request."""
        return about


def _describe(rater: Rater, name: str, limits: RequestLimits) -> Description:
    return Description(
        rater=name,
        accord=version("accord"),
        fields=list(rater.fields),
        scale=rater.scale.to_dict(),
        order=rater.order,
        scoring=rater.scoring.rule,
        guideline=rater.guideline.hash,
        model=rater.lm.model,
        limits={"items": limits.items, "bytes": limits.bytes, "queue": limits.queue},
        routes=ROUTES,
    )


def _refuse_in_one_form(app: FastAPI, forms: Forms) -> None:
    """Give every refusal of FastAPI's own the service's form."""

    @app.exception_handler(Refused)
    async def own(request: Request, refused: Refused) -> JSONResponse:
        return as_json(refused)

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> JSONResponse:
        return as_json(failed(error))  # it is raised again after that, and the intake logs it

    @app.exception_handler(RequestValidationError)
    async def unfit(request: Request, error: RequestValidationError) -> JSONResponse:
        if request.url.path == "/v1/rate":
            return as_json(invalid(error.errors(), error.body, status=422, forms=forms))
        return as_json(invalid(error.errors(), error.body, status=400))

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:
            return as_json(not_json())
        return as_json(no_route(error.status_code, request.method, request.url.path, list(ROUTES), error.headers))
