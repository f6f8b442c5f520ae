"""Knows how a judge of MLflow is aligned with people's labels: it is MLflow's optimizer; importing it needs MLflow.

judge.align(traces, optimizer=AccordOptimizer(teacher="openai/gpt-4o"))
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from ...data import Scale, SetupError
from ...programs import Rater, need, resolve_model
from ..distill_guideline import DistillGuideline
from ..distillation import Subject
from ..rejection_sampling import RejectionSampling
from ..traces import Traces
from .feedback import Labelled, labelled
from .judges import MLFLOW_PURPOSE, fields_of, judge_of, rater_of

logger = logging.getLogger(__name__)

_PLACE = "AccordOptimizer"
_base = need("mlflow.genai.judges.base", "mlflow", MLFLOW_PURPOSE)


@dataclass(frozen=True)
class Alignment:
    """What an alignment came to.

    Attributes:
        judge: The new judge.
        rater: What its guideline was taken from: ``candidates`` are the guidelines that were measured on dev, best
            first, ``provenance`` has the rules with the traces that they come from. It can be saved and served.
        labelled: The labels that were used, and which traces were left out, why.
        traces: The thinking that was found behind the labels.
    """

    judge: Any
    rater: Rater
    labelled: Labelled
    traces: Traces

    @property
    def changed(self) -> bool:
        """Whether the judge has other instructions than before."""
        return self.rater.provenance["chosen"] != "original"

    @property
    def words(self) -> str:
        """What happened, in a few sentences."""
        (before,) = (one for one in self.rater.candidates if one.name == "original")
        dev = self.rater.candidates[0].dev
        said = f"{len(self.labelled.corpus)} labels, {len(self.traces)} explained by the teacher."
        if self.changed:
            chosen, alpha = self.rater.provenance["chosen"], _alpha(dev)
            said += f" The guideline {chosen!r} replaces the instructions:"
            said += f" alpha {_alpha(before.dev)} before, {alpha} after, on {dev.n} dev traces."
        else:
            said += f" The instructions stay (alpha {_alpha(before.dev)} on {dev.n} dev traces):"
            said += " no new guideline is shown to agree better with people."
        return said + (f" Left out: {self.labelled.words}." if self.labelled.left_out else "")


class AccordOptimizer(_base.AlignmentOptimizer):
    """Aligns a judge of MLflow with labels that people gave, without any rationale of theirs.

    A teacher reasons about each trace without seeing its label; the reasoning that reaches people's label is kept
    (`RejectionSampling`) and written into the judge's instructions (`DistillGuideline`). A part of the traces is kept
    apart: new instructions replace the old ones only if they agree better with people there.

    Whether they do is measured with the judge's model through a `Rater`, which asks for reasoning first and the label
    after it; MLflow asks the same model in another form.

    Args:
        teacher: Who reasons, and writes where `distiller` is not given: a model's name, an LM or a `Rater`; None is
            the judge's own model.
        scale: The scale of the labels; None takes it from the judge's ``feedback_value_type`` and the labels. Give it
            where the type is a number or a text, for people may not have given every label there is.
        lm: The model that stands for the judge's, where Accord cannot ask that one (a gateway, own headers).
        sampler: How reasoning is drawn; None is ``RejectionSampling()``.
        distiller: How it becomes a guideline; None is the two-stage recipe with the teacher's model as the writer.
        dev: Share (a float) or number (an int) of the labelled traces that guidelines are compared on.
        seed: Of the split.
    """

    def __init__(
        self,
        *,
        teacher: str | dspy.LM | Rater | None = None,
        scale: Scale | None = None,
        lm: str | dspy.LM | None = None,
        sampler: RejectionSampling | None = None,
        distiller: DistillGuideline | None = None,
        dev: float = 0.4,
        seed: int = 0,
    ) -> None:
        """Keep the policy.

        Raises:
            SetupError: If `dev` leaves nothing to compare on, or a checklist is to be made.
        """
        super().__init__()
        if not dev > 0:
            raise SetupError(f"dev={dev}", place=_PLACE, cure="Give a share such as 0.4, or a number of traces.")
        if distiller is not None and distiller.mode == "checklist":
            cure = "Give a distiller of another mode: a judge of MLflow cannot work out a label from answers."
            raise SetupError("a checklist is to become a judge's instructions", place=_PLACE, cure=cure)
        self.teacher = teacher
        self.scale = scale
        self.lm = lm
        self.sampler = RejectionSampling() if sampler is None else sampler
        self.distiller = distiller
        self.dev = dev
        self.seed = seed

    def align(self, judge: Any, traces: Sequence[Any]) -> Any:
        """Return a new judge of the same name, type, model and variables, with the better instructions.

        What happened is logged; `alignment` returns it.

        Args:
            judge: A judge that `mlflow.genai.judges.make_judge` made; left unchanged.
            traces: MLflow traces with feedback of people under the judge's name.

        Raises:
            SetupError: If the judge cannot be aligned, there are too few labels, the model cannot be asked, or the
                teacher explains none of the labels.
            InputError: If all labels are the same.
        """
        return self.alignment(judge, traces).judge

    def alignment(self, judge: Any, traces: Sequence[Any]) -> Alignment:
        """Align as `align` does, and return all there is to know of it.

        Args:
            judge: As for `align`.
            traces: As for `align`.

        Raises:
            SetupError: As for `align`.
            InputError: As for `align`.
        """
        fields = fields_of(judge)
        found = labelled(judge, traces, fields, self.scale)
        if found.inferred:
            logger.warning(
                "judge %r: the labels are taken to be %s, since people gave these; scale=... says more",
                judge.name,
                found.corpus.scale.describe(),
            )
        student = rater_of(judge, found.corpus.scale, fields, self.lm)
        teacher = (
            self.teacher if self.teacher is None or isinstance(self.teacher, Rater) else resolve_model(self.teacher)
        )
        train, dev, _ = found.corpus.split(dev=self.dev, test=0, seed=self.seed)
        drawn = self.sampler.infer(student, trainset=train.examples(), teacher=teacher)
        if not len(drawn):
            what = f"the teacher explains none of {len(train)} labels"
            if drawn.failures:
                what += f", and {drawn.errors} requests failed ({', '.join(drawn.failures)})"
            cure = "Give another teacher=, or sampler=RejectionSampling(hint='fallback')."
            raise SetupError(what, place=_PLACE, cure=cure)
        distiller = self.distiller
        if distiller is None:
            writer = student.lm if teacher is None else teacher.lm if isinstance(teacher, Rater) else teacher
            subject = Subject(judge.name.replace("_", " "), "answers")
            distiller = DistillGuideline(writer=writer, subject=subject, seed=self.seed)
        rater = distiller.compile(student, trainset=drawn, valset=dev.examples())
        made = Alignment(judge_of(judge, rater.guideline), rater, found, drawn)
        logger.info("judge %r: %s", judge.name, made.words)
        return made


def _alpha(dev: Any) -> str:
    value = dev.metrics["alpha"].value
    return "undefined" if value is None else f"{value:.2f}"
