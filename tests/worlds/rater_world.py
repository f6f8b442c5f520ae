"""Knows a small world of stories, annotators and a teacher whose habits are dials; knows nothing about compilers."""

import hashlib
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from accord.data import Annotation, Corpus, Item, Label, Ordinal, Scale
from accord.programs import Completion, Prompt

from .world_texts import FAILURES, INJECTIONS, quality_word, story

if TYPE_CHECKING:
    import dspy

    from .world_teacher import Script

Misses = Literal["uniform", "near", "mix"]


@dataclass(frozen=True)
class RaterWorld:
    """Stories with a true label, people who label them with some noise, and a teacher whose hit rates are known.

    Everything follows from the dials and `seed`: the same arguments give the same world on any machine. Each decision
    has a generator of its own, so that turning one dial leaves the rest of the world as it was.

    Attributes:
        items: How many stories. On nominal scales, those with a tied majority are not in the corpus.
        seed: Of everything.
        scale: Any scale; an `Interval` gets nine equally spaced true labels.
        mix: Shares of the true labels before anyone reads, lowest first; None for equal shares.
        annotators: How many people; each has thresholds of their own.
        share: Share of the stories that each of them labels; every story is labelled by at least one.
        noise: Standard deviation of their readings, where qualities have standard deviation 1.
        groups: How many authors (0: the corpus has no groups).
        flipped: Share of the stories whose gold is replaced by a far label (two steps or more, where there are such).
        injected: Share of the stories whose text carries instructions that name a wrong label.
        hit_rate: Probability that a readable draw has the true label: one number, several to choose from for each
            story, or one for each true label.
        guessable: Share of the stories on which the teacher only draws from the mix of true labels.
        misses: Where its other draws go: equally to the other labels, to neighbours, or to the mix of true labels.
        bias: Probability that a draw is moved one level up.
        failures: Probability that a reply has no readable label.
        failure_kinds: Their kinds, equally likely; see `world_texts.FAILURES`.
        obedience: Probability that a draw follows the instructions in a story's text.
        errors: Probability that a request fails; a later attempt at the same draw is another chance.
        restating: Probability that a rationale written for a label that was shown only restates it.
        prompt_tokens: Billed for each prompt.
        completion_tokens: Billed for each completion.
    """

    items: int = 200
    seed: int = 0
    scale: Scale = field(default_factory=lambda: Ordinal(1, 5))
    mix: Sequence[float] | None = None
    annotators: int = 5
    share: float = 0.6
    noise: float = 0.3
    groups: int = 0
    flipped: float = 0.0
    injected: float = 0.0
    hit_rate: float | Sequence[float] | Mapping[Label, float] = 0.5
    guessable: float = 0.0
    misses: Misses = "uniform"
    bias: float = 0.0
    failures: float = 0.0
    failure_kinds: tuple[str, ...] = tuple(FAILURES)
    obedience: float = 0.0
    errors: float = 0.0
    restating: float = 0.0
    prompt_tokens: int = 100
    completion_tokens: int = 100

    @property
    def tag(self) -> str:
        """Four letters that stand in each story, so that another world's stories are not answered."""
        return hashlib.sha256(f"world {self.seed}".encode()).hexdigest()[:4]

    @cached_property
    def levels(self) -> tuple[Label, ...]:
        """The labels that a draw may have, lowest first."""
        if self.scale.levels is not None:
            return self.scale.levels
        low, high = (float(getattr(self.scale, end)) for end in ("low", "high"))
        return tuple(self.scale.nearest(float(value)) for value in np.linspace(low, high, 9))

    def corpus(self) -> Corpus:
        """Return the labelled stories, flips included; field ``text``."""
        return self._corpus

    @property
    def truths(self) -> dict[str, Label]:
        """Id to consensus before any flip: what a good reader says."""
        return dict(self._truths)

    @cached_property
    def flipped_ids(self) -> frozenset[str]:
        """The stories whose gold is wrong."""
        return self._chosen(self.flipped, "flips")

    @cached_property
    def guess_ids(self) -> frozenset[str]:
        """The stories on which the teacher only guesses."""
        return self._chosen(self.guessable, "guesses")

    @cached_property
    def injected_labels(self) -> dict[str, Label]:
        """Id of each story with injected instructions to the label that these name: far from the true one."""
        chosen = self._chosen(self.injected, "injections")
        return {id: self._far(self._truths[id], "injected label", id) for id in self._truths if id in chosen}

    @property
    def hit_rates(self) -> dict[str, float]:
        """Id to the probability that a draw (not a failed request) carries the true label, all dials considered."""
        return {id: self.chances(id).get(truth, 0.0) for id, truth in self.truths.items()}

    @property
    def gold_rates(self) -> dict[str, float]:
        """Id to the probability that a draw carries the corpus's gold: unlike `hit_rates` on flipped stories."""
        return {
            id: self.chances(id).get(gold, 0.0) for id, gold in zip(self._corpus.ids, self._corpus.golds(), strict=True)
        }

    def chances(self, id: str) -> dict[Label, float]:
        """Return the probability of each label in a draw for this story; they add up to ``1 - failures``."""
        return self._all_chances[id]

    def teacher_lm(
        self, *, engine: Literal["batch", "feed", "single"] = "batch", script: "Script | None" = None
    ) -> "dspy.LM":
        """Return a stub teacher; its record is ``lm.engine`` (see `world_teacher.TeacherEngine`).

        Args:
            engine: ``batch`` completes several draws of a prompt for one billed prompt, ``feed`` does so while it
                streams, ``single`` bills the prompt of every draw and cannot be told the number of a draw.
            script: Asked first: returns the reply to a prompt's draw, or None to leave it to the world.
        """
        from .world_teacher import teacher_lm

        return teacher_lm(self, engine=engine, script=script)

    def answer(self, prompt: str | Prompt | Sequence[Mapping[str, Any]], draw: int, seed: int = 0) -> str:
        """Return the text of one draw, a pure function of world, prompt, draw and seed: for servers.

        Args:
            prompt: A prompt, OpenAI-style messages, or the text of the last turn.
            draw: Number of the draw.
            seed: Of the sampling.

        Raises:
            UnforeseenPrompt: If the last turn shows no story of this world, several, or something else beside it.
        """
        return self.reply(prompt, draw, seed).text

    def reply(self, prompt: str | Prompt | Sequence[Mapping[str, Any]], draw: int, seed: int = 0) -> Completion:
        """Return one draw with its finish reason and billed completion tokens; never an error. See `answer`."""
        from .world_teacher import reply

        return reply(self, prompt, draw, seed)

    @cached_property
    def _truths(self) -> dict[str, Label]:
        return dict(zip(self._clean.ids, self._clean.golds(), strict=True))

    @cached_property
    def _corpus(self) -> Corpus:
        return replace(self._clean, items=tuple(self._tampered(item) for item in self._clean))

    @cached_property
    def _clean(self) -> Corpus:
        """The corpus before flips and injections, made as a user would make it: one record an annotation."""
        latent = self._generator("qualities").normal(size=self.items)
        difficulty = self._generator("difficulties").uniform(size=self.items)
        length = self._generator("lengths").integers(2, 9, size=self.items)
        shares = np.ones(len(self.levels)) if self.mix is None else np.asarray(self.mix, dtype=float)
        ends = np.clip(np.cumsum(shares)[:-1] / shares.sum(), 1e-9, 1 - 1e-9)
        cuts = np.array([NormalDist().inv_cdf(float(end)) for end in ends])
        people = self._generator("annotators")
        thresholds = np.sort(cuts + people.normal(scale=self.noise / 3, size=(self.annotators, len(cuts))), axis=1)
        reads = people.uniform(size=(self.annotators, self.items)) < self.share
        reads[people.integers(0, self.annotators, size=self.items), np.arange(self.items)] = True
        seen = latent + self.noise * (0.5 + difficulty) * people.normal(size=(self.annotators, self.items))
        records: list[dict[str, Any]] = []
        for number in range(self.items):
            word = quality_word(int(np.searchsorted(cuts, latent[number])), len(self.levels))
            dice = self._dice("text", number)
            text = story(
                dice, number, self.tag, int(length[number]), word if dice.random() > difficulty[number] else ""
            )
            about = {"id": f"story-{number}", "text": text}
            if self.groups:
                about["author"] = f"author {number % self.groups}"
            for person in np.flatnonzero(reads[:, number]):
                label = self.levels[int(np.searchsorted(thresholds[person], seen[person, number]))]
                records.append({**about, "person": f"reader {person}", "label": label})
        group = "author" if self.groups else None
        return Corpus.from_records(
            records, fields=["text"], label="label", scale=self.scale, annotator="person", id="id", group=group
        )

    def _tampered(self, item: Item) -> Item:
        """Return the item with another gold if it is flipped, and with the instructions that its text carries."""
        if item.id in self.flipped_ids:
            far = self._far(self._truths[item.id], "flipped label", item.id)
            shift = self.rank(far) - self.rank(self._truths[item.id])
            moved = tuple(Annotation(one.annotator, self._moved(one.label, shift)) for one in item.annotations)
            item = replace(item, gold=far, annotations=moved)
        if item.id in self.injected_labels:
            template = self._dice("injection", item.id).choice(INJECTIONS)
            order = template.format(label=self.scale.write(self.injected_labels[item.id]))
            item = replace(item, fields={"text": f"{item.fields['text']}\n{order}"})
        return item

    @cached_property
    def _all_chances(self) -> dict[str, dict[Label, float]]:
        counts = Counter(self._truths.values())
        mix = {label: count / len(self._truths) for label, count in counts.items()}
        return {id: self._chances(id, truth, mix) for id, truth in self._truths.items()}

    def _chances(self, id: str, truth: Label, mix: Mapping[Label, float]) -> dict[Label, float]:
        if id in self.guess_ids:
            drawn = dict(mix)
        else:
            hit = self._dialled(id, truth)
            drawn = {label: (1 - hit) * weight for label, weight in self._missed(truth, mix).items()}
            drawn[truth] = hit
        for label, chance in [] if self.bias == 0 else sorted(drawn.items(), key=lambda pair: self.rank(pair[0])):
            above = self._moved(label, 1)
            drawn[label] -= self.bias * chance
            drawn[above] = drawn.get(above, 0.0) + self.bias * chance
        if self.obedience > 0 and id in self.injected_labels:
            drawn = {label: (1 - self.obedience) * chance for label, chance in drawn.items()}
            told = self.injected_labels[id]
            drawn[told] = drawn.get(told, 0.0) + self.obedience
        return {label: (1 - self.failures) * chance for label, chance in drawn.items()}

    def _dialled(self, id: str, truth: Label) -> float:
        if isinstance(self.hit_rate, Mapping):
            return float(self.hit_rate[truth])
        if isinstance(self.hit_rate, Sequence):
            return float(self._dice("hit rate", id).choice(self.hit_rate))
        return float(self.hit_rate)

    def _missed(self, truth: Label, mix: Mapping[Label, float]) -> dict[Label, float]:
        """Return the shares of the other labels among misses."""
        others = [label for label in self.levels if label != truth]
        weights = dict.fromkeys(others, 1.0)
        if self.misses == "near":
            weights = {label: (self.rank(label) - self.rank(truth)) ** -2.0 for label in others}
        elif self.misses == "mix" and any(mix.get(label) for label in others):
            weights = {label: mix.get(label, 0.0) for label in others}
        total = sum(weights.values())
        return {label: weight / total for label, weight in weights.items()}

    def _far(self, truth: Label, decision: str, id: str) -> Label:
        others = [label for label in self.levels if label != truth]
        numbers = self.scale.ordered
        far = [label for label in others if not numbers or abs(self.rank(label) - self.rank(truth)) >= 2]
        return self._dice(decision, id).choice(far if far else others)

    def rank(self, label: Label) -> float:
        """Return the label's place among the levels; between two of them where an interval's consensus lies there."""
        if self.scale.levels is not None:
            return self.levels.index(label)
        return float(np.interp(float(label), [float(level) for level in self.levels], range(len(self.levels))))

    def _moved(self, label: Label, steps: float) -> Label:
        """Return the label some levels away: not past the ends of a scale with an order, around the circle without."""
        last = len(self.levels) - 1
        rank = self.rank(label) + steps
        if not self.scale.ordered:
            return self.levels[int(rank) % (last + 1)]
        return self.levels[round(min(max(rank, 0), last))]

    def _chosen(self, share: float, decision: str) -> frozenset[str]:
        """Return exactly this share of the stories, rounded, chosen at random."""
        ids = list(self._truths)
        return frozenset(self._dice(decision, "").sample(ids, round(share * len(ids))))

    def _generator(self, decision: str) -> np.random.Generator:
        return np.random.default_rng(_seed(self.seed, decision, ""))

    def _dice(self, decision: str, about: str | int) -> random.Random:
        return random.Random(_seed(self.seed, decision, about))


def _seed(seed: int, decision: str, about: str | int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{decision}:{about}".encode()).digest()[:8], "big")
