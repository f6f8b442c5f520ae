"""Knows how to answer prompts from a script, for tests: a prompt nobody foresaw fails instead of being answered."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import dspy
from dspy.lm15 import Message, Request, Response, TextPart, Usage, response_to_events

from ..adapter import Completion, Prompt
from .async_engine import ThreadedEngine
from .dspy_messages import prompt_of
from .requests import Ask, Sampling

Script = Callable[[Prompt, int], str | Completion]
"""Gives the reply to a prompt's draw, or raises `UnforeseenPrompt`."""


class UnforeseenPrompt(AssertionError):
    """A scripted LM was asked something its script does not have."""


class ScriptedEngine:
    """An engine that answers from a script and remembers what it was asked.

    Attributes:
        asked: Every (prompt, draw) in the order in which it was asked.
        model_id: The identity its draws get in a journal.
    """

    def __init__(self, script: Script, *, model_id: str = "scripted") -> None:
        """Remember the script."""
        self.script = script
        self.model_id = model_id
        self.asked: list[tuple[Prompt, int]] = []

    def complete(self, request: Request) -> Response:
        """Answer one request as draw 0."""
        completion = self._answer(prompt_of(request), 0)
        return Response(
            id=None,
            model=request.model,
            message=Message(role="assistant", parts=(TextPart(completion.text),)),
            finish_reason="length" if completion.finish_reason == "length" else "stop",
            usage=Usage(input_tokens=completion.prompt_tokens, output_tokens=completion.completion_tokens),
        )

    def stream(self, request: Request) -> Any:
        """Answer one request and replay it as events."""
        return response_to_events(self.complete(request))

    def close(self) -> None:
        """Nothing to close."""

    def complete_many(self, asks: Sequence[Ask], sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Answer each draw of each ask, in order; the first draw carries the prompt that all of them share."""
        for place, ask in enumerate(asks):
            answers = [self._answer(ask.prompt, draw) for draw in ask.draws]
            yield (
                place,
                tuple(
                    replace(answer, prompt_tokens=answer.prompt_tokens if number == 0 else 0)
                    for number, answer in enumerate(answers)
                ),
            )

    def __deepcopy__(self, memo: dict[int, Any]) -> "ScriptedEngine":
        """Share the script and its record between copies of a program."""
        return self

    def _answer(self, prompt: Prompt, draw: int) -> Completion:
        self.asked.append((prompt, draw))
        answer = self.script(prompt, draw)
        if isinstance(answer, Completion):
            return answer
        sent = sum(len(turn.content.split()) for turn in prompt.turns)
        return Completion(answer, prompt_tokens=sent, completion_tokens=len(answer.split()))


def scripted_lm(script: Script, *, model_id: str = "scripted") -> dspy.LM:
    """Wrap a script as a `dspy.LM`; its engine is ``lm.engine``."""
    engine = ScriptedEngine(script, model_id=model_id)
    return dspy.LM(f"scripted/{model_id}", engine=engine, async_engine=ThreadedEngine(engine), cache=False)
