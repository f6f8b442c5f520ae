"""Checklists: questions in a guideline, answers in a reply, labels computed from the share that is passed."""

import asyncio
import dataclasses
import hashlib
import json
import time

import dspy
import pytest

from accord.data import Corpus, InputError, Interval, Journal, Nominal, Ordinal, SetupError
from accord.programs import (
    Case,
    Checklist,
    ChecklistQuestion,
    Completion,
    Guideline,
    Prompt,
    Rater,
    ScriptedEngine,
    Threshold,
    Unparsed,
    find_rule,
    guideline_diff,
    parse,
    read_answers,
    rules_of,
    scripted_lm,
    with_rule,
    without_rule,
)

FIVE = Ordinal(1, 5)
MOODS = Nominal(["sad", "glad"])
ENDS, BREAKS, FLAT, TURN = (
    ChecklistQuestion("Does the story reach its end?", "yes", "5"),
    ChecklistQuestion("Does the story break off?", "no", "1"),
    ChecklistQuestion("Do the characters stay flat?", "no", "1"),
    ChecklistQuestion("Is there a turn?"),
)
# The question of no level comes first, then ENDS, BREAKS, FLAT.
LIST = Checklist((ENDS, BREAKS, FLAT, TURN), (Threshold(0, "1"), Threshold(0.3, "2"), Threshold(0.75, "5")))
TOLD = Guideline("Read the story.", "1: bad\n\n5: good", checklist=LIST)
MARKDOWN = """## Instruction

Read the story.

## Rubric

1: bad

5: good

## Checklist

- [yes] Is there a turn?

### 5
- [yes] Does the story reach its end?

### 1
- [no] Does the story break off?
- [no] Do the characters stay flat?

### Share passed
- from 0: 1
- from 0.3: 2
- from 0.75: 5"""


def _says(*replies: str) -> dspy.LM:
    """A model that gives these replies to texts that are their numbers."""

    def script(prompt: Prompt, draw: int) -> str:
        return replies[int(prompt.turns[-1].content.split("\n")[1])]

    return scripted_lm(script)


def _corpus(count: int, scale=FIVE, label=5) -> Corpus:
    records = [{"id": f"s{n}", "text": f"{n}", "label": label} for n in range(count)]
    return Corpus.from_records(records, fields=["text"], label="label", id="id", scale=scale)


def _asked(lm: dspy.LM) -> int:
    assert isinstance(lm.engine, ScriptedEngine)
    return len(lm.engine.asked)


def test_markdown_goes_out_and_in_without_loss() -> None:
    assert TOLD.to_markdown() == MARKDOWN
    assert Guideline.from_markdown(MARKDOWN) == TOLD
    assert Guideline.from_markdown(MARKDOWN).hash == TOLD.hash
    shuffled = Checklist(
        (ChecklistQuestion("a?", level="1"), ChecklistQuestion("b?", level="5"), ChecklistQuestion("c?", level="1"))
    )
    again = Guideline.from_markdown(Guideline("x", checklist=shuffled).to_markdown())
    assert again.checklist == shuffled


def test_what_people_write_by_hand_is_read() -> None:
    by_hand = (
        "Rate it.\r\n\r\n## Checklist\r\n1. [Yes] Does it end\r\n   as it should?\r\n* [NO]  Is it   cut?\r\n"
        "### share passed\r\n- From .0: 1\r\n- from 0.50:  4\r\n"
    )
    told = Guideline.from_markdown(by_hand)
    assert told.instruction == "Rate it."
    assert told.checklist == Checklist(
        (ChecklistQuestion("Does it end as it should?"), ChecklistQuestion("Is it cut?", "no")),
        (Threshold(0, "1"), Threshold(0.5, "4")),
    )


def test_a_guideline_without_a_checklist_is_what_it_was() -> None:
    plain = Guideline("Read.", "1: bad", (Case({"text": "a"}, "so", "3"),))
    assert "Checklist" not in plain.to_markdown()
    # The hash is that of instruction, rubric and cases, and of nothing else.
    content = json.dumps(["Read.", "1: bad", [[{"text": "a"}, "so", "3"]]], ensure_ascii=False)
    assert plain.hash == hashlib.sha256(content.encode()).hexdigest()
    assert plain.hash != dataclasses.replace(plain, checklist=LIST).hash
    system = Rater(FIVE, Guideline("Read.")).prompt({"text": "a"}).turns[0].content
    assert system == (
        "Read.\n\nReply in this form:\nReason: <the reasoning that leads to the label>\n"
        "Label: <a whole number from 1 to 5>"
    )


def test_an_authors_own_heading_stays_text() -> None:
    codebook = "Rate it.\n\n## Checklist\n\n- [ ] read twice\n- [x] no hurry\n\n## Rubric\n\n1: bad"
    told = Guideline.from_markdown(codebook)
    assert told.checklist is None
    assert told.instruction == "Rate it.\n\n## Checklist\n\n- [ ] read twice\n- [x] no hurry"
    assert Guideline.from_markdown(told.to_markdown()) == told


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("- [yes] Is it?\nSome words.", "the checklist has the line 'Some words.'"),
        ("- [yes] Is it?\n- [no] is IT?", "a question stands twice: 'is IT?'"),
        ("- [yes] Is it?\n### Share passed\n- from 0: 1\n- from 0: 2", "the thresholds do not ascend: 0, 0"),
        ("- [yes] Is it?\n### Share passed\n- from 0: 1\n- from 0.6: 3\n- from 0.5: 4", "do not ascend: 0, 0.6, 0.5"),
        ("- [yes] Is it?\n### Share passed\n- from 0.2: 1", "the thresholds are 0.2"),
        ("- [yes] Is it?\n### Share passed\n- from 0: 1\n- from 1.2: 2", "the thresholds are 0, 1.2"),
        ("- [yes] Is it?\n### Share passed\n- at 0: 1", "the checklist has the line '- at 0: 1'"),
        ("- [yes] Is it?\n\n## Checklist\n- [no] Was it?", "'## Checklist' stands twice"),
    ],
)
def test_a_checklist_that_cannot_be_read_says_why(body: str, what: str) -> None:
    with pytest.raises(InputError) as raised:
        Guideline.from_markdown(f"Rate.\n\n## Checklist\n{body}")
    assert what in str(raised.value)


def test_a_checklist_needs_questions() -> None:
    with pytest.raises(InputError, match="it has no question"):
        Checklist(())
    with pytest.raises(InputError, match="a question has no text"):
        ChecklistQuestion("  ")
    with pytest.raises(InputError, match="passes='maybe'"):
        ChecklistQuestion("Is it?", "maybe")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="no level can be called 'Share passed'"):
        ChecklistQuestion("Is it?", level="Share passed")
    with pytest.raises(InputError, match="the instruction holds the heading '## Checklist'"):
        Guideline("Rate.\n\n## Checklist\n- [yes] Is it?")


@pytest.mark.parametrize(
    ("checklist", "scale", "what"),
    [
        (Checklist((TURN,), (Threshold(0, "1"), Threshold(0.5, "7"))), FIVE, "7"),
        (Checklist((TURN,), (Threshold(0, "4"), Threshold(0.5, "2"))), FIVE, "levels of the thresholds do not ascend"),
        (Checklist((TURN,), (Threshold(0, "sad"),)), MOODS, "a nominal scale has no thresholds"),
        (Checklist((TURN,)), MOODS, "a question has no label"),
        (Checklist((ChecklistQuestion("Is it?", level="sad"),)), MOODS, "all its questions speak for one label"),
        (Checklist((ChecklistQuestion("Is it?", level="mad"),)), MOODS, "mad"),
        (Checklist((TURN,)), Interval(0, 1), "it has no thresholds, and the scale has no levels"),
    ],
)
def test_a_checklist_has_to_suit_the_scale(checklist: Checklist, scale, what: str) -> None:
    with pytest.raises(InputError, match=what):
        Rater(scale, Guideline("Rate.", checklist=checklist))


@pytest.mark.parametrize(
    ("answers", "share", "label"),
    [
        # TURN is passed with yes, ENDS with yes, BREAKS and FLAT with no.
        (("yes", "yes", "no", "no"), 1.0, 5),
        (("no", "yes", "no", "no"), 0.75, 5),  # 3 of 4 reaches the threshold of 0.75
        (("no", "yes", "no", "yes"), 0.5, 2),
        (("no", "no", "yes", "no"), 0.25, 1),  # below 0.3
        (("no", "no", "yes", "yes"), 0.0, 1),
    ],
)
def test_the_label_is_that_of_the_highest_threshold_that_the_share_reaches(answers, share: float, label: int) -> None:
    assert LIST.share(answers) == share
    assert LIST.label(answers, FIVE) == label


def test_without_thresholds_the_levels_divide_the_shares_evenly() -> None:
    # Ten questions on five levels: 0 and 1 passed are 0 to 0.1 -> 1; 2, 3 -> 2; ...; 8, 9, 10 -> 5.
    many = Checklist(tuple(ChecklistQuestion(f"Is it {number}?") for number in range(10)))
    labels = [many.label(("yes",) * passed + ("no",) * (10 - passed), FIVE) for passed in range(11)]
    assert labels == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5]


def test_on_a_nominal_scale_the_level_with_the_highest_share_wins() -> None:
    asked = Checklist(
        (
            ChecklistQuestion("Tears?", level="sad"),
            ChecklistQuestion("Rain?", level="sad"),
            ChecklistQuestion("A smile?", level="glad"),
        )
    )
    assert asked.label(("yes", "no", "yes"), MOODS) == "glad"  # 1 of 2 against 1 of 1
    assert asked.label(("yes", "no", "no"), MOODS) == "sad"  # 1 of 2 against 0 of 1
    assert asked.label(("yes", "yes", "yes"), MOODS) == "sad"  # both whole: the first of the scale
    rater = Rater(MOODS, Guideline("Look.", checklist=asked), lm=_says("1: no\n2: yes\n3: yes"))
    said = rater(text="0")
    assert said.label == "glad"
    assert said.rationale == "1. Tears? No\n2. Rain? Yes\n3. A smile? Yes\nPassed sad 1 of 2, glad 1 of 1."


def test_the_prompt_asks_the_questions_and_gives_nothing_away() -> None:
    prompt = Rater(FIVE, TOLD).prompt({"text": "Once."})
    assert prompt.turns[0].content == (
        "## Instruction\n\nRead the story.\n\n## Rubric\n\n1: bad\n\n5: good\n\n"
        "Answer each of these questions about the item with yes or no:\n"
        "1. Is there a turn?\n2. Does the story reach its end?\n3. Does the story break off?\n"
        "4. Do the characters stay flat?\n\n"
        "Reply with the answers alone, in this form:\n1: <yes or no>\n2: <yes or no>\n3: <yes or no>\n4: <yes or no>"
    )
    assert prompt.turns[-1].content == "<text>\nOnce.\n</text>"


@pytest.mark.parametrize(
    "reply",
    [
        "1: yes\n2: no\n3: yes",
        "1. Yes\n2. No\n3. Yes.",
        "**1:** Yes, as the text says so.\n**2:** No - it does not.\n**3:** YES!",
        "Q1: y\nQ2: n\nQuestion 3: yes",
        "1: yes, 2: no, 3: yes",
        "1) yes; 2) no; 3) yes",
        "yes\nno\nyes",
        "- Yes\n- No\n- Yes",
        "1. Is it so? Yes\n2. Is it? Well, no\n3. Was it not so? Answer: yes",
        "1. Is it so?\nYes.\n\n2. Is it?\n\nNo.\n3. Was it not so?\nYes, it was.",
        '{"1": "yes", "2": "no", "3": true}',
        '```json\n{"answers": ["yes", "no", "yes"]}\n```',
        '[{"question": "a", "answer": "yes"}, {"answer": "no"}, {"answer": true}]',
        "<think>1: no\n2: yes\n3: no</think>\n1: yes\n2: no\n3: yes",
        "Here are the answers:\n\n1: <yes>\n2: <no>\n3: <yes>\n\nI hope this helps.",
        "1: yes\r\n2: no\r\n3: yes\r\n4: no",
        "1: yes\n1: yes\n2: no\n3: yes",
    ],
)
def test_answers_are_read_however_models_write_them(reply: str) -> None:
    asked = Checklist(tuple(map(ChecklistQuestion, ("Is it so?", "Is it?", "Was it not so?"))))
    assert read_answers(reply, asked).whole == ("yes", "no", "yes")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        ("<think>1: yes\n2: no</think>", "empty"),
        ("1: yes", "unanswered"),
        ("1: yes\n2: maybe", "unanswered"),
        ("1: yes\n2: n/a", "unanswered"),
        ("1: <yes or no>\n2: <yes or no>", "unanswered"),
        ("1: yes/no\n2: no", "unanswered"),
        ("1: Yes-ish\n2: no", "unanswered"),
        ("1: Nobody knows.\n2: no", "unanswered"),
        ("yes", "unanswered"),
        ("Reason: it is good.\nLabel: 5", "unanswered"),
        ('["yes"]', "unanswered"),
        ('{"1": "yes", "2": "perhaps"}', "unanswered"),
        ("1: yes\n2: no\n1: no", "several_labels"),
        ("I'm sorry, but I cannot help with that.", "refused"),
    ],
)
def test_a_missing_answer_leaves_no_label_and_says_why(reply: str, reason: str) -> None:
    asked = Checklist(tuple(map(ChecklistQuestion, ("Is it so?", "Was it?"))))
    found = read_answers(reply, asked)
    assert found.whole is None and found.unparsed is not None and found.unparsed.reason == reason
    rater = Rater(FIVE, Guideline("Rate.", checklist=asked), lm=scripted_lm(lambda prompt, draw: reply))
    ratings = rater.rate(_corpus(1))
    assert ratings.labels == [None] and ratings.unparsed == {reason: 1}


def test_a_reply_that_was_cut_has_only_the_answers_before_the_cut() -> None:
    asked = Checklist(tuple(map(ChecklistQuestion, ("Is it so?", "Was it?"))))
    cut = read_answers("1: yes\n2:", asked, truncated=True)
    assert cut.given == ("yes", None) and cut.unparsed == Unparsed("truncated", "cut before question 2")
    # "no" may have become "not that I know"; "no." and "yes" are whole.
    assert read_answers("1: yes\n2: no", asked, truncated=True).whole is None
    assert read_answers("1: yes\n2: no.", asked, truncated=True).whole == ("yes", "no")
    assert read_answers("1: no\n2: yes", asked, truncated=True).whole == ("no", "yes")
    read = Rater(FIVE, Guideline("Rate.", checklist=asked)).read
    assert read(Completion("1: yes", finish_reason="length")).label == Unparsed("truncated", "cut before question 2")
    assert read(Completion("", error="429")).label == Unparsed("error", "429")


@pytest.mark.parametrize("begins", ["*Plot*: all is well.", "`end` is reached.", "(No) one dies.", "“Yes” is said."])
def test_a_question_that_begins_with_markup_is_told_from_its_answer(begins: str) -> None:
    asked = Checklist((ChecklistQuestion(begins), ChecklistQuestion("Is there a turn?")))
    rater = Rater(FIVE, Guideline("Rate.", checklist=asked), lm=_says("1: yes\n2: no", "1: no\n2: yes"))
    first, second = (read_answers(rating.rationale, asked).whole for rating in rater.rate(_corpus(2)))
    assert (first, second) == (("yes", "no"), ("no", "yes"))
    assert read_answers(f"1. {begins} No\n2. Yes", asked).whole == ("no", "yes")


@pytest.mark.parametrize(
    "noise", ["1: yes " * 40_000, " " * 300_000 + "x", "1:" * 200_000, ": yes" * 100_000, "-*" * 200_000]
)
def test_no_reply_takes_long_to_read(noise: str) -> None:
    begun = time.process_time()
    read_answers(f"{noise}x\n2: no", LIST)
    assert time.process_time() - begun < 2


def test_every_door_gives_the_same_label_and_rationale() -> None:
    lm = _says("1: no\n2: yes\n3: no\n4: yes", "1: yes\n2: yes\n3: no\n4: no", "1: yes")
    rater = Rater(FIVE, TOLD, lm=lm)
    rationale = (
        "1. Is there a turn? No\n2. Does the story reach its end? Yes\n3. Does the story break off? No\n"
        "4. Do the characters stay flat? Yes\nPassed 2 of 4."
    )
    said = rater(text="0")
    assert (said.label, said.rationale, said.unparsed) == (2, rationale, None)
    assert asyncio.run(rater.acall(text="0")).label == 2
    ratings = rater.rate(_corpus(3))
    assert ratings.labels == [2, 5, None] and ratings[0].rationale == rationale
    assert ratings[2].rationale.startswith("1. Is there a turn? Yes\n2. Does the story reach its end? (unanswered)")
    assert ratings.unparsed == {"unanswered": 1}
    found = rater.agreement(_corpus(3), fill=1)
    assert found.metrics["accuracy"].value == pytest.approx(1 / 3) and found.unparsed == 1
    assert read_answers(rationale, LIST).whole == ("no", "yes", "no", "yes")
    assert parse(rater.statement(rationale, 2), FIVE).label == 2


def test_it_is_saved_and_loaded(tmp_path) -> None:
    rater = Rater(FIVE, TOLD, lm=_says("1: no\n2: yes\n3: no\n4: yes"))
    rater.save(tmp_path / "rater")
    assert (tmp_path / "rater" / "guideline.md").read_text(encoding="utf-8") == MARKDOWN
    assert "yes or no to each of 4 questions" in (tmp_path / "rater" / "CARD.md").read_text(encoding="utf-8")
    loaded = Rater.load(tmp_path / "rater", lm=rater.lm)
    assert loaded.guideline == TOLD and loaded.checklist == LIST
    assert loaded(text="0").label == 2
    other = Rater(FIVE)
    other.load_state(Rater(FIVE, TOLD).dump_state())
    other.set_lm(rater.lm)
    assert other.guideline == TOLD and other(text="0").label == 2
    assert rater.deepcopy()(text="0").label == 2
    assert rater.variant().guideline == TOLD


def test_other_thresholds_need_no_other_reply(tmp_path) -> None:
    lm = _says("1: no\n2: yes\n3: no\n4: yes", "1: yes\n2: yes\n3: no\n4: no")
    rater = Rater(FIVE, TOLD, lm=lm)
    moved = dataclasses.replace(LIST, thresholds=(Threshold(0, "3"), Threshold(0.9, "4")))
    other = rater.variant(guideline=TOLD.with_checklist(moved))
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert rater.rate(_corpus(2), journal=journal).labels == [2, 5]
        asked = _asked(lm)
        assert other.rate(_corpus(2), journal=journal).labels == [3, 4]
        assert rater.rate(_corpus(2), journal=journal).labels == [2, 5]
        assert _asked(lm) == asked


def test_worked_cases_answer_the_questions() -> None:
    answered = "1. Is there a turn? No\n2: yes\n3: no\n4: no"
    told = TOLD.with_cases(Case({"text": "It ended."}, answered, "5"))
    rater = Rater(FIVE, told)
    turns = rater.prompt({"text": "Once."}).turns
    assert [turn.content for turn in turns[1:3]] == ["<text>\nIt ended.\n</text>", "1: no\n2: yes\n3: no\n4: no"]
    assert rater.guideline == told and Guideline.from_markdown(told.to_markdown()) == told
    assert rater.reply(answered, 5) == "1: no\n2: yes\n3: no\n4: no"


def test_the_mean_of_several_replies_is_a_score(tmp_path) -> None:
    def script(prompt: Prompt, draw: int) -> str:
        return "1: yes\n2: yes\n3: no\n4: no" if draw % 2 else "1: no\n2: yes\n3: no\n4: yes"

    lm = scripted_lm(script)
    rater = Rater(FIVE, TOLD, lm=lm, scoring="mean")
    with Journal(tmp_path / "journal.sqlite") as journal:
        (rating,) = rater.rate(_corpus(1), journal=journal)
        assert rating.score == pytest.approx(3.5)  # half of the replies make a 2, half a 5
        asked = _asked(lm)
        low = TOLD.with_checklist(dataclasses.replace(LIST, thresholds=(Threshold(0, "1"),)))
        (other,) = rater.variant(guideline=low).rate(_corpus(1), journal=journal)
        assert other.score == pytest.approx(1.0) and _asked(lm) == asked


def test_what_makes_no_sense_is_refused_with_a_cure() -> None:
    for order in ("label", "label_rationale"):
        with pytest.raises(SetupError, match="does not go with a checklist") as raised:
            Rater(FIVE, TOLD, order=order)
        assert "take '## Checklist' out" in str(raised.value)
    for rule in ("expected", "median"):
        with pytest.raises(SetupError, match="needs the probability of a written label"):
            Rater(FIVE, TOLD, scoring=rule)
    with pytest.raises(SetupError, match="case 1 does not answer the checklist"):
        Rater(FIVE, TOLD.with_cases(Case({"text": "a"}, "It is good.", "5")))
    with pytest.raises(SetupError, match="writes answers, and there are none"):
        Rater(FIVE, TOLD).reply("It is good.", 5)


def test_each_question_is_a_rule() -> None:
    rules = [rule for rule in rules_of(TOLD) if rule.part == "checklist"]
    assert [(rule.heading, rule.text) for rule in rules] == [
        ("", "[yes] Is there a turn?"),
        ("5", "[yes] Does the story reach its end?"),
        ("1", "[no] Does the story break off?"),
        ("1", "[no] Do the characters stay flat?"),
    ]
    breaks = rules[2]
    assert find_rule(TOLD, breaks.id[:6]) == breaks
    flipped = dataclasses.replace(BREAKS, passes="yes")
    other = TOLD.with_checklist(dataclasses.replace(LIST, questions=(TURN, ENDS, flipped, FLAT)))
    assert {rule.id for rule in rules_of(other)} == {rule.id for rule in rules_of(TOLD)}
    less = without_rule(TOLD, breaks)
    assert less.checklist is not None and less.checklist.questions == (TURN, ENDS, FLAT)
    assert less.checklist.thresholds == LIST.thresholds and (less.instruction, less.rubric) == (
        TOLD.instruction,
        TOLD.rubric,
    )
    back = with_rule(less, breaks)
    assert back.checklist is not None and back.checklist.questions == (TURN, ENDS, FLAT, BREAKS)
    assert with_rule(TOLD, breaks) is TOLD
    only = TOLD.with_checklist(Checklist((BREAKS,)))
    (last,) = [rule for rule in rules_of(only) if rule.part == "checklist"]
    assert without_rule(only, last) == TOLD.with_checklist(None)


def test_the_diff_tells_questions_answers_and_thresholds() -> None:
    flipped = dataclasses.replace(BREAKS, passes="yes")
    new = TOLD.with_checklist(
        Checklist((TURN, ENDS, flipped, ChecklistQuestion("Is it short?", level="1")), (Threshold(0, "2"),))
    )
    changes = guideline_diff(TOLD, new)
    assert [(change.kind, change.where, change.old, change.new) for change in changes] == [
        ("dropped", "checklist", "[no] Do the characters stay flat?", ""),
        ("changed", "checklist", "[no] Does the story break off?", "[yes] Does the story break off?"),
        ("added", "checklist", "", "[yes] Is it short?"),
        ("changed", "checklist", "from 0: 1; from 0.3: 2; from 0.75: 5", "from 0: 2"),
    ]
    assert changes[1].old_id == changes[1].new_id and changes[3].heading == "Share passed"
    (gone,) = [change for change in guideline_diff(TOLD, TOLD.with_checklist(None)) if change.heading == "Share passed"]
    assert gone.kind == "dropped" and not guideline_diff(TOLD, TOLD)
