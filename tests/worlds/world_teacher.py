"""Knows how the synthetic world's teacher answers prompts, and the engines through which it is asked."""

import hashlib
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import dspy
from dspy.lm15 import Message, Request, Response, TextPart, Usage, response_to_events

from accord.data import Label
from accord.programs import Ask, Completion, Prompt, Sampling, Turn, UnforeseenPrompt, Unparsed, parse

from .rater_world import RaterWorld
from .world_texts import FAILURES, quality_word, rationale, stories_in

Script = Callable[[Prompt, int], "str | Completion | None"]
"""Gives the reply to a prompt's draw, or None to leave it to the world."""

_FENCE = re.compile(r"</?text>")
_SHOWN_LABEL = re.compile(
    r"<\w*label_*>\s*([^\n<]+)|\b(?:label|rating|score|verdict)\b[^\n:]{0,60}:[ \t]*([^\n<]+)", re.IGNORECASE
)
_SHOWN_REASONING = re.compile(r"reason|rationale|thinking|explanation|notes", re.IGNORECASE)


def reply(
    world: RaterWorld, prompt: str | Prompt | Sequence[Mapping[str, Any]], draw: int, seed: int = 0
) -> Completion:
    """Return one draw. What stands beside the story in the last turn decides what kind of prompt it is.

    Nothing: a blind reading. A label (``label: 4`` or the like): a rationale for that label. A rationale: a blind
    reading of story and rationale, which follows the rationale if it says what the story is like.
    """
    prompt = _prompt(prompt)
    last = prompt.turns[-1].content
    found = [number for number, tag in stories_in(last) if tag == world.tag]
    id = f"story-{found[0]}" if len(found) == 1 else ""
    if id not in world.truths:
        raise UnforeseenPrompt(f"{len(found)} known stories in {last[:200]!r}")
    dice = random.Random(_seed(world.seed, seed, prompt.sha256, draw))
    text = world.corpus().item(id).fields["text"]
    aside = _aside(last, text)
    if not aside:
        return _blind(world, id, dice)
    shown = _shown(world, aside)
    if shown is not None:
        return _for_a_label(world, shown, dice)
    if _SHOWN_REASONING.search(aside):
        word = next((word for word in _words(world) if re.search(rf"\b{word}\b", aside)), None)
        return _blind(world, id, dice) if word is None else _said(world, _words(world)[word], dice)
    raise UnforeseenPrompt(f"beside the story stands {aside[:200]!r}")


def _blind(world: RaterWorld, id: str, dice: random.Random) -> Completion:
    chance = dice.random()
    for label, share in world.chances(id).items():
        chance -= share
        if chance < 0:
            return _said(world, label, dice)
    if world.failures == 0:  # the shares add up to 1 but for rounding
        return _said(world, world.truths[id], dice)
    kind = dice.choice(world.failure_kinds)
    one, other = dice.sample([world.scale.write(level) for level in world.levels], 2)
    said = rationale(dice, dice.choice(list(_words(world))))
    text = FAILURES[kind](dice, said).format(one=one, other=other)
    return Completion(
        text, finish_reason="length" if kind == "truncated" else "stop", completion_tokens=world.completion_tokens
    )


def _said(world: RaterWorld, label: Label, dice: random.Random) -> Completion:
    text = f"Reason: {rationale(dice, _word(world, label))}\nLabel: {world.scale.write(label)}"
    return Completion(text, completion_tokens=world.completion_tokens)


def _for_a_label(world: RaterWorld, label: Label, dice: random.Random) -> Completion:
    """Argue for a label that was shown; as people do, with a word on the rating in between."""
    written = world.scale.write(label)
    if dice.random() < world.restating:
        said = f"The label is {written}, so the rating has to be {written}."
    else:
        said = f"{rationale(dice, _word(world, label))} So I rate it {written}."
    return Completion(f"Reason: {said}\nLabel: {written}", completion_tokens=world.completion_tokens)


def _aside(last: str, text: str) -> str:
    """Return what the last turn says beside the story, whose fence may have changed its closing tags."""
    for shown in (text.strip(), text.strip().replace("</text", "<\\/text")):
        last = last.replace(shown, "")
    return _FENCE.sub("", last).strip()


def _shown(world: RaterWorld, aside: str) -> Label | None:
    for tagged, said in _SHOWN_LABEL.findall(aside):
        label = parse(f"Label: {tagged}{said}", world.scale).label
        if not isinstance(label, Unparsed):
            return label
    return None


def _words(world: RaterWorld) -> dict[str, Label]:
    """The word for each level, longest first, so that ``rather plain`` is not read as ``plain``."""
    words = {quality_word(rank, len(world.levels)): label for rank, label in enumerate(world.levels)}
    return dict(sorted(words.items(), key=lambda pair: -len(pair[0])))


def _word(world: RaterWorld, label: Label) -> str:
    ranks = [abs(world.rank(level) - world.rank(label)) for level in world.levels]
    return quality_word(ranks.index(min(ranks)), len(world.levels))


def _prompt(prompt: str | Prompt | Sequence[Mapping[str, Any]]) -> Prompt:
    if isinstance(prompt, Prompt):
        return prompt
    if isinstance(prompt, str):
        return Prompt((Turn("user", prompt),))
    return Prompt(tuple(Turn(turn["role"], str(turn["content"])) for turn in prompt))


def _seed(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256(":".join(map(str, parts)).encode()).digest()[:8], "big")


class TeacherEngine:
    """Answers requests one by one; draws of one prompt are numbered in the order in which they are asked.

    Attributes:
        asked: Every (prompt, draw) in the order in which it was asked, failed ones included.
        requests: How many requests there were; several draws for one billed prompt are one request.
        billed_prompt_tokens: So far.
        billed_completion_tokens: So far.
        model_id: The identity its draws get in a journal.
    """

    def __init__(self, world: RaterWorld, script: Script | None) -> None:
        """Nothing was asked yet."""
        self.world = world
        self.script = script
        self.model_id = f"world-{hashlib.sha256(repr(world).encode()).hexdigest()[:12]}"
        self.asked: list[tuple[Prompt, int]] = []
        self.requests = 0
        self.billed_prompt_tokens = 0
        self.billed_completion_tokens = 0
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Response:
        """Answer one request with the prompt's next draw."""
        from accord.programs.completions.dspy_messages import prompt_of

        prompt = prompt_of(request)
        with self._lock:
            draw = self._numbers[prompt.sha256]
            self._numbers[prompt.sha256] += 1
            seed = request.config.seed
            (completion,) = self.answer(Ask(prompt, (draw,)), 0 if seed is None else seed)
        if completion.error:
            from dspy.utils.exceptions import LMServerError

            raise LMServerError(completion.error)
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

    def answer(self, ask: Ask, seed: int) -> tuple[Completion, ...]:
        """Answer the draws of one request; the first that did not fail carries the prompt's tokens."""
        self.requests += 1
        completions: list[Completion] = []
        bill = self.world.prompt_tokens
        for draw in ask.draws:
            completion = self._draw(ask.prompt, draw, seed)
            if not completion.error:
                completion = Completion(**{**vars(completion), "prompt_tokens": bill})
                bill = 0
            completions.append(completion)
            self.billed_prompt_tokens += completion.prompt_tokens
            self.billed_completion_tokens += completion.completion_tokens
        return tuple(completions)

    def _draw(self, prompt: Prompt, draw: int, seed: int) -> Completion:
        self.asked.append((prompt, draw))
        attempt = self._attempts[prompt.sha256, draw]
        self._attempts[prompt.sha256, draw] += 1
        dice = random.Random(_seed("error", self.world.seed, seed, prompt.sha256, draw, attempt))
        if dice.random() < self.world.errors:
            return Completion("", finish_reason="error", error="ServerError: 503 from the synthetic world")
        written = None if self.script is None else self.script(prompt, draw)
        if written is None:
            return self.world.reply(prompt, draw, seed)
        if isinstance(written, Completion):
            return written
        return Completion(written, completion_tokens=self.world.completion_tokens)

    def __deepcopy__(self, memo: dict[int, Any]) -> "TeacherEngine":
        """Share the record between copies of a program."""
        return self


class BatchTeacher(TeacherEngine):
    """Bills a prompt once for all draws of an ask."""

    def complete_many(self, asks: Sequence[Ask], sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Answer the asks in order."""
        for place, ask in enumerate(asks):
            yield place, self.answer(ask, sampling.seed)


class FeedTeacher(TeacherEngine):
    """Bills a prompt once for all draws of an ask, and takes asks while earlier ones are in flight."""

    in_flight = 8

    def complete_feed(self, feed: Any, sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Answer asks as they come, those in flight in a shuffled order."""
        dice = random.Random(_seed("feed", self.world.seed))
        flying: list[tuple[int, Ask]] = []
        taken = 0
        while True:
            for ask in feed.take(self.in_flight - len(flying)):
                flying.append((taken, ask))
                taken += 1
            if not flying:
                return
            place, ask = flying.pop(dice.randrange(len(flying)))
            yield place, self.answer(ask, sampling.seed)


def teacher_lm(
    world: RaterWorld, *, engine: Literal["batch", "feed", "single"] = "batch", script: Script | None = None
) -> dspy.LM:
    """Return the world's teacher as a `dspy.LM`; see `RaterWorld.teacher_lm`."""
    from accord.programs.completions.async_engine import ThreadedEngine

    kinds = {"batch": BatchTeacher, "feed": FeedTeacher, "single": TeacherEngine}
    made = kinds[engine](world, script)
    return dspy.LM(f"scripted/{made.model_id}", engine=made, async_engine=ThreadedEngine(made), cache=False)
