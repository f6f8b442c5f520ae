"""What a compile leaves in the rater's directory: how it agrees with people, and hashes of what it was made of."""

import hashlib

from accord.app.compile.provenance import draws_hash
from accord.app.compile.run import run_job
from accord.app.console import Console
from accord.app.task.job import Job
from accord.data import Corpus, Journal, Ordinal, Splits
from accord.optimizers import DistillGuideline, Exhaust, RejectionSampling
from accord.programs import Guideline, Rater, scripted_lm

FIVE = Ordinal(1, 5)


def _corpus() -> Corpus:
    """Return 60 items whose third word is their label; two people saw each, and one is wrong now and then."""
    records = []
    for number in range(60):
        level = number % 5 + 1
        item = {"id": str(number), "text": f"number {number} says {level} here"}
        other = min(5, level + (number % 7 == 0))
        records += [{**item, "who": "ana", "label": level}, {**item, "who": "ben", "label": other}]
    return Corpus.from_records(records, fields=["text"], label="label", annotator="who", id="id", scale=FIVE)


def _student() -> Rater:
    def script(prompt, draw):
        said = prompt.turns[-1].content.split("says ")[1][0]
        label = said if (int(said) + draw) % 3 else "3"
        return f"Reason: The text of this item says so in words.\nLabel: {label}"

    return Rater(FIVE, Guideline("Rate it."), lm=scripted_lm(script))


def _job(splits: Splits) -> Job:
    student = _student()
    return Job(
        name="says",
        splits=splits,
        student=student,
        teacher=student,
        sampler={"samples": 3, "stop": Exhaust(), "seed": 0},
        make_compiler=lambda journal, folder, progress: DistillGuideline(journal=journal, progress=progress),
        origin={"language": "en"},
    )


def test_a_compile_leaves_agreement_and_hashes_in_the_directory(tmp_path):
    corpus = _corpus()
    splits = corpus.split(dev=15, test=15, seed=0)
    (tmp_path / "run").mkdir()
    with Journal(tmp_path / "run" / "journal.sqlite") as journal:
        report = run_job(_job(splits), run=tmp_path / "run", journal=journal, console=Console())
    rater = Rater.load(tmp_path / "run" / "rater", lm="openai/none")
    made_of = rater.provenance
    test = rater.measured["test"]
    assert (test.chosen, test.corpus, test.findings) == (report.chosen, splits.test.hash, report.verdict)
    assert [(row.name, row.kind, row.agreement) for row in test.rows] == [
        (row.name, row.kind, row.agreement) for row in report.rows
    ]
    assert {"human", "baseline"} <= {row.kind for row in test.rows}
    assert (rater.measured["dev"].corpus, made_of["corpus"]) == (splits.dev.hash, corpus.hash)
    assert made_of["splits"] == {
        name: {"corpus": part.hash, "items": len(part)}
        for name, part in zip(("train", "dev", "test"), splits, strict=True)
    }
    file = tmp_path / "run" / "traces.parquet"
    assert made_of["traces"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    card = (tmp_path / "run" / "rater" / "CARD.md").read_text()
    assert card.startswith("---\nlanguage: en\n") and "# says\n" in card
    assert "one human against the others" in card and made_of["journal"]["sha256"] in card
    for sentence in report.verdict:
        assert sentence in card


def test_the_hash_of_the_draws_knows_their_content_and_not_the_items_order():
    train = _corpus().split(dev=15, test=15, seed=0).train

    def drawn(ids: list[str], samples: int = 3) -> str:
        sampler = RejectionSampling(samples, stop=Exhaust(), seed=0)
        return draws_hash(sampler.infer(_student(), trainset=train.select(ids).examples()))

    assert drawn(train.ids) == drawn(train.ids[::-1])
    assert len({drawn(train.ids), drawn(train.ids[1:]), drawn(train.ids, 2)}) == 3
