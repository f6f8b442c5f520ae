"""Good files load as they are meant; every bad one ends in one line with place and cure."""

import csv
import json

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.data import Annotation, Corpus, InputError, Interval, Nominal, Ordinal, Pairwise

STARS = Ordinal(1, 5)
REVIEW = {"fields": ["review"], "label": "stars", "scale": STARS}


@pytest.fixture
def write(tmp_path):
    def make(content, name="labels.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def error(function, *args, **options):
    """Return the one line the call ends in."""
    with pytest.raises(InputError) as caught:
        function(*args, **options)
    line = str(caught.value)
    assert "\n" not in line and len(line) < 600
    assert caught.value.place is not None and caught.value.cure is not None, line
    return line


# --- what works -------------------------------------------------------------------------------------------------------


def test_a_plain_csv(write):
    corpus = Corpus.from_csv(write("id,review,stars\n007,Good food,5\nb,Bad,1\n"), id="id", **REVIEW)
    assert corpus.ids == ["007", "b"] and corpus.golds() == [5, 1]
    assert corpus[0].fields == {"review": "Good food"} and corpus[0].annotations == (Annotation(None, 5),)
    assert corpus.consensus == "median" and corpus.dropped == {} and corpus.fields == ("review",)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfreview,stars\nGood,5\n",  # byte order mark
        b"review,stars\r\nGood,5\r\n",
        b"review,stars\nGood,5",  # no last line break
        b"\nreview,stars\n\nGood,5\n\n\n",  # blank lines
        b"review , stars\nGood,5\n",
        b'"review","stars"\n"Good","5"\n',
        b"review,stars,note\nGood, 5.0 ,x\n",
    ],
)
def test_harmless_differences_of_files(write, content):
    corpus = Corpus.from_csv(write(content), **REVIEW)
    assert [(one.text, one.gold) for one in corpus] == [("Good", 5)]


def test_content_is_the_id_where_there_is_none(write):
    corpus = Corpus.from_csv(write("review,stars\nGood,5\nBad,1\n"), **REVIEW)
    again = Corpus.from_csv(write("stars,review\n1,Bad\n5,Good\n"), **REVIEW)
    assert set(corpus.ids) == set(again.ids) and all(len(id) == 16 for id in corpus.ids)
    assert corpus.hash == again.hash


def test_long_format_is_gathered_by_id(write):
    rows = "id,who,review,stars\n7,ann,Good,5\n8,ann,Bad,1\n7,bob,Good,3\n7,cyd,Good,4\n"
    corpus = Corpus.from_csv(write(rows), id="id", annotator="who", **REVIEW)
    assert corpus.ids == ["7", "8"] and corpus.golds() == [4, 1]
    assert corpus[0].annotations == (Annotation("ann", 5), Annotation("bob", 3), Annotation("cyd", 4))


def test_long_format_is_gathered_by_content_without_ids(write):
    rows = "who,review,stars\nann,Good,5\nann,Bad,1\nbob,Good,3\n"
    corpus = Corpus.from_csv(write(rows), annotator="who", **REVIEW)
    assert [one.labels for one in corpus] == [[5, 3], [1]]


def test_rows_of_one_item_without_annotators_are_unnamed_labels(write):
    corpus = Corpus.from_csv(write("review,stars\nGood,5\nGood,3\nGood,5\n"), **REVIEW)
    assert corpus[0].annotations == (Annotation(None, 5), Annotation(None, 3), Annotation(None, 5))


def test_several_fields_and_groups():
    rows = [
        {"q": "Why?", "a": "So.", "y": "A", "talk": 1},
        {"q": "Why?", "a": "No.", "y": "B", "talk": 1},
    ]
    corpus = Corpus.from_records(rows, fields=["q", "a"], label="y", group="talk", scale=Nominal(["A", "B"]))
    assert corpus[1].text == "Why?\n\nNo." and corpus.groups() == ["1", "1"]


def test_lists_and_mappings_of_labels(write):
    lines = [
        {"id": 7, "review": "Good", "stars": [5, 4, "3"]},
        {"id": 8, "review": "Bad", "stars": {"ann": 1, "bob": 2, "cyd": None, "dan": 1}},
    ]
    path = write("\ufeff" + "\n\n".join(map(json.dumps, lines)) + "\n", "x.jsonl")
    corpus = Corpus.from_jsonl(path, id="id", **REVIEW)
    assert corpus.ids == ["7", "8"] and corpus.golds() == [4, 1]
    assert corpus[0].annotations == (Annotation(None, 5), Annotation(None, 4), Annotation(None, 3))
    assert corpus[1].annotations == (Annotation("ann", 1), Annotation("bob", 2), Annotation("dan", 1))


@pytest.mark.parametrize(
    "labels",
    [
        pyarrow.array([5, 1]),
        pyarrow.array([[5], [1, 1]]),
        pyarrow.array([{"ann": 5, "bob": None}, {"ann": None, "bob": 1}]),
        pyarrow.array([[("ann", 5)], [("bob", 1)]], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        pyarrow.array([5.0, 1.0]),
    ],
    ids=["value", "list", "struct", "map", "float"],
)
def test_parquet(tmp_path, labels):
    table = pyarrow.table({"review": ["Good", "Bad"], "stars": labels, "a.b": [1, 2]})
    for columns in (table, table.drop_columns(["a.b"])):
        pyarrow.parquet.write_table(columns, tmp_path / "x.parquet")
        corpus = Corpus.from_parquet(tmp_path / "x.parquet", **REVIEW)
        assert corpus.golds() == [5, 1]


class Rows(list):
    """Stands in for a Hugging Face dataset."""

    def __init__(self, rows, columns):
        super().__init__(rows)
        self.column_names = columns


def test_a_dataset():
    rows = Rows([{"review": "Good", "stars": 5}], ["review", "stars"])
    assert Corpus.from_dataset(rows, **REVIEW).golds() == [5]
    assert "Take one split: 'train', 'test'" in error(
        Corpus.from_dataset, Rows([], {"train": [], "test": []}), **REVIEW
    )
    assert "Use from_records" in error(Corpus.from_dataset, [{"review": "Good"}], **REVIEW)
    assert error(Corpus.from_dataset, Rows([], ["text"]), **REVIEW).startswith("dataset: there is no column 'review'")


def test_unlabelled_files_load_for_rating(write):
    corpus = Corpus.from_csv(write("review,stars\nGood,\nBad,\nGood,\n"), fields=["review"], label=None, scale=STARS)
    assert [one.gold for one in corpus] == [None, None]
    assert corpus.dropped == {"repeated row": 1}


def test_one_level_loads_for_evaluation(write):
    corpus = Corpus.from_csv(write("review,stars\nGood,5\nFine,5\n"), **REVIEW)
    assert error_without_place(corpus.check_trainable).startswith("all 2 items have the label 5")


def error_without_place(function, *args, **options):
    with pytest.raises(InputError) as caught:
        function(*args, **options)
    return str(caught.value)


# --- what is dropped is counted ---------------------------------------------------------------------------------------


def test_ties_spread_and_empty_lists_are_counted():
    rows = [
        {"review": "a", "stars": ["x", "y"]},
        {"review": "b", "stars": ["x", "y", "x"]},
        {"review": "c", "stars": []},
        {"review": "d", "stars": {"ann": None}},
    ]
    corpus = Corpus.from_records(rows, fields=["review"], label="stars", scale=Nominal(["x", "y"]))
    assert [one.text for one in corpus] == ["b"]
    assert corpus.dropped == {"tied majority": 1, "no labels": 2}
    # Spread of 1, 5 is sqrt(8) = 2.83, of 3, 4 it is 0.71, of a single label there is none.
    rows = [{"review": r, "stars": s} for r, s in (("a", [1, 5]), ("b", [3, 4]), ("c", [2]))]
    corpus = Corpus.from_records(rows, max_spread=1.0, **REVIEW)
    assert [one.text for one in corpus] == ["b", "c"] and corpus.dropped == {"spread above 1.0": 1}


def test_equal_repeats_of_one_annotator_are_counted_and_differing_ones_refused(write):
    rows = "id,who,review,stars\n7,ann,Good,5\n7,ann,Good,5\n7,bob,Good,4\n"
    corpus = Corpus.from_csv(write(rows), id="id", annotator="who", **REVIEW)
    assert corpus[0].labels == [5, 4] and corpus.dropped == {"repeated annotation": 1}
    line = error(Corpus.from_csv, write(rows + "7,bob,Good,1\n"), id="id", annotator="who", **REVIEW)
    assert "labels.csv, line 5, column 'stars': annotator 'bob' gives 1 to an item they gave 4 on line 4." in line


def test_nothing_left_is_an_error():
    rows = [{"review": "a", "stars": ["x", "y"]}]
    line = error(Corpus.from_records, rows, fields=["review"], label="stars", scale=Nominal(["x", "y"]))
    assert line.startswith("records: none of 1 items has a gold label (1 tied majority).")


@pytest.mark.filterwarnings("ignore")
def test_dawid_skene_as_the_consensus():
    rows = [{"id": i, "review": f"r{i}", "stars": {"a": 1 + i % 2, "b": 1 + i % 2, "c": 1}} for i in range(8)]
    corpus = Corpus.from_records(rows, id="id", consensus="dawid_skene", **REVIEW)
    assert corpus.golds() == [1, 2] * 4 and corpus.consensus == "dawid_skene"


def test_one_of_several_texts_may_be_empty_but_not_all(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("prompt,context,answer,label\nWhy?,,Because.,A\nHow?,So.,,B\n", encoding="utf-8")
    layout = {"fields": ["prompt", "context", "answer"], "label": "label", "scale": Pairwise()}
    corpus = Corpus.from_csv(path, **layout)
    assert [item.fields["context"] for item in corpus] == ["", "So."]
    assert [item.fields["answer"] for item in corpus] == ["Because.", ""]
    path.write_text("prompt,context,answer,label\n , ,,A\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2, column 'prompt': the text is empty"):
        Corpus.from_csv(path, **layout)


# --- what is refused, each in one line --------------------------------------------------------------------------------

HEAD = "id,review,stars\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", ["labels.csv: the file is empty."]),
        ("\n\n", ["only blank lines"]),
        (HEAD, ["labels.csv: there is a header but no rows."]),
        ("id,reviews,stars\na,Good,5\n", ["no column 'review'", "The columns are: id, reviews, stars.", "'reviews'?"]),
        ("id;review;stars\na;Good;5\n", ["no column 'review'", "separated by semicolons"]),
        ("id,review,review,stars\na,b,c,5\n", ["line 1: the header names 'review' twice."]),
        (HEAD + "a,Good,6\n", ["labels.csv, line 2, column 'stars': '6' is outside the scale. Allowed: 1, 2, 3"]),
        (HEAD + "a,Good,five\n", ["line 2, column 'stars': 'five' is not a label of the scale."]),
        (HEAD + "a,Good,\n", ["line 2, column 'stars': the label is missing ('')."]),
        (HEAD + "a,Good,nan\n", ["line 2, column 'stars'", "'nan'"]),
        (HEAD + "a,  ,5\n", ["line 2, column 'review': the text is empty."]),
        (HEAD + ",Good,5\n", ["line 2, column 'id': the text is empty."]),
        (HEAD + "a,Good,5\na,Bad,1\n", ["line 3, column 'review': id 'a' has another text on line 2."]),
        (HEAD + "a,Good,5\nb,Bad\n", ["labels.csv, line 3: expected 3 columns, found 2."]),
        (HEAD + 'a,"x\ny\n",5\n\nb,Bad,4,1\n', ["labels.csv, line 6: expected 3 columns, found 4."]),
        (HEAD + 'a,"x\ny",5\nb,Bad,9\n', ["labels.csv, line 4, column 'stars'"]),
        (HEAD + 'a,"Good,5\nb,Bad,1\n', ["labels.csv, line 2", "a quote opened here is never closed"]),
        (HEAD + 'a,"Go"od",5\n', ["labels.csv, line 2", "the quoting is broken"]),
        (HEAD + "a,Go\0od,5\n", ["line 2, column 'review': the text holds U+0000"]),
        (
            (HEAD + "a,Gut,5\nb,Schön,4\n").encode("latin-1"),
            ["labels.csv, line 3: byte 0xf6 at offset 29 is not UTF-8", "Latin-1", "iconv"],
        ),
        ((HEAD + "a,Gut,5\n").encode("utf-16"), ["byte 0xff at offset 0 is not UTF-8", "UTF-16", "iconv -f utf-16"]),
        ((HEAD + "a,Gut,5\n").encode("utf-16-le"), ["byte 0x00 at offset 1 is not UTF-8", "UTF-16"]),
    ],
)
def test_bad_csv(write, content, says):
    line = error(Corpus.from_csv, write(content), id="id", **REVIEW)
    for part in says:
        assert part in line


def test_a_latin_1_byte_far_into_the_file_is_found(write):
    content = HEAD.encode() + b"".join(b"i%d,Gut,5\n" % i for i in range(50_000)) + b"z,Sch\xf6n,4\n"
    line = error(Corpus.from_csv, write(content), id="id", **REVIEW)
    assert f"line 50002: byte 0xf6 at offset {content.index(0xF6)} is not UTF-8" in line


def test_a_cell_of_ten_megabytes_is_named_and_the_process_keeps_its_limit(write):
    before = csv.field_size_limit()
    path = write(HEAD + "a,Good,5\nb," + "x" * 10_000_000 + ",4\n")
    line = error(Corpus.from_csv, path, id="id", **REVIEW)
    assert "labels.csv, line 3, column 'review': the cell has 10,000,000 characters, more than 1,000,000." in line
    assert csv.field_size_limit() == before
    corpus = Corpus.from_csv(write(HEAD + "a," + "x" * 1_000_000 + ",5\n"), id="id", **REVIEW)
    assert len(corpus[0].text) == 1_000_000 and csv.field_size_limit() == before


def test_files_that_cannot_be_read(tmp_path, write):
    write(HEAD)
    line = error(Corpus.from_csv, tmp_path / "label.csv", **REVIEW)
    assert "label.csv: there is no such file." in line and "Did you mean 'labels.csv'?" in line
    for load in (Corpus.from_csv, Corpus.from_jsonl, Corpus.from_parquet):
        assert "this is a directory" in error(load, tmp_path, **REVIEW)
        assert "no such file" in error(load, tmp_path / "none" / "x", **REVIEW)
        assert "the file is empty" in error(load, write(""), **REVIEW)
        assert "cannot be opened" in error(load, "a\0b", **REVIEW)


GOOD = '{"review": "Good", "stars": 5}\n'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (GOOD + '{"review": "Bad", "stars": 1\n', ["x.jsonl, line 2: not valid JSON (Expecting"]),
        (GOOD + "\n[1, 2]\n", ["x.jsonl, line 3: this is [1, 2], not an object."]),
        ("[" * 100_000, ["x.jsonl, line 1: not valid JSON"]),
        (
            GOOD + '{"text": "Bad", "stars": 1}\n',
            ["line 2: there is no column 'review' (wanted as", "text, stars"],
        ),
        (GOOD + '{"review": "Bad"}\n', ["line 2: there is no column 'stars' (wanted as label)"]),
        (GOOD + '{"review": "Bad", "stars": NaN}\n', ["line 2, column 'stars': the label is missing (nan)"]),
        (GOOD + '{"review": "Bad", "stars": null}\n', ["line 2, column 'stars': the label is missing (None)"]),
        (GOOD + '{"review": "Bad", "stars": true}\n', ["line 2, column 'stars': True is a boolean"]),
        (GOOD + '{"review": "Bad", "stars": [1, null]}\n', ["line 2, column 'stars[2]': the label is missing (None)"]),
        (GOOD + '{"review": "Bad", "stars": {"ann": 8}}\n', ["line 2, column 'stars[ann]': 8 is outside"]),
        (GOOD + '{"review": null, "stars": 1}\n', ["line 2, column 'review': the text is empty"]),
        (GOOD + '{"review": ["Bad"], "stars": 1}\n', ["line 2, column 'review': ['Bad'] is list, not a text"]),
        (GOOD + '{"review": "\\ud800", "stars": 1}\n', ["line 2, column 'review': the text holds U+D800"]),
        (GOOD + '{"review": "Bad", "stars": 1, "stars": 2}\n', ["line 2: the key 'stars' stands twice."]),
        (GOOD.encode() + b'{"review": "B\xe4d", "stars": 1}\n', ["line 2: byte 0xe4 at offset 44 is not UTF-8"]),
        (GOOD.encode("utf-16"), ["UTF-16"]),
        (GOOD.encode("utf-16-le"), ["UTF-16"]),
        ("\n\n", ["x.jsonl: there are no rows."]),
    ],
)
def test_bad_jsonl(write, content, says):
    line = error(Corpus.from_jsonl, write(content, "x.jsonl"), **REVIEW)
    for part in says:
        assert part in line


def test_bad_parquet(tmp_path, write):
    assert "not a readable Parquet file" in error(Corpus.from_parquet, write(HEAD * 9, "x.parquet"), **REVIEW)
    path = tmp_path / "y.parquet"
    reviews = [f"review number {i}" for i in range(3000)]
    pyarrow.parquet.write_table(pyarrow.table({"review": reviews, "stars": [float("nan")] * 3000}), path)
    assert "y.parquet, row 1, column 'stars': the label is missing (nan)" in error(Corpus.from_parquet, path, **REVIEW)
    assert "there is no column 'starz'" in error(Corpus.from_parquet, path, **{**REVIEW, "label": "starz"})
    whole = path.read_bytes()
    assert "Parquet" in error(Corpus.from_parquet, write(whole[:-100], "z.parquet"), **REVIEW)
    damaged = whole[:100] + b"\xff" * 2000 + whole[2100:]
    assert "z.parquet" in error(Corpus.from_parquet, write(damaged, "z.parquet"), **REVIEW)


def test_bad_records():
    line = error(Corpus.from_records, [{"review": "a", "stars": 9}], place="request", **REVIEW)
    assert line.startswith("request, record 1, column 'stars': 9 is outside the scale.")
    assert "not a mapping" in error(Corpus.from_records, [["a"]], **REVIEW)
    assert "not a list of records" in error(Corpus.from_records, {"review": "a"}, **REVIEW)
    assert "no rows" in error(Corpus.from_records, [], **REVIEW)


def test_rows_of_one_item_must_agree_on_the_group(write):
    rows = "id,review,stars,talk\na,Good,5,t1\na,Good,4,t2\n"
    line = error(Corpus.from_csv, write(rows), id="id", group="talk", **REVIEW)
    assert "line 3, column 'talk': 't2' differs from 't1' of the same item on line 2" in line


def test_an_annotator_column_beside_a_list_is_a_contradiction():
    line = error(Corpus.from_records, [{"review": "a", "who": "ann", "stars": [1, 2]}], annotator="who", **REVIEW)
    assert "the cell holds 2 labels although annotator='who'" in line


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fields": "review"}, "Give a list of columns"),
        ({"fields": []}, "Give a list of columns"),
        ({"fields": ["review", "review"]}, "twice"),
        ({"fields": ["review", "stars"]}, "both a field and the label"),
        ({"label": None, "annotator": "who"}, "Give label= too"),
        ({"consensus": "medain"}, "Did you mean 'median'"),
        ({"max_spread": -1}, "at least 0"),
        ({"max_spread": float("nan")}, "at least 0"),
        ({"scale": Nominal(["a", "b"]), "max_spread": 1}, "no spread"),
        ({"scale": "ordinal"}, "Give e.g. Ordinal"),
        ({"fields": ["label"]}, "Rename the column"),
    ],
)
def test_arguments_that_make_no_sense(change, says):
    rows = [{"review": "a", "stars": 1, "label": "x"}]
    assert says in error_without_place(Corpus.from_records, rows, **{**REVIEW, **change})


# --- properties -------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(lambda t: t.strip())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(texts, st.integers(1, 5)), min_size=1, max_size=8, unique_by=lambda row: row[0]))
def test_whatever_the_csv_writer_writes_is_read_back(tmp_path, rows):
    path = tmp_path / "x.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("review", "stars"), *rows])
    corpus = Corpus.from_csv(path, **REVIEW)
    assert [(one.text, one.gold) for one in corpus] == rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_corpus_or_one_clear_error(tmp_path, content):
    path = tmp_path / "x"
    for head in (b"", b"review,stars\n"):
        path.write_bytes(head + content)
        for load in (Corpus.from_csv, Corpus.from_jsonl):
            try:
                load(path, **REVIEW)
            except InputError as refused:
                assert refused.place is not None and refused.cure is not None
                assert str(path) in str(refused)


def test_an_interval_takes_the_mean():
    rows = [{"review": "a", "stars": [-1, 2.5, "0"]}]
    corpus = Corpus.from_records(rows, fields=["review"], label="stars", scale=Interval(-4, 4))
    assert corpus.golds() == [0.5] and corpus[0].labels == [-1.0, 2.5, 0.0] and corpus.consensus == "mean"
