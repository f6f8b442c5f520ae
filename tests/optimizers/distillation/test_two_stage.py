"""Guidelines written by a model in two stages, with a scripted writer and a student that follows written rules."""

import json
import re

import dspy
import pytest

from accord.data import Ordinal, SetupError
from accord.optimizers import DistillGuideline, Subject
from accord.programs import Guideline, Prompt, Rater, ScriptedEngine, scripted_lm

THREE = Ordinal(1, 3)
TOLD = Guideline("Read the story.\n\nThen rate it.", "1: bad\n\n2: middling\n\n3: good")
SAID = {
    1: "The plot breaks off in the middle of it.",
    2: "The characters stay flat all the way through.",
    3: "The ending turns everything around with skill.",
}
STEPS = "1. Read to the last line. [1, 4]\n2. Ask whether it ends. [2]\n3. Weigh the characters."
CRITERIA = (
    "### 1\n- It breaks off before the end. [1]\n\n### 2\n- Flat characters. [2]\n\n### 3\n- A skilful turn. [3, 99]"
)


def _examples(first: int, count: int) -> list[dspy.Example]:
    return [
        dspy.Example(
            text=f"story {number} about {'abc'[number % 3] * 4} and nothing else at all today",
            rationale=f"{SAID[number % 3 + 1]} Note {number}.",
            label=number % 3 + 1,
            item_id=f"item-{number:03}",
        ).with_inputs("text")
        for number in range(first, first + count)
    ]


TRAIN, DEV = _examples(0, 12), _examples(100, 24)


def _story(prompt: Prompt) -> int:
    found = re.search(r"story (\d+) ", prompt.turns[-1].content)
    assert found is not None, f"unforeseen: {prompt.turns[-1].content}"
    return int(found.group(1))


def _student(follows: str = "Ask whether it ends.") -> Rater:
    """A rater that reads the label where its guideline holds a sentence, and else gives every second story a 2."""

    def script(prompt: Prompt, draw: int) -> str:
        number = _story(prompt)
        knows = follows in prompt.turns[0].content
        return f"Reason: so.\nLabel: {number % 3 + 1 if knows or number % 2 else 2}"

    return Rater(THREE, TOLD, lm=scripted_lm(script))


def _sent(instruction: str, rubric: str) -> str:
    return f"Here it is.\n<guideline>\n## Instruction\n\n{instruction}\n\n## Rubric\n\n{rubric}\n</guideline>"


class Writer:
    """A scripted writer: what it answers to each of the three requests, and again after a complaint."""

    def __init__(self, *, steps: str = STEPS, criteria: str = CRITERIA, again: str | None = None) -> None:
        self.steps, self.criteria, self.again = steps, criteria, again
        self.complaints: list[str] = []
        self.lm = scripted_lm(self.script)

    def script(self, prompt: Prompt, draw: int) -> str:
        asked = prompt.turns[0].content
        if asked.startswith("Below are the notes that an annotator made"):
            notes = asked.partition("# Notes")[2].strip()
            return f"- {notes.partition(' Note')[0]}\nNONE"
        if len(prompt.turns) > 1:
            self.complaints.append(prompt.turns[-1].content)
            if self.again is not None:
                return self.again
        if "Write a concrete procedure" in asked:
            return _sent(self.steps, "1: worst\n\n3: best")
        assert "Write for each label the criteria" in asked, f"unforeseen: {asked}"
        return _sent("Something else.", self.criteria)

    @property
    def asked(self) -> list[Prompt]:
        assert isinstance(self.lm.engine, ScriptedEngine)
        return [prompt for prompt, _ in self.lm.engine.asked]


def _compiled(writer: Writer, student: Rater | None = None, **options) -> Rater:
    compiler = DistillGuideline(
        writer=writer.lm, subject=Subject("plot", "stories"), resamples=200, **{"ablate": 0, **options}
    )
    return compiler.compile(_student() if student is None else student, trainset=TRAIN, valset=DEV)


def _told(rater: Rater, name: str) -> Guideline:
    (found,) = [candidate.rater.guideline for candidate in rater.candidates if candidate.name == name]
    return found


def test_each_stage_leaves_the_other_part_as_it_was_byte_for_byte() -> None:
    compiled = _compiled(Writer())
    assert {candidate.name for candidate in compiled.candidates} == {"original", "instruction", "rubric", "both"}
    steps = "1. Read to the last line.\n2. Ask whether it ends.\n3. Weigh the characters."
    criteria = "### 1\n- It breaks off before the end.\n\n### 2\n- Flat characters.\n\n### 3\n- A skilful turn."
    assert _told(compiled, "instruction") == Guideline(steps, TOLD.rubric)
    assert _told(compiled, "rubric") == Guideline(TOLD.instruction, criteria)
    assert _told(compiled, "both") == Guideline(steps, criteria)
    assert compiled.guideline == _told(compiled, "instruction"), "the first of those that know"
    assert compiled.provenance["chosen"] == "instruction"


def test_every_rule_rests_on_items_of_the_training_set() -> None:
    compiled = _compiled(Writer(), _student("A skilful turn."), instruction_traces=1)
    assert compiled.provenance["chosen"] == "rubric"
    (both,) = [candidate for candidate in compiled.candidates if candidate.name == "both"]
    rules = {rule["text"]: rule for rule in both.details["rules"]}
    train = {example["item_id"]: example["label"] for example in TRAIN}
    assert all(set(rule["sources"]) <= set(train) and rule["sources"] for rule in rules.values())
    # One trace a level: notes 1, 2 and 3 are of the levels 1, 2 and 3, and there is no note 4.
    (first,) = rules["Read to the last line."]["sources"]
    (second,) = rules["Ask whether it ends."]["sources"]
    assert (train[first], train[second]) == (1, 2)
    # A critique stands for the four items of its level that have it; number 99 does not exist.
    assert rules["A skilful turn."]["sources"] == [id for id, label in train.items() if label == 3]
    # What cites nothing is traced to the notes that share its words.
    assert not rules["Weigh the characters."]["cited"]
    assert {train[id] for id in rules["Weigh the characters."]["sources"]} == {2}
    assert all(rule["author"] == "writer" for rule in rules.values())
    assert json.loads(json.dumps(compiled.provenance)) == compiled.provenance


def test_the_writer_is_shown_what_the_paper_says_and_no_dev_item() -> None:
    writer = Writer()
    _compiled(writer, instruction_traces=2, rubric_traces=3)
    instruction, *_ = [
        prompt.turns[0].content for prompt in writer.asked if "concrete procedure" in prompt.turns[0].content
    ]
    assert instruction.count("\n[") == 6 and TOLD.to_markdown() in instruction
    assert "rate plot of stories" in instruction and "Use these labels and no others: 1, 2, 3" in instruction
    listed = [prompt for prompt in writer.asked if prompt.turns[0].content.startswith("Below are the notes")]
    assert len(listed) == 9
    rubric, *_ = [
        prompt.turns[0].content for prompt in writer.asked if "the criteria by which" in prompt.turns[0].content
    ]
    for level, said in SAID.items():
        assert f"### {level}\n\n[{level}] {said}" in rubric
    assert not any("story 1" in turn.content for prompt in writer.asked for turn in prompt.turns)


@pytest.mark.parametrize(
    ("steps", "reason", "complaint"),
    [
        ("1. Rate it on a scale from 1 to 10.", "other_scale", "it speaks of 1 to 10, and the labels are 1, 2, 3"),
        ("1. Look at the engagement of the reader.", "off_dimension", "it speaks of engagement"),
        ("1. As in: story 3 about aaaa and nothing else at all.", "copies_item", "it copies item 'item-003'"),
        ("1. " + "Read it once more. " * 40, "too_long", "tokens, and 100 are allowed"),
        ("", "empty", "the part that was asked for is empty"),
        ("## Rubric\n\n1. Twice.", "unreadable", "its sections cannot be told apart"),
    ],
)
def test_a_reply_that_breaks_a_rule_is_complained_of_and_then_skipped(steps: str, reason: str, complaint: str) -> None:
    writer = Writer(steps=steps)
    subject = Subject("plot", "stories", others=("engagement",))
    compiler = DistillGuideline(writer=writer.lm, subject=subject, max_tokens=100, resamples=200, ablate=0)
    compiled = compiler.compile(_student(), trainset=TRAIN, valset=DEV)
    assert {candidate.name for candidate in compiled.candidates} == {"original", "rubric"}
    assert complaint in compiled.provenance["skipped"]["instruction"]
    assert len(writer.complaints) == 2 and all(complaint in said for said in writer.complaints)
    assert compiled.guideline == TOLD and reason


def test_a_reply_without_tags_gets_another_chance() -> None:
    writer = Writer(steps=STEPS, again=_sent(STEPS, TOLD.rubric))
    first = writer.script

    def script(prompt: Prompt, draw: int) -> str:
        told = first(prompt, draw)
        plain = "concrete procedure" in prompt.turns[0].content and len(prompt.turns) == 1
        return told.replace("<guideline>", "").replace("</guideline>", "") if plain else told

    writer.lm = scripted_lm(script)
    compiled = _compiled(writer)
    assert compiled.provenance["chosen"] == "instruction"
    assert compiled.provenance["refused"] == {"no_tags": 1}
    assert writer.complaints == [
        "This cannot be taken: there is no guideline between <guideline> and </guideline>. "
        "Answer again with the whole guideline."
    ]


def test_levels_with_too_few_traces_are_named() -> None:
    compiled = _compiled(Writer(), instruction_traces=5, rubric_traces=4)
    assert compiled.provenance["short_of_traces"] == {"instruction": {"1": 4, "2": 4, "3": 4}, "rubric": {}}


def test_a_draft_that_is_worse_on_dev_is_refused() -> None:
    def script(prompt: Prompt, draw: int) -> str:
        return f"Label: {_story(prompt) % 3 + 1 if 'Then rate it.' in prompt.turns[0].content else 1}"

    compiled = _compiled(Writer(), Rater(THREE, TOLD, lm=scripted_lm(script)))
    assert compiled.provenance["chosen"] == "original" and compiled.guideline == TOLD
    (instruction,) = [candidate for candidate in compiled.candidates if candidate.name == "instruction"]
    assert instruction.details["difference"]["high"] < 0


def test_a_rerun_with_the_journal_asks_nobody(tmp_path) -> None:
    writer, student = Writer(), _student()
    one = _compiled(writer, student, journal=tmp_path / "journal.sqlite")
    asked = len(writer.asked)
    two = _compiled(writer, student, journal=tmp_path / "journal.sqlite")
    assert len(writer.asked) == asked and two.provenance == one.provenance


def test_what_people_wrote_into_a_distilled_guideline_stays() -> None:
    first = _compiled(Writer())
    edited = Guideline(first.guideline.instruction + "\n4. Never mind the spelling.", first.guideline.rubric)
    student = _student().variant(guideline=edited)
    student.provenance = first.provenance
    second = _compiled(Writer(steps="1. Ask whether it ends at all. [1]"), student)
    told = _told(second, "instruction")
    assert told.instruction == "1. Ask whether it ends at all.\n- Never mind the spelling."
    authors = {
        rule["text"]: rule["author"]
        for candidate in second.candidates
        if candidate.name == "instruction"
        for rule in candidate.details["rules"]
    }
    assert authors == {
        "Ask whether it ends at all.": "writer",
        "Never mind the spelling.": "human",
        "1: bad": "original",
        "2: middling": "original",
        "3: good": "original",
    }


def test_a_new_rule_that_contradicts_what_people_wrote_gives_way() -> None:
    first = _compiled(Writer())
    student = _student().variant(
        guideline=Guideline(first.guideline.instruction, "### 1\n- The story breaks off early.\n\n### 3\n- It ends.")
    )
    student.provenance = first.provenance
    again = Writer(
        criteria="### 1\n- Nothing happens. [1]\n### 3\n- The story breaks off early. [9]\n- It is complete. [9]"
    )
    second = _compiled(again, student)
    rubric = _told(second, "rubric").rubric
    assert rubric.count("The story breaks off early.") == 1
    assert rubric.index("breaks off") < rubric.index("### 3") < rubric.index("It is complete.")
    assert second.provenance["dropped"]["rules"] == {"contradicts_people": 2}, "in 'rubric' and in 'both'"


def test_different_subsets_make_different_drafts() -> None:
    compiled = _compiled(Writer(), subsets=2, instruction_traces=1)
    names = {candidate.name for candidate in compiled.candidates}
    assert names == {"original"} | {
        f"{name}{suffix}" for name in ("instruction", "rubric", "both") for suffix in ("", "_2")
    }


def test_a_writer_is_needed_for_two_stages() -> None:
    with pytest.raises(SetupError, match="needs a writer model"):
        DistillGuideline("two_stage")
