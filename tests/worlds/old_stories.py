"""Knows made-up stories, people who rate them, and models: what tests/fixtures/before_the_move was written with.

An older Accord is run with this file too (benchmarks/record_old_fixtures.py), so it uses nothing but the rooms' doors.
What is changed here makes the fixtures wrong, which then have to be recorded anew.
"""

import csv
import random
import re
from pathlib import Path

from accord.data import Annotation, Corpus, Draw, Item, Ordinal, Pairwise, Source
from accord.programs import Case, Guideline, PairRater, Prompt, Rater, scripted_lm
from worlds.stub_script import Messages
from worlds.world_texts import WHAT, WHERE, WHO

SCALE = Ordinal(1, 3, {1: "badly told", 3: "well told"})
SAID = {
    1: "The story breaks off in the middle of a sentence.",
    2: "It is told to its end without a surprise.",
    3: "The last line turns everything around with skill.",
}
"""What the teacher sees in a story of a level; a rater that was told one of these sentences sees it too."""

GUIDELINE = Guideline("Read the story and rate how it is told.", "1: badly\n\n3: well")
CASES = (Case({"text": "A dog barks.\n## Rubric\n\U0001f600"}, "Too short to be anything.", "1"),)
PEOPLE = ("ana", "ben", "chi")
PAIR_FIELDS = ("question", "answer_a", "answer_b")
_NUMBER = re.compile(r"story (\d+) ")


def level(number: int) -> int:
    """Return how well a story is told."""
    return number * 7 % 3 + 1


def text(number: int) -> str:
    """Return a story."""
    dice = random.Random(number)
    return f"story {number} of {dice.choice(WHO)}: {dice.choice(WHO)} and {dice.choice(WHAT)} {dice.choice(WHERE)}."


def labels(number: int) -> dict[str, int]:
    """Return what people say of a story: in two of three cases the same."""
    off = number % 9
    return {who: 2 if off == place else level(number) for place, who in enumerate(PEOPLE)}


def write_task(folder: Path, url: str, *, stories: int = 60) -> Path:
    """Write a task of the guideline kind and its data (24 stories of train, 16 of dev, 20 of test); return its path."""
    with (folder / "stories.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["id", "text", "reader", "label"])
        for number in range(stories):
            rows.writerows([f"s{number:02}", text(number), who, label] for who, label in labels(number).items())
    (folder / "guideline.md").write_text("Read the story and rate how it is told.\n", encoding="utf-8")
    path = folder / "task.yaml"
    path.write_text(
        f"""\
name: stories
data: {{path: stories.csv, fields: [text], label: label, annotator: reader, id: id}}
scale: {{type: ordinal, low: 1, high: 3, anchors: {{1: badly told, 3: well told}}}}
guideline: guideline.md
teacher_guideline: "As the teacher, rate the story."
student: openai/student
teacher: teacher
teacher_api_base: {url}
split: {{dev: 16, test: 20, seed: 0}}
sampling: {{samples: 4, stop: exhaust, hint: fallback}}
distill:
  writer: writer
  writer_api_base: {url}
  about: {{dimension: telling, material: stories, others: [grammar]}}
  accept: not_worse
  ablate: 0
""",
        encoding="utf-8",
    )
    return path


def answer(messages: Messages, index: int, seed: int | None) -> str:
    """Answer as whoever is asked: the teacher, the rater or the writer of guidelines."""
    first, last = str(messages[0]["content"]), str(messages[-1]["content"])
    if first.startswith("Below are the notes that an annotator made"):
        return first.partition("# Notes")[2].strip()
    if first.startswith("You improve the guideline"):
        rubric = "\n\n".join(f"### {number}\n- {said} [{number}]" for number, said in SAID.items())
        return f"<guideline>\n## Instruction\n\n1. Read to the last line. [1]\n\n## Rubric\n\n{rubric}\n</guideline>"
    found = _NUMBER.findall(last)
    if not found:
        return "Reason: There is no story.\nLabel: 1"
    number = int(found[-1])
    truth = level(number)
    if "<annotator_notes>" in last:
        return f"Label: {next((one for one, said in SAID.items() if said in last), 2)}"
    if "<annotator_label>" in last:
        return f"Reason: {SAID[truth]} Nothing else speaks against it."
    if "As the teacher" in first:
        if number % 6 == 1:  # blind, the teacher never sees what these are
            truth = 4 - truth if truth != 2 else 1
        if index == 3 and number % 4 == 0:
            return f"Reason: {SAID[truth]} But I would rather not say."
        return f"Reason: {SAID[truth]} That is what {index + 1} of my readings say.\nLabel: {truth}"
    knows = any(said in first for said in SAID.values())
    return f"Reason: so.\nLabel: {truth if knows and number % 8 else 2 if number % 3 else truth}"


def script(prompt: Prompt, draw: int) -> str:
    """Answer in this process as `answer` does over HTTP."""
    return answer([{"role": turn.role, "content": turn.content} for turn in prompt.turns], draw, None)


def corpus(numbers: range) -> Corpus:
    """Return stories with what people say of them and the level as gold."""
    items = [
        Item(
            f"s{number:02}",
            {"text": text(number)},
            tuple(Annotation(who, label) for who, label in labels(number).items()),
            level(number),
        )
        for number in numbers
    ]
    return Corpus(items, SCALE, ("text",))


DEV, TEST = range(100, 115), range(115, 140)


def rater() -> Rater:
    """Return a rater with a guideline, a worked case and a note on where it comes from, without a model."""
    made = Rater(SCALE, Guideline(GUIDELINE.instruction, GUIDELINE.rubric, CASES))
    made.provenance = {"compiler": "by hand", "items": ["ä", 1, None, 0.1]}
    return made


def pairs(numbers: range) -> Corpus:
    """Return two stories each, of which the better told one is gold."""
    items: list[Item] = []
    for number in numbers:
        a, b = level(number), level(number * 5 + 1)
        gold = "tie" if a == b else "A" if a > b else "B"
        told = (f"What of {number}?", text(number), text(number * 5 + 1))
        items.append(Item(f"p{number}", dict(zip(PAIR_FIELDS, told, strict=True)), gold=gold))
    return Corpus(items, Pairwise(), PAIR_FIELDS)


def pair_rater() -> PairRater:
    """Return a rater of pairs without a model."""
    told = Guideline("Which story is told better, answer_a or answer_b?")
    return PairRater(Rater(Pairwise(), told, fields=PAIR_FIELDS), disagree="tie")


def pair_script(prompt: Prompt, draw: int) -> str:
    """Name the better told of two stories, and the first one where the second has an even number."""
    a, b = (int(found) for found in _NUMBER.findall(prompt.turns[-1].content))
    better = "A" if b % 2 == 0 or level(a) > level(b) else "tie" if level(a) == level(b) else "B"
    return f"Reason: {better} it is.\nLabel: {better}"


SOURCES = (
    Source("teacher@1", {"temperature": 1.0, "max_tokens": 64, "seed": 0}),
    Source("reader\u2014two", {"temperature": 0.7, "max_tokens": None, "seed": 7}),
)


def draws() -> tuple[tuple[Source, list[Draw]], ...]:
    """Return draws of every kind by source: whole, cut off, thinking, hinted, read, written, repaired."""
    one, two = "ab" * 32, "0123456789abcdef" * 4
    first = [
        Draw("s00", one, 0, 3, SAID[3], text=f"Reason: {SAID[3]}\nLabel: 3", prompt_tokens=40, completion_tokens=12),
        Draw("s00", one, 1, None, "", "no_label", "I would rather not say.", finish_reason="length"),
        Draw("s00", one, 2, 2, "Ä \U0001f600", text="Label: 2", thinking="First: Ä \U0001f600", completion_tokens=3),
        Draw("s01", two, 0, None, SAID[1], text=SAID[1], kind="hinted"),
        Draw("s01", two, 1, 1, "", text="Label: 1", kind="reading"),
        Draw("s01", two, 5, 1, "", text="Well. Label: 1", repaired=True),
        Draw("", "cd" * 32, 0, None, "", text="## Rubric", kind="writing"),
    ]
    second = [
        Draw("s00", one, 0, 2.5, "in between", text="Reason: in between\nLabel: 2.5"),
        Draw("s00", one, 1, 4, "a four", text="a four"),
        Draw("s00", one, 2, 4.0, "a four", text="a four"),
        Draw("s02", "ef" * 32, 0, "tie", "", text="Label: tie", repaired=True),
    ]
    return tuple(zip(SOURCES, (first, second), strict=True))


def connect(made: Rater) -> Rater:
    """Return the rater with the model of this process."""
    return made.variant(lm=scripted_lm(script, model_id="student"))
