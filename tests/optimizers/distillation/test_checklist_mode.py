"""Checklists distilled from traces: questions from critiques, fitted on dev, judged by labels of other folds."""

import dataclasses
import itertools
import json
import random
import re

import dspy
import pytest

from accord.data import Corpus, Nominal, Ordinal, Scale, SetupError, agreement, paired_difference
from accord.optimizers import DistillGuideline, FineTune, RejectionSampling, Subject
from accord.optimizers.drafts.drafts import Draft, RuleRecord
from accord.optimizers.gate.checklist_fit import cross_fitted, fit_checklist, thresholds
from accord.optimizers.gate.gate import Gate
from accord.optimizers.gate.rule_ablation import ablated
from accord.programs import (
    Case,
    Checklist,
    ChecklistQuestion,
    Guideline,
    Prompt,
    Rater,
    Scoring,
    ScriptedEngine,
    Threshold,
    rules_of,
    scripted_lm,
)
from accord.programs.guideline.checklist import Answer
from worlds.checklist_world import SCALE, THINGS, ChecklistWorld

THREE = Ordinal(1, 3)
TOLD = Guideline("Read the story.", "1: bad\n\n2: middling\n\n3: good")
SAID = {
    1: "The plot breaks off in the middle of it.",
    2: "The tale drags on and is neither here nor there.",
    3: "The ending turns everything around with skill.",
}
ASIDE = "There is a person who does something or other."
BROKEN, SKILFUL = "Does the plot break off before an end?", "Does the ending turn everything around?"
WRITTEN = f"### 1\n- [no] {BROKEN} [1]\n\n### 3\n- [yes] {SKILFUL} [3, 99]"


def _examples(first: int, count: int) -> list[dspy.Example]:
    return [
        dspy.Example(
            text=f"story {number} about {'abc'[number % 3] * 4} and nothing else at all today",
            rationale=f"{SAID[number % 3 + 1]} {ASIDE}",
            label=number % 3 + 1,
            item_id=f"item-{number:03}",
        ).with_inputs("text")
        for number in range(first, first + count)
    ]


TRAIN, DEV = _examples(0, 18), _examples(100, 45)


def _number(prompt: Prompt) -> int:
    found = re.search(r"story (\d+)\b", prompt.turns[-1].content)
    assert found is not None, f"unforeseen: {prompt.turns[-1].content}"
    return int(found[1])


def _questions(prompt: Prompt) -> list[str]:
    return re.findall(r"^\d+\. (.*\?)$", prompt.turns[0].content, re.MULTILINE)


def _answer(question: str, label: int) -> bool:
    """What holds of a story of a label."""
    words = question.casefold()
    return (
        (label == 1 and "break" in words)
        or (label == 3 and "turn" in words)
        or (label == 2 and "drag" in words)
        or "does something or other" in words
    )


def _student(guideline: Guideline = TOLD, scale: Scale = THREE) -> Rater:
    """A rater that sees in every story what it is asked about, and without questions gives every second one a 2."""

    def script(prompt: Prompt, draw: int) -> str:
        number = _number(prompt)
        asked = _questions(prompt)
        if not asked:
            return f"Reason: so.\nLabel: {number % 3 + 1 if number % 2 else 2}"
        said = ("yes" if _answer(question, number % 3 + 1) else "no" for question in asked)
        return "\n".join(f"{place}: {answer}" for place, answer in enumerate(said, start=1))

    return Rater(scale, guideline, lm=scripted_lm(script, model_id="student"))


class Writer:
    """A scripted writer of questions: what it answers, and what after a complaint."""

    def __init__(self, questions: str = WRITTEN, again: str | None = None) -> None:
        self.questions, self.again = questions, again
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.lm = scripted_lm(self.script, model_id="writer")

    def script(self, prompt: Prompt, draw: int) -> str:
        asked = prompt.turns[0].content
        if asked.startswith("Below are the notes that an annotator made"):
            return asked.partition("# Notes")[2].strip().replace(". ", ".\n")
        assert "checklist of yes/no questions" in asked, f"unforeseen: {asked}"
        self.asked.append(asked)
        said = self.questions
        if len(prompt.turns) > 1:
            self.complaints.append(prompt.turns[-1].content)
            said = self.questions if self.again is None else self.again
        return f"Here:\n<guideline>\n## Checklist\n\n{said}\n</guideline>"


def _compiled(student: Rater | None = None, train=TRAIN, dev=DEV, **options) -> Rater:
    compiler = DistillGuideline("checklist", resamples=200, **{"ablate": 0, **options})
    return compiler.compile(_student() if student is None else student, trainset=train, valset=dev)


def _yes(holds: bool) -> Answer:
    return "yes" if holds else "no"


def _candidate(rater: Rater, name: str):
    (found,) = [candidate for candidate in rater.candidates if candidate.name == name]
    return found


def _list_of(candidate) -> Checklist:
    """The checklist of a candidate."""
    assert candidate.rater.checklist is not None
    return candidate.rater.checklist


def test_critiques_are_asked_about_as_they_stand() -> None:
    compiled = _compiled()
    # The aside is said of every item, so it tells nothing; the middling critique holds of the middle only: its items
    # are neither higher nor lower than the others, so it tells nothing on an ordered scale either.
    assert compiled.provenance["chosen"] == "checklist_1"
    assert compiled.provenance["dropped"]["sentences"] == {"tells no label from another": 2}
    checklist = compiled.checklist
    assert checklist is not None
    assert checklist.questions == (
        ChecklistQuestion(f'Does this hold: "{SAID[1]}"?', "no", "1"),
        ChecklistQuestion(f'Does this hold: "{SAID[3]}"?', "yes", "3"),
    )
    # Stories of 1 pass neither question, those of 2 one of two, those of 3 both: half-way lie 0.25 and 0.75.
    assert checklist.thresholds == (Threshold(0, "1"), Threshold(0.25, "2"), Threshold(0.75, "3"))
    assert compiled.candidates[0].dev.metrics["accuracy"].value == 1.0
    assert (compiled.guideline.instruction, compiled.guideline.rubric) == (TOLD.instruction, TOLD.rubric)
    assert compiled(text="story 5 about cccc").label == 3


def test_every_question_rests_on_training_items_that_say_so() -> None:
    compiled = _compiled()
    train = {example["item_id"]: example["label"] for example in TRAIN}
    rules = {rule["heading"]: rule for rule in compiled.provenance["rules"] if rule["part"] == "checklist"}
    assert rules["1"]["sources"] == [id for id, label in train.items() if label == 1]
    assert rules["3"]["sources"] == [id for id, label in train.items() if label == 3]
    assert {rule["author"] for rule in rules.values()} == {"extracted"} and rules["1"]["support"] == 6
    ids = {rule.id for rule in rules_of(compiled.guideline)}
    assert {rule["id"] for rule in compiled.provenance["rules"]} == ids
    fitted = compiled.provenance["fitted"]
    assert (fitted["on"], fitted["folds"], fitted["answered"]) == ("dev", 5, 45)
    assert list(fitted["yes"].values()) == [15, 15]
    assert json.loads(json.dumps(compiled.provenance)) == compiled.provenance


def test_a_writer_makes_questions_of_critiques() -> None:
    writer = Writer()
    compiled = _compiled(writer=writer.lm, subject=Subject("plot", "stories"))
    assert compiled.provenance["chosen"] == "checklist"
    checklist = compiled.checklist
    assert checklist is not None
    assert checklist.questions == (ChecklistQuestion(BROKEN, "no", "1"), ChecklistQuestion(SKILFUL, "yes", "3"))
    rules = {rule["heading"]: rule for rule in compiled.provenance["rules"] if rule["part"] == "checklist"}
    assert all(rule["author"] == "writer" and rule["cited"] for rule in rules.values())
    labels = {example["item_id"]: example["label"] for example in TRAIN}
    assert all(set(rule["sources"]) <= set(labels) and rule["sources"] for rule in rules.values())
    (asked,) = writer.asked
    assert "rate plot of stories" in asked and TOLD.to_markdown() in asked
    assert "[no] where a yes speaks for a lower one" in asked and "Use these labels and no others: 1, 2, 3" in asked
    assert "story 1" not in asked


@pytest.mark.parametrize(
    ("questions", "reason", "complaint"),
    [
        ("", "no_question", "there is no question"),
        ("NONE", "no_question", "there is no question"),
        ("- [yes] Is it good?\n- [no] Is it good?", "no_checklist", "its lines cannot be read"),
        ("- [yes] It ends with skill.", "form", "a question has no question mark at its end"),
        ("- [yes] How does it end?", "form", "a question cannot be answered with yes or no"),
        (f"- [yes] {'Is it so ' * 14}?", "form", "a question has more than 40 words"),
        ("- [yes] Would you rate it highly?", "names_label", "a question asks for the label"),
        ("### 7\n- [yes] Is it good?", "other_scale", "'7' is none of the labels 1, 2, 3"),
        ("- [yes] Is the engagement high?", "off_dimension", "it speaks of engagement"),
        ("- [yes] Is it story 3 about aaaa and nothing else at all?", "copies_item", "it copies item 'item-003'"),
        ("\n".join(f"- [yes] Is it {number}?" for number in range(40)), "too_many", "it has 40 questions"),
    ],
)
def test_written_questions_that_break_a_rule_are_complained_of(questions: str, reason: str, complaint: str) -> None:
    writer = Writer(questions)
    compiled = _compiled(writer=writer.lm, subject=Subject("plot", "stories", others=("engagement",)))
    assert [candidate.name for candidate in compiled.candidates] == ["original"]
    assert complaint in compiled.provenance["skipped"]["checklist"]
    assert len(writer.complaints) == 2 and all(complaint in said for said in writer.complaints)
    better = Writer(questions, again=WRITTEN)
    compiled = _compiled(writer=better.lm, subject=Subject("plot", "stories", others=("engagement",)))
    assert compiled.provenance["chosen"] == "checklist" and compiled.provenance["refused"][reason] == 1


def test_checklists_of_several_sizes_are_tried() -> None:
    said = {
        1: ("The plot breaks off.", "Nobody has a name here."),
        3: ("The ending turns around.", "All have names now."),
    }
    examples = [
        dspy.Example(
            text=f"story {n}", rationale=said[n % 2 * 2 + 1][n // 2 % 2], label=n % 2 * 2 + 1, item_id=f"i{n}"
        ).with_inputs("text")
        for n in range(16)
    ]
    compiled = _compiled(train=examples, critiques_per_level=2)
    sizes = {
        candidate.name: 0 if candidate.rater.checklist is None else len(candidate.rater.checklist.questions)
        for candidate in compiled.candidates
    }
    assert sizes == {"original": 0, "checklist_1": 2, "checklist_2": 4}


def test_on_a_nominal_scale_each_label_has_its_questions() -> None:
    moods = Nominal(["1", "2", "3"])
    relabelled = [
        [dspy.Example(**{**example.toDict(), "label": str(example["label"])}).with_inputs("text") for example in part]
        for part in (TRAIN, DEV)
    ]
    compiled = _compiled(_student(scale=moods), *relabelled)
    checklist = compiled.checklist
    assert checklist is not None and not checklist.thresholds
    assert [(one.level, one.passes) for one in checklist.questions] == [("1", "yes"), ("2", "yes"), ("3", "yes")]
    assert compiled.candidates[0].dev.metrics["accuracy"].value == 1.0
    assert compiled(text="story 4 about bbbb").rationale.endswith("Passed 1 0 of 1, 2 1 of 1, 3 0 of 1.")


def test_the_thresholds_are_those_of_highest_alpha() -> None:
    dice = random.Random(3)
    scale = Ordinal(1, 4)
    golds = [dice.randint(1, 4) for _ in range(40)]
    shares = [min(max(round(gold - 1 + dice.gauss(0, 1)), 0), 4) / 4 for gold in golds]

    def alpha(found) -> float:
        labels = [int([one.level for one in found if one.share <= share][-1]) for share in shares]
        value = agreement(labels, golds, scale, resamples=0).metrics["alpha"].value
        return float("-inf") if value is None else value

    def placed(cuts) -> list[Threshold]:
        # Level 2 from the first cut on, 3 from the second, 4 from the third; equal cuts leave a level out.
        marks = [(0.0, 1), *((cut, level) for cut, level in zip(cuts, (2, 3, 4), strict=True) if cut <= 1)]
        best = {share: level for share, level in marks}
        return [Threshold(share, str(level)) for share, level in sorted(best.items())]

    every = itertools.combinations_with_replacement([0.0, 0.125, 0.375, 0.625, 0.875, 2.0], 3)
    brute = max(alpha(placed(cuts)) for cuts in every)
    assert alpha(thresholds(shares, golds, scale)) == pytest.approx(brute)


def test_with_very_many_levels_thresholds_still_ascend_and_agree() -> None:
    dice = random.Random(4)
    scale = Ordinal(0, 100)
    golds = [dice.randint(0, 100) for _ in range(150)]
    shares = [min(max(round((gold + dice.gauss(0, 8)) / 10), 0), 10) / 10 for gold in golds]
    found = thresholds(shares, golds, scale)
    assert [one.share for one in found] == sorted({one.share for one in found}) and len(found) > 5
    checklist = Checklist(tuple(ChecklistQuestion(f"Is it {number}?") for number in range(10)), found).check(scale)
    answers: list[list[Answer]] = [[_yes(number < round(share * 10)) for number in range(10)] for share in shares]
    labels = [checklist.label(one, scale) for one in answers]
    alpha = agreement(labels, golds, scale, resamples=0).metrics["alpha"].value
    assert alpha is not None and alpha > 0.9


def test_an_answer_that_speaks_the_other_way_beyond_luck_is_turned_around() -> None:
    asked = Checklist((ChecklistQuestion("Is it bad?", "yes"), ChecklistQuestion("Is it long?", "no")))
    golds = [1, 2, 3] * 10
    # "Is it bad?" is said of 1 alone; "Is it long?" of every second item whatever its label.
    answers: list[tuple[Answer, Answer]] = [
        (_yes(gold == 1), _yes(number % 2 == 1)) for number, gold in enumerate(golds)
    ]
    found = fit_checklist(asked, answers, golds, THREE)
    assert [question.passes for question in found.questions] == ["no", "no"]
    assert found.thresholds[0].level == "1"
    assert fit_checklist(asked, answers[:1], golds[:1], THREE) == asked, "one label alone teaches nothing"
    assert fit_checklist(asked, [], [], THREE) == asked


def test_many_models_that_say_the_same_are_no_more_proof_than_one() -> None:
    asked = Checklist((ChecklistQuestion("Is it long?"),))
    golds = [1, 3] * 8
    # Said of 5 of the 8 bad stories and of 3 of the 8 good ones: one standard error.
    answers: list[tuple[Answer]] = [(_yes(place < 10 if place % 2 == 0 else place < 6),) for place in range(16)]
    (alone,) = fit_checklist(asked, answers, golds, THREE).questions
    (five,) = fit_checklist(asked, answers * 5, golds * 5, THREE, raters=5).questions
    (more,) = fit_checklist(asked, answers * 5, golds * 5, THREE).questions
    assert (alone.passes, five.passes, more.passes) == ("yes", "yes", "no")


def test_dev_is_judged_by_labels_of_fits_that_have_not_seen_the_item() -> None:
    # Answers by chance: a fit on all of dev finds something in them, and labels of other folds find nothing.
    asked = Checklist(tuple(ChecklistQuestion(f"Is it {number}?") for number in range(6)))
    inside, outside = [], []
    for seed in range(12):
        dice = random.Random(seed)
        records = [{"id": f"i{n}", "text": f"story {n}", "label": dice.randint(1, 3)} for n in range(40)]
        dev = Corpus.from_records(records, fields=["text"], label="label", id="id", scale=THREE)
        said = {n: "\n".join(f"{q}: {dice.choice(('yes', 'no'))}" for q in range(1, 7)) for n in range(40)}
        lm = scripted_lm(lambda prompt, draw, said=said: said[_number(prompt)])
        rater = Rater(THREE, TOLD.with_checklist(asked), lm=lm)
        found = cross_fitted(Draft("one", rater, to_fit=True), {"own": rater.rate(dev)}, dev, seed=0)
        fitted = found.draft.rater.rate(dev)
        for labels, into in ((fitted.labels, inside), (found.labels["own"], outside)):
            into.append(agreement(labels, dev.golds(), THREE, resamples=0).metrics["alpha"].value)
    assert sum(inside) / 12 > 0.1
    assert sum(outside) / 12 < 0.03


def test_items_of_one_group_are_in_one_fold() -> None:
    records = [{"id": f"i{n}", "text": f"story {n}", "label": n % 3 + 1, "by": f"g{n % 2}"} for n in range(30)]
    dev = Corpus.from_records(records, fields=["text"], label="label", id="id", group="by", scale=THREE)
    asked = Checklist((ChecklistQuestion(BROKEN, "no"), ChecklistQuestion(SKILFUL)))
    rater = _student(TOLD.with_checklist(asked))
    found = cross_fitted(Draft("one", rater, to_fit=True), {"own": rater.rate(dev)}, dev, seed=0)
    assert found.draft.details["fitted"]["folds"] == 2


def test_several_models_share_one_checklist() -> None:
    def other(prompt: Prompt, draw: int) -> str:
        number = _number(prompt)
        asked = _questions(prompt)
        if not asked:
            return "Label: 2"
        return "\n".join(
            f"{place}: {'yes' if _answer(question, number % 3 + 1) else 'no'}"
            for place, question in enumerate(asked, start=1)
        )

    compiled = _compiled(raters=[_student().lm, scripted_lm(other, model_id="other")])
    assert compiled.provenance["chosen"] == "checklist_1" and compiled.provenance["fitted"]["answered"] == 90
    assert len(compiled.candidates[0].details["alphas"]) == 2


def test_questions_that_dev_does_not_miss_are_left_out() -> None:
    odd = "- [yes] Is the number of the story odd? [2]"
    compiled = _compiled(writer=Writer(f"{WRITTEN}\n{odd}").lm, subject=Subject("plot", "stories"), ablate=8)
    assert compiled.provenance["chosen"].endswith("_pruned")
    checklist = compiled.checklist
    assert checklist is not None and [one.text for one in checklist.questions] == [BROKEN, SKILFUL]
    assert [rule["text"] for rule in compiled.provenance["dropped_rules"]] == [odd[2:-4]]
    assert compiled.candidates[0].dev.metrics["accuracy"].value == 1.0
    effects = {rule["text"]: rule["effect"] for rule in compiled.provenance["rules"] if rule["part"] == "checklist"}
    assert all(effect["value"] > 0 for effect in effects.values())


def test_what_is_left_without_a_question_is_fitted_from_what_was_proposed() -> None:
    # All of dev often turns the first mark around, and four of the five folds not always. What all of dev says of it
    # must not reach the folds by way of the checklist whose question is taken out.
    turned = 0
    for seed in range(10):
        dice = random.Random(seed)
        asked = Checklist(tuple(ChecklistQuestion(f"Is it {number}?") for number in range(6)))
        records = [{"id": f"i{n}", "text": f"story {n}", "label": dice.randint(1, 3)} for n in range(30)]
        dev = Corpus.from_records(records, fields=["text"], label="label", id="id", scale=THREE)
        says = {(n, question.text): dice.choice(("yes", "no")) for n in range(30) for question in asked.questions}
        says |= {
            (n, asked.questions[0].text): _yes(dice.random() > float(item.gold or 0) / 4) for n, item in enumerate(dev)
        }

        def script(prompt: Prompt, draw: int, says: dict[tuple[int, str], str] = says) -> str:
            said = (says[_number(prompt), question] for question in _questions(prompt))
            return "\n".join(f"{place}: {answer}" for place, answer in enumerate(said, start=1))

        rater = Rater(THREE, TOLD.with_checklist(asked), lm=scripted_lm(script))
        rules = tuple(RuleRecord.of(rule, "writer") for rule in rules_of(rater.guideline) if rule.part == "checklist")
        gate = Gate(dev, 2, resamples=0)
        (whole,) = gate.measure([Draft("asked", rater, rules, to_fit=True)])
        pruned = ablated(gate, whole, 2).pruned
        if pruned is None or pruned.draft.rater.checklist is None:
            continue
        assert whole.draft.rater.checklist is not None
        turned += whole.draft.rater.checklist.questions[0].passes == "no"
        left = {question.text for question in pruned.draft.rater.checklist.questions}
        bare = Checklist(tuple(question for question in asked.questions if question.text in left))
        anew = Draft("bare", rater.variant(guideline=TOLD.with_checklist(bare)), to_fit=True)
        (apart,) = gate.measure([anew])
        assert pruned.labels == apart.labels
        assert set(pruned.draft.details["fitted"]["yes"]) == left
    assert turned >= 1, turned


def test_what_people_wrote_into_a_distilled_checklist_stays_and_is_fitted() -> None:
    first = _compiled()
    assert first.checklist is not None
    by_hand = ChecklistQuestion("Does it turn out well?", "yes", "3")
    edited = dataclasses.replace(first.checklist, questions=(*first.checklist.questions, by_hand))
    student = first.variant(guideline=first.guideline.with_checklist(edited))
    student.provenance = first.provenance
    second = _compiled(student)
    assert {candidate.name for candidate in second.candidates} >= {"original", "thresholds", "checklist_1"}
    again = _candidate(second, "checklist_1")
    assert by_hand in _list_of(again).questions
    authors = {rule["text"]: rule["author"] for rule in again.details["rules"] if rule["part"] == "checklist"}
    assert authors.pop("[yes] Does it turn out well?") == "human" and set(authors.values()) == {"extracted"}


def test_a_checklist_of_ones_own_is_fitted() -> None:
    own = Checklist((ChecklistQuestion(BROKEN), ChecklistQuestion(SKILFUL)))  # the first one is the wrong way round
    compiled = _compiled(_student(TOLD.with_checklist(own)))
    found = _list_of(_candidate(compiled, "thresholds"))
    assert [question.passes for question in found.questions] == ["no", "yes"]
    assert found.thresholds == (Threshold(0, "1"), Threshold(0.25, "2"), Threshold(0.75, "3"))
    mixed = _list_of(_candidate(compiled, "checklist_1"))
    assert {BROKEN, SKILFUL} < {question.text for question in mixed.questions}
    assert compiled.provenance["chosen"] == "thresholds"


def test_traces_are_reasoning_even_where_the_student_answers_a_checklist() -> None:
    world = ChecklistWorld(stories=20)
    asked = Checklist((ChecklistQuestion(BROKEN, "no"),))
    student = world.teacher().variant(guideline=TOLD.with_checklist(asked))
    traces = RejectionSampling(samples=2).infer(student, trainset=world.corpus.examples())
    assert len(traces) == 20 and all(trace["rationale"].startswith(("The story", "Its")) for trace in traces)
    assert isinstance(student.lm.engine, ScriptedEngine)
    told = [prompt.turns[0].content for prompt, _ in student.lm.engine.asked]
    assert told and all("yes or no" not in one and "Label:" in one for one in told)


def test_what_makes_no_sense_is_refused_before_anything_is_paid() -> None:
    asked = Checklist((ChecklistQuestion(BROKEN, "no"),))
    student = _student(TOLD.with_checklist(asked))
    with pytest.raises(SetupError, match="writes no labels to be trained on"):
        FineTune().compile(student, trainset=TRAIN, valset=DEV)
    for mode in ("extractive", "cases"):
        with pytest.raises(SetupError, match="the student answers a checklist"):
            DistillGuideline(mode).compile(student, trainset=TRAIN, valset=DEV)
    with pytest.raises(SetupError, match="a checklist goes without worked cases"):
        DistillGuideline("checklist", cases_per_level=2)
    with pytest.raises(SetupError, match="is to ask nothing"):
        DistillGuideline("checklist", critiques_per_level=0)
    writer = Writer()
    for other in (_student().variant(order="label"), _student().variant(scoring=Scoring("expected"))):
        with pytest.raises(SetupError):
            _compiled(other, writer=writer.lm)
    assert isinstance(writer.lm.engine, ScriptedEngine) and not writer.lm.engine.asked
    assert (
        DistillGuideline("extractive", cases_per_level=0, resamples=50, ablate=0)
        .compile(student, trainset=TRAIN, valset=DEV)
        .candidates
    )


def test_cases_that_show_labels_are_left_out_of_a_checklist() -> None:
    told = TOLD.with_cases(Case({"text": "story 900"}, "It is good.", "3"))
    compiled = _compiled(_student(told))
    assert compiled.provenance["chosen"] == "checklist_1" and compiled.provenance["cases_left_out"] == 1
    assert not compiled.guideline.cases


def test_where_no_critique_tells_labels_apart_the_guideline_stays() -> None:
    silent = [dspy.Example(**{**one.toDict(), "rationale": ASIDE}).with_inputs("text") for one in TRAIN]
    compiled = _compiled(train=silent)
    assert compiled.guideline == TOLD and compiled.provenance["skipped"] == {"checklist": "no critique is left"}


def _distilled(world: ChecklistWorld) -> tuple[Rater, Corpus]:
    train, dev, test = world.corpus.split(dev=0.4, test=0.3, seed=world.seed)
    student = world.student()
    traces = RejectionSampling(samples=2).infer(student, trainset=train.examples(), teacher=world.teacher())
    compiler = DistillGuideline("checklist", resamples=300, ablate=0, critiques_per_level=4)
    return compiler.compile(student, trainset=traces, valset=dev.examples()), test


def test_in_a_world_with_a_hidden_rule_the_checklist_rater_agrees_better() -> None:
    world = ChecklistWorld(seed=1)
    compiled, test = _distilled(world)
    assert compiled.checklist is not None and compiled.candidates[0].details["difference"]["low"] > 0
    asked = " ".join(question.text for question in compiled.checklist.questions)
    assert all(good in asked or bad in asked for good, bad in THINGS.values())
    # A question about what is good is passed with a yes, one about what is bad with a no.
    for good, bad in THINGS.values():
        passes = {question.passes for question in compiled.checklist.questions if good in question.text}
        fails = {question.passes for question in compiled.checklist.questions if bad in question.text}
        assert passes <= {"yes"} and fails <= {"no"}
    before, after = (rater.rate(test).labels for rater in (world.student(), compiled))
    found = paired_difference(after, before, test.golds(), SCALE, metric="alpha", resamples=500)
    assert found.low is not None and found.low > 0


def _keeps(seed: int) -> bool:
    compiled, _ = _distilled(ChecklistWorld(seed=seed, stories=120, counted=False))
    assert len(compiled.candidates) > 1
    return compiled.checklist is None


def test_where_there_is_nothing_to_learn_the_guideline_stays() -> None:
    assert all(_keeps(seed) for seed in range(2))


@pytest.mark.slow
def test_where_there_is_nothing_to_learn_the_guideline_stays_in_38_of_40_seeds() -> None:
    assert sum(_keeps(seed) for seed in range(40)) >= 38
