"""From a label file to a rater that answers over HTTP, in one file.

    python examples/compile_then_deploy.py
    python examples/compile_then_deploy.py --teacher openai/gpt-4o-mini --samples 16 --epochs 3

What happens: people's labels are loaded and split; a teacher draws rationales without seeing the labels, and those
that reach the label are kept; open weights are fine-tuned on them, and beside them on the labels alone; the better of
the two on dev is measured once on test, saved, served by `accord serve`, asked over HTTP, and stopped.

Without --teacher the embedded model (135 million parameters) draws its own traces. It is there so that this runs
anywhere, in a few minutes and without a key; it is too weak to explain anything, and the script says so when it
is. Every stage resumes: run it again and nothing is drawn, trained or rated twice. It needs the extras `train` and
`serve`.
"""

import argparse
import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from accord.data import Corpus, Ordinal, Splits, constant
from accord.optimizers import Exhaust, FineTune, RejectionSampling
from accord.programs import Guideline, Rater

HERE = Path(__file__).parent
NEW_ITEMS = [
    {"question": "Do you sell spare keys?", "reply": "Yes. Tell me the number on your lock; one costs 6."},
    {"question": "Do you sell spare keys?", "reply": "You should not have lost yours."},
]


def main() -> None:
    """Compile, prove, save, serve, ask, stop."""
    options = read_options()
    corpus = Corpus.from_csv(
        options.labels,
        fields=["question", "reply"],
        label="helpful",
        annotator="reader",
        id="id",
        group="question",  # all replies to a question stay on one side of the split
        scale=Ordinal(1, 4),
    )
    splits = corpus.split(dev=0.2, test=0.25, seed=0)
    sizes = ", ".join(f"{name} {len(part)}" for name, part in splits._asdict().items())
    print(f"{len(corpus)} replies that people rated: {sizes}")
    rater = compile_rater(splits, options)
    rater.save(options.run / "rater")
    print(f"saved: {options.run / 'rater'}")
    ask_over_http(options.run / "rater")


def compile_rater(splits: Splits, options: argparse.Namespace) -> Rater:
    """Draw traces, fine-tune, and say how far the chosen rater agrees with people on test."""
    guideline = Guideline.from_markdown(options.guideline)
    student = Rater(splits.train.scale, guideline, fields=splits.train.fields, lm=options.model)
    sampler = RejectionSampling(
        samples=options.samples,
        stop=Exhaust(),
        max_tokens=options.max_tokens,
        journal=options.run / "journal.sqlite",
    )
    traces = sampler.infer(student, trainset=splits.train.examples(), teacher=options.teacher)
    found = traces.utilization()
    by_luck = found.luck.get(options.samples, 0.0) * len(splits.train)  # empty where no prompt fitted the context
    print(f"traces: {len(traces)} of {len(splits.train)} items, by luck alone {by_luck:.0f}; drawn now: {traces.asked}")
    if found.warning:
        print(f"warning: {found.warning}")

    compiler = FineTune(objectives=("trace", "label_all"), epochs=options.epochs, workspace=options.run / "training")
    rater = compiler.compile(student, trainset=traces, valset=splits.dev.examples())
    for candidate in rater.candidates:
        chosen = "chosen" if candidate.chosen else ""
        print(f"dev   {candidate.name:<10} alpha {candidate.dev.metrics['alpha']}  {chosen}")
    # An unreadable answer counts as the constant rater's: silence must not help a rater.
    proof = rater.agreement(splits.test, fill=constant(splits.train.golds(), splits.train.scale))
    print(
        f"test  {rater.candidates[0].name:<10} alpha {proof.metrics['alpha']}, {proof.unparsed} of {proof.n} unparsed"
    )
    return rater


def ask_over_http(folder: Path) -> None:
    """Serve a saved rater in a process of its own, rate two replies that nobody labelled, and stop the server."""
    command = [sys.executable, "-m", "accord.app", "serve", str(folder), "--port", "0"]  # 0: a free port
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            said = server.stdout.readline().strip() if server.stdout is not None else ""
            if not said.startswith("serving "):
                raise SystemExit("the server did not start; see above")
            print(said)
            request = urllib.request.Request(
                f"{said.split()[-1]}/v1/rate",
                data=json.dumps({"items": NEW_ITEMS}).encode(),
                headers={"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=120) as response:
                for item, rating in zip(NEW_ITEMS, json.load(response)["ratings"], strict=True):
                    print(f"label {rating['label']} for: {item['reply']}")
        finally:
            server.send_signal(signal.SIGTERM)
    print(f"the server ended with {server.returncode}")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    about = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    about.add_argument("--labels", type=Path, default=HERE / "replies.csv", help="one row a judgment")
    about.add_argument("--guideline", type=Path, default=HERE / "replies.md", help="what raters are told, as markdown")
    about.add_argument("--run", type=Path, default=Path("runs/deploy"), help="where everything is kept")
    about.add_argument("--model", default="local", help="what is fine-tuned: local or local/<folder>")
    about.add_argument("--teacher", help="who draws the traces, e.g. openai/gpt-4o-mini; default: the model itself")
    about.add_argument("--samples", type=int, default=8, help="draws an item")
    about.add_argument("--max-tokens", type=int, default=48, help="limit on a draw; give a thinking teacher thousands")
    about.add_argument("--epochs", type=int, default=2, help="passes over the training rows")
    return about.parse_args()


if __name__ == "__main__":
    main()
