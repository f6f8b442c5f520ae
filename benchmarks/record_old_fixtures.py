"""Write tests/fixtures/before_the_move with the Accord of an earlier commit, for `tests/test_written_before.py`.

    git worktree add ../old 57f2f3e
    PYTHONPATH=../old/.ci/import_root:tests OMP_NUM_THREADS=1 .venv/bin/python benchmarks/record_old_fixtures.py

It uses nothing but the rooms' doors and the command line, which both commits have. What the old code itself reads in
what it wrote goes into expected.json: today's code has to read the same.
"""

import gzip
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet

import accord.data
from accord.data import Choice, Choices, Journal, standing_choices
from accord.programs import Rater, resolve_model, scripted_lm
from worlds import old_stories as stories
from worlds.stub_script import Behaviour
from worlds.stub_server import StubServer

FOLDER = Path(__file__).parents[1] / "tests" / "fixtures" / "before_the_move"
PORT = 18_231
"""Fixed, so that the task file, which names it, is the same each time."""


def main() -> None:
    """Write everything anew."""
    for name in ("raters", "journal", "run"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        (FOLDER / name).mkdir(parents=True)
    with StubServer(Behaviour(answer=stories.answer), port=PORT) as server:
        raters = record_raters(server.url)
        run = record_run(server.url)
    expected = {"raters": raters, "journal": record_journal(), "run": run}
    written = json.dumps(expected, ensure_ascii=False, indent=1)
    (FOLDER / "expected.json").write_text(written + "\n", encoding="utf-8")
    sys.stdout.write(f"written with {Path(accord.data.__file__).resolve().parent}\n")


def record_raters(url: str) -> dict[str, Any]:
    """Save a rater of stories and one of pairs with their agreement on dev and test; return what they say."""
    saved, single = stories.rater(), stories.rater()
    saved.set_lm(resolve_model("openai/student", max_tokens=77))
    single.set_lm(resolve_model("openai/student", api_base=url))
    splits = {"dev": stories.corpus(stories.DEV), "test": stories.corpus(stories.TEST)}
    saved.save(FOLDER / "raters" / "single", agreement={name: single.agreement(one) for name, one in splits.items()})
    scripted = stories.pair_rater().over(stories.pair_rater().rater.variant(lm=scripted_lm(stories.pair_script)))
    both = {"dev": stories.pairs(stories.DEV), "test": stories.pairs(stories.TEST)}
    measured = {name: scripted.agreement(one) for name, one in both.items()}
    stories.pair_rater().save(FOLDER / "raters" / "pairs", agreement=measured)
    return {
        "single": {
            "prompts": [single.prompt(item.fields).bytes.decode() for item in splits["test"]][:2],
            "hashes": [single.prompt(item.fields).sha256 for item in splits["test"]],
            "labels": single.rate(splits["test"]).labels,
        },
        "pairs": {
            "prompts": [scripted.rater.prompt(item.fields).bytes.decode() for item in both["test"]][:2],
            "hashes": [scripted.rater.prompt(item.fields).sha256 for item in both["test"]],
            "labels": scripted.rate(both["test"]).labels,
        },
    }


def record_journal() -> dict[str, Any]:
    """Write draws of two sources; return them as they are read."""
    path = FOLDER / "journal" / "journal.sqlite"
    with Journal(path) as journal:
        journal.claim("stories", {f"s{number:02}": f"{number:02x}" * 32 for number in range(3)})
        for source, draws in stories.draws():
            journal.record(source, draws)
        read = {source.key: [vars_of(draw) for draw in journal.recorded(source)] for source in journal.sources()}
    tidy(path.parent)
    return read


def vars_of(record: Any) -> dict[str, Any]:
    """Return a frozen record's fields as JSON has them."""
    return json.loads(json.dumps({name: getattr(record, name) for name in record.__dataclass_fields__}))


def record_run(url: str) -> dict[str, Any]:
    """Compile, let people choose, and compile again with what they chose; return what there is in the run."""
    folder = FOLDER / "run"
    task = stories.write_task(folder, url)
    compile_task(task, folder / "out")
    pick(folder / "out")
    compile_task(task, folder / "out")
    (folder / "out" / "report.html").unlink()
    out = folder / "out"
    with Journal(out / "journal.sqlite") as journal:
        draws = {source.key: [vars_of(one) for one in journal.recorded(source)] for source in journal.sources()}
    found = {
        "draws": {key: len(some) for key, some in draws.items()},
        "kinds": sorted({draw["kind"] for some in draws.values() for draw in some}),
        "choices": [vars_of(one) for one in standing_choices(out / "review.sqlite")],
        "labels": Rater.load(out / "rater", lm=scripted_lm(stories.script)).rate(stories.corpus(stories.TEST)).labels,
    }
    tidy(out)
    return found


def compile_task(task: Path, run: Path) -> None:
    """Run the command line as a user does."""
    # The main module of the command moved; an older one has no accord.app.__main__, where `-m accord.app` would go on.
    main = "accord.app.cli" if importlib.util.find_spec("accord.app.cli") else "accord.app"
    words = ["compile", task.name, "--into", "guideline", "--run", str(run.relative_to(task.parent))]
    url = f"http://127.0.0.1:{PORT}/v1"
    environment = {**os.environ, "OPENAI_API_BASE": url, "OPENAI_API_KEY": "none"}
    environment["PYTHONPATH"] = os.pathsep.join(str(Path(one).resolve()) for one in sys.path if one)
    done = subprocess.run(
        [sys.executable, "-m", main, *words], cwd=task.parent, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)


def pick(run: Path) -> None:
    """Let two people pick traces, write one, correct a label and comment on a rule, and one change her mind."""
    items = [row for row in pyarrow.parquet.read_table(run / "review.parquet").to_pylist() if len(row["traces"]) > 1]
    first, second, third = items[:3]
    with Choices(run / "review.sqlite") as choices:
        for number, item in enumerate((first, second)):
            shown = [one["name"] for one in item["traces"]]
            choices.record(Choice("dora", "trace", item["item_id"], {"trace": shown[number]}, shown))
            choices.record(Choice("emil", "trace", item["item_id"], {"trace": shown[-1]}, shown[::-1]))
        shown = [one["name"] for one in second["traces"]]
        choices.record(Choice("dora", "trace", second["item_id"], {"trace": shown[-1]}, shown))
        own = {"text": "It tells of people who meet \u2014 and of nothing else, to its end."}
        choices.record(Choice("emil", "trace", third["item_id"], own, [one["name"] for one in third["traces"]]))
        said = {"label": "2", "old": third["label"], "reasons_seen": True}
        for who in ("dora", "emil"):
            choices.record(Choice(who, "label", third["item_id"], said))
        comment = {"verdict": "unclear", "comment": "Where is the last line?", "rule": "1: badly"}
        choices.record(Choice("dora", "rule", "0123456789ab", comment))


def tidy(folder: Path) -> None:
    """Fold the logs of SQLite files into them and pack them (most of so small a file is empty); leave no lock."""
    for file in folder.glob("*.sqlite"):
        database = sqlite3.connect(file, isolation_level=None)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("VACUUM")
        database.close()
        file.with_suffix(".sqlite.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
        file.unlink()
    for pattern in ("*.sqlite-*", "*.lock"):
        for file in folder.rglob(pattern):
            file.unlink()


if __name__ == "__main__":
    main()
