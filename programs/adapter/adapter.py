"""Knows the one way in which Accord renders a rater's prompt and reply, for training rows and requests alike."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from inspect import cleandoc
from typing import Any

import dspy
from dspy.adapters import Adapter
from dspy.lm15 import RefusalPart, Response, TextPart, ThinkingPart, TokenLogprob, TopLogprob

from ...data import InputError, Label, Scale, SetupError
from ..guideline import Checklist, Guideline, holds_checklist, parse_guideline
from .checklist_reply import read_answers, reply_of, write_answers
from .parsing import Reply, Unparsed, parse
from .prompt_records import Alternative, Completion, Prompt, Token, Turn, well_formed
from .template import Template

FORMAT_VERSION = 1
"""Changes whenever the rendered bytes change; a saved rater says with which one it was made."""

DEFAULT_MAX_TOKENS = 512


_CUT = ("length", "max_tokens")
_FILTERED = ("content_filter", "refusal", "safety")
"""Finish reasons with which a server says that the model, or a filter behind it, declined."""
_THINK_TAG = re.compile(r"</?think(?:ing)?>", re.IGNORECASE)


class RaterAdapter(Adapter):
    """Renders ``system`` = guideline and form of the reply, ``user`` = fenced fields, ``assistant`` = the reply.

    It is light enough for a model of 135 million parameters to follow, and it is the same object that renders training
    rows and requests at deployment, so the bytes agree. Completions are parsed alone, without the prompt; item text
    cannot close its own fence.

    Where the guideline has a checklist, the reply is a yes or a no to each of its questions and the label is computed.
    The model sees neither which answers pass nor the thresholds, so other thresholds need no other reply.

    A reply that gives no label is data: `parse` returns ``label=None`` and ``unparsed=<reason>`` and does not raise.

    Args:
        scale: What labels are written and read on.
        template: The frame; None takes the default, whose bytes `FORMAT_VERSION` stands for.
    """

    def __init__(self, scale: Scale, template: Template | None = None) -> None:
        """Remember the scale and the frame."""
        super().__init__()
        self.scale = scale
        self.template = Template() if template is None else template

    def prompt(
        self, signature: type[dspy.Signature], demos: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any]
    ) -> Prompt:
        """Render a request. No argument but `demos` can carry a label, so a blind prompt cannot contain gold.

        A worked case that is the item itself is left out: it would give the answer away.
        """
        item = self._fields(signature, inputs)
        turns = [Turn("system", self._system(signature))]
        for demo in demos:
            shown = self._fields(signature, demo)
            if shown != item:
                turns.append(Turn("user", shown))
                turns.append(Turn("assistant", self.reply(signature, str(demo.get("rationale") or ""), demo["label"])))
        turns.append(Turn("user", item))
        return Prompt(tuple(turns))

    def extended(self, prompt: Prompt, section: str, content: str, request: str) -> Prompt:
        """Return a prompt whose last turn goes on with one more fenced section and a request."""
        last = prompt.turns[-1]
        more = f"{self.template.fenced(section, content)}\n\n{request.strip()}"
        return Prompt((*prompt.turns[:-1], Turn(last.role, f"{last.content}\n{more}")))

    def reply(self, signature: type[dspy.Signature], rationale: str, label: Label) -> str:
        """Render a reply as a rater should write it: the completion of a training row.

        Raises:
            SetupError: If there is a checklist and the rationale does not answer it: no label leads to answers.
        """
        checklist = checklist_of(signature)
        if checklist is None:
            return self.statement(signature, rationale, label)
        answers = read_answers(rationale, checklist).whole
        if answers is None:
            cure = "Take '## Checklist' out of the guideline, or give rationales that answer its questions."
            raise SetupError("a rater with a checklist writes answers, and there are none", place="Rater", cure=cure)
        return write_answers(answers)

    def statement(self, signature: type[dspy.Signature], rationale: str, label: Label) -> str:
        """Render rationale and label, whether the model writes the label or it is computed."""
        written = self.scale.write(self.scale.read(label))
        said = " ".join(_THINK_TAG.sub(" ", well_formed(rationale)).split())
        return self.template.reply(list(signature.output_fields), said, written)

    def read(self, completion: Completion, signature: type[dspy.Signature] | None = None) -> Reply:
        """Parse what came back for one draw; a failed request is an `Unparsed` with reason ``error``.

        Args:
            completion: What came.
            signature: What was asked, where that may be a checklist.
        """
        if completion.error:
            return Reply("", Unparsed("error", completion.error))
        truncated = completion.finish_reason in _CUT
        reply = self._reply(completion.text, signature, thinking=completion.thinking, truncated=truncated)
        if completion.finish_reason in _FILTERED and isinstance(reply.label, Unparsed):
            return Reply(reply.rationale, Unparsed("refused", f"finish reason {completion.finish_reason}"))
        return reply

    def read_rationale(self, completion: Completion) -> tuple[str, str]:
        """Return the visible reasoning of a reply that was to give no label, and why there is none (else empty).

        Native thinking is left out, whether it came apart or within tags.
        """
        if completion.error:
            return "", "error"
        thoughts = list(_THINK_TAG.finditer(completion.text))
        ends = [tag.end() for tag in thoughts if tag[0].startswith("</")]
        visible = completion.text[ends[-1] if ends else 0 :]
        opened = _THINK_TAG.search(visible)
        reply = parse(visible if opened is None else visible[: opened.start()], self.scale)
        rationale = well_formed(reply.rationale)
        if completion.finish_reason in _CUT:
            return rationale, "truncated"
        if isinstance(reply.label, Unparsed) and reply.label.reason == "refused":
            return rationale, "refused"
        return rationale, "" if rationale else "empty"

    def _reply(
        self, text: str, signature: type[dspy.Signature] | None, *, thinking: str = "", truncated: bool = False
    ) -> Reply:
        checklist = None if signature is None else checklist_of(signature)
        if checklist is None:
            return parse(text, self.scale, thinking=thinking, truncated=truncated)
        answers = read_answers(text, checklist, thinking=thinking, truncated=truncated)
        return reply_of(answers, checklist, self.scale)

    def _system(self, signature: type[dspy.Signature]) -> str:
        told = _with_checklist(signature.__doc__ or "")
        if told is None or told.checklist is None:
            form = self.template.form(list(signature.output_fields), self.scale)
            return self.template.system(signature.instructions.strip(), form)
        questions = [f"{number}. {one.text}" for number, one in enumerate(told.checklist.questions, start=1)]
        form = [f"{number}: <yes or no>" for number in range(1, len(questions) + 1)]
        return "\n\n".join(
            [
                told.with_checklist(None).to_markdown(),
                "\n".join(["Answer each of these questions about the item with yes or no:", *questions]),
                "\n".join(["Reply with the answers alone, in this form:", *form]),
            ]
        )

    def _fields(self, signature: type[dspy.Signature], values: Mapping[str, Any]) -> str:
        missing = [name for name in signature.input_fields if name not in values]
        if missing:
            cure = f"The rater reads {', '.join(signature.input_fields)}."
            raise InputError(f"the item has no field {missing[0]!r}", place="Rater", cure=cure)
        return "\n".join(self.template.fenced(name, str(values[name])) for name in signature.input_fields)

    # What follows is dspy.Adapter's own interface, so that the rater works inside any DSPy program.

    def format(
        self, signature: type[dspy.Signature], demos: list[dict[str, Any]], inputs: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Render a request as OpenAI-style messages (what DSPy's tools and loggers show)."""
        return [{"role": turn.role, "content": turn.content} for turn in self.prompt(signature, demos, inputs).turns]

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """Parse a visible reply into the signature's outputs, ``label=None`` and a reason where there is no label."""
        return _outputs(signature, self._reply(completion, signature))

    def __call__(
        self,
        lm: Any,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """Ask `lm` and parse, through DSPy's canonical request: native thinking arrives as the rationale."""
        prompt = self.prompt(signature, demos, inputs)
        options = {**lm.kwargs, **lm_kwargs}
        calls = [_call_options(options, number) for number in range(options.get("n") or 1)]
        responses = [lm(_request(prompt, lm.model, options), **call) for call in calls]
        return [_outputs(signature, self.read(completion_of(response), signature)) for response in responses]

    async def acall(
        self,
        lm: Any,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """Ask `lm` and parse, asynchronously."""
        prompt = self.prompt(signature, demos, inputs)
        options = {**lm.kwargs, **lm_kwargs}
        calls = [_call_options(options, number) for number in range(options.get("n") or 1)]
        responses = [await lm.acall(_request(prompt, lm.model, options), **call) for call in calls]
        return [_outputs(signature, self.read(completion_of(response), signature)) for response in responses]


@lru_cache(maxsize=64)
def _with_checklist(written: str) -> Guideline | None:
    """Return the guideline that instructions are if it has a checklist; any other text is taken as it stands."""
    instructions = cleandoc(written)
    told = parse_guideline(instructions) if holds_checklist(instructions) else None
    return None if told is None or told.checklist is None else told


def checklist_of(signature: type[dspy.Signature]) -> Checklist | None:
    """Return the checklist that a rater's signature asks, None where it asks for a label."""
    # The raw text, as `instructions` cleans it anew each time that it is asked for: once for each reply that is read.
    told = _with_checklist(signature.__doc__ or "")
    return None if told is None else told.checklist


def completion_of(response: Response) -> Completion:
    """Turn DSPy's canonical response into a `Completion`."""
    parts = response.message.parts
    usage = response.usage
    refusals = [part.text for part in parts if isinstance(part, RefusalPart)]
    return Completion(
        text="".join(part.text for part in parts if isinstance(part, TextPart | RefusalPart)),
        thinking="\n\n".join(part.text for part in parts if isinstance(part, ThinkingPart) and part.text),
        finish_reason="refusal" if refusals else str(response.finish_reason),
        prompt_tokens=0 if usage.input_tokens is None else usage.input_tokens,
        completion_tokens=0 if usage.output_tokens is None else usage.output_tokens,
        tokens=None if response.logprobs is None else tuple(map(_token, response.logprobs)),
    )


def _token(sent: TokenLogprob) -> Token:
    top = tuple(Alternative(_written(one), one.logprob) for one in sent.top)
    return Token(_written(sent), sent.logprob, top)


def _written(token: TokenLogprob | TopLogprob) -> bytes:
    return token.token.encode("utf-8", "replace") if token.bytes is None else bytes(token.bytes)


def _outputs(signature: type[dspy.Signature], reply: Reply) -> dict[str, Any]:
    missing = isinstance(reply.label, Unparsed)
    # A rater that writes labels alone has an empty rationale: which candidate a compiler chooses breaks no program.
    return {
        "rationale": reply.rationale if "rationale" in signature.output_fields else "",
        "label": None if missing else reply.label,
        "unparsed": reply.label.reason if isinstance(reply.label, Unparsed) else None,
    }


def _request(prompt: Prompt, model: str, options: Mapping[str, Any]) -> Any:
    temperature = options.get("temperature")
    max_tokens = options.get("max_tokens")
    return prompt.request(
        model,
        temperature=0.0 if temperature is None else temperature,
        max_tokens=DEFAULT_MAX_TOKENS if max_tokens is None else max_tokens,
        seed=options.get("seed"),
    )


def _call_options(options: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return what DSPy's LM call takes beside the request; each of several completions has its own cache entry."""
    rollout = options.get("rollout_id")
    if number > 0:
        rollout = (0 if rollout is None else rollout * 1_000) + number
    call = {} if rollout is None else {"rollout_id": rollout}
    return {**call, **({"cache": options["cache"]} if "cache" in options else {})}
