"""A journal belongs to a corpus: more of it is taken, another one is refused and leaves no mark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import Draw, InputError, Journal, Source, content_hash

SOURCE = Source("model@abc", {})


def _items(*names, text="text of {}"):
    return {name: content_hash({"text": text.format(name)}) for name in names}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


def _bytes(path):
    """What stands in the file and in its log."""
    return [file.read_bytes() for file in (path, path.with_name(f"{path.name}-wal"))]


def test_the_first_corpus_is_taken_whatever_was_drawn_before(path):
    with Journal(path) as journal:
        journal.record(SOURCE, [Draw("x", "ab" * 32, 0, 4, "warm")])
        journal.claim("labels.csv", _items("a", "b"))
    with Journal(path) as journal:
        journal.claim("labels.csv", _items("a", "b"))
        journal.claim("labels.csv", _items("b"))
        with pytest.raises(InputError, match="holds draws of another corpus"):
            journal.claim("others.csv", _items("c"))


def test_another_corpus_is_refused_in_one_line_and_nothing_is_written(path):
    with Journal(path) as journal:
        journal.claim("labels.csv", _items("a", "b"))
        before = _bytes(path)
        for origin in ("others.csv", None):
            with pytest.raises(InputError, match="holds draws of another corpus") as caught:
                journal.claim(origin, _items("c", "d"))
            line = str(caught.value)
            assert "\n" not in line and str(path) in line and "another run directory or journal" in line
        assert _bytes(path) == before
        journal.claim("labels.csv", _items("c"))


def test_more_labels_of_the_same_corpus_are_taken(path):
    with Journal(path) as journal:
        journal.claim("labels.csv", _items("a", "b"))
        journal.claim("labels.csv", _items("c"))  # by its origin
        journal.claim("more.csv", _items("c", "d"))  # by an item it shares
        journal.claim("more.csv", _items("e"))  # by the origin that came along
        journal.claim(None, _items("e", "f"))
        journal.claim("again.csv", _items("f"))


@pytest.mark.parametrize("origin", ["labels.csv", "others.csv", None])
def test_an_item_with_another_content_is_named_and_nothing_is_written(path, origin):
    with Journal(path) as journal:
        journal.claim("labels.csv", _items("a", "b"))
        before = _bytes(path)
        with pytest.raises(InputError, match="item 'b' has another content") as caught:
            journal.claim(origin, {**_items("a", "c"), **_items("b", text="changed {}")})
        assert "\n" not in str(caught.value) and "new ids" in str(caught.value)
        assert _bytes(path) == before
        journal.claim("labels.csv", _items("a", "b"))


def test_one_changed_item_among_many_is_found(path):
    many = _items(*map(str, range(3_000)))
    with Journal(path) as journal:
        journal.claim(None, many)
        journal.claim(None, many)
        with pytest.raises(InputError, match="item '2987' has another content"):
            journal.claim(None, {**many, **_items("2987", text="changed {}")})
        journal.claim(None, {**_items("new"), **many})
        with pytest.raises(InputError, match="another corpus"):
            journal.claim(None, _items(*map(str, range(5_000, 8_000))))


def test_without_an_origin_items_alone_decide(path):
    with Journal(path) as journal:
        journal.claim(None, _items("a"))
        with pytest.raises(InputError, match="another corpus"):
            journal.claim(None, _items("b"))
        journal.claim("labels.csv", _items("a", "b"))


def test_an_empty_corpus_claims_nothing(path):
    with Journal(path) as journal:
        journal.claim("labels.csv", {})
        journal.claim("others.csv", _items("a"))
        journal.claim("labels.csv", {})
        with pytest.raises(InputError, match="another corpus"):
            journal.claim("labels.csv", _items("b"))


FIELDS = st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3)


@given(FIELDS, FIELDS)
def test_contents_are_equal_exactly_if_their_hashes_are(one, other):
    assert (content_hash(one) == content_hash(other)) == (one == other)
    assert content_hash(dict(reversed(one.items()))) == content_hash(one)
    assert len(bytes.fromhex(content_hash(one))) == 16


def test_any_text_has_a_hash():
    assert content_hash({"text": "broken \ud800"}) != content_hash({"text": "broken \ud801"})
