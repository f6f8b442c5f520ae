"""Rejection sampling through its public door, with scripted teachers whose behaviour is known."""

import math
import random
import subprocess
import sys
from pathlib import Path

import dspy
import pyarrow.parquet
import pytest

from accord.data import AccordError, Corpus, InputError, Journal, Nominal, Ordinal, SetupError
from accord.optimizers import Budget, Confident, Exhaust, First, RejectionSampling, Within
from accord.programs import Case, Completion, Guideline, Prompt, Rater, ScriptedEngine, scripted_lm

SCALE = Ordinal(1, 5)


def corpus(items: int, scale: Ordinal | Nominal = SCALE) -> Corpus:
    """Return items whose text is unique and whose gold cycles through the levels."""
    levels = scale.levels or ()
    records = [{"text": f"item number {number}", "label": levels[number % len(levels)]} for number in range(items)]
    return Corpus.from_records(records, fields=["text"], label="label", scale=scale)


def number_of(prompt: Prompt) -> int:
    """Return which item a prompt shows."""
    return int(prompt.turns[-1].content.split("item number ")[1].split()[0])


def gold_of(prompt: Prompt) -> int:
    return number_of(prompt) % 5 + 1


def chance(prompt: Prompt, draw: int) -> random.Random:
    return random.Random(f"{prompt.sha256}:{draw}")


def hitting(rate: float):
    """Return a script that says the gold label with this probability, and another one otherwise."""

    def script(prompt: Prompt, draw: int) -> str:
        dice = chance(prompt, draw)
        gold = gold_of(prompt)
        label = gold if dice.random() < rate else dice.choice([level for level in range(1, 6) if level != gold])
        return f"Reason: draw {draw} of item {number_of(prompt)}\nLabel: {label}"

    return script


def rater_for(items: Corpus, script, *, guideline: Guideline | None = None) -> Rater:
    return Rater(items.scale, guideline, fields=items.fields, lm=scripted_lm(script))


def engine_of(rater: Rater) -> ScriptedEngine:
    engine = rater.lm.engine
    assert isinstance(engine, ScriptedEngine)
    return engine


def test_first_stops_at_the_first_match_and_keeps_that_draw() -> None:
    items = corpus(10)
    rater = rater_for(items, lambda prompt, draw: f"Reason: try {draw}\nLabel: {gold_of(prompt) if draw == 2 else 0}")
    traces = RejectionSampling(16, stop=First(), wave=1, filters=()).infer(rater, trainset=items.examples())
    assert len(traces) == 10
    assert {trace["rationale"] for trace in traces} == {"try 2"}
    assert all(trace["draws"] == 3 and trace["hits"] == 1 for trace in traces)
    assert len(engine_of(rater).asked) == 30
    assert traces.unparsed == {"outside_scale": 20}


def test_exhaust_makes_all_draws_and_first_reads_the_same_ones(tmp_path: Path) -> None:
    items = corpus(20)
    rater = rater_for(items, hitting(0.4))
    journal = tmp_path / "journal.sqlite"
    all_draws = RejectionSampling(8, stop=Exhaust(), journal=journal).infer(rater, trainset=items.examples())
    assert len(engine_of(rater).asked) == 160
    first = RejectionSampling(8, stop=First(), journal=journal).infer(rater, trainset=items.examples())
    assert len(engine_of(rater).asked) == 160, "every draw was recorded: nothing is asked again"
    assert first.asked == 0 and first.spent.calls == 0
    assert [trace["item_id"] for trace in first] == [trace["item_id"] for trace in all_draws]


def test_utilization_matches_planted_hit_rates_within_binomial_bounds() -> None:
    items, rate, samples = corpus(400), 0.3, 8
    traces = RejectionSampling(samples, stop=Exhaust()).infer(
        rater_for(items, hitting(rate)), trainset=items.examples()
    )
    found = traces.utilization()
    for k, share in found.curve.items():
        expected = 1 - (1 - rate) ** k
        bound = 4 * math.sqrt(expected * (1 - expected) / len(items))
        assert abs(share - expected) < bound, k
    assert found.above_luck and not found.warning
    assert sum(level.items for level in found.by_level.values()) == 400
    assert sum(level.accepted for level in found.by_level.values()) == found.accepted == len(traces)


@pytest.mark.parametrize("stop", [First(), Exhaust()])
def test_a_teacher_that_ignores_the_item_is_named_not_above_luck(stop: First | Exhaust) -> None:
    items = corpus(400)
    rater = rater_for(
        items, lambda prompt, draw: f"Reason: a guess\nLabel: {random.Random(prompt.sha256 + str(draw)).randint(1, 5)}"
    )
    found = RejectionSampling(16, stop=stop).infer(rater, trainset=items.examples()).utilization()
    # A uniform guesser on five levels matches within 16 draws 1 - 0.8 ** 16 = 97 % of the time.
    assert found.curve[16] > 0.9
    assert abs(found.curve[16] - found.luck[16]) < 0.05
    assert not found.above_luck
    assert "not clearly above luck" in found.warning


def test_a_weak_but_real_teacher_is_above_luck() -> None:
    items = corpus(400)  # chance is 0.2, so 0.26 is 1.3 x chance
    traces = RejectionSampling(16, stop=Exhaust()).infer(rater_for(items, hitting(0.26)), trainset=items.examples())
    assert traces.utilization().above_luck


def test_luck_control_by_hand() -> None:
    # Two items with golds 1 and 2, two draws each: item 0 draws (1, 1), item 1 draws (1, 2).
    items = corpus(2)
    drawn = {0: ["1", "1"], 1: ["1", "2"]}
    rater = rater_for(items, lambda prompt, draw: f"Reason: r\nLabel: {drawn[number_of(prompt)][draw]}")
    found = RejectionSampling(2, stop=Exhaust()).infer(rater, trainset=items.examples()).utilization()
    # k=1: item 0 hits 2/2, item 1 hits 1/2 -> 0.75. k=2: both matched -> 1.
    assert found.curve == {1: 0.75, 2: 1.0}
    # Permuted: item 0 against gold 2 hits 0/2; item 1 against gold 1 hits 1/2 -> k=1: 0.25, k=2: (0 + 1) / 2.
    assert found.luck == {1: 0.25, 2: 0.5}
    assert found.advantage.value == pytest.approx(0.5)


def test_no_blind_prompt_depends_on_the_label() -> None:
    examples = corpus(10).examples()
    asked = []
    for shift in range(5):
        moved = [example.copy(label=(example["label"] + shift - 1) % 5 + 1) for example in examples]
        rater = rater_for(corpus(10), lambda prompt, draw: "Reason: x\nLabel: 3")
        RejectionSampling(1).infer(rater, trainset=moved)
        asked.append(sorted(prompt.bytes for prompt, _ in engine_of(rater).asked))
    assert all(prompts == asked[0] for prompts in asked)


def test_items_nobody_explains_are_reported_and_kept() -> None:
    items = corpus(10)
    rater = rater_for(items, lambda prompt, draw: "Reason: always three\nLabel: 3")
    traces = RejectionSampling(4, stop=Exhaust(), filters=()).infer(rater, trainset=items.examples())
    assert len(traces) == 2
    assert traces.outcomes == {"blind": 2, "no_match": 8}
    assert len(traces.unexplained()) == 8
    assert {example["label"] for example in traces.unexplained()} == {1, 2, 4, 5}
    assert len(traces.rejected()) == 32


def test_a_label_without_a_rationale_explains_nothing() -> None:
    items = corpus(5)
    rater = rater_for(items, lambda prompt, draw: f"Label: {gold_of(prompt)}")
    traces = RejectionSampling(2).infer(rater, trainset=items.examples())
    assert len(traces) == 0
    assert traces.utilization().unparsed == 0


def test_within_accepts_neighbours_and_zero_is_exact() -> None:
    items = corpus(50)
    drawn = [
        {
            trace["item_id"]
            for trace in RejectionSampling(2, stop=First(), accept=accept).infer(
                rater_for(items, hitting(0.3)), trainset=items.examples()
            )
        }
        for accept in (Within(0), Within(1), None)
    ]
    assert drawn[0] == drawn[2] < drawn[1]


def test_lift_is_hit_rate_over_the_chance_of_the_label_on_other_items() -> None:
    # The teacher always says 3: on the items labelled 3 the hit rate is 1 and so is the chance, hence lift 1.
    items = corpus(10)
    rater = rater_for(items, lambda prompt, draw: "Reason: as it always is\nLabel: 3")
    traces = RejectionSampling(4, stop=Exhaust()).infer(rater, trainset=items.examples())
    assert [trace["lift"] for trace in traces] == [1.0, 1.0]
    # A teacher that is always right says each of five labels on 2 of 10 items: 1 of the 9 others, lift 9.
    traces = RejectionSampling(4, stop=Exhaust()).infer(rater_for(items, hitting(1.0)), trainset=items.examples())
    assert all(trace["lift"] == pytest.approx(9.0) for trace in traces)


def test_failed_requests_are_counted_and_asked_again_next_time(tmp_path: Path) -> None:
    items = corpus(6)
    down = True

    def script(prompt: Prompt, draw: int) -> str | Completion:
        if down and number_of(prompt) < 3:
            return Completion("", finish_reason="error", error="LMServerError: 503")
        return f"Reason: as the item says\nLabel: {gold_of(prompt)}"

    rater = rater_for(items, script)
    sampler = RejectionSampling(2, stop=Exhaust(), journal=tmp_path / "journal.sqlite")
    traces = sampler.infer(rater, trainset=items.examples())
    assert traces.errors == 6
    assert len(traces) == 3
    assert traces.utilization().draws == 6
    down = False
    asked = len(engine_of(rater).asked)
    traces = sampler.infer(rater, trainset=items.examples())
    assert len(traces) == 6 and traces.errors == 0
    assert len(engine_of(rater).asked) == asked + 6


def test_every_draw_is_in_the_journal_with_its_reason(tmp_path: Path) -> None:
    items = corpus(4)
    rater = rater_for(items, lambda prompt, draw: "no label here" if draw else f"Reason: r\nLabel: {gold_of(prompt)}")
    path = tmp_path / "journal.sqlite"
    traces = RejectionSampling(2, stop=Exhaust(), journal=path).infer(rater, trainset=items.examples())
    with Journal(path) as journal:
        assert len(journal) == 8
        (source,) = journal.sources()
        assert source == traces.source
        assert sorted(draw.reason for draw in journal.recorded(source)) == [""] * 4 + ["no_label"] * 4
    text = path.read_bytes()
    assert b"item number" not in text, "prompts are kept as hashes"


def test_another_seed_temperature_or_guideline_draws_anew(tmp_path: Path) -> None:
    items = corpus(3)
    rater = rater_for(items, hitting(1.0))
    engine = engine_of(rater)
    path = tmp_path / "journal.sqlite"
    for expected, options, told in [
        (3, {}, rater),
        (3, {}, rater),
        (6, {"seed": 1}, rater),
        (9, {"temperature": 0.7}, rater),
        (12, {}, rater.variant(guideline=Guideline("Another one."))),
    ]:
        RejectionSampling(1, stop=First(), journal=path, **options).infer(told, trainset=items.examples())
        assert len(engine.asked) == expected


def test_the_teacher_may_be_another_rater_under_its_own_guideline() -> None:
    items = corpus(5)
    student = Rater(SCALE, fields=("text",), lm=scripted_lm(lambda prompt, draw: pytest.fail("the student draws")))
    case = Case({"text": "a made-up item"}, "because", "2")
    teacher = rater_for(items, hitting(1.0), guideline=Guideline("Rate.").with_cases(case))
    traces = RejectionSampling(1, stop=First()).infer(student, trainset=items.examples(), teacher=teacher)
    assert len(traces) == 5
    assert all(len(prompt.turns) == 4 for prompt, _ in engine_of(teacher).asked)


@pytest.mark.parametrize(
    ("what", "kind", "words"),
    [
        (lambda: RejectionSampling(0), SetupError, "samples"),
        (lambda: RejectionSampling(1, temperature=0), SetupError, "temperature"),
        (lambda: RejectionSampling(wave=0), SetupError, "wave"),
        (lambda: RejectionSampling(max_tokens=0), SetupError, "max_tokens"),
        (lambda: RejectionSampling(hint="always"), SetupError, "hint"),  # pyright: ignore[reportArgumentType]
        (lambda: Confident(level=1.0), SetupError, "level"),
        (lambda: Confident(worth=0), SetupError, "worth"),
        (lambda: Within(-1), SetupError, "negative"),
        (lambda: RejectionSampling(1).infer(Rater(SCALE), trainset=[]), SetupError, "trainset"),
        (lambda: RejectionSampling(1).infer(Rater(SCALE), trainset=corpus(5).examples()), SetupError, "no model"),
        (
            lambda: RejectionSampling(1).infer(dspy.Predict("a -> b"), trainset=corpus(5).examples()),
            SetupError,
            "Rater",
        ),
        (lambda: RejectionSampling(1).compile(Rater(SCALE), trainset=corpus(5).examples()), SetupError, "into"),
        (
            lambda: RejectionSampling(1).infer(
                rater_for(corpus(5), hitting(1.0)),
                trainset=corpus(5).examples(),
                teacher=rater_for(corpus(5, Nominal(["a", "b"])), hitting(1.0)),
            ),
            SetupError,
            "scale",
        ),
        (
            lambda: RejectionSampling(1).infer(
                rater_for(corpus(5), hitting(1.0)), trainset=[dspy.Example(text="x", label=9).with_inputs("text")]
            ),
            InputError,
            "9",
        ),
        (
            lambda: RejectionSampling(1).infer(
                rater_for(corpus(5), hitting(1.0)), trainset=[dspy.Example(other="x", label=1).with_inputs("other")]
            ),
            InputError,
            "text",
        ),
    ],
)
def test_wrong_set_up_is_one_line_before_anything_is_drawn(what, kind: type[AccordError], words: str) -> None:
    with pytest.raises(kind) as caught:
        what()
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_nothing_handed_in_is_changed() -> None:
    items = corpus(5)
    rater = rater_for(items, hitting(1.0))
    examples = items.examples()
    before = [example.toDict() for example in examples], rater.guideline, rater.fields
    RejectionSampling(2).infer(rater, trainset=examples)
    assert ([example.toDict() for example in examples], rater.guideline, rater.fields) == before


def test_traces_go_to_parquet_with_everything_that_was_drawn(tmp_path: Path) -> None:
    items = corpus(10)
    traces = RejectionSampling(2, stop=Exhaust()).infer(rater_for(items, hitting(0.5)), trainset=items.examples())
    traces.to_parquet(tmp_path / "traces.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "traces.parquet").to_pylist()
    assert len(table) == 10
    assert sum(row["rationale"] is not None for row in table) == len(traces)
    assert all(len(row["drawn"]) == row["draws"] == 2 for row in table)


KILLED = """
import sys
from accord.data import Corpus, Ordinal
from accord.optimizers import Exhaust, RejectionSampling
from accord.programs import Rater, scripted_lm

def script(prompt, draw):
    print(prompt.sha256, draw, flush=True)
    sys.stdin.readline()  # no further than the one who kills has followed
    number = int(prompt.turns[-1].content.split("item number ")[1].split()[0])
    return f"Reason: this is draw {draw}\\nLabel: {(number * 7 + draw * 3) % 5 + 1}"

records = [{"text": f"item number {number}", "label": number % 5 + 1} for number in range(40)]
corpus = Corpus.from_records(records, fields=["text"], label="label", scale=Ordinal(1, 5))
rater = Rater(corpus.scale, fields=("text",), lm=scripted_lm(script))
traces = RejectionSampling(6, stop=Exhaust(), journal=sys.argv[1]).infer(rater, trainset=corpus.examples())
print("traces", *(f"{trace['item_id']}:{trace['rationale']}" for trace in traces), sep="|")
"""


def test_a_killed_run_goes_on_and_asks_no_recorded_draw_again(tmp_path: Path) -> None:
    """Kill -9 at random points until a run gets through; nothing recorded is lost or asked twice."""
    dice = random.Random(5)
    whole, asked = run_until(tmp_path / "whole.sqlite", None)
    assert len(asked) == 240
    path = tmp_path / "killed.sqlite"
    recorded: set[tuple[str, int]] = set()
    kills = 0
    result = None
    while result is None:
        result, asked = run_until(path, dice.randint(10, 60) if kills < 5 else None)
        assert not asked & recorded, "a recorded draw was asked again"
        with Journal(path) as journal:
            now = {(draw.prompt, draw.index) for source in journal.sources() for draw in journal.recorded(source)}
        assert recorded <= now, "a recorded draw was lost"
        recorded = now
        kills += result is None
    assert kills >= 3
    assert len(recorded) == 240
    assert result == whole


def run_until(path: Path, lines: int | None) -> tuple[str | None, set[tuple[str, int]]]:
    """Run the sampler in a process of its own and kill it once it has asked for so many draws."""
    command = [sys.executable, "-c", KILLED, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    asked: set[tuple[str, int]] = set()
    result = None
    with process:
        for line in process.stdout:
            if line.startswith("traces|"):
                result = line
                continue
            sha256, draw = line.split()
            asked.add((sha256, int(draw)))
            process.stdin.write("\n")
            process.stdin.flush()
            if lines is not None and len(asked) == lines:
                process.kill()
                break
    return result, asked


def test_a_forecast_leaves_out_items_that_the_budget_cut_short() -> None:
    items = corpus(40)
    rater = rater_for(items, hitting(0.5))
    whole = RejectionSampling(8, stop=Exhaust()).forecast(rater, trainset=items.examples(), pilot=10)
    assert whole.draws.value == 320 and whole.known == 10
    # Eight draws of one prompt are one call here: the budget pays for three items of the pilot.
    sampler = RejectionSampling(8, stop=Exhaust(), budget=Budget(calls=3))
    found = sampler.forecast(rater, trainset=items.examples(), pilot=10)
    assert found.draws.value == 320 and found.known == 3
    with pytest.raises(SetupError, match="the budget ended the pilot"):
        RejectionSampling(8, budget=Budget(calls=0)).forecast(rater, trainset=items.examples(), pilot=10)
