"""A rater as one part of a larger DSPy program: it picks the best of several drafts, and stops what is not good enough.

    python examples/composed_program.py
    python examples/composed_program.py --rater runs/deploy/rater --writer openai/gpt-4o-mini

A help desk writes an answer to a question. DSPy's own `BestOfN` draws drafts until the rater gives one the wanted
label; if none reaches it, the best draft goes to a person together with the rater's reasons. A draft that the rater
could not rate is never sent: a missing rating is no good rating.

Without arguments a script plays both models, so that this runs anywhere in a few seconds. `--rater` takes a directory
that `rater.save` or `accord compile` wrote, such as that of compile_then_deploy.py; `--writer` any model that
`resolve_model` knows.
"""

import argparse
from itertools import count
from pathlib import Path
from typing import Any

import dspy

from accord.data import Ordinal
from accord.programs import Guideline, Prompt, Rater, resolve_model, scripted_lm

HERE = Path(__file__).parent
QUESTIONS = ("Do you sell spare keys?", "The zip of my tent is stuck. What can I do?", "When will you open in Basel?")


class Draft(dspy.Signature):
    """Answer the customer's question in one sentence."""

    question: str = dspy.InputField()
    reply: str = dspy.OutputField()


class HelpDesk(dspy.Module):
    """Answers a question, or hands the best draft to a person.

    Args:
        rater: Rates a ``reply`` to a ``question``; it keeps the model it has.
        writer: The model that writes drafts.
        wanted: The label from which a draft may be sent.
        drafts: The most drafts for one question.
    """

    def __init__(self, rater: Rater, writer: dspy.LM, *, wanted: int = 4, drafts: int = 3) -> None:
        """Build the parts."""
        super().__init__()
        self.rater = rater
        self.wanted = wanted
        draft = dspy.Predict(Draft)
        draft.set_lm(writer)
        # BestOfN gives a model of its own to all that it wraps, so it wraps the draft alone: the rater, which has
        # another model, only judges.
        self.best = dspy.BestOfN(module=draft, N=drafts, reward_fn=self.worth, threshold=wanted)

    def worth(self, asked: dict[str, Any], draft: dspy.Prediction) -> float:
        """Return a draft's label as a number; a draft that cannot be rated is worth 0, less than any level."""
        label = self.rater(**asked, reply=draft.reply).label
        return 0.0 if label is None else float(label)

    def forward(self, question: str) -> dspy.Prediction:
        """Return the reply, where it goes, and what the rater says of it."""
        draft = self.best(question=question)
        if draft is None:  # the writer failed each time
            return dspy.Prediction(reply=None, route="person", label=None, why="")
        said = self.rater(question=question, reply=draft.reply)
        good = said.label is not None and said.label >= self.wanted
        route = "customer" if good else "person"
        return dspy.Prediction(reply=draft.reply, route=route, label=said.label, why=said.get("rationale", ""))


def main() -> None:
    """Answer three questions."""
    about = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    about.add_argument("--rater", type=Path, help="a rater's directory; default: a scripted rater")
    about.add_argument("--writer", help="a model's name, e.g. openai/gpt-4o-mini; default: a scripted writer")
    options = about.parse_args()
    rater = scripted_rater() if options.rater is None else Rater.load(options.rater)
    writer = scripted_lm(write_draft()) if options.writer is None else resolve_model(options.writer)
    desk = HelpDesk(rater, writer)
    for question in QUESTIONS:
        answer = desk(question=question)
        print(f"\n{question}\n  to the {answer.route}, label {answer.label}: {answer.reply}")
        if answer.route == "person":
            print(f"  the rater says: {answer.why}")


def scripted_rater() -> Rater:
    """Return a rater that helps no one: it likes answers with a number in them."""

    def script(prompt: Prompt, draw: int) -> str:
        reply = prompt.turns[-1].content.split("<reply>\n")[1]
        if any(letter.isdigit() for letter in reply):
            return "Reason: It says how much or how long, so nothing is left to ask.\nLabel: 4"
        return "Reason: The customer knows no more than before.\nLabel: 2"

    return Rater(
        Ordinal(1, 4),
        Guideline.from_markdown(HERE / "replies.md"),
        fields=("question", "reply"),
        lm=scripted_lm(script, model_id="scripted rater"),
    )


def write_draft() -> Any:
    """Return a script that writes another draft each time, in the form of DSPy's chat adapter."""
    drafts = {
        QUESTIONS[0]: ("We have all kinds of keys.", "Yes, for 6 a piece; tell us the number on your lock.", "Maybe."),
        QUESTIONS[1]: ("Zips do that.", "Rub a candle along it.", "Rub a candle along it and wait 10 minutes."),
        QUESTIONS[2]: ("We are looking forward to it.", "Soon.", "Follow us to hear about it first."),
    }
    turn = count()

    def script(prompt: Prompt, draw: int) -> str:
        asked = next(question for question in QUESTIONS if question in prompt.turns[-1].content)
        return f"[[ ## reply ## ]]\n{drafts[asked][next(turn) % 3]}\n\n[[ ## completed ## ]]"

    return script


if __name__ == "__main__":
    main()
