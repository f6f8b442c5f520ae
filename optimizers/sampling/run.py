"""Knows how items are drawn for, cohort after cohort, learning on the way; does not know what is kept of the draws."""

import math
from collections import defaultdict, deque
from collections.abc import Sequence

from ...data import Scale
from ...programs import Price, Progress, shares_prompt
from ..budget import Drawer, DrawnReply, Read, Want
from .acceptance import Acceptance, Reach, Target
from .hit_rate import HitRates
from .item_state import ItemState
from .prospects import Prospects
from .stopping import Exhaust, Stopping
from .teacher_beliefs import TeacherBeliefs, believe, first_chances
from .wave_size import Tariff, Waves

FIRST_COHORT = 16
"""Items drawn for before anything has been learned; each later cohort is as large as all before it."""

_MANY = 20
"""Targets from which on waves are planned for chances rounded up to steps of a fifth, so that many share a solution."""


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
        self.states = states
        self._chances = first_chances((state.target for state in states), scale, accept)
        self._reach = Reach(self._chances, scale, accept)
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
            self._draw_cohort(self.states, self.beliefs())
        return self._make_do()

    def beliefs(self, count: int | None = None) -> TeacherBeliefs:
        """Return what the draws of the first `count` items say; of all by default."""
        return believe([state.drawn for state in self.states[:count]], self._chances, self._reach)

    def _make_do(self) -> set[ItemState]:
        """Use what is recorded for items that the budget left unfinished, gaps or not; return those."""
        unfinished = {state for state in self.states if state not in self._done}
        if not unfinished:
            return unfinished
        plan = _Plan(self, self.beliefs(), False)
        for state in [state for state in self.states if state in unfinished]:
            want = plan.next(state)
            if want is None:
                unfinished.discard(state)
            while want is not None:
                state.make_do(want)
                want = plan.next(state)
        return unfinished

    def _draw_cohort(self, cohort: Sequence[ItemState], beliefs: TeacherBeliefs, *, patient: bool = False) -> None:
        plan = _Plan(self, beliefs, patient)
        # Items with the same text share their draws: the second waits for the first, and finds what it has drawn.
        twins: dict[str, deque[ItemState]] = defaultdict(deque)
        for state in cohort:
            twins[state.prompt.sha256].append(state)
        queue: deque[Want] = deque()

        def go_on(sha256: str, answer: DrawnReply | None = None) -> None:
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
                    self._done.difference_update(twins[sha256])
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

    def __init__(self, run: SamplingRun, beliefs: TeacherBeliefs, patient: bool) -> None:
        self.run = run
        self.patient = patient
        self.beliefs = beliefs
        self.shared = shares_prompt(run.drawer.lm)
        price = run.price
        priced = price is not None and price.prompt > 0 and price.completion > 0
        self._ratio = price.prompt / price.completion if price is not None and priced else 1.0
        self._kinds: dict[Target, tuple[HitRates, float]] = {}
        self._prospects: dict[tuple[HitRates, float], Prospects] = {}
        self._waves: dict[tuple[HitRates, float, int], Waves] = {}

    def next(self, state: ItemState) -> Want | None:
        """Return the next wish of an item, None when it is done; recorded draws are used on the way."""
        waves = self._waves_of(state)
        while wave := min(self._best(waves, state), state.left):
            want = state.want(wave)
            if want is not None:
                return want
        return None

    def _best(self, waves: Waves, state: ItemState) -> int:
        best = waves.next(state.hits, len(state.draws))
        return self.run.wave if best and self.run.wave is not None else best

    def _waves_of(self, state: ItemState) -> Waves:
        prompt = max(len(state.prompt.bytes) * self.beliefs.prompt_rate, 1.0)
        completion = max(self.beliefs.completion_tokens, 1.0)
        # Prompts of about one length share a solution: sizes are rounded to steps of a fifth.
        step = round(4 * math.log2(self._ratio * prompt / completion))
        kind = self._kind(state.target)
        if (*kind, step) not in self._waves:
            if kind not in self._prospects:
                self._prospects[kind] = Prospects(self.run.stop, *kind, state.samples)
            tariff = Tariff(2 ** (step / 4), 1.0, self.shared)
            self._waves[*kind, step] = Waves(self._prospects[kind], tariff, patient=self.patient)
        return self._waves[*kind, step]

    def _kind(self, target: Target) -> tuple[HitRates, float]:
        """Return what is believed of a target's items: items of one kind share their waves."""
        if target not in self._kinds:
            chance = self.beliefs.chances[target]
            if len(self.beliefs.chances) > _MANY:
                chance = min(2 ** (math.ceil(4 * math.log2(chance)) / 4), 1.0)
            self._kinds[target] = (self.beliefs.rates[target], chance)
        return self._kinds[target]
