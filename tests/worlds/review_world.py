"""Knows a quick run to review: items with script tags, a teacher with four ways to reason, a few wrong labels."""

import json
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from accord.app.compile.run import run_job
from accord.app.console import Console
from accord.app.results.record import Report
from accord.app.task.job import Job
from accord.data import Corpus, Journal, Ordinal
from accord.optimizers import DistillGuideline, Exhaust
from accord.programs import Guideline, Rater, scripted_lm
from worlds.served_rater import ServedRater

FIVE = Ordinal(1, 5, anchors={1: "worst", 5: "best"})
PROBE = "<script>window.stolen = 1</script><img src=x onerror='window.stolen = 2'>"
WAYS = (
    "The writer names the level outright, and nothing else in the text speaks against it.",
    "One word in the middle settles this; all around it is only a frame.",
    "I looked for praise or blame and found a plain statement that decides the matter.",
    "A reader in a hurry would come to the same view <b>from that figure</b> alone.",
)
"""The teacher's rationales, one for each draw."""


def corpus(items: int = 60) -> Corpus:
    """Return items whose third word says the label; of every tenth one people say another."""
    records = []
    for number in range(items):
        level = number % 5 + 1
        label = 6 - level if number % 10 == 1 else level
        records.append({"id": f"item/{number}", "text": f"number {number} says {level} here {PROBE}", "label": label})
    return Corpus.from_records(records, fields=["text"], label="label", id="id", scale=FIVE)


def compile_run(run: Path, *, ways: tuple[str, ...] = WAYS, review: bool = True, items: int = 60) -> Report:
    """Compile the run, or compile it again; `ways` are what the teacher says."""

    def script(prompt: Any, draw: int) -> str:
        said = prompt.turns[-1].content.split("says ")[1][0]
        return f"Reason: {ways[draw % len(ways)]}\nLabel: {said}"

    guideline = Guideline("Rate it.\n\n- Take the figure as it stands.\n- Leave spelling alone.")
    student = Rater(FIVE, guideline, fields=("text",), lm=scripted_lm(script))
    job = Job(
        name="says",
        splits=corpus(items).split(dev=15, test=15, seed=0, near_duplicates=False),
        student=student,
        teacher=student,
        sampler={"samples": 4, "stop": Exhaust(), "seed": 0},
        make_compiler=lambda journal, folder, progress: DistillGuideline(journal=journal, progress=progress),
    )
    run.mkdir(exist_ok=True)
    with Journal(run / "journal.sqlite") as journal:
        return run_job(job, run=run, journal=journal, console=Console(), review=review)


class ServedReview(ServedRater):
    """A run whose review page `accord review` serves on a free port."""

    command = "review"
    greeting = "reviewing "

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """Ask for a page; return status, headers and text."""
        return self.ask("GET", path, None, headers)

    def choose(self, choice: dict[str, Any], **headers: str) -> tuple[int, Any]:
        """Send a choice as the page does; return status and what came back."""
        sent = {"Content-Type": "application/json", "Origin": self.url, **headers}
        status, _, text = self.ask("POST", "/v1/choices", json.dumps(choice), sent)
        return status, json.loads(text)

    def ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, dict[str, str], str]:
        """Send a request; return status, headers (names in lower case) and text."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            text = reply.read().decode()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, text
        finally:
            connection.close()
