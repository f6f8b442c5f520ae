"""Getting draws: from the journal first, within a budget, and what is left when requests fail."""

from collections import deque
from pathlib import Path
from typing import Literal

import pytest

from accord.data import Draw, Journal
from accord.optimizers import Budget, Ledger
from accord.optimizers.budget.draw import Drawer, DrawnReply, Want
from accord.programs import Completion, Prompt, Rater, Sampling, draw_of
from worlds.rater_world import RaterWorld

WORLD = RaterWorld(items=6, hit_rate=0.5)
SAMPLING = Sampling(max_tokens=100)


class Bench:
    """A drawer with its rater and prompts."""

    def __init__(
        self,
        world: RaterWorld = WORLD,
        *,
        budget: Budget | None = None,
        journal: Journal | None = None,
        engine: Literal["batch", "feed", "single"] = "batch",
    ) -> None:
        corpus = world.corpus()
        self.rater = Rater(corpus.scale, fields=corpus.fields, lm=world.teacher_lm(engine=engine))
        self.engine = self.rater.lm.engine
        self.ids = corpus.ids
        self.prompts = [self.rater.prompt(item.fields) for item in corpus]
        self.ledger = Ledger(Budget() if budget is None else budget, None)
        self.drawer = Drawer(self.rater.lm, SAMPLING, journal=journal, ledger=self.ledger)

    def want(self, item: int, *indices: int) -> Want:
        return Want(self.ids[item], self.prompts[item], indices)

    def read(self, item_id: str, prompt: Prompt, index: int, completion: Completion) -> Draw:
        return draw_of(self.rater, item_id, prompt.sha256, index, completion)


@pytest.mark.parametrize("engine", ["batch", "feed", "single"])
def test_many_answers_each_wish_in_its_order_and_counts_what_it_spent(
    engine: Literal["batch", "feed", "single"],
) -> None:
    bench = Bench(engine=engine)
    found = bench.drawer.many([bench.want(2, 0, 1, 2), bench.want(0, 3), bench.want(5, 0, 4)], bench.read)
    assert [[draw.index for draw in draws] for draws in found] == [[0, 1, 2], [3], [0, 4]]
    assert [draws[0].item_id for draws in found] == [bench.ids[2], bench.ids[0], bench.ids[5]]
    spent = bench.ledger.spent
    assert spent.prompt_tokens == bench.engine.billed_prompt_tokens  # pyright: ignore
    assert spent.completion_tokens == bench.engine.billed_completion_tokens == 600  # pyright: ignore
    # Single engines bill a prompt for each of six draws, the others for each of three wishes.
    assert (spent.calls, spent.prompt_tokens) == ((6, 600) if engine == "single" else (3, 300))
    assert bench.drawer.asked == 6 and bench.ledger.in_flight == 0


def test_what_is_recorded_is_not_asked_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        first = Bench(journal=journal)
        (before,) = first.drawer.many([first.want(1, 0, 2)], first.read)
        again = Bench(journal=journal)
        (after,) = again.drawer.many([again.want(1, 0, 1, 2)], again.read)
        assert [(prompt.sha256, draw) for prompt, draw in again.engine.asked] == [(again.prompts[1].sha256, 1)]  # pyright: ignore
        assert (after[0], after[2]) == before
        assert list(again.drawer.recorded(again.prompts)) == [again.prompts[1].sha256]
        (none,) = again.drawer.many([again.want(1, 0, 1, 2)], again.read)
        assert none == after and again.drawer.asked == 1


def test_failed_requests_are_no_draws_and_say_why(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        bench = Bench(RaterWorld(items=6, errors=0.5), journal=journal)
        queue = deque(bench.want(item, 0, 1, 2, 3) for item in range(6))
        answers = list(bench.drawer.stream(queue, bench.read))
        for answer in answers:
            assert {draw.index for draw in answer.draws} | set(answer.failed) == {0, 1, 2, 3}
            assert all("503" in reason for reason in answer.failed.values())
        draws = sum(len(answer.draws) for answer in answers)
        assert 0 < draws < 24
        assert len(journal) == bench.drawer.asked == draws
        assert bench.ledger.spent.completion_tokens == bench.engine.billed_completion_tokens  # pyright: ignore


@pytest.mark.parametrize("engine", ["batch", "feed", "single"])
def test_wishes_that_are_added_while_answers_come_are_asked_too(engine: Literal["batch", "feed", "single"]) -> None:
    bench = Bench(engine=engine)
    queue = deque([bench.want(0, 0)])
    answers: list[DrawnReply] = []
    for answer in bench.drawer.stream(queue, bench.read):
        answers.append(answer)
        if len(answers) < 6:
            queue.append(bench.want(len(answers), 0))
    assert [answer.want.item_id for answer in answers] == bench.ids


def test_a_budget_cuts_the_last_wave_and_leaves_the_rest_in_the_queue() -> None:
    # A prompt may take its bytes / 2 + 64 tokens and each reply 100: two of the four replies fit beside the prompt.
    world = RaterWorld(items=6, prompt_tokens=400)
    foreseen = len(Bench(world).prompts[0].bytes) // 2 + 65
    bench = Bench(world, budget=Budget(tokens=foreseen + 250))
    queue = deque([bench.want(0, 0, 1, 2, 3), bench.want(1, 0)])
    (answer,) = bench.drawer.stream(queue, bench.read)
    assert answer.want.indices == (0, 1) and len(answer.draws) == 2
    assert [want.item_id for want in queue] == [bench.ids[1]]
    assert bench.ledger.exhausted.startswith("tokens")
    assert bench.ledger.spent.tokens <= foreseen + 250


def test_nothing_is_asked_with_an_empty_budget() -> None:
    bench = Bench(budget=Budget(calls=0))
    assert bench.drawer.many([bench.want(0, 0)], bench.read) == [()]
    assert not bench.engine.asked  # pyright: ignore
    assert bench.ledger.exhausted.startswith("calls")
