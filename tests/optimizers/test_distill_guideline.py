"""Guidelines distilled from traces, with a scripted model that rates by what it was told."""

import json
import re

import dspy
import numpy as np
import pytest

from accord.data import Corpus, InputError, Interval, Journal, Nominal, Ordinal, SetupError
from accord.optimizers import RejectionSampling
from accord.optimizers.distill_guideline import DistillGuideline as Distillation
from accord.optimizers.drafts.critiques import Rationale, clusters, critiques, sentences
from accord.optimizers.drafts.leak_guard import LeakGuard
from accord.optimizers.embedders import vectorizer_of
from accord.programs import Case, Guideline, Rater, ScriptedEngine, scripted_lm

THREE = Ordinal(1, 3)
TOLD = Guideline("Read it\ntwice.  Then rate.", "1: rude\n3: warm", (Case({"text": "Hm."}, "Nothing in it.", "2"),))
THEMES = {
    1: ["The writer insults the reader with harsh words.", "There is an open threat of violence here."],
    2: ["Only plain facts about the weather are given.", "A neutral question about opening hours is asked."],
    3: ["The writer thanks the reader for kind help.", "Many cheerful wishes for a happy birthday appear."],
}


def DistillGuideline(mode=None, **options):
    """Without ablation, so that the drafts are what is measured; see test_rule_ablation."""
    return Distillation(mode, **{"ablate": 0, **options})


def _examples(first, count, scale=THREE):
    """Items whose text shows their gold to the script, with rationales on one of two themes of their level."""
    made = []
    for number in range(first, first + count):
        gold = number % 3 + 1
        theme = THEMES[gold][0 if number % 5 else 1]
        made.append(
            dspy.Example(
                text=f"message {number} shade {'xyz'[number % 3]}",
                rationale=f"{theme} Therefore the label is {gold}.",
                label=gold,
                item_id=f"item-{number:03}",
            ).with_inputs("text")
        )
    return made


TRAIN, DEV = _examples(0, 30), _examples(100, 24)


def _gold(prompt):
    found = re.search(r"message (\d+) ", prompt.turns[-1].content)
    assert found is not None, f"unforeseen: {prompt.turns[-1].content}"
    return int(found.group(1)) % 3 + 1


def _rating(knows):
    """Return a script that reads the gold of an item where `knows(prompt)`, and else gives every second item a 2."""

    def script(prompt, draw):
        gold = _gold(prompt)
        number = int(re.findall(r"message (\d+) ", prompt.turns[-1].content)[0])
        return f"Reason: so.\nLabel: {gold if knows(prompt) or number % 2 else 2}"

    return script


def _has_rules(prompt):
    return "- The writer insults" in prompt.turns[0].content


def _has_cases(prompt):
    return len(prompt.turns) > 4  # system, the student's own case, and the item


def _student(knows, told=TOLD, **options):
    return Rater(THREE, told, lm=scripted_lm(_rating(knows)), **options)


def _candidate(rater, name):
    (found,) = [candidate for candidate in rater.candidates if candidate.name == name]
    return found


def _extracted(rater):
    return [rule for rule in rater.provenance["rules"] if rule["author"] == "extracted"]


def test_the_rubric_gets_a_critique_of_each_cluster_with_its_support():
    compiled = DistillGuideline(critiques_per_level=2).compile(_student(_has_rules), trainset=TRAIN, valset=DEV)
    told = _candidate(compiled, "rubric").rater.guideline
    assert (told.instruction, told.cases) == (TOLD.instruction, TOLD.cases), "byte for byte"
    # 30 items, 10 a level; every fifth item is on the second theme, 2 of each level's 10.
    assert told.rubric == (
        "1: rude\n3: warm\n\nWhat was said of items of each label, with the number of items it was said of:\n\n"
        "### 1\n- The writer insults the reader with harsh words. (8 items)\n"
        "- There is an open threat of violence here. (2 items)\n\n"
        "### 2\n- Only plain facts about the weather are given. (8 items)\n"
        "- A neutral question about opening hours is asked. (2 items)\n\n"
        "### 3\n- The writer thanks the reader for kind help. (8 items)\n"
        "- Many cheerful wishes for a happy birthday appear. (2 items)"
    )


def test_cases_show_the_item_most_like_the_others_of_its_level():
    compiled = DistillGuideline().compile(_student(_has_cases), trainset=TRAIN, valset=DEV)
    told = _candidate(compiled, "cases").rater.guideline
    assert (told.instruction, told.rubric) == (TOLD.instruction, TOLD.rubric), "byte for byte"
    assert told.cases[: len(TOLD.cases)] == TOLD.cases
    new = told.cases[len(TOLD.cases) :]
    assert sorted(case.label for case in new) == ["1", "2", "3"]
    vectorizer = vectorizer_of([example["text"] for example in TRAIN])
    for case in new:
        level = [example for example in TRAIN if str(example["label"]) == case.label]
        vectors = vectorizer.transform([example["text"] for example in level]).toarray()
        spread = [float(((vectors - vector) ** 2).sum()) for vector in vectors]
        (place,) = [place for place, example in enumerate(level) if example["text"] == case.fields["text"]]
        assert spread[place] == pytest.approx(min(spread))
        assert case.rationale == level[place]["rationale"]


def test_both_has_the_rules_of_one_and_the_cases_of_the_other():
    compiled = DistillGuideline().compile(_student(_has_rules), trainset=TRAIN, valset=DEV)
    rubric, cases, both = (_candidate(compiled, name).rater.guideline for name in ("rubric", "cases", "both"))
    assert (both.instruction, both.rubric, both.cases) == (TOLD.instruction, rubric.rubric, cases.cases)
    assert {candidate.name for candidate in compiled.candidates} == {"original", "rubric", "cases", "both"}


@pytest.mark.parametrize(
    ("knows", "chosen"),
    [
        (_has_rules, "rubric"),  # "both" does as well and comes later
        (_has_cases, "cases"),
        (lambda prompt: _has_rules(prompt) and _has_cases(prompt), "both"),
        (lambda prompt: False, "original"),  # all tie
        (lambda prompt: True, "original"),
        (lambda prompt: not _has_rules(prompt) and not _has_cases(prompt), "original"),  # all others are worse
    ],
)
def test_the_gate_lets_the_best_on_dev_through_and_the_original_wins_ties(knows, chosen):
    student = _student(knows)
    compiled = DistillGuideline(resamples=200).compile(student, trainset=TRAIN, valset=DEV)
    assert [candidate.name for candidate in compiled.candidates if candidate.chosen] == [chosen]
    assert compiled.candidates[0].name == chosen == compiled.provenance["chosen"]
    assert compiled is compiled.candidates[0].rater and compiled is not student
    assert (compiled.guideline == TOLD) == (chosen == "original")
    alphas = [candidate.dev.metrics["alpha"].value for candidate in compiled.candidates]
    numbers = [value for value in alphas[1:] if value is not None]
    assert len(numbers) == 3 and numbers == sorted(numbers, reverse=True)
    for candidate in compiled.candidates:
        assert ("difference" in candidate.details) == (candidate.name != "original")


def test_a_candidate_that_is_worse_says_by_how_much():
    compiled = DistillGuideline().compile(_student(lambda prompt: not _has_rules(prompt)), trainset=TRAIN, valset=DEV)
    difference = _candidate(compiled, "rubric").details["difference"]
    assert difference["high"] < 0 and difference["metric"] == "alpha" and difference["n"] == len(DEV)


def test_unreadable_answers_count_as_the_constant_one_and_are_counted():
    def script(prompt, draw):
        return "no idea" if _has_rules(prompt) else f"Label: {_gold(prompt) if _gold(prompt) < 3 else 2}"

    student = Rater(THREE, TOLD, lm=scripted_lm(script))
    compiled = DistillGuideline().compile(student, trainset=TRAIN, valset=DEV)
    rubric = _candidate(compiled, "rubric")
    assert rubric.details["unparsed"] == {"no_label": len(DEV)}
    assert (rubric.dev.fill, rubric.dev.n, rubric.dev.unparsed) == (2, len(DEV), len(DEV))
    assert compiled.provenance["chosen"] == "original"


def test_every_rule_and_case_keeps_its_sources():
    compiled = DistillGuideline(critiques_per_level=2).compile(
        _student(lambda prompt: _has_rules(prompt) and _has_cases(prompt)), trainset=TRAIN, valset=DEV
    )
    by_id = {example["item_id"]: example for example in TRAIN}
    provenance = json.loads(json.dumps(compiled.provenance))
    assert len(_extracted(compiled)) == 6 and len(provenance["cases"]) == 3
    for rule in _extracted(compiled):
        assert rule["text"] in compiled.guideline.rubric
        assert rule["support"] == len(rule["sources"]) and rule["author"] == "extracted"
        for source in rule["sources"]:
            assert rule["text"] in by_id[source]["rationale"] and str(by_id[source]["label"]) == rule["heading"]
    for case in provenance["cases"]:
        assert str(by_id[case["item"]]["label"]) == case["level"]
    assert provenance["items"] == compiled.candidates[0].items == 30
    assert provenance["guideline"] == TOLD.hash and provenance["model"] == "scripted"
    # Every rationale ends with a sentence that announces its label: no rule is made of it.
    assert provenance["dropped"]["sentences"] == {"names the label": 30}
    assert "label is" not in compiled.guideline.rubric


def test_rules_that_copy_training_texts_are_refused_and_counted():
    text = "my neighbour mows his ugly lawn at six every single morning"
    copied = f"The message says that {text} and complains."
    examples = [
        dspy.Example(text=f"{text} {number}", rationale=said, label=1, item_id=str(number)).with_inputs("text")
        for number, said in enumerate([copied, copied, copied, "The message says that neighbours complain."])
    ]
    student = _student(lambda prompt: "neighbours complain" in prompt.turns[0].content)
    others = [example for example in TRAIN if example["label"] > 1]
    compiled = DistillGuideline(critiques_per_level=1).compile(student, trainset=examples + others, valset=DEV)
    assert compiled.provenance["dropped"]["sentences"]["copies an item"] == 3
    rule = _extracted(compiled)[0]
    assert rule["text"] == "The message says that neighbours complain."
    assert rule["sources"] == ["0", "1", "2", "3"], "the cluster's support is what it was"
    assert "lawn" not in compiled.guideline.rubric


def test_the_leak_guard_finds_runs_of_eight_words_and_whole_short_items():
    items = {"a": "One two three four five six seven eight nine ten", "b": "Go away, you fool!", "c": "Nice try"}
    guard = LeakGuard(items.items())
    assert guard.copied("He says: 'two, THREE four five six - seven eight nine' and leaves.") == "a"
    assert guard.copied("The message go away you fool is rude") == "b"
    assert guard.copied("two three four five six seven eight, but not more") is None
    assert guard.copied("go away you silly fool") is None
    assert guard.copied("a nice try of the writer") is None
    assert guard.copied("") is None


def test_a_cluster_is_represented_by_its_next_sentence_where_the_first_one_copies():
    copied = "he mows the lawn at six every single sunday morning"
    said = [
        Rationale("a", 1, f"{copied.capitalize()}."),
        Rationale("b", 1, f"{copied.capitalize()}."),
        Rationale("c", 1, "He mows the lawn at six on a sunday morning."),
    ]
    found, dropped = critiques(said, [1], per_level=1, guard=LeakGuard([("copied", copied)]))
    assert [(critique.text, critique.sources) for critique in found] == [
        ("He mows the lawn at six on a sunday morning.", ("a", "b", "c"))
    ]
    assert dropped == {"copies an item": 2}
    found, dropped = critiques(said[:2], [1], per_level=1, guard=LeakGuard([("copied", copied)]))
    assert found == [] and dropped == {"copies an item": 2}


def test_a_critique_is_the_sentence_nearest_the_centroid():
    rng = np.random.default_rng(0)
    words = ["harsh", "rude", "cold", "mean", "loud", "long", "short", "angry"]
    texts = sorted({" ".join(rng.choice(words, 5)) for _ in range(40)})
    vectors = vectorizer_of(texts).transform(texts)
    dense = vectors.toarray()
    for rows in clusters(vectors, 3, seed=0):
        centre = dense[rows].mean(axis=0)
        distances = [float(np.linalg.norm(dense[row] - centre)) for row in rows]
        assert distances[0] == pytest.approx(min(distances))
        pairwise = [sum(float(((dense[row] - dense[other]) ** 2).sum()) for other in rows) for row in rows]
        assert pairwise[0] == pytest.approx(min(pairwise)), "it is the medoid too"
    assert sorted(row for rows in clusters(vectors, 3, seed=0) for row in rows) == list(range(len(texts)))


def test_fewer_different_sentences_than_clusters_are_no_problem():
    said = [Rationale(str(number), 1, "The writer insults the reader.") for number in range(5)]
    found, dropped = critiques(said, [1, 2], per_level=3, guard=LeakGuard([]))
    assert [(critique.text, critique.support) for critique in found] == [("The writer insults the reader.", 5)]
    assert dropped == {}


def test_sentences():
    text = 'It is rude. "Go away!" he says, i.e. he means it.\n\n- First point\n2. Second  point? Yes!\n最初。次'
    assert sentences(text) == [
        "It is rude.",
        '"Go away!" he says, i.e. he means it.',
        "First point",
        "Second point?",
        "Yes!",
        "最初。",
        "次",
    ]
    assert sentences(" \n ") == []


def test_long_items_never_become_cases():
    long = [example.copy(text=f"{example['text']} {'very ' * 300}long") for example in TRAIN]
    short = TRAIN[:3]
    student = _student(_has_cases)
    compiled = DistillGuideline(max_case_chars=200).compile(student, trainset=[*short, *long[3:]], valset=DEV)
    chosen = {case["item"] for case in _candidate(compiled, "cases").details["cases"]}
    assert chosen == {example["item_id"] for example in short}
    assert compiled.provenance["dropped"]["cases"] == {"too long": 27}
    compiled = DistillGuideline(max_case_chars=10).compile(student, trainset=TRAIN, valset=DEV)
    assert compiled.provenance["skipped"] == {"cases": "no case is left", "both": "no case is left"}
    assert {candidate.name for candidate in compiled.candidates} == {"original", "rubric"}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"critiques_per_level": 0}, {"original", "cases"}),
        ({"cases_per_level": 0}, {"original", "rubric"}),
        ({"cases_per_level": 2}, {"original", "rubric", "cases", "both"}),
    ],
)
def test_either_part_can_be_left_out(options, names):
    compiled = DistillGuideline(**options).compile(_student(_has_rules), trainset=TRAIN, valset=DEV)
    assert {candidate.name for candidate in compiled.candidates} == names
    if options.get("cases_per_level") == 2:
        labels = [case["level"] for case in _candidate(compiled, "cases").details["cases"]]
        assert sorted(labels) == ["1", "1", "2", "2", "3", "3"]
        assert labels not in (sorted(labels), sorted(labels)[::-1]), "small models count on after levels in order"


def test_the_result_depends_on_the_seed_and_not_on_the_order():
    def rules(examples, seed=0):
        compiled = DistillGuideline(seed=seed).compile(_student(_has_rules), trainset=examples, valset=DEV)
        return [candidate.rater.guideline.hash for candidate in compiled.candidates], compiled.provenance

    assert rules(TRAIN) == rules(TRAIN[::-1]) == rules(TRAIN)


def test_examples_without_a_rationale_only_guard_and_count(tmp_path):
    bare = [example.without("rationale") for example in TRAIN[15:]]
    compiled = DistillGuideline().compile(_student(_has_rules), trainset=TRAIN[:15] + bare, valset=DEV)
    sources = {source for rule in compiled.provenance["rules"] for source in rule["sources"]}
    assert sources <= {example["item_id"] for example in TRAIN[:15]}


def test_traces_of_rejection_sampling_and_the_whole_chain(tmp_path):
    """Teacher and student are one scripted model: a draw gives the item's theme, a rating needs the rules."""

    def script(prompt, draw):
        number = int(re.findall(r"message (\d+) ", prompt.turns[-1].content)[0])
        knows = _has_rules(prompt) or number < 100
        label = _gold(prompt) if knows and number != 7 else 2 if number % 2 else 3
        return f"Reason: {THEMES[_gold(prompt)][0]}\nLabel: {label}"

    records = [{"id": e["item_id"], "text": e["text"], "label": e["label"]} for e in [*TRAIN, *DEV]]
    corpus = Corpus.from_records(records, fields=["text"], label="label", id="id", scale=THREE)
    train, dev = corpus[: len(TRAIN)], corpus[len(TRAIN) :]
    student = Rater(THREE, TOLD, lm=scripted_lm(script))
    assert isinstance(student.lm.engine, ScriptedEngine)
    path = tmp_path / "journal.sqlite"
    compiler = RejectionSampling(4, journal=path, into=DistillGuideline(journal=path))
    compiled = compiler.compile(student, trainset=train.examples(), valset=dev.examples())
    assert compiled.provenance["chosen"] == "rubric"
    assert compiled.agreement(dev).metrics["accuracy"].value == 1.0
    asked = len(student.lm.engine.asked)
    again = compiler.compile(student, trainset=train.examples(), valset=dev.examples())
    assert len(student.lm.engine.asked) == asked, "a rerun with the journal asks nothing"
    assert again.guideline == compiled.guideline
    third = compiler.compile(compiled, trainset=train.examples(), valset=dev.examples())
    fourth = compiler.compile(third, trainset=train.examples(), valset=dev.examples())
    assert fourth.provenance["student"]["guideline"] == compiled.guideline.hash
    assert "student" not in fourth.provenance["student"], "a record does not grow with every distillation"
    compiled.save(tmp_path / "rater")
    assert Rater.load(tmp_path / "rater").guideline == compiled.guideline
    assert Rater.load(tmp_path / "rater").provenance["rules"] == compiled.provenance["rules"]


def test_an_open_journal_stays_open(tmp_path):
    student = _student(_has_rules)
    with Journal(tmp_path / "journal.sqlite") as journal:
        DistillGuideline(journal=journal).compile(student, trainset=TRAIN, valset=DEV)
        assert len(journal) == 4 * len(DEV)


def test_progress_counts_to_the_end():
    seen = []
    compiler = DistillGuideline(progress=lambda done, total, note: seen.append((done, total, note)))
    compiler.compile(_student(_has_rules), trainset=TRAIN, valset=DEV)
    counts = [done for done, _, _ in seen]
    assert counts == sorted(counts) and counts[-1] == 4 * len(DEV) and {total for _, total, _ in seen} == {4 * len(DEV)}
    assert list(dict.fromkeys(note for _, _, note in seen)) == [
        f"rating dev: {name}" for name in ("original", "rubric", "cases", "both")
    ]


def test_dev_gold_is_never_shown():
    student = _student(_has_rules)
    DistillGuideline().compile(student, trainset=TRAIN, valset=DEV)
    other = _student(_has_rules)
    turned = [example.copy(label=4 - example["label"]) for example in DEV]
    DistillGuideline().compile(other, trainset=TRAIN, valset=turned)
    engines = [rater.lm.engine for rater in (student, other)]
    asked = [[prompt.bytes for prompt, _ in engine.asked] for engine in engines if isinstance(engine, ScriptedEngine)]
    assert asked[0] == asked[1] and len(asked[0]) == 4 * len(DEV)


def test_named_levels_and_several_fields():
    scale = Nominal(["plain", "ironic"])
    examples = [
        dspy.Example(
            question=f"q {number}",
            answer=f"a {number}",
            label=["plain", "ironic"][number % 2],
            rationale=["He means what he says.", "He means the opposite of it."][number % 2],
        ).with_inputs("question", "answer")
        for number in range(8)
    ]
    lm = scripted_lm(lambda prompt, draw: "Label: plain")
    compiled = DistillGuideline().compile(
        Rater(scale, fields=("question", "answer"), lm=lm), trainset=examples[:6], valset=examples[6:]
    )
    told = _candidate(compiled, "both").rater.guideline
    assert "### plain\n- He means what he says. (3 items)\n\n### ironic\n- He means the opposite" in told.rubric
    assert sorted(case.label for case in told.cases) == ["ironic", "plain"]
    assert set(told.cases[0].fields) == {"question", "answer"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "instruction"}, "mode='instruction'.*two_stage, extractive, cases"),
        ({"mode": "two_stage"}, "'two_stage' needs a writer model"),
        ({"subsets": 0}, "subsets=0"),
        ({"mode": "cases", "cases_per_level": 0}, "'cases' is to add nothing"),
        ({"critiques_per_level": -1}, "critiques_per_level=-1"),
        ({"critiques_per_level": 0, "cases_per_level": 0}, "'extractive' is to add nothing"),
        ({"resamples": -1}, "resamples=-1"),
    ],
)
def test_a_wrong_policy_is_refused_at_once(options, said):
    with pytest.raises(SetupError, match=said):
        DistillGuideline(**options)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"valset": None}, SetupError, "dev"),
        ({"valset": []}, SetupError, "dev"),
        ({"valset": TRAIN[:3]}, SetupError, "3 of 3 items of the valset are in the trainset"),
        ({"trainset": []}, SetupError, "trainset is empty"),
        ({"trainset": [example.without("rationale") for example in TRAIN]}, SetupError, "has a rationale"),
        ({"trainset": [TRAIN[0].copy(label=9)]}, InputError, r"trainset\[0\]"),
        ({"student": Rater(THREE)}, SetupError, "no model"),
        ({"student": dspy.Predict("text -> label")}, SetupError, "not a Rater"),
    ],
)
def test_a_wrong_set_up_is_refused_before_anything_is_asked(change, error, said):
    student = _student(_has_rules)
    given = {"student": student, "trainset": TRAIN, "valset": DEV} | change
    with pytest.raises(error, match=said):
        DistillGuideline().compile(given["student"], trainset=given["trainset"], valset=given["valset"])
    assert isinstance(student.lm.engine, ScriptedEngine) and student.lm.engine.asked == []


def test_a_scale_without_levels_is_refused():
    examples = [dspy.Example(text=str(number), label=0.5, rationale="So.").with_inputs("text") for number in range(4)]
    student = Rater(Interval(0, 1), lm=scripted_lm(lambda prompt, draw: "0.5"))
    with pytest.raises(SetupError, match="no levels"):
        DistillGuideline().compile(student, trainset=examples[:2], valset=examples[2:])
