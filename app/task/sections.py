"""Knows the sections of a task file, what may stand in each and what it stands for; does not know how they are read."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from ...optimizers import Acceptance, Budget, Selection, Stopping
    from ...programs import Price, Scoring


def _below_one(share: float | int) -> float | int:
    if isinstance(share, float) and share >= 1:
        raise ValueError("a share is below 1")
    return share


def _whole(number: float) -> float:
    if not math.isfinite(number) or number != int(number):
        raise ValueError("a count is whole")
    return number


ColumnName = Annotated[str, Field(min_length=1, description="the name of a column")]
_Share = Annotated[
    float | int, AfterValidator(_below_one), Field(ge=0, description="a share (0.2) or a number of items (100)")
]
Count = Annotated[int, Field(ge=1, description="a whole number of at least 1")]
Format = Literal["bfloat16", "float32", "float16"]
"""The number format of models in this process; left out, what the machine computes fastest in."""
Seed = Annotated[int, Field(ge=0, description="a whole number of at least 0")]
ModelText = Annotated[str, Field(min_length=1, description="a model: local, local/<folder> or openai/gpt-4o-mini")]
EmbeddingModel = Annotated[str, Field(min_length=1, description="the name of an embedding model")]
TextOrPath = Annotated[str, Field(min_length=1, description="a text, or the path of a .md file")]
ServerAddress = Annotated[str, Field(pattern=r"^https?://\S+$")]
_WholeNumber = Annotated[float, AfterValidator(_whole), Field(ge=0)]
"""A count that may be written as 2e6."""


class TaskPart(BaseModel):
    """A mapping of the task file; each field's description says in words what may stand there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Data(TaskPart):
    """Where the labelled items are, and which column means what (see `accord.data.Corpus.from_csv`)."""

    path: Path = Field(strict=False, description="the path of a .csv, .jsonl, .json or .parquet file")
    fields: tuple[ColumnName, ...] = Field(strict=False, min_length=1, description="a list of columns, e.g. [review]")
    label: ColumnName
    annotator: ColumnName | None = Field(default=None, description="the name of a column")
    id: ColumnName | None = Field(default=None, description="the name of a column")
    group: ColumnName | None = Field(default=None, description="the name of a column")
    consensus: Literal["auto", "median", "mean", "majority", "dawid_skene"] = Field(
        default="auto", description="auto, median, mean, majority or dawid_skene"
    )
    max_spread: float | None = Field(default=None, ge=0, description="a number of at least 0")


class Split(TaskPart):
    """How many items go to dev and to test; the rest is train."""

    dev: _Share = 0.2
    test: _Share = 0.3
    seed: Seed = 0


class WithinSteps(TaskPart):
    """Draws match that are at most so many steps from the human label."""

    within: float = Field(ge=0, description="a number of steps of at least 0")


class OneAnnotator(TaskPart):
    """Draws match that have the label of a chosen annotator."""

    annotator: str = Field(min_length=1, description="an annotator's id")


class Limits(TaskPart):
    """The most that one run may spend on traces (see `accord.optimizers.Budget`)."""

    usd: float | None = Field(default=None, ge=0, description="a number of dollars of at least 0")
    tokens: _WholeNumber | None = Field(default=None, description="a whole number of at least 0")
    calls: _WholeNumber | None = Field(default=None, description="a whole number of at least 0")
    minutes: float | None = Field(default=None, ge=0, description="a number of at least 0")

    def as_budget(self) -> "Budget":
        """Return the limits as the sampler takes them."""
        from ...optimizers import Budget

        return Budget(**self.model_dump())


class PerMillion(TaskPart):
    """What the teacher charges, in US dollars for a million tokens; needed where LiteLLM's table has no price."""

    prompt: float | None = Field(default=None, ge=0, description="a number of dollars of at least 0")
    completion: float | None = Field(default=None, ge=0, description="a number of dollars of at least 0")

    def as_price(self) -> "Price | None":
        """Return the price of a token; None where it is left to the table."""
        from ...programs import Price

        if self.prompt is None or self.completion is None:
            return None
        return Price.per_million(self.prompt, self.completion)


class SamplingPart(TaskPart):
    """How traces are drawn (see `accord.optimizers.RejectionSampling`)."""

    samples: Count = 16
    stop: Literal["first", "confident", "exhaust"] = Field(
        default="confident", description="first, confident or exhaust"
    )
    accept: Literal["exact", "any_annotator"] | WithinSteps | OneAnnotator = Field(
        default="exact", description="exact, any_annotator, {within: <steps>} or {annotator: <id>}"
    )
    select: Literal["first", "medoid", "shortest"] = Field(default="medoid", description="first, medoid or shortest")
    hint: Literal["off", "fallback"] = Field(default="off", description="off or fallback")
    budget: Limits = Field(default=Limits(), description="a mapping, e.g. {usd: 5} or {tokens: 2e6, minutes: 30}")
    price: PerMillion = Field(default=PerMillion(), description="a mapping, e.g. {prompt: 0.15, completion: 0.60}")
    concurrency: Count | None = Field(default=None, description="a whole number of at least 1")
    temperature: float = Field(default=1.0, ge=0, le=2, description="a number from 0 to 2")
    max_tokens: Count | None = Field(default=None, description="a whole number of at least 1")

    def policy(self) -> dict[str, Any]:
        """Return the arguments of `RejectionSampling` that this section sets."""
        return {
            "samples": self.samples,
            "stop": self.stopping(),
            "accept": self.acceptance(),
            "select": self.selection(),
            "hint": None if self.hint == "off" else self.hint,
            "budget": self.budget.as_budget(),
            "price": self.price.as_price(),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }

    def acceptance(self) -> "Acceptance":
        """Return the rule that `accept` names."""
        from ...optimizers import AnyAnnotator, ByAnnotator, Exact, Within

        if isinstance(self.accept, WithinSteps):
            return Within(self.accept.within)
        if isinstance(self.accept, OneAnnotator):
            return ByAnnotator(self.accept.annotator)
        return Exact() if self.accept == "exact" else AnyAnnotator()

    def stopping(self) -> "Stopping":
        """Return the rule that `stop` names."""
        from ...optimizers import Confident, Exhaust, First

        return {"first": First, "confident": Confident, "exhaust": Exhaust}[self.stop]()

    def selection(self) -> "Selection":
        """Return the rule that `select` names."""
        from ...optimizers import Earliest, Medoid, Shortest

        return {"first": Earliest, "medoid": Medoid, "shortest": Shortest}[self.select]()


class Weights(TaskPart):
    """How a base model is fine-tuned; None leaves a figure to `FineTune`, and the base to the student."""

    base: ModelText | None = Field(default=None, description="a model: local or local/<folder>")
    objectives: tuple[
        Literal["trace", "label", "label_all", "label_first", "regression", "preference", "trace_shuffled"], ...
    ] = Field(
        default=("trace", "label", "label_all"),
        strict=False,
        min_length=1,
        description="a list of trace, label, label_all, label_first, regression, preference, trace_shuffled",
    )
    rounds: Count | None = Field(default=None, description="a whole number of at least 1")
    own_samples: Count | None = Field(default=None, description="a whole number of at least 1")
    method: Literal["lora", "qlora", "full"] | None = Field(default=None, description="lora, qlora or full")
    lora_rank: Count = 16
    epochs: Count | None = Field(default=None, description="a whole number of at least 1")
    learning_rate: float | None = Field(default=None, gt=0, lt=1, description="a number between 0 and 1, e.g. 2e-4")
    batch_size: Count | None = Field(default=None, description="a whole number of at least 1")
    micro_batch: Count | None = Field(default=None, description="a whole number of at least 1")
    patience: Count | None = Field(default=None, description="a whole number of epochs of at least 1")
    regression_weight: float | None = Field(default=None, ge=0, description="a number of at least 0, e.g. 1.0")
    margin: float | None = Field(default=None, gt=0, description="a number of steps above 0, e.g. 2")
    weighted: bool | None = Field(default=None, description="true or false")
    launcher: Literal["process", "accelerate"] | None = Field(default=None, description="process or accelerate")
    accelerate_config: str | None = Field(
        default=None, min_length=1, description="a file that accelerate config wrote, or the name of a shipped one"
    )


class Scores(TaskPart):
    """How the student's ratings come about (see `accord.programs.Scoring`)."""

    rule: Literal["mode", "likeliest", "mean", "expected", "median"] = Field(
        default="mode", description="mode, likeliest, mean, expected or median"
    )
    samples: int = Field(default=8, ge=2, description="a whole number of at least 2")

    def as_scoring(self) -> "Scoring":
        """Return the scoring as raters take it."""
        from ...programs import Scoring

        return Scoring(**self.model_dump())


class About(TaskPart):
    """What the guideline is about, in the words that a writer model is told."""

    dimension: TextOrPath = Field(default="what the guideline asks for", description="the quality that is rated")
    material: TextOrPath = Field(default="items", description="what is rated, e.g. stories")
    others: tuple[TextOrPath, ...] = Field(
        default=(), strict=False, description="a list of qualities that the guideline must not speak of"
    )


class Distill(TaskPart):
    """How a guideline is made from traces (see `accord.optimizers.DistillGuideline`); None leaves a figure to it."""

    mode: Literal["two_stage", "extractive", "cases", "checklist"] | None = Field(
        default=None, description="two_stage, extractive, cases or checklist"
    )
    writer: ModelText | None = Field(default=None, description="a model, e.g. openai/gpt-4o-mini")
    writer_api_base: ServerAddress | None = Field(default=None, description="an address, e.g. http://127.0.0.1:8000/v1")
    raters: tuple[ModelText, ...] = Field(default=(), strict=False, description="a list of models")
    embedder: EmbeddingModel | None = Field(
        default=None, description="an embedding model, e.g. openai/text-embedding-3-small or local/<folder>"
    )
    embedder_api_base: ServerAddress | None = Field(
        default=None, description="an address, e.g. http://127.0.0.1:8000/v1"
    )
    about: About = Field(default=About(), description="a mapping, e.g. {dimension: engagement, material: stories}")
    instruction_traces: Count | None = Field(default=None, description="a whole number of at least 1")
    rubric_traces: Count | None = Field(default=None, description="a whole number of at least 1")
    subsets: Count | None = Field(default=None, description="a whole number of at least 1")
    max_tokens: Count | None = Field(default=None, description="a whole number of at least 1")
    critiques_per_level: Seed | None = Field(default=None, description="a whole number of at least 0")
    cases_per_level: Seed | None = Field(default=None, description="a whole number of at least 0")
    accept: Literal["better", "not_worse"] | None = Field(default=None, description="better or not_worse")
    ablate: Seed | None = Field(default=None, description="a whole number of at least 0")
