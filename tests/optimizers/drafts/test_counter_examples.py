"""Items that speak against a rule."""

import re

from accord.data import Corpus, Ordinal
from accord.optimizers import Exhaust, Hints, RejectionSampling, RuleRecord, Traces
from accord.optimizers.drafts.counter_examples import with_counter_examples
from accord.programs import Guideline, Prompt, Rater, rules_of, scripted_lm

TWO = Ordinal(1, 2)
RULES = rules_of(
    Guideline("Read on.", "### 1\n- The writer shouts at the reader.\n- It is far too long.\n\n### Note\n- Be kind.")
)


def _traces(hint: Hints | None = None) -> Traces:
    """Items 0 to 9 have gold 1, the others 2; the teacher calls shouting a 1 (3, 13, 14 shout), and misses 15."""

    def script(prompt: Prompt, draw: int) -> str:
        found = re.search(r"letter (\d+)\b", prompt.turns[-1].content)
        assert found is not None
        number = int(found[1])
        if "annotator_label" in prompt.turns[-1].content:
            return "Reason: The writer shouts at the reader! The reader is used to it by now."
        if number in (3, 13, 14):
            return "Reason: It begins well. The writer shouts at the reader!\nLabel: 1"
        return f"Reason: It speaks calmly.\nLabel: {1 if number < 10 or number == 15 else 2}"

    records = [{"id": f"i{number}", "text": f"letter {number}", "label": 1 + (number >= 10)} for number in range(20)]
    corpus = Corpus.from_records(records, fields=["text"], label="label", id="id", scale=TWO)
    teacher = Rater(TWO, lm=scripted_lm(script))
    return RejectionSampling(2, stop=Exhaust(), hint=hint).infer(teacher, trainset=corpus.examples())


def test_items_where_the_like_led_to_a_label_that_people_did_not_give() -> None:
    records = [RuleRecord.of(rule, "writer", ["i3"]) for rule in RULES]
    found = {rule.text: rule.against for rule in with_counter_examples(records, _traces())}
    assert found == {
        "Read on.": (),
        "The writer shouts at the reader.": ("i13", "i14"),
        "It is far too long.": (),
        "Be kind.": (),
    }


def test_a_source_is_no_counter_example() -> None:
    records = [RuleRecord.of(RULES[1], "writer", ["i13"])]
    assert with_counter_examples(records, _traces())[0].against == ("i14",)


def test_reasoning_that_was_written_for_another_label_counts_too() -> None:
    records = [RuleRecord.of(RULES[1], "writer", ["i3"])]
    (rule,) = with_counter_examples(records, _traces(Hints(samples=1)))
    assert rule.against == ("i13", "i14", "i15"), "the hint for 15, whose blind draws say something else"
