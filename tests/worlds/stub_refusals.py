"""Knows how a stub server says no, or says nothing at all; does not know when."""

import asyncio
import email.utils
import time
from typing import Any

from aiohttp import web

from worlds.stub_script import Behaviour, Storm, words


async def befall(storm: Storm, request: web.BaseRequest) -> web.StreamResponse:
    """Let a storm befall a request."""
    if storm.trouble == "hang":
        await asyncio.sleep(3600)
    if storm.trouble == "reset" and request.transport is not None:
        request.transport.abort()
    if storm.trouble == "malformed":
        return web.Response(body=b'{"id": "chatcmpl-1", "choices": [{"ind', content_type="application/json")
    if storm.trouble == "empty":
        return web.json_response({"id": "chatcmpl-1", "choices": []})
    if isinstance(storm.trouble, str):
        return web.Response()
    headers = {}
    if storm.retry_after is not None:
        date = email.utils.formatdate(time.time() + storm.retry_after, usegmt=True)
        headers["Retry-After"] = date if storm.as_date else f"{storm.retry_after:g}"
    if storm.body is not None:
        return web.Response(status=storm.trouble, text=storm.body, headers=headers)
    return error_reply(storm.trouble, f"storm of {storm.trouble}", headers=headers)


def refusal_of(dials: Behaviour, request: web.BaseRequest, asked: dict[str, Any]) -> web.Response | None:
    """Return the refusal of a request that is wrong, or None."""
    sent = request.headers.get("Authorization", "")
    if dials.token is not None and sent != f"Bearer {dials.token}":
        # OpenAI repeats part of the key in its message; this one repeats all, so that a leak would show.
        return error_reply(401, f"Incorrect API key provided: {sent.removeprefix('Bearer ')}.", code="invalid_api_key")
    if dials.model is not None and asked.get("model") != dials.model:
        return error_reply(404, f"The model `{asked.get('model')}` does not exist.", code="model_not_found")
    if not dials.takes_n and asked.get("n", 1) > 1:
        return error_reply(400, "n > 1 is not supported by this server", param="n")
    for field in dials.refused_fields:
        if field in asked:
            return error_reply(400, f"Unsupported parameter: '{field}' is not supported with this model.", param=field)
    if asked.get("top_logprobs", 0) > dials.most_alternatives:
        asked_for, most = asked["top_logprobs"], dials.most_alternatives
        return error_reply(400, f"Requested sample logprobs of {asked_for}, which is greater than max allowed: {most}")
    if dials.most_words is not None and words(asked["messages"]) > dials.most_words:
        text = f"This model's maximum context length is {dials.most_words} tokens."
        return error_reply(400, text, code="context_length_exceeded")
    return None


def error_reply(
    status: int, text: str, *, code: str | None = None, param: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    """Write an error as OpenAI does."""
    body = {"error": {"message": text, "type": "stub_error", "param": param, "code": code}}
    return web.json_response(body, status=status, headers=headers)
