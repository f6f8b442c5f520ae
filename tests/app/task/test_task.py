"""The task file: what may stand in it, and the one line for each thing that may not."""

from pathlib import Path

import pytest

from accord.app.task.task import Task
from accord.data import AccordError, InputError, Nominal, Ordinal
from accord.optimizers import (
    AnyAnnotator,
    Budget,
    ByAnnotator,
    Confident,
    Earliest,
    Exact,
    Exhaust,
    First,
    Medoid,
    Shortest,
    Within,
)
from accord.programs import Price

BASE = """\
name: stars
data:
  path: items.csv
  fields: [text]
  label: label
scale: {type: ordinal, low: 1, high: 5}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = "".join(f"item {number},{number % 5 + 1}\n" for number in range(20))
    (tmp_path / "items.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    (tmp_path / "codebook.md").write_text("Count the stars.", encoding="utf-8")
    (tmp_path / "model").mkdir()
    return tmp_path


def load(folder: Path, text: str) -> Task:
    (folder / "task.yaml").write_text(text, encoding="utf-8")
    return Task.load(folder / "task.yaml")


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(AccordError) as caught:
        load(folder, text)
    line = str(caught.value)
    assert "\n" not in line
    return line.replace(f"{folder}/", "")


def test_the_least_there_can_be(folder: Path) -> None:
    task = load(folder, BASE)
    assert (task.student, task.teacher, task.max_tokens, task.seed) == ("local", None, 256, 0)
    assert (task.split.dev, task.split.test, task.split.seed) == (0.2, 0.3, 0)
    assert (task.sampling.samples, task.sampling.temperature, task.sampling.max_tokens) == (16, 1.0, None)
    assert task.sampling.acceptance() == Exact()
    assert task.sampling.stopping() == Confident()
    assert task.sampling.selection() == Medoid()
    assert (task.sampling.hint, task.sampling.concurrency, task.teacher_api_base) == ("off", None, None)
    assert (task.sampling.budget.as_budget(), task.sampling.price.as_price()) == (Budget(), None)
    assert task.weights.objectives == ("trace", "label", "label_all")
    assert task.weights.model_dump(exclude_none=True) == {"objectives": task.weights.objectives, "lora_rank": 16}
    assert task.distill.model_dump(exclude_none=True) == {
        "raters": (),
        "about": {"dimension": "what the guideline asks for", "material": "items", "others": ()},
    }
    assert task.guideline_object().cases == ()
    assert task.teacher_guideline_object() is None
    assert len(task.corpus()) == 20
    assert task.scale_object() == Ordinal(1, 5)


def test_all_there_can_be(folder: Path) -> None:
    task = load(
        folder,
        BASE.replace("ordinal", "interval")
        + """
cut: [2, 3.5]
cut_anchors: {1: bad, 3: good}
guideline: codebook.md
student: local/model
teacher: openai/gpt-oss-120b
teacher_api_base: http://127.0.0.1:8000/v1
teacher_guideline: "Think, then rate."
split: {dev: 4, test: 0.25, seed: 3}
sampling:
  samples: 8
  stop: exhaust
  accept: {within: 1}
  select: shortest
  hint: fallback
  budget: {usd: 5, tokens: 2e6, calls: 1000, minutes: 1.5}
  price: {prompt: 0.15, completion: 0.60}
  concurrency: 32
  temperature: 0.7
  max_tokens: 80
weights:
  {base: local/model, objectives: [trace], lora_rank: 8, epochs: 2, learning_rate: 2e-4, batch_size: 4,
   launcher: accelerate, accelerate_config: two_gpus.yaml}
distill:
  mode: two_stage
  writer: openai/gpt-4o-mini
  raters: [local/model, openai/gpt-4o-mini]
  about: {dimension: warmth, material: letters, others: [grammar]}
  critiques_per_level: 2
  cases_per_level: 0
  embedder: local/model
  embedder_api_base: http://127.0.0.1:9/v1
  accept: not_worse
max_tokens: 64
seed: 7
""",
    )
    assert task.scale_object() == Ordinal(1, 3, {1: "bad", 3: "good"})
    assert set(task.corpus().golds()) == {1, 2, 3}
    assert task.guideline_object().instruction == "Count the stars."
    assert task.student == f"local/{folder / 'model'}" == task.weights.base
    assert task.distill.embedder == task.student and task.distill.embedder_api_base == "http://127.0.0.1:9/v1"
    assert task.distill.raters == (f"local/{folder / 'model'}", "openai/gpt-4o-mini")
    assert task.weights.learning_rate == 2e-4
    assert task.weights.accelerate_config == str(folder / "two_gpus.yaml")
    assert task.sampling.acceptance() == Within(1)
    assert task.sampling.stopping() == Exhaust()
    assert task.sampling.policy() == {
        "samples": 8,
        "stop": Exhaust(),
        "accept": Within(1),
        "select": Shortest(),
        "hint": "fallback",
        "budget": Budget(usd=5, tokens=2_000_000, calls=1_000, minutes=1.5),
        "price": Price.per_million(0.15, 0.60),
        "temperature": 0.7,
        "max_tokens": 80,
    }
    assert (task.sampling.concurrency, task.teacher_api_base) == (32, "http://127.0.0.1:8000/v1")
    assert (task.split.dev, task.split.test) == (4, 0.25)


@pytest.mark.parametrize(
    ("sampling", "rule"),
    [
        ("stop: first", First()),
        ("stop: confident", Confident()),
        ("select: first", Earliest()),
        ("accept: any_annotator", AnyAnnotator()),
        ("accept: {annotator: ana}", ByAnnotator("ana")),
    ],
)
def test_a_rule_is_named_by_a_word(folder: Path, sampling: str, rule: object) -> None:
    base = BASE.replace("  label: label\n", "  label: label\n  annotator: who\n")
    assert load(folder, base + f"sampling: {{{sampling}}}\n").sampling.policy()[sampling.split(":")[0]] == rule


def test_paths_are_relative_to_the_task_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    (folder / "task.yaml").write_text(BASE + "guideline: codebook.md\n", encoding="utf-8")
    task = Task.load("../task.yaml")
    monkeypatch.chdir("/")
    assert len(task.corpus()) == 20
    assert task.guideline_object().instruction == "Count the stars."


def test_a_bom_bare_no_and_dates_are_what_they_look_like(folder: Path) -> None:
    text = BASE.replace("stars", "2024-01-01").replace("ordinal, low: 1, high: 5", "nominal, values: [yes, no]")
    task = load(folder, "\ufeff" + text)
    assert task.name == "2024-01-01"
    assert task.scale_object() == Nominal(["yes", "no"])


def test_an_emptied_section_is_its_default(folder: Path) -> None:
    assert load(folder, BASE + "sampling:\n#  samples: 3\n").sampling.samples == 16


def test_a_task_cannot_be_changed(folder: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(folder, BASE).seed = 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            BASE + "sampling:\n  smaples: 3\n",
            "task.yaml, line 8, 'sampling.smaples': unknown key. "
            "Allowed: samples, stop, accept, select, hint, budget, price, concurrency, temperature, max_tokens. "
            "Did you mean 'samples'?",
        ),
        (BASE + "seed: many\n", "task.yaml, line 7, 'seed': the value is 'many'. Give a whole number of at least 0."),
        (BASE + "seed: true\n", "task.yaml, line 7, 'seed': the value is True."),
        (BASE + "split: {dev: 1.5}\n", "line 7, 'split.dev': the value is 1.5. Give a share (0.2) or a number of"),
        (
            BASE + "sampling: {accept: within}\n",
            "'sampling.accept': the value is 'within'. Give exact, any_annotator, {",
        ),
        (BASE + "sampling: {accept: {with: 1}}\n", "'sampling.accept': the value is {'with': 1}. Give exact, any_"),
        (BASE + "sampling: {accept: {annotator: ana}}\n", "'sampling.accept': the data do not say who gave a label."),
        (BASE + "sampling: {stop: last}\n", "'sampling.stop': the value is 'last'. Give first, confident or exhaust."),
        (
            BASE + "sampling: {select: last}\n",
            "'sampling.select': the value is 'last'. Give first, medoid or shortest.",
        ),
        (BASE + "sampling: {hint: true}\n", "'sampling.hint': the value is True. Give off or fallback."),
        (
            BASE + "sampling:\n  budget:\n    usd: -1\n",
            "task.yaml, line 9, 'sampling.budget.usd': the value is -1. Give a number of dollars of at least 0.",
        ),
        (BASE + "sampling: {budget: {usd: true}}\n", "'sampling.budget.usd': the value is True. Give a number of"),
        (BASE + "sampling: {budget: {usd: .inf}}\n", "'sampling.budget.usd': the value is inf. Give a number of"),
        (
            BASE + "sampling: {budget: {tokens: 2.5}}\n",
            "'sampling.budget.tokens': the value is 2.5. Give a whole number",
        ),
        (BASE + "sampling: {budget: {calls: -1}}\n", "'sampling.budget.calls': the value is -1. Give a whole number"),
        (
            BASE + "sampling: {budget: {hours: 1}}\n",
            "'sampling.budget.hours': unknown key. Allowed: usd, tokens, calls,",
        ),
        (BASE + "sampling: {budget: 5}\n", "'sampling.budget': the value is 5. Give a mapping, e.g. {usd: 5}"),
        (BASE + "sampling: {price: {prompt: -1}}\n", "'sampling.price.prompt': the value is -1. Give a number of"),
        (BASE + "sampling: {price: {prompt: 1}}\n", "'sampling.price': one of the two prices is missing. Give both"),
        (BASE + "sampling: {concurrency: 0}\n", "'sampling.concurrency': the value is 0. Give a whole number of at le"),
        (BASE + "sampling: {concurrency: 8}\n", "'sampling.concurrency': it is set for a server that is not named."),
        (BASE + "teacher_api_base: localhost:8000\n", "'teacher_api_base': the value is 'localhost:8000'. Give an add"),
        (BASE + "teacher_api_base: http://127.0.0.1:8000/v1\n", "'teacher_api_base': the teacher is no model on a s"),
        (BASE + "sampling: {temperature: .nan}\n", "'sampling.temperature': the value is nan. Give a number from 0"),
        (BASE + "sampling: [1]\n", "line 7, 'sampling': the value is [1]. Give a mapping"),
        (BASE + "weights: {objectives: [trace, lable]}\n", "'weights.objectives': the value is ['trace', 'lable']."),
        (BASE.replace("[text]", "text"), "line 4, 'data.fields': the value is 'text'. Give a list of columns"),
        (
            BASE.replace("label: label", "label: 5"),
            "'data.label': the value is 5. Give the name of a column. Put it in",
        ),
        (
            BASE.replace("label: label", "label:"),
            "line 5, 'data.label': the value is empty. Give the name of a column.",
        ),
        (BASE.replace("  label: label\n", ""), "line 2, 'data.label': the key is missing. Give the name of a column."),
        (BASE.replace("name: stars\n", ""), "line 1, 'name': the key is missing. Give a short name"),
        (BASE.replace("name: ", "nmae: "), "line 1, 'nmae': unknown key."),
        (BASE.replace("stars", "a/b"), "line 1, 'name': the value is 'a/b'. Give a short name"),
        (BASE.replace("ordinal", "ordnal"), "line 6, 'scale': unknown scale type 'ordnal'."),
        (BASE + "cut: [2]\n", "line 7, 'cut': labels of type ordinal"),
        (BASE + "cut_anchors: {1: bad}\n", "line 7, 'cut_anchors': there are anchors but no cut."),
        (BASE + "name: twice\n", "line 7, 'name': the key stands on line 1 already. Keep one of them."),
        (BASE + "split:\n\tdev: 3\n", "task.yaml, line 8, column 1: found a tab. Indent with spaces"),
        (BASE + "guideline: a: b\n", "task.yaml, line 7, column 13: not valid YAML (mapping values"),
        (BASE + "teacher: *a\n", "line 7, column 10: not valid YAML (found an alias (*))."),
        (
            BASE + "guideline: !!python/name:os.system\n",
            "line 7, column 12: not valid YAML (could not determine a constructor",
        ),
        (BASE + "? [a]\n: 3\n", "task.yaml, line 7: a key must be one word."),
        (BASE + "---\na: 1\n", "not valid YAML (but found another document)"),
        ("- a\n", "task.yaml, line 1: holds a list, not a mapping."),
        ("hello", "task.yaml, line 1: holds one value, not a mapping."),
        ("# only a comment\n", "task.yaml: the file holds nothing."),
        ("[" * 500, "task.yaml: nested too deeply."),
        (BASE.replace("items.csv", "itms.csv"), "line 3, 'data.path': there is no file 'itms.csv'."),
        (BASE + "guideline: none.md\n", "line 7, 'guideline': there is no file 'none.md'. Check the path, or write"),
        (BASE + "student: local/nowhere\n", "line 7, 'student': there is no model folder 'nowhere'."),
        (BASE + "student: vllm/nowhere\n", "line 7, 'student': there is no model folder 'nowhere'."),
        (BASE + "distill: {writer: local/nowhere}\n", "line 7, 'distill.writer': there is no model folder 'nowhere'."),
        (
            BASE + "distill:\n  raters:\n  - local\n  - local/nowhere\n",
            "line 10, 'distill.raters.1': there is no model",
        ),
        (BASE + "teacher: ${ACCORD_UNSET}\n", "line 7, 'teacher': the environment has no variable ACCORD_UNSET."),
    ],
)
def test_each_mistake_is_one_line_with_place_and_cure(folder: Path, text: str, said: str) -> None:
    assert said in refusal(folder, text)


def test_a_file_that_is_not_there_or_not_utf8(folder: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        Task.load(folder / "none.yaml")
    (folder / "task.yaml").write_bytes(BASE.encode() + b"guideline: caf\xe9\n")
    with pytest.raises(InputError, match="is not UTF-8 text. Save the file as UTF-8"):
        Task.load(folder / "task.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        Task.load(folder)


def test_variables_are_put_in_and_two_dollars_keep_the_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_MODEL", "gpt-4o-mini")
    task = load(folder, BASE + 'teacher: "openai/${ACCORD_MODEL}"\nguideline: "costs $${PRICE} or $5"\n')
    assert task.teacher == "openai/gpt-4o-mini"
    assert task.guideline == "costs ${PRICE} or $5"
    assert task.as_written is not None
    assert task.as_written["teacher"] == "openai/${ACCORD_MODEL}"


@pytest.mark.parametrize(
    "line",
    ["seed: ${ACCORD_KEY}", "teacher: local/${ACCORD_KEY}", "guideline: ${ACCORD_KEY}.md", "name: a/${ACCORD_KEY}"],
)
def test_values_of_variables_never_appear_in_messages(folder: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setenv("ACCORD_KEY", "sk-secret")
    base = BASE.replace("name: stars\n", "") if line.startswith("name") else BASE
    said = refusal(folder, f"{base}{line}\n")
    assert "sk-secret" not in said
    assert "${ACCORD_KEY}" in said


def test_messages_of_later_stages_are_concealed_and_placed_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_KEY", "sk-secret")
    task = load(folder, BASE + "teacher: openai/${ACCORD_KEY}\n")
    with pytest.raises(AccordError) as caught, task.concealing():
        raise InputError(f"no model {task.teacher}", cure="Name another.")
    assert str(caught.value) == f"{folder}/task.yaml: no model openai/${{ACCORD_KEY}}. Name another."
    (folder / "sk-secret.csv").write_text("text,label\na,9\n", encoding="utf-8")
    task = load(folder, BASE.replace("items", "${ACCORD_KEY}"))
    with pytest.raises(InputError) as caught:
        task.corpus()
    assert "${ACCORD_KEY}.csv, line 2, column 'label': '9' is outside the scale" in str(caught.value)


def test_everything_that_fine_tuning_takes_reaches_it(folder: Path) -> None:
    from accord.optimizers import FineTune

    weights = """
weights:
  objectives: [trace, trace_shuffled, preference]
  rounds: 2
  own_samples: 4
  method: full
  batch_size: 8
  micro_batch: 2
  patience: 1
  launcher: accelerate
"""
    options = load(folder, BASE + weights).weights.model_dump(exclude_none=True)
    compiler = FineTune(**options)
    assert (compiler.rounds, compiler.own_samples) == (2, 4)
    assert compiler.objectives == ("trace", "trace_shuffled", "preference")
    parameters = compiler.parameters
    assert (parameters.method, parameters.micro_batch, parameters.patience) == ("full", 2, 1)
    assert compiler.launcher.kind == "accelerate"


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        ("rounds: 0", "Give a whole number of at least 1."),
        ("method: half", "Give lora, qlora or full."),
        ("launcher: slurm", "Give process or accelerate."),
        ("patience: 0.5", "Give a whole number of epochs of at least 1."),
    ],
)
def test_what_fine_tuning_cannot_take_is_refused_by_name(folder: Path, wrong: str, cure: str) -> None:
    with pytest.raises(InputError) as caught:
        load(folder, BASE + f"weights: {{{wrong}}}\n")
    assert f"weights.{wrong.split(':')[0]}" in str(caught.value) and cure in str(caught.value)
