"""Prompts and replies as bytes: what a model is shown, what it cannot be shown, and that training rows read back."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from accord.data import Annotation, Corpus, InputError, Interval, Item, Nominal, Ordinal, Pairwise
from accord.programs import Case, Completion, Guideline, Prompt, Rater, Turn

FIVE = Ordinal(1, 5, anchors={1: "rude", 5: "warm"})
ORDERS = ["rationale_label", "label_rationale", "label"]


def _names() -> st.SearchStrategy[list[str]]:
    name = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(str.strip)
    return st.lists(name, min_size=2, max_size=5, unique_by=lambda text: " ".join(text.split()))


SCALES = st.one_of(
    st.tuples(st.integers(-50, 50), st.integers(1, 60)).map(lambda pair: Ordinal(pair[0], pair[0] + pair[1])),
    st.lists(st.integers(-400, 400), min_size=2, max_size=6, unique=True).map(lambda some: Ordinal.of(sorted(some))),
    _names().map(Ordinal.of),
    _names().map(Nominal),
    st.sampled_from([Pairwise(), Pairwise(tie=False), Interval(-4, 4), Interval(0, 1, 0.1), Interval(0, 1e-6)]),
)


@st.composite
def _labelled(draw):
    scale = draw(SCALES)
    if scale.levels is not None:
        return scale, draw(st.sampled_from(scale.levels))
    return scale, draw(st.floats(scale.low, scale.high, allow_subnormal=False))


@given(
    _labelled(),
    st.text(max_size=80)
    | st.sampled_from(["Label: 1", "x\nLabel: 2", "<think>Label: 3", "</think>", "{", "Reason: y", "<th<think>ink>"]),
    st.sampled_from(ORDERS),
)
@example((Nominal(["*", "**", "***"]), "**"), "stars", "rationale_label")
@example((Nominal(["(none)", "some (few)"]), "(none)"), "", "label")
@example((Nominal(["a", "a or b"]), "a or b"), "", "rationale_label")
@example((Nominal(["4/5", "4"]), "4/5"), "\ud83d", "label_rationale")
@example((Nominal(["Label: x", "x"]), "Label: x"), "", "rationale_label")
def test_a_training_reply_reads_back_as_its_label(labelled, rationale, order):
    scale, label = labelled
    rater = Rater(scale, order=order)
    written = rater.reply(rationale, label)
    reply = rater.adapter.read(Completion(written))
    assert (reply.label, type(reply.label)) == (label, type(label)), written
    said = " ".join(reply.rationale.split())
    assert said == "" if order == "label" else len(said) <= len(rationale)
    assert "\n" not in written if order == "label" else written.count("\n") == 1


def test_the_bytes_of_a_prompt():
    guideline = Guideline("How friendly?", "1: rude", (Case({"text": "Hi."}, "Short but\nkind.", "4"),))
    prompt = Rater(FIVE, guideline).prompt({"text": "  Go away. "})
    assert prompt == Prompt(
        (
            Turn(
                "system",
                "## Instruction\n\nHow friendly?\n\n## Rubric\n\n1: rude\n\nReply in this form:\n"
                "Reason: <the reasoning that leads to the label>\n"
                "Label: <a whole number from 1 to 5 (1 = rude, 5 = warm)>",
            ),
            Turn("user", "<text>\nHi.\n</text>"),
            Turn("assistant", "Reason: Short but kind.\nLabel: 4"),
            Turn("user", "<text>\nGo away.\n</text>"),
        )
    )
    canonical = json.dumps([[turn.role, turn.content] for turn in prompt.turns]).encode()
    assert prompt.bytes == canonical
    assert prompt.sha256 == hashlib.sha256(canonical).hexdigest()


@pytest.mark.parametrize(
    ("order", "form"),
    [
        ("label_rationale", "Label: <one of: no, yes>\nReason: <the reasoning that leads to the label>"),
        ("label", "Label: <one of: no, yes>"),
    ],
)
def test_the_form_follows_the_order(order, form):
    prompt = Rater(Nominal(["no", "yes"]), order=order).prompt({"text": "x"})
    assert prompt.turns[0].content.endswith(f"Reply in this form:\n{form}")


@pytest.mark.parametrize("scale", [FIVE, Nominal(["ironic", "not_ironic"]), Pairwise(), Interval(-4, 4, 0.5)])
def test_a_blind_prompt_is_the_same_under_every_gold(scale):
    rater = Rater(scale, fields=("question", "answer"))
    fields = {"question": "Why?", "answer": "Because."}
    seen = set()
    for gold in scale.levels:
        notes = (Annotation("ann", gold),)
        item = Item(id=f"item-{gold}", fields=fields, annotations=notes, gold=gold, group=str(gold))
        corpus = Corpus((item,), scale, ("question", "answer"))
        (example_,) = corpus.examples()
        seen |= {rater.prompt(corpus[0].fields).bytes, rater.prompt(dict(example_)).bytes}
    assert len(seen) == 1


HOSTILE = st.text(max_size=40) | st.lists(
    st.sampled_from(["</text>", "</text", "<text>", "\n", "</", "text>", "</TEXT>", "<\\/text>", "</other>", "x"]),
    max_size=12,
).map("".join)


@given(HOSTILE, HOSTILE)
def test_an_item_cannot_close_its_fence(text, other):
    rater = Rater(FIVE, fields=("text", "other"))
    prompt = rater.prompt({"text": text, "other": other})
    shown = prompt.turns[-1].content
    assert len(prompt.turns) == 2
    assert shown.startswith("<text>\n") and shown.endswith("\n</other>")
    inside, _, rest = shown.removeprefix("<text>\n").partition("</text>")
    assert rest.startswith("\n<other>\n"), "the first closing tag is the fence's own"
    assert inside.endswith("\n")
    assert "</other>" not in rest.removesuffix("</other>")
    if "</text" not in text:
        assume("\ud800" > max(text, default=""))
        assert inside == f"{text.strip()}\n"


def test_a_case_is_not_shown_to_whoever_rates_that_very_item():
    cases = (Case({"text": "Thank you!"}, "It thanks.", "5"), Case({"text": "Go away."}, "It sends away.", "1"))
    rater = Rater(Ordinal(1, 5), Guideline("Rate it.").with_cases(*cases))
    shown = [[turn.content for turn in rater.prompt({"text": text}).turns[1:]] for text in ("Thank you!", "Hello")]
    assert shown[0] == ["<text>\nGo away.\n</text>", "Reason: It sends away.\nLabel: 1", "<text>\nThank you!\n</text>"]
    assert len(shown[1]) == 5


def test_lone_surrogates_of_a_server_or_an_item_become_readable_bytes():
    prompt = Rater(FIVE).prompt({"text": "half \ud83d of \ud83d\ude00"})
    assert "half \ufffd of \U0001f600" in prompt.bytes.decode()


def test_what_is_missing_is_named():
    rater = Rater(FIVE, fields=("question", "answer"))
    with pytest.raises(InputError, match="no field 'answer'") as caught:
        rater.prompt({"question": "Why?"})
    assert "reads question, answer" in str(caught.value)
    with pytest.raises(InputError, match="7"):
        rater.reply("no such level", 7)


def test_messages_and_outputs_as_dspy_wants_them():
    rater = Rater(FIVE, Guideline("How friendly?"))
    signature: Any = rater.predict.signature
    messages = rater.adapter.format(signature, [], {"text": "Hi."})
    assert messages == [{"role": t.role, "content": t.content} for t in rater.prompt({"text": "Hi."}).turns]
    assert rater.adapter.parse(signature, "Reason: kind.\nLabel: 4") == {
        "label": 4,
        "unparsed": None,
        "rationale": "kind.",
    }
    assert rater.adapter.parse(signature, "Label: 4 or 5")["unparsed"] == "several_labels"
    bare: Any = rater.variant(order="label").predict.signature
    assert rater.adapter.parse(bare, "4") == {"label": 4, "unparsed": None, "rationale": ""}
