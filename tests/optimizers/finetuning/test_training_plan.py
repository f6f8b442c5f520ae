"""What the training of an objective is planned to be: on which scales and tokenizers, and what stops it early."""

import json
import shutil
from pathlib import Path
from typing import Any

import dspy
import pytest

from accord.data import Corpus, Draw, Interval, Item, Ordinal, Scale, SetupError
from accord.optimizers.finetuning.objectives import Objective
from accord.optimizers.finetuning.planner import Plan, Planner
from accord.optimizers.finetuning.plans import first_round
from accord.optimizers.finetuning.preferences import Preference
from accord.optimizers.training_jobs.hyperparameters import Parameters
from accord.programs import Guideline, LocalEngine, Rater, encode_prompt, local_lm

TASTE = Ordinal.of(["bad", "good", "very good", "very bad indeed"])
SCRIPTS = Ordinal.of(["плохо", "очень плохо", "良い", "とても良い", "अच्छा"])
SCALES: dict[str, Scale] = {
    "1 to 10": Ordinal(1, 10),
    "names": TASTE,
    "other scripts": SCRIPTS,
    "0 to 100 by 5": Interval(0, 100, 5),
    "0 to 100": Ordinal(0, 100),
    "-2 to 2 by halves": Interval(-2, 2, 0.5),
}
FIVE = Ordinal(1, 5)
TRAINED: tuple[Objective, ...] = ("trace", "label", "label_first", "regression")


def _example(text: str, label: Any, rationale: str | None = None, **more: Any) -> dspy.Example:
    extra = {} if rationale is None else {"rationale": rationale}
    return dspy.Example(text=text, label=label, **extra, **more).with_inputs("text")


def _traced(scale: Scale) -> list[dspy.Example]:
    levels = scale.levels or ()
    return [_example(f"text {place}", level, f"It is {place}.") for place, level in enumerate(levels)]


def _planner(
    model: Path,
    scale: Scale,
    out: Path,
    *,
    valset: Any = (),
    patience: int | None = None,
    weighted: bool = False,
) -> Planner:
    engine = LocalEngine(model)
    student = Rater(scale, Guideline("Rate it."), lm=local_lm(engine))
    parameters = Parameters(2, 4, 1, 1e-3, 2, 0, patience=patience)
    return Planner(student, engine, parameters, out, weighted=weighted, regression_weight=1.0, valset=valset)


def _tokenizer(model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(model)


def _without(model: Path, letters: str, out: Path) -> Path:
    """Return a copy of a model whose tokenizer leaves out some characters."""
    shutil.copytree(model, out)
    content = json.loads((out / "tokenizer.json").read_text())
    content["model"]["vocab"] = {one: id for one, id in content["model"]["vocab"].items() if one not in letters}
    (out / "tokenizer.json").write_text(json.dumps(content))
    return out


def _plan(made: Plan | str) -> Plan:
    assert isinstance(made, Plan), made
    return made


@pytest.mark.parametrize("name", list(SCALES))
@pytest.mark.parametrize("objective", TRAINED)
def test_every_label_of_every_scale_is_written_and_read_back(tiny_model, tmp_path, objective, name):
    scale, tokenizer = SCALES[name], _tokenizer(tiny_model)
    examples = _traced(scale)
    plan = _plan(_planner(tiny_model, scale, tmp_path).of_examples(objective, examples))
    assert len(plan.rows) == len(examples)
    for row, example in zip(plan.rows, examples, strict=True):
        text = tokenizer.decode(row.completion, skip_special_tokens=True)
        read = plan.rater.adapter.parse(plan.rater.signature, text)
        assert read["label"] == example.label
        assert read["rationale"] == ("" if plan.rater.order == "label" else example.rationale)


@pytest.mark.parametrize(("name", "most"), [("1 to 10", 1), ("0 to 100 by 5", 10), ("0 to 100", 9), ("names", 20)])
def test_wide_scales_take_few_more_passes(tiny_model, tmp_path, name, most):
    """Bytes are the worst case: a tokenizer with a token for each number needs no pass beside the row itself."""
    scale = SCALES[name]
    plan = _plan(_planner(tiny_model, scale, tmp_path).of_examples("regression", _traced(scale)))
    for row in plan.rows:
        assert row.aim is not None and len(row.aim.branches) <= most
        assert len(row.aim.tails) == len(scale.levels or ())


def test_without_steps_labels_are_learned_and_only_the_regression_is_refused(tiny_model, tmp_path):
    planner = _planner(tiny_model, Interval(0, 1), tmp_path)
    examples = [_example("a", 0.25, "It is low."), _example("b", 0.7123, "It is high.")]
    plan = _plan(planner.of_examples("trace", examples))
    assert _tokenizer(tiny_model).decode(plan.rows[1].completion) == "Reason: It is high.\nLabel: 0.7123<|end|>"
    with pytest.raises(SetupError, match=r"'regression' needs levels with values.*interval scale with a step"):
        planner.of_examples("regression", examples)


@pytest.mark.parametrize(
    ("missing", "scale", "level"),
    [
        ("0123456789", Ordinal(1, 5), "'1'"),
        ("7", Ordinal(1, 10), "'7'"),
        ("7", Interval(0, 1), "'0.7"),
        ("d", TASTE, "'bad'"),
    ],
)
def test_a_tokenizer_that_cannot_write_a_level_is_one_clear_error(tiny_model, tmp_path, missing, scale, level):
    model = _without(tiny_model, missing, tmp_path / "model")
    if missing == "7" and scale.levels is None:
        level = "'0."
    with pytest.raises(SetupError, match=rf"base model: its tokenizer cannot write the level {level}.*Ordinal.of"):
        _planner(model, scale, tmp_path)


def test_levels_are_named_otherwise_where_the_tokenizer_has_no_digits(tiny_model, tmp_path):
    model = _without(tiny_model, "0123456789", tmp_path / "model")
    scale = Ordinal.of(["A", "B", "C"])
    plan = _plan(_planner(model, scale, tmp_path).of_examples("regression", _traced(scale)))
    assert [row.aim.gold - row.aim.values[0] for row in plan.rows if row.aim is not None] == [0, 2, 4]
    assert all(row.aim is not None and row.aim.branches == () for row in plan.rows)


def test_items_beyond_the_context_are_named_and_the_others_trained(tiny_model, tmp_path):
    long = _example("word " * 200, 2, "It is long.", item_id="the long one")
    plan = _plan(_planner(tiny_model, Ordinal(1, 5), tmp_path).of_examples("label", [*_traced(Ordinal(1, 5)), long]))
    assert plan.too_long == ("the long one",)
    assert len(plan.rows) == 5


COMPARED: tuple[Objective, ...] = ("trace", "label", "label_first", "regression", "trace_shuffled", "label_all")


def test_what_trace_is_compared_with_learns_from_the_same_items(tiny_model, tmp_path):
    examples = [
        _example(f"text {place}", place % 5 + 1, "It is so. " * (50 if place < 3 else 1 + place), item_id=f"i{place}")
        for place in range(10)
    ]
    tokenizer, texts = _tokenizer(tiny_model), [example.text for example in examples]
    plans, skipped = first_round(_planner(tiny_model, FIVE, tmp_path), COMPARED, examples, None)
    assert skipped == {}
    for plan in plans:
        everything = plan.objective == "label_all"
        assert plan.too_long == (() if everything else ("i0", "i1", "i2"))
        prompts = [tokenizer.decode(row.prompt) for row in plan.rows]
        wanted = texts if everything else texts[3:]
        assert len(prompts) == len(wanted)
        assert all(text in prompt for text, prompt in zip(wanted, prompts, strict=True))
    (mixed,) = [plan for plan in plans if plan.objective == "trace_shuffled"]
    replies = " ".join(tokenizer.decode(row.completion) for row in mixed.rows)
    assert "It is so. " * 20 not in replies  # no rationale of an item that was left out
    assert mixed.details["kept_their_own"] == 3  # i5, i6, i7: of a label with the items that were left out


def test_an_item_that_its_new_rationale_makes_too_long_is_named(tiny_model, tmp_path):
    long, short = _example("word " * 60, 1, "So.", item_id="long"), _example("b", 1, "So " * 80, item_id="short")
    examples = [long, short, *_traced(FIVE)[1:]]
    planner = _planner(tiny_model, FIVE, tmp_path)
    assert _plan(planner.of_examples("trace", examples)).too_long == ()
    assert _plan(planner.of_examples("trace_shuffled", examples)).too_long == ("long",)


def test_items_that_all_have_one_label_are_no_reason_to_train(tiny_model, tmp_path):
    alike = [_example(f"text {place}", 3, "So.") for place in range(4)]
    long = _example("word " * 200, 2, "It is long.")
    planner = _planner(tiny_model, FIVE, tmp_path)
    said = "all 4 rows have the label '3'"
    plans, skipped = first_round(planner, COMPARED, [*alike, long, _example("other", 1)], None)
    assert ([plan.objective for plan in plans], skipped) == (["label_all"], dict.fromkeys(COMPARED[:-1], said))
    worse = Draw("x", "0", 0, 1, "It is bad.", "")
    assert planner.of_pairs([Preference("x", example, worse, 2.0) for example in alike]) == said
    weighed = [example.copy(weight=float(example.label == 3)) for example in [*alike, *_traced(FIVE)]]
    assert _planner(tiny_model, FIVE, tmp_path, weighted=True).of_examples("label", weighed) == said.replace("4", "5")


def test_pairs_are_weighed_and_what_weighs_nothing_is_counted(tiny_model, tmp_path):
    worse = Draw("x", "0", 0, 1, "It is bad.", "")
    better = [_example(f"text {label}", label, "It is good.", weight=label - 3) for label in (3, 4, 5)]
    pairs = [Preference("x", example, worse, 3.0) for example in better]
    planner = _planner(tiny_model, FIVE, tmp_path, weighted=True)
    plan = _plan(planner.of_pairs(pairs))
    assert [row.weight for row in plan.rows] == pytest.approx([2 / 3, 4 / 3])
    assert plan.details == {"weighted": True, "weightless": 1}
    trace = _plan(planner.of_examples("trace", better))
    assert (len(trace.rows), trace.details["weightless"]) == (2, 1)
    later = _plan(planner.of_pairs(pairs, round=2))  # nobody has weighed its own replies
    assert ({row.weight for row in later.rows}, later.details) == ({1.0}, {"weighted": False})
    plain = _plan(_planner(tiny_model, FIVE, tmp_path).of_pairs(pairs))
    assert plain.job == later.job and plain.details == later.details


def test_a_reply_is_given_no_room_that_a_prompt_needs(tiny_model, tmp_path):
    planner = _planner(tiny_model, FIVE, tmp_path)
    short = _plan(planner.of_examples("label", _traced(FIVE)))
    assert short.max_tokens == 2 * len(short.rows[0].completion)
    examples = [_example(f"text {place}", place % 5 + 1, "So it was. " * 20) for place in range(5)]
    plan = _plan(planner.of_examples("trace", examples))
    longest = max(len(row.completion) for row in plan.rows)
    left = 512 - longest - max(len(row.prompt) for row in plan.rows)
    assert 20 < left < longest and plan.max_tokens == longest + left // 2
    rater = plan.rater.variant(lm=local_lm(LocalEngine(tiny_model), max_tokens=plan.max_tokens))
    items = [Item(text, {"text": text}) for text in ["a new text", *(example.text for example in examples)]]
    assert [rating.error for rating in rater.rate(Corpus(items, FIVE, ("text",)))] == [""] * 6
    # A reply that was learned is never cut short, also where a prompt with a short reply leaves less room.
    uneven = _plan(planner.of_examples("trace", [*examples, _example("word " * 60, 1, "So.")]))
    assert uneven.max_tokens == longest


def test_a_base_without_a_chat_template_reads_the_turns_one_after_the_other(tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "plain")
    for file in ("tokenizer_config.json", "chat_template.jinja"):
        path = tmp_path / "plain" / file
        if path.suffix == ".jinja":
            path.unlink(missing_ok=True)
        else:
            path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "chat_template"}))
    tokenizer = _tokenizer(tmp_path / "plain")
    assert tokenizer.chat_template is None
    planner = _planner(tmp_path / "plain", Ordinal(1, 5), tmp_path)
    (row, *_) = _plan(planner.of_examples("trace", _traced(Ordinal(1, 5)))).rows
    prompt = planner.student.prompt({"text": "text 0"})
    assert list(row.prompt) == encode_prompt(tokenizer, prompt) == LocalEngine(tmp_path / "plain").encode(prompt)
    assert tokenizer.decode(row.prompt) == "".join(f"{turn.content}\n\n" for turn in prompt.turns)


VALSET = [_example("dev 1", 1, "It is so."), _example("dev 2", 2), _example("dev 3", 3, " ")]


@pytest.mark.parametrize(
    ("objective", "rows", "said"),
    [
        ("label", 3, "by the loss on 3 of 3 dev examples"),
        ("label_all", 3, "by the loss on 3 of 3 dev examples"),
        ("trace", 1, "by the loss on 1 of 3 dev examples"),
        ("trace_shuffled", 1, "by the loss on 1 of 3 dev examples"),
        ("regression", 1, "by the loss on 1 of 3 dev examples"),
    ],
)
def test_training_stops_early_by_dev_examples_of_its_own_kind(tiny_model, tmp_path, objective, rows, said):
    plan = _plan(_planner(tiny_model, FIVE, tmp_path, valset=VALSET, patience=2).of_examples(objective, _traced(FIVE)))
    assert len(plan.dev_rows) == rows
    assert plan.details["early_stopping"] == said
    assert plan.job.dev_hash is not None and plan.job.parameters.patience == 2
    assert all((row.aim is not None) == (objective == "regression") for row in plan.dev_rows)


def test_without_rationales_in_the_valset_all_epochs_are_trained_and_that_is_said(tiny_model, tmp_path):
    planner = _planner(tiny_model, FIVE, tmp_path, valset=VALSET[1:], patience=2)
    plan = _plan(planner.of_examples("trace", _traced(FIVE)))
    assert plan.dev_rows == () and plan.job.dev_hash is None and plan.job.parameters.patience is None
    assert plan.details["early_stopping"] == "none: no example of the valset has a rationale"
    silent = _plan(_planner(tiny_model, FIVE, tmp_path, valset=VALSET).of_examples("trace", _traced(FIVE)))
    assert "early_stopping" not in silent.details and silent.dev_rows == ()
    assert silent.job.hash == plan.job.hash  # the same training


def test_pairs_cannot_stop_early_and_that_is_said(tiny_model, tmp_path):
    planner = _planner(tiny_model, FIVE, tmp_path, valset=VALSET, patience=2)
    worse = Draw("x", "0", 0, 1, "It is bad.", "")
    better = [_example("text", label, "It is good.") for label in (4, 5)]
    plan = _plan(planner.of_pairs([Preference("x", example, worse, 3.0) for example in better]))
    assert plan.details["early_stopping"] == "none: the valset has no pairs of replies"
    assert plan.job.parameters.patience is None and plan.rows[0].rejected
