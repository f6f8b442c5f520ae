"""Knows the least that DSPy asks of an engine, written without Accord; says one reply to everything."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from dspy.lm15 import Message, Request, Response, TextPart, Usage, response_to_events


class Echo:
    """An engine that keeps its requests and always says the same, or raises."""

    def __init__(self, reply: str | Exception) -> None:
        self.reply = reply
        self.requests: list[Request] = []

    def complete(self, request: Request) -> Response:
        self.requests.append(request)
        if isinstance(self.reply, Exception):
            raise self.reply
        return Response(
            id=None,
            model=request.model,
            message=Message(role="assistant", parts=(TextPart(self.reply),)),
            finish_reason="stop",
            usage=Usage(input_tokens=3, output_tokens=2, total_tokens=5),
        )

    def stream(self, request: Request) -> Iterator[Any]:
        return iter(response_to_events(self.complete(request)))

    def close(self) -> None: ...

    def dump_state(self) -> dict[str, Any]:
        return {"reply": self.reply}

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> "Echo":
        return cls(state["reply"])

    def __deepcopy__(self, memo: dict[int, Any]) -> "Echo":
        return self


class AsyncEcho:
    """The same for callers in an event loop."""

    def __init__(self, reply: str | Exception) -> None:
        self.engine = Echo(reply)

    async def complete(self, request: Request) -> Response:
        return self.engine.complete(request)

    async def stream(self, request: Request) -> AsyncIterator[Any]:
        for event in response_to_events(await self.complete(request)):
            yield event

    async def aclose(self) -> None: ...

    def dump_state(self) -> dict[str, Any]:
        return self.engine.dump_state()

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> "AsyncEcho":
        return cls(state["reply"])

    def __deepcopy__(self, memo: dict[int, Any]) -> "AsyncEcho":
        return self
