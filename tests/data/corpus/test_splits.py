"""Splits are exact, stratified, leak-free, seeded, and blind to the order of the file."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.data import Corpus, InputError, Interval, Item, Nominal, Ordinal, Scale, Splits, split

STARS = Ordinal(1, 5)


def sentence(rng, words=20):
    return " ".join(f"w{rng.randrange(5000)}" for _ in range(words))


def make(n, *, seed=0, group=None, gold=None, scale: Scale = STARS):
    rng = random.Random(seed)
    choose = (lambda i: rng.choice([1, 1, 1, 2, 3, 4, 5, 5])) if gold is None else gold
    items = [Item(f"i{i}", {"t": sentence(rng)}, (), choose(i), None if group is None else group(i)) for i in range(n)]
    return Corpus(items, scale, ("t",))


def shuffled(corpus, seed):
    items = list(corpus)
    random.Random(seed).shuffle(items)
    return Corpus(items, corpus.scale, corpus.fields)


def part_of(splits):
    return {id: name for name, part in zip(Splits._fields, splits, strict=True) for id in part.ids}


def check_partition(corpus, splits):
    assert sorted(sum((part.ids for part in splits), [])) == sorted(corpus.ids)
    assert all(part.item(id) == corpus.item(id) for part in splits for id in part.ids)


def test_shares_and_counts_are_exact_and_levels_keep_their_proportions():
    corpus = make(1200)
    by_share, by_count = corpus.split(), split(corpus, dev=101, test=333)
    assert [len(part) for part in by_share] == [600, 240, 360]
    assert [len(part) for part in by_count] == [766, 101, 333]
    whole = Counter(corpus.golds())
    for splits in (by_share, by_count):
        check_partition(corpus, splits)
        for part in splits:
            for level, count in Counter(part.golds()).items():
                # Within one item of the exact share, rounding by the others aside.
                assert abs(count - whole[level] * len(part) / 1200) < 2


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(3, 60), st.integers(0, 3))
def test_sizes_are_exact_for_single_items(data, n, seed):
    corpus = make(n, seed=seed, gold=lambda i: 1 + i % 2, scale=STARS)
    dev = data.draw(st.integers(0, n - 3))
    test = data.draw(st.integers(0, n - 3 - dev))
    try:
        splits = split(corpus, dev=dev, test=test, seed=seed, near_duplicates=False)
    except InputError as refused:
        assert "train part" in str(refused)
        return
    assert [len(part) for part in splits] == [n - dev - test, dev, test]
    check_partition(corpus, splits)


def test_the_order_of_the_file_does_not_matter_and_the_seed_does():
    corpus = make(300, group=lambda i: f"g{i // 3}" if i < 90 else None)
    first = corpus.split(seed=4)
    for seed in range(3):
        assert shuffled(corpus, seed).split(seed=4) == first
    assert corpus.split(seed=4) == first
    assert part_of(corpus.split(seed=5)) != part_of(first)


def test_parts_are_not_in_the_order_of_labels():
    corpus = make(400, gold=lambda i: 1 + i * 5 // 400)
    golds = np.array(corpus.split().train.golds(), dtype=float)
    assert abs(np.corrcoef(golds, np.arange(len(golds)))[0, 1]) < 0.2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=4, max_size=40), st.integers(0, 5))
def test_no_group_is_ever_divided(group_sizes, seed):
    groups = [f"g{g}" for g, size in enumerate(group_sizes) for _ in range(size)]
    corpus = make(len(groups), seed=seed, group=groups.__getitem__)
    try:
        splits = corpus.split(seed=seed, near_duplicates=False)
    except InputError as refused:
        assert "one label" in str(refused) or "have the label" in str(refused)
        return
    check_partition(corpus, splits)
    where = part_of(splits)
    assert all(len({where[item.id] for item in corpus if item.group == g}) == 1 for g in set(groups))
    # No part is off by more than the largest group.
    for part, share in zip(splits, (0.5, 0.2, 0.3), strict=True):
        assert len(part) > 0 and abs(len(part) - share * len(groups)) <= max(group_sizes) + 1


def test_sizes_come_close_with_equal_groups():
    # 140 groups of 5: every wanted size is a multiple of 5 and can be met exactly.
    corpus = make(700, group=lambda i: f"g{i // 5}")
    splits = corpus.split(dev=140, test=210)
    assert [len(part) for part in splits] == [350, 140, 210]
    whole = Counter(corpus.golds())
    for part in splits:
        for level, count in whole.items():
            assert Counter(part.golds())[level] / len(part) == pytest.approx(count / 700, abs=0.05)


def near_duplicate(text, rng):
    words = text.split()
    words[rng.randrange(len(words))] = "changed"
    return " ".join(words)


def test_near_duplicates_stay_together():
    rng = random.Random(1)
    items = []
    for i in range(60):
        # 40 words make 38 shingles; one other word changes at most 3 of them: Jaccard >= 35 / 41 = 0.85.
        text = sentence(rng, 40)
        for j, version in enumerate((text, near_duplicate(text, rng), f"  {text.upper()}!! ")):
            items.append(Item(f"{i}-{j}", {"t": version}, (), 1 + i % 5))
    corpus = Corpus(items, STARS, ("t",))
    for seed in range(5):
        where = part_of(corpus.split(seed=seed))
        assert all(where[f"{i}-0"] == where[f"{i}-1"] == where[f"{i}-2"] for i in range(60))
    where = part_of(corpus.split(near_duplicates=False))
    assert any(where[f"{i}-0"] != where[f"{i}-1"] for i in range(60))


def test_alike_but_not_nearly_the_same_may_part():
    rng = random.Random(2)
    shared = sentence(rng, 12)
    # 12 shared and 12 own words: 10 shared of 22 + 12 shingles, Jaccard 10 / 34 = 0.29.
    items = [Item(f"i{i}", {"t": f"{shared} {sentence(rng, 12)}"}, (), 1 + i % 5) for i in range(100)]
    assert [len(part) for part in Corpus(items, STARS, ("t",)).split()] == [50, 20, 30]


def test_a_chain_of_groups_and_duplicates_is_one_cluster():
    rng = random.Random(3)
    a, b = sentence(rng), sentence(rng)
    chain = [
        Item("w", {"t": a}, (), 1, "g1"),
        Item("x", {"t": b}, (), 2, "g1"),
        Item("y", {"t": b}, (), 3, "g2"),
        Item("z", {"t": sentence(rng)}, (), 4, "g2"),
    ]
    rest = [Item(f"i{i}", {"t": sentence(rng)}, (), 1 + i % 5) for i in range(40)]
    corpus = Corpus([*chain, *rest], STARS, ("t",))
    for seed in range(8):
        where = part_of(corpus.split(seed=seed))
        assert len({where[id] for id in "wxyz"}) == 1


def test_short_texts_and_emoji_are_equal_or_apart():
    texts = ["good", "Good!", "bad", "😀", "😡", "so so"] + [f"fine {i}" for i in range(30)]
    corpus = Corpus([Item(f"i{i}", {"t": t}, (), 1 + i % 5) for i, t in enumerate(texts)], STARS, ("t",))
    together, apart = 0, 0
    for seed in range(20):
        where = part_of(corpus.split(seed=seed))
        together += where["i0"] == where["i1"]
        apart += where["i3"] != where["i4"]
    assert together == 20 and apart > 0


def test_intervals_are_stratified_by_quantile():
    rng = np.random.default_rng(0)
    values = rng.uniform(-4, 4, 1000)
    corpus = make(1000, gold=lambda i: float(values[i]), scale=Interval(-4, 4))
    for part in corpus.split():
        assert np.mean(np.array(part.golds(), dtype=float)) == pytest.approx(values.mean(), abs=0.1)


def test_a_rare_label_is_no_obstacle():
    corpus = make(50, gold=lambda i: "rare" if i == 7 else "common", scale=Nominal(["common", "rare"]))
    found = refused = 0
    for seed in range(6):
        try:
            found += len(corpus.split(seed=seed).train) == 25
        except InputError as error:
            refused += "the train part of 25 items cannot be trained on: all 25 items have the label" in str(error)
    assert found + refused == 6


def test_empty_dev_or_test_on_request():
    splits = make(20).split(dev=0, test=0.5)
    assert [len(part) for part in splits] == [10, 0, 10]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"dev": 5, "test": 5}, "5 dev + 5 test + at least 1 train make 11 items, the corpus has 10."),
        ({"dev": 0.5, "test": 0.5}, "5 dev + 5 test"),
        ({"dev": 1.0}, "dev is 1.0"),
        ({"dev": -1}, "dev is -1"),
        ({"test": True}, "test is True"),
        ({"test": "some"}, "test is 'some'"),
        ({"test": float("nan")}, "test is nan"),
    ],
)
def test_sizes_that_cannot_be(options, says):
    with pytest.raises(InputError) as caught:
        make(10).split(**options)
    assert says in str(caught.value)


def test_too_few_items_or_clusters_and_missing_labels():
    with pytest.raises(InputError, match="1 dev \\+ 1 test \\+ at least 1 train make 3 items, the corpus has 2"):
        make(2, gold=lambda i: 1 + i).split()
    with pytest.raises(InputError, match="3 parts are wanted, but the 30 items form 2 clusters"):
        make(30, group=lambda i: str(i % 2)).split()
    with pytest.raises(InputError, match="all 30 items have the label 4"):
        make(30, gold=lambda i: 4).split()
    with pytest.raises(InputError, match="30 of 30 items have no gold"):
        make(30, gold=lambda i: None).split()
    with pytest.raises(InputError, match="the corpus has 0"):
        make(0).split()
