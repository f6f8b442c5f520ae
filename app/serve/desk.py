"""Knows how one request becomes questions, and their answers its reply; not how it came in or how batches are made."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request

from ...data import content_id
from .admission import ClientGone
from .batching import Batcher, Full
from .chat_schemas import ChatReply, ChatRequest, chat_reply, item_of, usage_of
from .errors import Refused, failed, overloaded
from .metrics import Metrics
from .rate_schemas import Forms
from .rater_answers import Answering, RaterAnswer, RaterQuestion


class Desk:
    """Takes what clients ask and gives what they get.

    Args:
        name: What clients call the rater.
        forms: The models of ``/v1/rate``.
        answering: Renders items.
        batcher: Where questions are answered.
        metrics: Where answers are counted.
    """

    def __init__(
        self,
        name: str,
        forms: Forms,
        answering: Answering,
        batcher: Batcher[RaterQuestion, RaterAnswer],
        metrics: Metrics,
    ) -> None:
        """Remember the parts."""
        self.name = name
        self.forms = forms
        self._answering = answering
        self._rater = answering.rater
        self._batcher = batcher
        self._metrics = metrics

    async def rate(self, request: Request, asked: Any) -> dict[str, Any]:
        """Answer a checked ``RateRequest``."""
        texts = [self.forms.texts(item) for item in asked.items]
        questions = [self._answering.question(text, distribution=asked.return_distribution) for text in texts]
        answers = await self._ask(request, questions)
        ids = [
            self._id(text) if item.given is None else item.given for item, text in zip(asked.items, texts, strict=True)
        ]
        ratings = [
            self._rating(id, answer, reasons=asked.return_rationale) for id, answer in zip(ids, answers, strict=True)
        ]
        return {"ratings": ratings, "usage": usage_of(answers)}

    async def chat(self, request: Request, asked: ChatRequest) -> ChatReply:
        """Answer a conversation."""
        texts = item_of(asked, name=self.name, fields=self._rater.fields)
        (answer,) = await self._ask(request, [self._answering.question(texts)])
        if answer.error:
            too_long = answer.error.startswith("context_length")
            status, code = (400, "context_length_exceeded") if too_long else (502, "model_failed")
            raise Refused(status, code, f"The rater's model gave no reply: {answer.error}.")
        return chat_reply(self._rater, self.name, answer, self._rating(self._id(texts), answer))

    def _id(self, texts: Mapping[str, str]) -> str:
        # The id that a file's item without one gets too, so that the ratings of both can be joined.
        return content_id([texts[field] for field in self._rater.fields])

    async def _ask(self, request: Request, questions: Sequence[RaterQuestion]) -> list[RaterAnswer]:
        try:
            future = asyncio.wrap_future(self._batcher.submit(questions))
        except Full as full:
            raise overloaded(full) from None
        except Exception as error:
            raise failed(error) from error
        gone = asyncio.ensure_future(request.receive())
        try:
            # Nothing but the end of the connection can be received: the body was read before.
            await asyncio.wait((future, gone), return_when=asyncio.FIRST_COMPLETED)
            if not future.done():
                raise ClientGone
            answers = future.result()
        except (ClientGone, Refused):
            raise
        except Exception as error:
            raise failed(error) from error
        finally:
            future.cancel()
            gone.cancel()
        self._metrics.rated(answers)
        return answers

    def _rating(self, id: str, answer: RaterAnswer, *, reasons: bool = True) -> dict[str, Any]:
        shares = answer.distribution
        certain = (
            None if shares is None or answer.label is None else shares.get(self._rater.scale.write(answer.label), 0.0)
        )
        return {
            "id": id,
            "label": answer.label,
            "rationale": answer.rationale if reasons else None,
            "unparsed": answer.unparsed if answer.label is None else None,
            "score": answer.score,
            "distribution": shares,
            "confidence": certain,
            "error": answer.error if answer.error else None,
        }
