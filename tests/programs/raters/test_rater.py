"""The rater as a DSPy module: called, composed, copied, configured and rewritten like any other."""

import asyncio
import copy
from typing import Any

import dspy
import pytest
from dspy.lm15 import Message, Response, TextPart, ThinkingPart, Usage
from dspy.teleprompt import LabeledFewShot
from dspy.utils.exceptions import LMError

from accord.data import Corpus, InputError, Item, Nominal, Ordinal, SetupError, agreement
from accord.programs import Candidate, Case, Completion, Guideline, Rater, UnforeseenPrompt, scripted_lm

FIVE = Ordinal(1, 5)
REPLIES = {"Hi friend!": "Reason: warm.\nLabel: 5", "Go away.": "Reason: rude.\nLabel: 1", "Hm.": "Label: 3-4"}


def _script(prompt, draw):
    for text, reply in REPLIES.items():
        if prompt.turns[-1].content == f"<text>\n{text}\n</text>":
            return reply
    raise UnforeseenPrompt(prompt.turns[-1].content)


@pytest.fixture
def lm():
    return scripted_lm(_script)


class ThinkingEngine:
    """Answers with native reasoning apart from the visible text, as reasoning models do."""

    def complete(self, request):
        parts = (ThinkingPart("Warm words."), ThinkingPart("And a smile."), TextPart("Label: 5"))
        message = Message(role="assistant", parts=parts)
        return Response(id=None, model=request.model, message=message, finish_reason="stop", usage=Usage())


def test_it_is_called_like_any_module(lm):
    rater = Rater(FIVE, lm=lm)
    said = rater(text="Hi friend!")
    assert isinstance(said, dspy.Prediction)
    assert (said.label, said.rationale, said.unparsed) == (5, "warm.", None)


def test_a_reply_without_a_label_is_data(lm):
    said = Rater(FIVE, lm=lm)(text="Hm.")
    assert (said.label, said.unparsed) == (None, "several_labels")


def test_a_prompt_nobody_foresaw_fails(lm):
    with pytest.raises(LMError, match="Who are you") as caught:
        Rater(FIVE, lm=lm)(text="Who are you?")
    assert isinstance(caught.value.__cause__, UnforeseenPrompt)
    with pytest.raises(UnforeseenPrompt, match="Who are you"):
        Rater(FIVE, lm=lm).rate(Corpus((Item(id="1", fields={"text": "Who are you?"}),), FIVE, ("text",)))


def test_asynchronously(lm):
    rater = Rater(FIVE, lm=lm)

    async def both():
        return await asyncio.gather(rater.acall(text="Hi friend!"), rater.acall(text="Go away."))

    assert [said.label for said in asyncio.run(both())] == [5, 1]


def test_native_thinking_is_the_rationale():
    rater = Rater(FIVE, lm=dspy.LM("scripted/thinker", engine=ThinkingEngine(), cache=False))
    said = rater(text="anything")
    assert (said.label, said.rationale) == (5, "Warm words.\n\nAnd a smile.")


def test_within_another_module(lm):
    class Kinder(dspy.Module):
        def __init__(self):
            super().__init__()
            self.rater = Rater(FIVE)
            self.summary = dspy.Predict("label: int -> verdict")

        def forward(self, first, second):
            labels = [self.rater(text=text).label for text in (first, second)]
            return dspy.Prediction(kinder=max(labels), both=labels)

    program = Kinder()
    assert [name for name, _ in program.named_predictors()] == ["rater.predict", "summary"]
    program.set_lm(lm)
    assert program(first="Go away.", second="Hi friend!").both == [1, 5]
    clone = copy.deepcopy(program)
    clone.rater.predict.demos.append({"text": "x", "rationale": "y", "label": 3})
    assert program.rater.guideline == Guideline()
    assert clone.rater.guideline.cases == (Case({"text": "x"}, "y", "3"),)
    assert program(first="Go away.", second="Hi friend!").kinder == 5


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda rater: rater.deepcopy(), lambda rater: rater.variant()])
def test_copies_are_independent_and_share_the_model(lm, copied):
    rater = Rater(FIVE, Guideline("How friendly?", cases=(Case({"text": "a"}, "b", "2"),)), lm=lm)
    before = rater.prompt({"text": "x"}).bytes
    clone = copied(rater)
    assert clone.prompt({"text": "x"}).bytes == before
    clone.predict.demos.clear()
    signature: Any = clone.predict.signature
    clone.predict.signature = signature.with_instructions("Otherwise.")
    assert rater.prompt({"text": "x"}).bytes == before
    assert clone.lm.engine is lm.engine


def test_the_model_may_come_from_the_context(lm):
    rater = Rater(FIVE)
    with pytest.raises(SetupError, match="the rater has no model"):
        _ = rater.lm
    with dspy.context(lm=lm):
        assert rater(text="Go away.").label == 1
        assert rater.lm is lm
    other = scripted_lm(lambda prompt, draw: "Label: 2")
    dspy.configure(lm=other)
    assert rater(text="Go away.").label == 2
    assert Rater(FIVE, lm=lm)(text="Go away.").label == 1, "the rater's own model comes first"


def test_the_configured_adapter_does_not_replace_the_raters(lm):
    with dspy.context(adapter=dspy.JSONAdapter()):
        assert Rater(FIVE, lm=lm)(text="Hi friend!").label == 5


def test_dspys_own_optimizers_can_write_demos_and_instructions(lm):
    rater = Rater(FIVE, Guideline("How friendly?", "1: rude"), lm=lm)
    examples = [dspy.Example(text="Hi friend!", label=5, rationale="warm.").with_inputs("text")]
    shown = LabeledFewShot(k=1).compile(rater, trainset=examples, sample=False)
    assert shown.guideline.cases == (Case({"text": "Hi friend!"}, "warm.", "5"),)
    assert [turn.role for turn in shown.prompt({"text": "x"}).turns] == ["system", "user", "assistant", "user"]
    assert not rater.guideline.cases
    signature: Any = shown.predict.signature
    shown.predict.signature = signature.with_instructions("Follow the rules in codebook.md")
    assert shown.guideline.instruction == "Follow the rules in codebook.md"


@pytest.mark.parametrize("text", ["How friendly?", "See codebook.md", "## Instruction\n\na\n\n## Rubric\n\nb"])
def test_the_guideline_survives_in_the_signature(text):
    guideline = Guideline.from_markdown(text) if "\n" in text else Guideline(text)
    assert Rater(FIVE, guideline).guideline == guideline


def test_several_completions_have_draws_of_their_own():
    seen = []

    class Counting:
        def complete(self, request):
            seen.append(request)
            message = Message(role="assistant", parts=(TextPart(f"Label: {len(seen)}"),))
            return Response(id=None, model=request.model, message=message, finish_reason="stop", usage=Usage())

    lm = dspy.LM("scripted/counting", engine=Counting(), temperature=1.0, cache=False)
    rater = Rater(FIVE, lm=lm)
    with dspy.context(adapter=rater.adapter):
        said = rater.predict(text="x", config={"n": 3})
    assert said.completions is not None and said.completions.label == [1, 2, 3]


def test_variants_differ_in_what_is_given(lm):
    rater = Rater(Nominal(["no", "yes"]), Guideline("Old."), fields=("question", "answer"), lm=lm)
    rater.provenance["from"] = "somewhere"
    other = rater.variant(guideline=Guideline("New."), order="label")
    assert (other.guideline.instruction, other.order, other.fields) == ("New.", "label", ("question", "answer"))
    assert (rater.guideline.instruction, rater.order) == ("Old.", "rationale_label")
    assert other.scale == rater.scale and other.lm is lm
    assert other.provenance == {} and other.candidates == ()


def test_agreement_counts_what_could_not_be_read(lm):
    texts = [*REPLIES, "Hi friend!  "]
    records = [{"text": text, "label": label} for text, label in zip(texts, [5, 1, 4, 4], strict=True)]
    corpus = Corpus.from_records(records, fields=["text"], label="label", scale=FIVE)
    found = Rater(FIVE, lm=lm).agreement(corpus)
    # Read: (5, 5), (1, 1), (5, 4); "3-4" is left out.
    assert (found.n, found.unparsed) == (3, 1)
    assert found.metrics["accuracy"].value == pytest.approx(2 / 3)
    assert Rater(FIVE, lm=lm).agreement(corpus, fill=4).metrics["accuracy"].value == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fields": ()}, "at least one field"),
        ({"fields": ("my text",)}, "'my text' cannot be a field"),
        ({"fields": ("class",)}, "'class' cannot be a field"),
        ({"fields": ("label",)}, "'label' cannot be a field"),
        ({"fields": ("instructions",)}, "'instructions' cannot be a field of a rater: DSPy needs the name"),
        ({"fields": ("config",)}, "'config' cannot be a field"),
        ({"fields": ("model_name",)}, "'model_name' cannot be a field"),
        ({"fields": ("_text",)}, "'_text' cannot be a field.* e.g. to 'item_text'"),
        ({"order": "sideways"}, "unknown order"),
    ],
)
def test_a_wrong_set_up_is_refused_at_once(options, said):
    with pytest.raises(SetupError, match=said):
        Rater(FIVE, **options)


def test_a_case_off_the_scale_is_refused_at_once():
    with pytest.raises(InputError, match="case 1"):
        Rater(FIVE, Guideline("Rate.", cases=(Case({"text": "x"}, "y", "9"),)))


def test_a_forgotten_field_is_named(lm):
    with pytest.raises(InputError, match="no field 'text'"):
        Rater(FIVE, lm=lm)(txt="Hi friend!")


def test_the_record_of_a_candidate_is_plain(lm):
    rater = Rater(FIVE, lm=lm)
    candidate = Candidate("rubric", rater, agreement([1, 5], [1, 5], FIVE, resamples=0), items=2)
    assert (candidate.chosen, dict(candidate.details)) == (False, {})
    assert Completion("x").error == ""
