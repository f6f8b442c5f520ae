"""The loss of `regression` and of weighted rows: against differences, by hand, and however a step is cut."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy
import pytest

from accord.data import Corpus, InputError, Interval, Nominal, Ordinal, Scale, SetupError
from accord.optimizers.finetune import FineTune
from accord.optimizers.finetuning.objectives import make_rows
from accord.optimizers.training_jobs.job import Parameters, TrainingJob, read_job, rows_hash, rows_text, write_job
from accord.optimizers.training_jobs.rows import Row, shared_prefix
from accord.programs import Guideline, LocalEngine, Rater, local_lm

pytestmark = pytest.mark.filterwarnings("default")
FIVE = Ordinal(1, 5)
TEN = Ordinal(1, 10)
TASTE = Ordinal.of(["bad", "good", "very good", "very bad indeed"])
HALVES = Interval(-2, 2, 0.5)
GUIDELINE = Guideline("How friendly is it?")


def _example(text: str, label: Any, rationale: str = "It greets.", **more: Any) -> dspy.Example:
    return dspy.Example(text=text, label=label, rationale=rationale, **more).with_inputs("text")


def _examples(scale: Scale) -> list[dspy.Example]:
    levels = scale.levels or ()
    texts = ["Hello!", "Go away", "Dear all", "Hm", "Bah", "Good day to you", "Hi", "No"]
    return [
        _example(text, levels[place * 3 % len(levels)], f"Reason {'so ' * (place % 3)}{place}.")
        for place, text in enumerate(texts)
    ]


def _rater(scale: Scale) -> Rater:
    return Rater(scale, GUIDELINE)


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def _rows(folder: Path, scale: Scale, **options: Any) -> tuple[Row, ...]:
    options = {"context": 512, "regression_weight": 1.0, **options}
    return make_rows(_rater(scale), _examples(scale), _tokenizer(folder), **options).rows


def _gpt(tokenizer: Any) -> Any:
    """Return a random model that computes in double precision throughout (a Llama's norms would not)."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    ends: Any = {"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id}
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=512, n_embd=16, n_layer=2, n_head=2, **ends)
    config.resid_pdrop = config.embd_pdrop = config.attn_pdrop = 0.0
    config._attn_implementation = "eager"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = GPT2LMHeadModel(config).double()
        for weights in model.parameters():
            torch.nn.init.normal_(weights, std=0.3)
    return model


def _trainer(
    folder: Path, rows: tuple[Row, ...], out: Path, *, prefix: int = 0, plain: bool = False, **args: Any
) -> Any:
    pytest.importorskip("trl")
    from datasets import Dataset
    from trl.trainer.sft_config import SFTConfig

    from accord.optimizers.trainer.completion_trainer import CompletionTrainer

    tokenizer = _tokenizer(folder)
    return CompletionTrainer(
        model=_gpt(tokenizer),
        args=SFTConfig(
            output_dir=str(out),
            bf16=False,
            use_cpu=True,
            max_length=None,
            report_to=[],
            gradient_checkpointing=False,
            remove_unused_columns=plain,
            dataset_kwargs={"skip_prepare_dataset": True},
            **{"save_strategy": "no", "disable_tqdm": True, **args},
        ),
        train_dataset=Dataset.from_list(_columns(rows)),
        processing_class=tokenizer,
        prefix=prefix,
        rows=None if plain else rows,
    )


def _columns(rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    return [{"input_ids": row.input_ids, "labels": row.labels, "row": place} for place, row in enumerate(rows)]


def _loss(trainer: Any, rows: tuple[Row, ...]) -> Any:
    return trainer.compute_loss(trainer.model, trainer.data_collator(_columns(rows)))


def _shares_by_definition(
    model: Any, tokenizer: Any, rater: Rater, rationale: str, prompt: tuple[int, ...]
) -> list[float]:
    """Return p(level) from whole replies, one by one: no cache, no shared start, no id known beforehand."""
    import torch

    said = [rater.reply(rationale, level) for level in rater.scale.levels or ()]
    replies = [[*tokenizer(one, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id] for one in said]
    scores: list[Any] = []
    for ids in replies:
        others = [other for other in replies if other is not ids]
        own = next(length for length in range(1, len(ids) + 1) if all(o[:length] != ids[:length] for o in others))
        with torch.no_grad():
            logs = model(input_ids=torch.tensor([[*prompt, *ids]])).logits[0].log_softmax(-1)
        scores.append(sum(logs[len(prompt) - 1 + place, ids[place]] for place in range(own)))
    return torch.stack(scores).double().softmax(-1).tolist()


def _error_by_definition(
    model: Any, tokenizer: Any, rater: Rater, example: dspy.Example, prompt: tuple[int, ...]
) -> float:
    """Return (E - gold)^2 in units of which the scale spans four."""
    values = [rater.scale.value(level) for level in rater.scale.levels or ()]
    shares = _shares_by_definition(model, tokenizer, rater, example.rationale, prompt)
    unit = (max(values) - min(values)) / 4
    expected = sum(share * value for share, value in zip(shares, values, strict=True))
    return ((expected - rater.scale.value(example.label)) / unit) ** 2


@pytest.fixture(scope="module")
def merging_model(tiny_model, tmp_path_factory) -> Path:
    """Return a tokenizer that was trained on rated texts: it joins digits, and labels with what is before them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts = ["Reason: It greets so well.\nLabel: 10", "Label: very good", "Label: very bad indeed", "Label: -1.5"] * 50
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=320, initial_alphabet=alphabet))
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>")
    wrapped.chat_template = _tokenizer(tiny_model).chat_template
    folder = tmp_path_factory.mktemp("merging") / "model"
    wrapped.save_pretrained(folder)
    assert len(wrapped(" 10", add_special_tokens=False)["input_ids"]) == 1
    assert len(_tokenizer(tiny_model)(" 10", add_special_tokens=False)["input_ids"]) == 3
    return folder


@pytest.mark.parametrize("scale", [FIVE, TEN, TASTE, HALVES], ids=["digits", "1 and 10", "names", "halves"])
@pytest.mark.parametrize("tokens", ["tiny_model", "merging_model"])
@pytest.mark.parametrize("shared", [True, False])
def test_the_loss_is_its_definition_with_any_tokenizer(request, tmp_path, tokens, scale, shared):
    folder = request.getfixturevalue(tokens)
    rows = _rows(folder, scale, regression_weight=0.7)
    prefix = shared_prefix(rows) if shared else 0
    assert not shared or prefix > 20
    plain = tuple(replace(row, aim=None) for row in rows)
    trainer = _trainer(folder, rows, tmp_path, prefix=prefix)
    error = _loss(trainer, rows) - _loss(_trainer(folder, plain, tmp_path, plain=True), plain)
    by_hand = [
        _error_by_definition(
            _gpt(trainer.processing_class), trainer.processing_class, _rater(scale), example, row.prompt
        )
        for example, row in zip(_examples(scale), rows, strict=True)
    ]
    assert error.item() == pytest.approx(0.7 * sum(by_hand) / len(by_hand), rel=1e-9)
    assert max(by_hand) > 0.1


@pytest.mark.parametrize("scale", [FIVE, TEN, TASTE], ids=["digits", "1 and 10", "names"])
def test_the_local_engine_reads_the_levels_that_training_does(tiny_model, tmp_path, scale):
    """Deployment computes in bfloat16 (8 bits), with a cache and padded batches; the definition does without them."""
    import torch

    tokenizer = _tokenizer(tiny_model)
    model = _gpt(tokenizer).to(torch.bfloat16)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    rater, examples = _rater(scale), _examples(scale)
    engine = LocalEngine(tmp_path)
    prompts = [rater.prompt({"text": example.text}) for example in examples]
    replies = [[rater.reply(example.rationale, level) for level in scale.levels or ()] for example in examples]
    found = engine.choice_log_probabilities(prompts, replies)
    for prompt, logs, example in zip(prompts, found, examples, strict=True):
        assert logs is not None
        ids = tuple(engine.encode(prompt))
        wanted = _shares_by_definition(model.double(), tokenizer, rater, example.rationale, ids)
        assert max(wanted) - min(wanted) > 0.1
        assert torch.tensor(logs).softmax(-1).tolist() == pytest.approx(wanted, abs=0.05)
    long = rater.prompt({"text": "word " * 200})
    assert engine.choice_log_probabilities([long, prompts[0]], [replies[0], replies[0]])[0] is None


@pytest.mark.parametrize("scale", [FIVE, TEN])
def test_the_gradient_is_that_of_differences(tiny_model, tmp_path, scale):
    import torch

    rows = _rows(tiny_model, scale)[:3]
    trainer = _trainer(tiny_model, rows, tmp_path, prefix=shared_prefix(rows))
    weights = list(trainer.model.parameters())
    gradient = torch.autograd.grad(_loss(trainer, rows), weights)
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        direction = [torch.randn(one.shape, generator=generator, dtype=one.dtype) for one in weights]
        slope = sum(float((one * along).sum()) for one, along in zip(gradient, direction, strict=True))
        sides: list[float] = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                for one, along in zip(weights, direction, strict=True):
                    one.add_(along, alpha=step)
                sides.append(_loss(trainer, rows).item())
                for one, along in zip(weights, direction, strict=True):
                    one.sub_(along, alpha=step)
        assert (sides[0] - sides[1]) / 2e-6 == pytest.approx(slope, rel=1e-6)


def test_with_weight_0_the_loss_is_cross_entropy(tiny_model, tmp_path):
    import torch

    rows = _rows(tiny_model, TEN, regression_weight=0.0)
    trace = _rows(tiny_model, TEN, regression_weight=None)
    assert all(row.aim is None for row in trace)
    assert [row.input_ids for row in rows] == [row.input_ids for row in trace]
    one, other = _trainer(tiny_model, rows, tmp_path), _trainer(tiny_model, trace, tmp_path, plain=True)
    losses = _loss(one, rows), _loss(other, trace)
    torch.testing.assert_close(*losses, rtol=1e-12, atol=0)
    pairs = [
        torch.autograd.grad(loss, list(of.model.parameters())) for loss, of in zip(losses, (one, other), strict=True)
    ]
    for got, wanted in zip(*pairs, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-12)


def test_another_numbering_of_the_tokens_changes_nothing(tiny_model, tmp_path):
    import torch

    folder = tmp_path / "renumbered"
    shutil.copytree(tiny_model, folder)
    content = json.loads((folder / "tokenizer.json").read_text())
    count = len(content["model"]["vocab"])
    content["model"]["vocab"] = {piece: count - 1 - number for piece, number in content["model"]["vocab"].items()}
    specials = {token["id"] for token in content["added_tokens"]}
    assert min(specials) >= count
    (folder / "tokenizer.json").write_text(json.dumps(content))
    here, there = _rows(tiny_model, TEN), _rows(folder, TEN)
    assert here[0].aim is not None and there[0].aim is not None
    assert here[0].aim.tails != there[0].aim.tails
    first, second = _trainer(tiny_model, here, tmp_path), _trainer(folder, there, tmp_path)
    embedding = second.model.get_input_embeddings().weight  # GPT-2 has one matrix for input and output
    assert second.model.get_output_embeddings().weight is embedding
    with torch.no_grad():
        embedding[:count] = first.model.get_input_embeddings().weight[:count].flip(0)
    assert _loss(second, there).item() == pytest.approx(_loss(first, here).item(), rel=1e-9)


@pytest.mark.parametrize("scale", [FIVE, TEN])
def test_a_step_is_the_same_however_it_is_cut(tiny_model, tmp_path, scale):
    import torch

    weighted = [example.copy(weight=1 + place) for place, example in enumerate(_examples(scale))]
    rows = make_rows(
        _rater(scale), weighted, _tokenizer(tiny_model), context=512, weighted=True, regression_weight=2.0
    ).rows
    assert len({len(row.completion) for row in rows}) > 1
    steps: dict[int, Any] = {}
    for size in (8, 4, 1):
        cut = {"per_device_train_batch_size": size, "gradient_accumulation_steps": 8 // size}
        args = {"max_steps": 1, "optim": "sgd", "learning_rate": 0.1, "max_grad_norm": 0.0, "logging_steps": 1}
        trainer = _trainer(tiny_model, rows, tmp_path, prefix=shared_prefix(rows), **cut, **args)
        trainer.train()
        (logged,) = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        steps[size] = logged, [one.detach().clone() for one in trainer.model.parameters()]
    start = list(_gpt(_tokenizer(tiny_model)).parameters())
    moved = max((one - other).abs().max().item() for one, other in zip(start, steps[8][1], strict=True))
    assert moved > 1e-3
    for size in (4, 1):
        assert steps[size][0] == pytest.approx(steps[8][0], rel=1e-6)
        for got, wanted in zip(steps[size][1], steps[8][1], strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-12)


def test_dev_rows_are_measured_by_themselves_whatever_count_comes_with_them(tiny_model, tmp_path, monkeypatch):
    """TRL hands on no count where it measures, transformers does."""
    from trl.trainer.sft_trainer import SFTTrainer

    rows = _rows(tiny_model, FIVE)
    trainer = _trainer(tiny_model, rows, tmp_path, per_device_eval_batch_size=8)
    wanted = trainer.evaluate(trainer.train_dataset)["eval_loss"]
    assert wanted == pytest.approx(_loss(trainer, rows).item(), rel=1e-5)

    def with_count(self: Any, model: Any, inputs: Any, *_: Any, **__: Any) -> tuple[Any, None, None]:
        return self.compute_loss(model, self._prepare_inputs(inputs), num_items_in_batch=7).detach(), None, None

    monkeypatch.setattr(SFTTrainer, "prediction_step", with_count)
    assert trainer.evaluate(trainer.train_dataset)["eval_loss"] == pytest.approx(wanted, rel=1e-6)


def test_weights_are_shares_of_the_completions_tokens(tiny_model, tmp_path):
    tokenizer, rater = _tokenizer(tiny_model), Rater(FIVE, GUIDELINE, order="label")
    examples = [_example("Hello!", 4, weight=0.5), _example("Go away", 1, weight=1.5), _example("Hm", 3, weight=0)]

    def rows(factor: float, *given: dspy.Example) -> tuple[Row, ...]:
        scaled = [example.copy(weight=example.weight * factor) for example in given]
        return make_rows(rater, scaled, tokenizer, context=512, weighted=True).rows

    made = rows(1.0, *examples)
    # "Label: 4" and the end are 9 tokens in both; 0.5 and 1.5 are 1 on average. What weighs nothing is no row.
    assert [row.weight for row in made] == [0.5, 1.5]
    assert rows(1 / 3, *examples) == rows(7, *examples) == made
    assert [row.weight for row in rows(0.3, *examples[:1])] == [1.0]
    assert [row.weight for row in make_rows(rater, examples, tokenizer, context=512).rows] == [1.0, 1.0, 1.0]
    alone = [tuple([replace(row, weight=1.0)]) for row in made]
    one, other = (_loss(_trainer(tiny_model, each, tmp_path, plain=True), each).item() for each in alone)
    both = _loss(_trainer(tiny_model, made, tmp_path), made).item()
    assert both == pytest.approx((0.5 * one + 1.5 * other) / 2, rel=1e-9)
    named = Rater(Ordinal.of(["4", "very"]), GUIDELINE, order="label")
    uneven = [_example("Hello!", "4", weight=0.5), _example("Bah", "very", weight=1.5)]
    weights = [row.weight for row in make_rows(named, uneven, tokenizer, context=512, weighted=True).rows]
    # 9 and 12 tokens: the weights are brought to 1 by 21 / (0.5 * 9 + 1.5 * 12) = 21 / 22.5.
    assert weights == pytest.approx([0.5 * 21 / 22.5, 1.5 * 21 / 22.5])


@pytest.mark.parametrize("weight", [-1, float("nan"), "much", True])
def test_a_weight_that_is_none_is_refused(tiny_model, weight):
    with pytest.raises(InputError, match=r"trainset, 'Hello!'.*its weight is"):
        example = _example("Hello!", 4, weight=weight)
        make_rows(_rater(FIVE), [example], _tokenizer(tiny_model), context=512, weighted=True)


def test_weights_that_are_all_nothing_are_refused(tiny_model):
    with pytest.raises(SetupError, match="all examples weigh 0"):
        examples = [_example("Hello!", 4, weight=0)]
        make_rows(_rater(FIVE), examples, _tokenizer(tiny_model), context=512, weighted=True)


@pytest.mark.parametrize(
    ("scale", "label", "message"),
    [
        (Nominal(["a", "b"]), "a", "a nominal scale has none"),
        (Interval(-4, 4), 0.5, "an? interval scale without step has none.*with a step"),
        (Interval(0, 999, 1), 5.0, "more passes for each row on 1000 levels.*larger step"),
    ],
)
def test_a_scale_without_levels_to_expect_is_refused(tiny_model, scale, label, message):
    with pytest.raises(SetupError, match=message):
        example = _example("Hello!", label)
        make_rows(_rater(scale), [example], _tokenizer(tiny_model), context=512, regression_weight=1.0)


def test_rows_are_written_with_what_they_have_and_read_back(tiny_model, tmp_path):
    plain = Row((1, 2), (3, 4))
    assert rows_text([plain]) == '{"prompt": [1, 2], "completion": [3, 4]}\n'  # as it always was: no job is new
    rows = [plain, replace(plain, weight=0.5), *_rows(tiny_model, TEN)]
    job = TrainingJob(str(tiny_model), "0", rows_hash(rows), Parameters(2, 4, 1, 1e-3, 2, 0))
    write_job(tmp_path, job, rows)
    assert read_job(tmp_path / "job.json") == (job, rows)


@pytest.mark.parametrize("wrong", [-1.0, float("inf")])
def test_a_weight_of_the_regression_that_cannot_be_is_refused(wrong):
    with pytest.raises(SetupError, match="regression_weight="):
        FineTune(regression_weight=wrong)


RATE = (
    "import json, sys; from accord.data import Corpus, Ordinal; from accord.programs import Rater\n"
    "rater = Rater.load(sys.argv[1])\n"
    "records = [{'text': text, 'label': 3} for text in json.loads(sys.argv[2])]\n"
    "corpus = Corpus.from_records(records, fields=['text'], label='label', scale=rater.scale)\n"
    "print(json.dumps([[r.label, r.score, r.unparsed] for r in rater.rate(corpus)]))\n"
)


@pytest.mark.slow
def test_a_rater_compiled_by_regression_rates_the_same_in_a_fresh_process(tiny_model, tmp_path):
    student = Rater(FIVE, GUIDELINE, lm=local_lm(LocalEngine(tiny_model)))
    trainset = [example.copy(rationale="So.") for example in _examples(FIVE)] * 2
    valset = [_example(f"text {place}", place % 5 + 1) for place in range(5)]
    compiler = FineTune(
        objectives=("label_first", "regression"),
        lora_rank=8,
        epochs=4,
        learning_rate=5e-3,
        weighted=True,
        workspace=tmp_path / "work",
    )
    trainset = [
        example.copy(text=f"{example.text} {place}", weight=1 + place % 2) for place, example in enumerate(trainset)
    ]
    compiled = compiler.compile(student, trainset=trainset, valset=valset)
    by_name = {candidate.name: candidate for candidate in compiled.candidates}
    assert set(by_name) == {"label_first", "regression", "regression_expected"}
    assert by_name["label_first"].rater.order == "label_rationale"
    assert by_name["regression"].rater.scoring.rule == "mode"
    expected = by_name["regression_expected"].rater
    assert expected.scoring.rule == "expected"
    told = json.loads(json.dumps(by_name["regression_expected"].details))
    assert (told["regression_weight"], told["weighted"], told["objective"]) == (1.0, True, "regression")
    assert told["losses"][-1] < told["losses"][0]

    texts = [example.text for example in trainset]
    records = [{"text": text, "label": 3} for text in texts]
    corpus = Corpus.from_records(records, fields=["text"], label="label", scale=FIVE)
    # Random weights hardly ever finish a rationale; read without one, the same weights score every item.
    for name, rater in {"as compiled": expected, "label alone": expected.variant(order="label")}.items():
        here = [[rating.label, rating.score, rating.unparsed] for rating in rater.rate(corpus)]
        assert name == "as compiled" or len({score for _, score, _ in here}) > 1
        rater.save(tmp_path / name)
        (tmp_path / "work").rename(tmp_path / "elsewhere")
        command = [sys.executable, "-c", RATE, str(tmp_path / name), json.dumps(texts)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        (tmp_path / "elsewhere").rename(tmp_path / "work")
        there = json.loads(done.stdout.splitlines()[-1])
        assert [row[::2] for row in there] == [row[::2] for row in here]
        assert [row[1] for row in there] == [row[1] for row in here]
