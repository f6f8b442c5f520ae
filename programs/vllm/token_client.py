"""Knows how one request goes to a vLLM server as token ids, and what came of it; not when to send or to try again."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from ...data import SetupError
from ..adapter import Completion, Prompt
from ..openai_client import Address, ChatForm, Failure, Heads, Rewrite, failure_of, read_error

_TOO_LONG = "maximum context length"
"""What vLLM says of a request that is longer than the model reads."""


@dataclass(frozen=True)
class TokenPrompt(Prompt):
    """A request that is token ids already.

    Attributes:
        ids: What the model reads.
        next_ids: The tokens whose log-probabilities are wanted at the first place of the reply.
    """

    ids: tuple[int, ...] = ()
    next_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class TokenCompletion(Completion):
    """What came back for one draw of a vLLM server.

    Attributes:
        next_logprobs: Natural log-probability of each of `TokenPrompt.next_ids`, in their order.
    """

    next_logprobs: tuple[float, ...] = ()


class TokenClient:
    """A vLLM server's connections, for ``async with`` in one event loop; a client for `Dispatcher`.

    Prompts go as the token ids that `encode_prompt` makes, through ``/v1/completions``: a server that renders chats by
    itself would take the spelling of a control token within an item for the token, and has no answer where a model
    has no chat template.

    Args:
        address: Where to, and the name of model or adapter there.
        encode: Turns a prompt into token ids.
        timeout: Seconds for one request.
        death: Says why the server ended, if it did.

    Attributes:
        form: How requests are written: as ever, this server is known.
        met: Whether the server ever gave a reply.
    """

    def __init__(
        self,
        address: Address,
        encode: Callable[[Prompt], Sequence[int]],
        *,
        timeout: float,
        death: Callable[[], SetupError | None],
    ) -> None:
        """Remember the parts."""
        self.address = address
        self.form = ChatForm()
        self.met = False
        self._encode = encode
        self._timeout = timeout
        self._death = death
        self._url = f"{address.base}/completions"

    async def __aenter__(self) -> "TokenClient":
        """Open the pool of connections."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),  # how many at a time is the gate's decision
            headers={"Content-Type": "application/json"},
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._session.close()

    async def send(
        self, prompt: Prompt, heads: Heads, *, choices: int, seed: int | None
    ) -> "tuple[Completion, ...] | Failure | Rewrite":
        """Send one request: its completions (at least one), or why there are none."""
        wanted = prompt.next_ids if isinstance(prompt, TokenPrompt) else ()
        body = self._body(prompt, heads, choices=choices, seed=seed)
        try:
            async with self._session.post(self._url, data=body) as response:
                reply = await response.read()
        except TimeoutError:
            return self._fatal() or Failure("overloaded", f"no answer within {self._timeout:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return self._fatal() or Failure("broken", f"{type(error).__name__}: {error}")
        self.met = True
        if response.status == 200:
            try:
                read = _read(reply, wanted)
            except (KeyError, TypeError, ValueError) as error:
                return Failure("malformed", f"the reply cannot be read ({type(error).__name__}: {error})")
            # Without temperature all draws are the same one, and vLLM refuses to make several.
            return read if len(read) == choices else read + (_again(read[0]),) * (choices - len(read))
        said = read_error(reply)
        if response.status == 400 and _TOO_LONG in said.said:
            return Failure("refused", f"context_length: {said.said}")
        return self._fatal() or failure_of(response.status, said, served=True)

    def _body(self, prompt: Prompt, heads: Heads, *, choices: int, seed: int | None) -> bytes:
        """Write a whole request."""
        body: dict[str, Any] = json.loads(heads.head(self.address.model, self.form) + "}")
        body["return_token_ids"] = True
        if isinstance(prompt, TokenPrompt):
            body["prompt"] = prompt.ids
            body |= {"logprobs": 0, "logprob_token_ids": prompt.next_ids, "return_tokens_as_token_ids": True}
        else:
            body["prompt"] = self._encode(prompt)
        if body.get("temperature", 1.0) > 0:
            body["n"] = choices
            if seed is not None:
                body["seed"] = seed
        return json.dumps(body, separators=(",", ":")).encode()

    def _fatal(self) -> Failure | None:
        """Return a failure that ends the run if the server has ended: it does not come back by itself."""
        error = self._death()
        return None if error is None else Failure("set_up", error.what, "" if error.cure is None else error.cure)


def _read(body: bytes, wanted: Sequence[int]) -> tuple[TokenCompletion, ...]:
    """Read the choices of a reply; the first carries the prompt's tokens.

    Raises:
        KeyError, TypeError, ValueError: If it is no completion of vLLM's.
    """
    reply = json.loads(body)
    choices = sorted(reply["choices"], key=lambda choice: choice["index"])
    if not choices:
        raise ValueError("no choices")
    return tuple(
        TokenCompletion(
            text=choice["text"],
            finish_reason="stop" if choice["finish_reason"] is None else choice["finish_reason"],
            prompt_tokens=reply["usage"]["prompt_tokens"] if number == 0 else 0,
            completion_tokens=len(choice["token_ids"]),
            next_logprobs=_logprobs(choice["logprobs"], wanted),
        )
        for number, choice in enumerate(choices)
    )


def _again(completion: TokenCompletion) -> TokenCompletion:
    """Return a completion that cost nothing more."""
    return replace(completion, prompt_tokens=0, completion_tokens=0)


def _logprobs(sent: Mapping[str, Any] | None, wanted: Sequence[int]) -> tuple[float, ...]:
    """Return the log-probabilities that were asked for; vLLM names the tokens ``token_id:33``."""
    if sent is None or not wanted:
        return ()
    first = sent["top_logprobs"][0]
    return tuple(float(first[f"token_id:{token}"]) for token in wanted)
