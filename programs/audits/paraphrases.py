"""Knows how a guideline is said in other words, mechanically or by a writer model; does not know who follows it."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import dspy

from ...data import Draw, InputError, Journal, Scale, Source
from ..adapter import Completion, Prompt, Turn, well_formed
from ..completions import NOT_ASKED, Ask, Sampling, complete, identity
from ..guideline import Guideline, parse_guideline

_WISH = """Say the rating guideline between the tags in other words.
Keep its meaning exactly: every rule, every condition, every number, every label and the order of the labels. Add \
nothing, leave nothing out, and take no rule for more or less important than it is.
Keep its headings, if it has any. Write nothing but the new guideline, between <guideline> and </guideline>.

<guideline>
{guideline}
</guideline>"""
_WRITTEN = re.compile(r"<guideline>(.*?)</guideline>", re.DOTALL)
_MARKS = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|[-*+][ \t]+|>[ \t]?)|\*\*|__|`", re.MULTILINE)
_ITEM_ID = "guideline"
"""What draws for the whole guideline belong to in the journal."""


@dataclass(frozen=True)
class Paraphrases:
    """Guidelines that should ask for the same.

    Attributes:
        guidelines: By name.
        failures: Paraphrases that could not be had, by reason.
    """

    guidelines: Mapping[str, Guideline]
    failures: Mapping[str, int]


def mechanical_paraphrases(guideline: Guideline) -> dict[str, Guideline]:
    """Return variants of a guideline that need no model, and whose meaning cannot have changed.

    ==================  =============================================================================================
    ``without markup``  the same words without headings' marks, bullets, emphasis and code marks
    ``rubric first``    the rubric before the instruction
    ``framed``          a sentence before and one behind that say nothing new
    ==================  =============================================================================================

    Cases and checklist stay as they are. Variants that do not differ are left out.
    """
    instruction, rubric = guideline.instruction, guideline.rubric
    both = "\n\n".join(part for part in (instruction, rubric) if part)
    found = {"without markup": replace(guideline, instruction=_MARKS.sub("", both), rubric="")}
    if rubric:
        swapped = f"What the labels mean:\n\n{rubric}\n\nHow to go about it:\n\n{instruction}"
        found["rubric first"] = replace(guideline, instruction=swapped, rubric="")
    before, after = "You will be shown one item at a time.", "Go by the text above and by nothing else."
    framed = replace(guideline, instruction=f"{before}\n\n{instruction}", rubric=rubric)
    found["framed"] = (
        replace(framed, rubric=f"{rubric}\n\n{after}")
        if rubric
        else replace(framed, instruction=f"{framed.instruction}\n\n{after}")
    )
    return {name: one for name, one in found.items() if one.to_markdown() != guideline.to_markdown()}


def write_paraphrases(
    guideline: Guideline,
    lm: dspy.LM,
    count: int,
    scale: Scale,
    *,
    seed: int = 0,
    max_tokens: int = 4096,
    journal: Journal | None = None,
) -> Paraphrases:
    """Let a model say a guideline in other words, so many times; what a journal has is not asked for again.

    A reply is refused, and counted, where it was cut, has no guideline between the tags, cannot be read, says the same
    words, or misses a level that the guideline names. Whether the meaning is the same, nobody checks: read them.

    Args:
        guideline: What is to be said; its cases and its checklist stay as they are.
        lm: The writer.
        count: How many are asked for.
        scale: The labels.
        seed: Of the draws.
        max_tokens: Limit on a reply's tokens.
        journal: Where replies are kept and found.

    Raises:
        SetupError: If no call can succeed (wrong key or model).
    """
    told = guideline.with_cases().with_checklist(None)
    prompt = Prompt((Turn("user", _WISH.replace("{guideline}", told.to_markdown())),))
    sampling = Sampling(1.0, max_tokens, seed)
    source = Source(identity(lm), sampling.to_dict())
    recorded = [] if journal is None else journal.draws(source, prompt.sha256)
    texts = {draw.index: draw for draw in recorded if draw.index < count}
    missing = tuple(index for index in range(count) if index not in texts)
    failures: Counter[str] = Counter()
    for _, completions in complete(lm, [Ask(prompt, missing)] if missing else [], sampling):
        for index, completion in zip(missing, completions, strict=True):
            if completion.error:
                failures[NOT_ASKED if completion.error.startswith(NOT_ASKED) else "error"] += 1
                continue
            texts[index] = _draw(prompt, index, completion)
            if journal is not None:
                journal.record(source, [texts[index]])
    found: dict[str, Guideline] = {}
    for index, draw in sorted(texts.items()):
        read = _read(draw, guideline, scale)
        if isinstance(read, Guideline):
            found[f"written {index + 1}"] = read
        else:
            failures[read] += 1
    return Paraphrases(found, dict(failures))


def _read(draw: Draw, guideline: Guideline, scale: Scale) -> Guideline | str:
    """Return the guideline that was written, or why it is none."""
    if draw.finish_reason in ("length", "max_tokens"):
        return "truncated"
    written = _WRITTEN.search(draw.text)
    if written is None or not written[1].strip():
        return "no guideline"
    try:
        made = parse_guideline(written[1])
    except InputError:
        return "unreadable"
    told = f"{guideline.instruction}\n{guideline.rubric}"
    said = f"{made.instruction}\n{made.rubric}"
    if said.split() == told.split():
        return "same words"
    for level in scale.levels or ():
        name = re.compile(rf"(?<!\w){re.escape(scale.write(level))}(?!\w)", re.IGNORECASE)
        if name.search(told) and not name.search(said):
            return "level missing"
    return replace(guideline, instruction=made.instruction, rubric=made.rubric)


def _draw(prompt: Prompt, index: int, completion: Completion) -> Draw:
    return Draw(
        item_id=_ITEM_ID,
        prompt=prompt.sha256,
        index=index,
        label=None,
        rationale="",
        text=well_formed(completion.text),
        thinking=well_formed(completion.thinking),
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        kind="writing",
    )
