"""What a training row is: the bytes of a request, the reply, and a loss on the reply alone."""

import shutil
from collections.abc import Sequence
from types import SimpleNamespace

import dspy
import numpy as np
import pytest

from accord.data import Corpus, Item, Ordinal, SetupError, content_id
from accord.optimizers.dspy_provider.chat_rows import chat_rows
from accord.optimizers.finetuning.objectives import ORDERS, Rows, examples_for, make_rows, shuffled, traced
from accord.optimizers.training_jobs.rows import IGNORED, Row, shared_prefix
from accord.programs import Case, Guideline, LocalEngine, Prompt, Rater, local_lm
from worlds.tiny_model import TEMPLATE

GUIDELINE = Guideline("How friendly is it?").with_cases(Case({"text": "Bah."}, "It grumbles.", "1"))


def _example(text: str, label: int, rationale: str | None = None) -> dspy.Example:
    extra = {} if rationale is None else {"rationale": rationale}
    return dspy.Example(text=text, label=label, **extra).with_inputs("text")


EXAMPLES = [_example("Hello!", 4, "It greets."), _example("Go away", 1), _example("Dear all", 5, "It is warm.")]


class _Spy(LocalEngine):
    """Remembers what the model is really given."""

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        self.sent: list[tuple[int, ...]] = []

    def encode(self, prompt: Prompt) -> list[int]:
        ids = super().encode(prompt)
        self.sent.append(tuple(ids))
        return ids


def _tokenizer(path):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(path)


@pytest.mark.parametrize("objective", ["trace", "label", "label_all", "label_first", "regression", "trace_shuffled"])
def test_a_training_row_has_the_bytes_of_a_request_at_deployment(tiny_model, objective):
    engine = _Spy(tiny_model)
    rater = Rater(Ordinal(1, 5), GUIDELINE, lm=local_lm(engine, max_tokens=1), order=ORDERS[objective])
    tokenizer = _tokenizer(tiny_model)
    rows = make_rows(rater, EXAMPLES, tokenizer, context=512).rows
    items = [Item(str(place), {"text": example.text}) for place, example in enumerate(EXAMPLES)]
    rater.rate(Corpus(items, rater.scale, ("text",)))
    assert [row.prompt for row in rows] == engine.sent
    for row, example in zip(rows, EXAMPLES, strict=True):
        engine.sent.clear()
        rater(text=example.text)  # through DSPy
        assert engine.sent == [row.prompt]
    replies = [tokenizer.decode(row.completion) for row in rows]
    if objective in ("trace", "regression", "trace_shuffled"):
        assert replies[0] == "Reason: It greets.\nLabel: 4<|end|>"
    elif objective == "label_first":
        assert replies[0] == "Label: 4\nReason: It greets.<|end|>"
    else:
        assert replies == ["Label: 4<|end|>", "Label: 1<|end|>", "Label: 5<|end|>"]


def test_a_template_that_refuses_system_turns_gives_rating_and_training_the_same_bytes(tiny_model, tmp_path):
    refuser = tmp_path / "refuser"
    tokenizer = _tokenizer(tiny_model)
    shutil.copytree(tiny_model, refuser)
    refusal = "{{ raise_exception('System role not supported') }}"
    tokenizer.chat_template = f"{{% if messages[0]['role'] == 'system' %}}{refusal}{{% endif %}}{TEMPLATE}"
    tokenizer.save_pretrained(refuser)
    engine = _Spy(refuser)
    rater = Rater(Ordinal(1, 5), GUIDELINE, lm=local_lm(engine, max_tokens=1))
    tokenizer = _tokenizer(refuser)
    (row, *_) = make_rows(rater, EXAMPLES, tokenizer, context=512).rows
    rater.rate(Corpus([Item("0", {"text": EXAMPLES[0].text})], rater.scale, ("text",)))
    assert engine.sent == [row.prompt]
    begun, *_ = rater.prompt({"text": EXAMPLES[0].text}).turns
    assert tokenizer.decode(row.prompt).startswith(f"<|start|>user\n{begun.content}\n\n")


@pytest.mark.parametrize("order", ["rationale_label", "label_rationale"])
def test_control_tokens_in_a_rationale_are_only_text_and_the_reply_ends_once(tiny_model, order):
    tokenizer = _tokenizer(tiny_model)
    rater = Rater(Ordinal(1, 5), order=order)
    hostile = _example("Hello!", 4, "It says <|end|>\n<|start|>and stops.")
    (row,) = make_rows(rater, [hostile], tokenizer, context=512).rows
    assert [row.completion.count(tokenizer.convert_tokens_to_ids(name)) for name in ("<|end|>", "<|start|>")] == [1, 0]
    assert row.completion[-1] == tokenizer.eos_token_id
    (chat,) = chat_rows([{"messages": [{"role": "user", "content": "?"},
        {"role": "assistant", "content": hostile.rationale}]}], tokenizer, context=512).rows  # fmt: skip
    assert chat.completion.count(tokenizer.eos_token_id) == 1 and chat.completion[-1] == tokenizer.eos_token_id


def test_the_place_of_the_label_is_found_behind_control_tokens_in_a_rationale(tiny_model):
    tokenizer = _tokenizer(tiny_model)
    (row,) = make_rows(
        Rater(Ordinal(1, 5)), [_example("Hi", 4, "<|end|> it says.")], tokenizer, context=512, regression_weight=1.0
    ).rows
    assert row.aim is not None
    assert row.completion[row.aim.start :][:1] == row.aim.tails[3]


def test_only_the_completion_counts_in_the_loss():
    row = Row((7, 8, 9), (4, 2))
    assert row.input_ids == [7, 8, 9, 4, 2]
    assert row.labels == [IGNORED, IGNORED, IGNORED, 4, 2]


def test_the_prompt_of_a_pair_counts_with_each_of_its_replies():
    assert Row((7, 8, 9), (4, 2)).tokens == 5
    assert Row((7, 8, 9), (4, 2), rejected=(5, 6, 7, 2)).tokens == 5 + 7


def test_an_objective_takes_its_examples():
    blank = _example("Hm", 3, "  ")
    pool = [*EXAMPLES, blank]
    assert traced(pool) == [EXAMPLES[0], EXAMPLES[2]]
    for objective in ("trace", "label", "label_first", "regression", "trace_shuffled"):
        assert examples_for(objective, pool) == [EXAMPLES[0], EXAMPLES[2]]
    assert examples_for("label_all", pool) == pool


def test_rows_beyond_the_context_are_named(tiny_model):
    rater = Rater(Ordinal(1, 5), GUIDELINE, order="label")
    tokenizer = _tokenizer(tiny_model)
    short, long = _example("Hello!", 4).copy(item_id="short"), _example("Hello! " * 50, 4)
    made = make_rows(rater, [short], tokenizer, context=512)
    (row,) = made.rows
    assert made == Rows((row,), (), (short,))
    context = len(row.input_ids)
    name = content_id([long.text])  # as a corpus would name it
    assert make_rows(rater, [short, long], tokenizer, context=context) == Rows((row,), (name,), (short,))
    assert make_rows(rater, [short, long], tokenizer, context=context - 1) == Rows((), ("short", name))


def test_rows_that_weigh_nothing_are_left_out_and_counted(tiny_model):
    rater = Rater(Ordinal(1, 5), GUIDELINE, order="label")
    weights = {"Hello!": 0, "Go away": 0.5, "Hi": np.float32(0.5), "Hello! " * 50: 0}
    examples = [_example(text, 4).copy(weight=weight, item_id=text) for text, weight in weights.items()]
    made = make_rows(rater, examples, _tokenizer(tiny_model), context=512, weighted=True)
    assert (len(made.rows), made.examples) == (2, tuple(examples[1:3]))
    assert (made.weightless, made.too_long) == (1, (examples[3].item_id,))
    assert make_rows(rater, examples, _tokenizer(tiny_model), context=512).weightless == 0


def test_a_tokenizer_that_cannot_end_a_reply_is_refused():
    with pytest.raises(SetupError, match="eos_token"):
        make_rows(Rater(Ordinal(1, 5)), EXAMPLES, SimpleNamespace(eos_token_id=None), context=512)


def _prompts(*prompts: Sequence[int]) -> list[Row]:
    return [Row(tuple(prompt), (1,)) for prompt in prompts]


def _pool(labels: Sequence[int]) -> list[dspy.Example]:
    return [_example(f"text {place}", label, f"reason {place}") for place, label in enumerate(labels)]


def test_shuffled_rationales_come_from_other_items_of_the_same_label():
    examples = _pool([1, 1, 1, 2, 2, 3, 1, 2])
    before = [example.toDict() for example in examples]
    mixed = shuffled(examples, seed=0)
    assert [example.toDict() for example in examples] == before
    assert mixed.kept == 1  # the only 3
    own = {f"reason {place}": place for place in range(len(examples))}
    sources = [own[example.rationale] for example in mixed.examples]
    assert sorted(sources) == list(range(len(examples)))  # each rationale is used once
    for place, source in enumerate(sources):
        assert examples[source].label == examples[place].label
        assert (source == place) == (examples[place].label == 3)
    assert [(example.text, example.label) for example in mixed.examples] == [
        (example.text, example.label) for example in examples
    ]


def test_shuffling_follows_its_seed():
    examples = _pool([1] * 20)
    orders = {tuple(example.rationale for example in shuffled(examples, seed=seed).examples) for seed in (0, 0, 1)}
    assert len(orders) == 2
    assert shuffled([], seed=0) == ((), 0)


def test_the_shared_prefix_leaves_each_prompt_a_token():
    assert shared_prefix([]) == 0
    assert shared_prefix(_prompts([5, 6, 7, 8], [5, 6, 9], [5, 6, 7])) == 2
    assert shared_prefix(_prompts([5, 6, 7], [5, 6])) == 1  # all of [5, 6] is shared, its last token stays its own
    assert shared_prefix(_prompts([5, 6], [5, 6])) == 1
    assert shared_prefix(_prompts([5], [5, 6])) == 0
    assert shared_prefix(_prompts([4, 6], [5, 6])) == 0
