"""Knows how items are drawn for, cohort after cohort, learning on the way; does not know what is kept of the draws."""

import math
from collections import defaultdict, deque
from collections.abc import Sequence

from ..data import Scale
from ..programs import Price, Progress, shares_prompt
from .acceptance import Acceptance
from .beliefs import Beliefs, believe
from .drawing import Answer, Drawer, Read, Want
from .sampling_state import ItemState
from .stopping import Exhaust, Stopping
from .waves import Tariff, Waves

FIRST_COHORT = 16
"""Items drawn for before anything has been learned; each later cohort is as large as all before it."""


class SamplingRun:
    """Draws for items until the stopping rule wants no more of any, or the budget allows no more.

    Within a cohort nothing waits for anything: an item's next wave goes out as soon as its last one is back. What the
    draws of earlier cohorts say sets wave sizes and patience, so every decision depends on recorded draws alone.

    Args:
        drawer: Gets the draws.
        read: Reads a completion.
        stop: When an item is done.
        wave: A fixed wave size, or None for the cheapest.
        accept: When a label reaches a target.
        scale: The labels' scale.
        states: All items, in the order in which they are to be drawn for.
        price: What the model charges; None counts prompt and completion tokens alike.
        progress: Called with (items done, items, note).
    """

    def __init__(
        self,
        drawer: Drawer,
        read: Read,
        *,
        stop: Stopping,
        wave: int | None,
        accept: Acceptance,
        scale: Scale,
        states: Sequence[ItemState],
        price: Price | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Remember the items; nothing is drawn yet."""
        self.drawer = drawer
        self.read = read
        self.stop = stop
        self.wave = wave
        self.accept = accept
        self.scale = scale
        self.states = states
        self.targets = list(dict.fromkeys(state.target for state in states))
        self.price = price
        self.progress = progress
        self._done: set[ItemState] = set()
        self._draws = 0
        self._hits = 0

    def draw(self) -> set[ItemState]:
        """Draw for all items; return those that the budget left unfinished."""
        begun = 0
        size = len(self.states) if isinstance(self.stop, Exhaust) else FIRST_COHORT
        while begun < len(self.states):
            self._draw_cohort(self.states[begun : begun + size], self.beliefs(begun), patient=not begun)
            begun += size
            size = begun
        if self.stop.worth is not None:
            # What was given up, or thought settled, on the word of few draws gets a second look in the light of all.
            self._done.clear()
            self._draw_cohort(self.states, self.beliefs())
        return set(self.states) - self._done

    def beliefs(self, count: int | None = None) -> Beliefs:
        """Return what the draws of the first `count` items say; of all by default."""
        drawn = [state.drawn for state in self.states[:count]]
        exhausted = isinstance(self.stop, Exhaust)
        return believe(drawn, self.targets, self.scale, self.accept, exhausted=exhausted)

    def _draw_cohort(self, cohort: Sequence[ItemState], beliefs: Beliefs, *, patient: bool = False) -> None:
        plan = _Plan(self, beliefs, patient)
        # Items with the same text share their draws: the second waits for the first, and finds what it has drawn.
        twins: dict[str, deque[ItemState]] = defaultdict(deque)
        for state in cohort:
            twins[state.prompt.sha256].append(state)
        queue: deque[Want] = deque()

        def go_on(sha256: str, answer: Answer | None = None) -> None:
            while twins[sha256]:
                state = twins[sha256][0]
                hits, draws = state.hits, len(state.draws)
                if answer is not None:
                    state.take(answer)
                    answer = None
                want = plan.next(state)
                self._hits += state.hits - hits
                self._draws += len(state.draws) - draws
                if want is not None:
                    queue.append(want)
                    return
                twins[sha256].popleft()
                self._done.add(state)

        for sha256 in twins:
            go_on(sha256)
        self._report()
        for answer in self.drawer.stream(queue, self.read):
            go_on(answer.want.prompt.sha256, answer)
            self._report()

    def _report(self) -> None:
        if self.progress is not None:
            note = f"{self._draws:,} draws, hit rate {self._hits / self._draws:.0%}" if self._draws else ""
            self.progress(len(self._done), len(self.states), note)


class _Plan:
    """The waves of one cohort, under beliefs that do not change."""

    def __init__(self, run: SamplingRun, beliefs: Beliefs, patient: bool) -> None:
        self.run = run
        self.patient = patient
        self.beliefs = beliefs
        self.shared = shares_prompt(run.drawer.lm)
        self._waves: dict[object, Waves] = {}

    def next(self, state: ItemState) -> Want | None:
        """Return the next wish of an item, None when it is done; recorded draws are used on the way."""
        while wave := min(self._best(state), state.left):
            want = state.want(wave)
            if want is not None:
                return want
        return None

    def _best(self, state: ItemState) -> int:
        best = self._waves_of(state).next(state.hits, len(state.draws))
        return self.run.wave if best and self.run.wave is not None else best

    def _waves_of(self, state: ItemState) -> Waves:
        size = len(state.prompt.bytes)
        sent, received = (1.0, 1.0) if self.run.price is None else (self.run.price.prompt, self.run.price.completion)
        if not (sent and received):
            sent, received = 1.0, 1.0
        prompt = sent * max(size * self.beliefs.prompt_rate, 1.0)
        completion = received * max(self.beliefs.completion_tokens, 1.0)
        # Prompts of about one length share a solution: sizes are rounded to steps of a fifth.
        step = round(4 * math.log2(prompt / completion))
        key = (state.target, step)
        if key not in self._waves:
            self._waves[key] = Waves(
                self.run.stop,
                self.beliefs.rates[state.target],
                self.beliefs.chances[state.target],
                Tariff(2 ** (step / 4), 1.0, self.shared),
                state.samples,
                patient=self.patient,
            )
        return self._waves[key]
