"""The review page over HTTP: every choice is kept, what cannot be taken is one clear message, nobody else gets in."""

import json
import re
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner, Result

from accord.app.commands.main import app
from accord.data import standing_choices
from worlds.review_world import PROBE, ServedReview, compile_run


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("review") / "run"
    compile_run(run)
    return run


@pytest.fixture(scope="module")
def server(compiled: Path) -> Iterator[ServedReview]:
    with ServedReview(compiled) as served:
        yield served


def facts(page: str) -> dict[str, str]:
    """Return what the page's script would send back."""
    found = dict(re.findall(r'data-(kind|reviewer|subject|version)="([^"]*)"', page))
    return {name: value.replace("&#34;", '"') for name, value in found.items()}


def answers(page: str) -> list[dict[str, Any]]:
    return [json.loads(one.replace("&#34;", '"')) for one in re.findall(r'data-answer="([^"]*)"', page)]


def pages(server: ServedReview, reviewer: str, part: str) -> Iterator[str]:
    number = 1
    while (found := server.get(f"/by/{reviewer}/{part}/{number}"))[0] == 200:
        yield found[2]
        number += 1


def test_a_choice_is_on_disk_when_it_is_acknowledged_and_the_later_one_stands(server: ServedReview) -> None:
    status, headers, page = server.get("/by/dora/traces/1")
    assert status == 200 and headers["cache-control"] == "no-store"
    given = [one for one in answers(page) if "trace" in one]
    assert len(given) == 4
    for answer in (given[2], given[0]):
        status, reply = server.choose({**facts(page), **answer})
        assert (status, reply["done"], reply["next"]) == (200, 1, "/by/dora/traces/2")
    (kept,) = [one for one in standing_choices(server.folder / "review.sqlite") if one.reviewer == "dora"]
    assert kept.choice["trace"] == given[0]["trace"] and kept.time == reply["saved"]
    assert list(kept.shown) == [one["trace"] for one in given], "in the order in which they were shown"
    again = server.get("/by/dora/traces/1")[2]
    assert answers(again) == answers(page) and len(re.findall(r'data-answer="[^"]*" aria-pressed="true"', again)) == 1
    assert 'value="1"' in again and "Reasoning 1 of" in again


def test_each_reviewer_has_an_order_of_their_own_and_nothing_tells_the_teacher(server: ServedReview) -> None:
    seen = {}
    for reviewer in ("eva", "finn", "gus"):
        seen[reviewer] = [[one.get("trace") for one in answers(page)] for page in pages(server, reviewer, "traces")]
        for page in pages(server, reviewer, "traces"):
            assert "scripted" not in page
    orders = list(seen.values())
    assert orders[0] != orders[1] and [set(one) for one in orders[0]] == [set(one) for one in orders[1]]
    assert seen["eva"] == [[one.get("trace") for one in answers(page)] for page in pages(server, "eva", "traces")]


def test_texts_are_shown_as_texts_under_a_strict_policy(server: ServedReview) -> None:
    status, headers, page = server.get("/by/ana/traces/1")
    assert status == 200 and PROBE not in page and "<b>from" not in page
    assert "&lt;script&gt;window.stolen = 1&lt;/script&gt;" in page
    policy = headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce is not None and page.count(f'nonce="{nonce[1]}"') == 2
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert server.get("/by/ana/traces/1")[1]["content-security-policy"] != policy, "each page has its own"
    assert not re.search(r"<[^>]+\son\w+=", page.split("<style")[0]) and page.count("<script") == 1
    for path in ("/by/%3Cscript%3E", "/by/ana/traces/%3Cscript%3E", "/?name=%3Cscript%3E"):
        status, _, said = server.get(path)
        assert status in (404, 422) and "<script>" not in said.split("<script nonce")[0]


def test_what_cannot_be_taken_is_said_and_nothing_is_recorded(server: ServedReview) -> None:
    page = server.get("/by/hal/traces/2")[2]
    good = {**facts(page), **answers(page)[0]}
    bad: list[tuple[dict[str, Any], int, str]] = [
        ({"trace": "0123456789abcdef"}, 409, "That trace does not exist any more: the run was compiled again."),
        ({"subject": "none"}, 409, "That item is not reviewed any more"),
        ({"trace": "", "version": "old"}, 409, "Other traces are there by now"),
        ({"text": "mine"}, 422, "not both"),
        ({"reviewer": "<b>"}, 422, "A name has 1 to 40 letters"),
        ({"kind": "mood"}, 422, "'mood' found using 'kind'"),
        ({"reviewer": 5}, 422, "The choice cannot be read: reviewer: input should be a valid string."),
        ({"text": "x" * 5000, "trace": ""}, 422, "text: string should have at most 4000 characters"),
        ({"kind": "label", "trace": ...}, 422, "label: field required"),
        ({"kind": "label", "label": "9", "trace": ...}, 422, "9"),
        ({"kind": "rule", "verdict": "right", "trace": ...}, 409, "That rule does not exist any more"),
    ]
    for change, status, said in bad:
        sent = {name: value for name, value in {**good, **change}.items() if value is not ...}
        found, reply = server.choose(sent)
        assert (found, said in reply["error"]["message"]) == (status, True), (change, reply)
    assert not [one for one in standing_choices(server.folder / "review.sqlite") if one.reviewer == "hal"]


def test_only_the_page_itself_may_write(server: ServedReview) -> None:
    page = server.get("/by/ivy/traces/1")[2]
    good = {**facts(page), **answers(page)[0]}
    port = server.port
    for headers, status, code in (
        ({"Origin": "http://evil.example"}, 403, "wrong_origin"),
        ({"Origin": "null"}, 403, "wrong_origin"),
        ({"Origin": f"http://127.0.0.1:{port + 1}"}, 403, "wrong_origin"),
        ({"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"}, 421, "wrong_host"),
        ({"Content-Type": "text/plain"}, 422, None),
    ):
        found, reply = server.choose(good, **headers)
        assert found == status and code in (None, reply["error"]["code"]), (headers, reply)
    without = {"Content-Type": "application/json"}
    assert server.ask("POST", "/v1/choices", json.dumps(good), without)[0] == 403
    assert server.get("/by/ivy", Host="evil.example")[0] == 421
    assert server.get("/by/ivy", Host=f"localhost:{port + 1}")[0] == 200, "as through a tunnel"
    assert server.choose({**good, "text": "y" * 70_000})[0] == 413
    assert not [one for one in standing_choices(server.folder / "review.sqlite") if one.reviewer == "ivy"]


def test_labels_are_kept_corrected_or_left_open(server: ServedReview) -> None:
    for number, page in enumerate(list(pages(server, "jo", "labels"))):
        assert "What speaks against it" in page and "the label now" in page
        status, _ = server.choose({**facts(page), "label": [None, "2", "5"][number % 3], "reasons_seen": True})
        assert status == 200
    kept = [one.choice for one in standing_choices(server.folder / "review.sqlite") if one.reviewer == "jo"]
    assert len(kept) >= 2 and kept[0]["label"] is None and all(one["reasons_seen"] for one in kept)
    assert "Labels 2 of" in server.get("/by/jo/labels/2")[2]


def test_rules_of_the_guideline_get_comments(server: ServedReview) -> None:
    found = list(pages(server, "kim", "rules"))
    assert len(found) == 3 and "Leave spelling alone." in found[2]
    status, reply = server.choose({**facts(found[2]), "verdict": "wrong", "comment": " Spelling matters. "})
    assert (status, reply["next"]) == (200, "/by/kim/rules/1")
    (kept,) = [one for one in standing_choices(server.folder / "review.sqlite") if one.reviewer == "kim"]
    assert kept.choice == {"verdict": "wrong", "comment": "Spelling matters.", "rule": "Leave spelling alone."}


def test_two_reviewers_at_once_lose_no_choice(server: ServedReview) -> None:
    def work(reviewer: str) -> None:
        for page in list(pages(server, reviewer, "traces")):
            offered = answers(page)
            counted.append(server.choose({**facts(page), **offered[len(counted) % len(offered)]})[0])

    counted: list[int] = []
    threads = [threading.Thread(target=work, args=(name,)) for name in ("lea", "max")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = standing_choices(server.folder / "review.sqlite")
    assert set(counted) == {200}
    assert sum(one.reviewer in ("lea", "max") for one in kept) == len(counted) > 40
    overview = server.get("/by/lea")[2]
    assert re.search(r"(\d+) of \1</span>", overview) is not None


def test_what_keeps_a_run_from_being_reviewed_is_one_line(server: ServedReview, compiled: Path, tmp_path: Path) -> None:
    def run(folder: Path, *options: str) -> Result:
        return CliRunner().invoke(app, ["review", str(folder), "--port", "0", *options])

    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "journal.sqlite").write_bytes(b"")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        other = tmp_path / "other"
        other.mkdir()
        (other / "review.parquet").write_bytes((compiled / "review.parquet").read_bytes())
        runs = {
            "is in use by process": run(compiled),
            f"127.0.0.1:{port}: the port is taken. Give another with --port": run(other, "--port", port),
            "the run is unfinished or of an earlier Accord: no review.parquet. Run 'accord compile'": run(unfinished),
            "there is no such run directory": run(tmp_path / "none"),
            "there is no journal.sqlite": run(tmp_path),
            "--host 0.0.0.0: others could read and change the review. Give --token-env": run(
                other, "--host", "0.0.0.0"
            ),
            "--token-env NOT_SET: the environment variable is not set": run(other, "--token-env", "NOT_SET"),
            "--reviewer 'a/b': the name cannot be used": run(other, "--reviewer", "a/b"),
        }
    for said, result in runs.items():
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: ") and said in line, line


def test_with_a_token_people_sign_in_once(compiled: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "review.parquet").write_bytes((compiled / "review.parquet").read_bytes())
    environment = {"REVIEW_TOKEN": "s3cret"}
    options = ("--host", "0.0.0.0", "--token-env", "REVIEW_TOKEN", "--reviewer", "ana")
    with ServedReview(run, *options, environment=environment) as served:
        status, headers, _ = served.get("/by/ana/traces/1")
        assert (status, headers["location"]) == (303, "/sign-in")
        assert served.choose({"kind": "trace"})[0] == 401
        assert served.get("/by/ana", Authorization="Bearer s3cret")[0] == 200
        assert served.get("/by/ana", Authorization="Bearer wrong")[0] == 303
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": served.url}
        status, headers, page = served.ask("POST", "/sign-in", urlencode({"token": "wrong"}), form)
        assert (status, "set-cookie" in headers, "That is not the token" in page) == (401, False, True)
        status, headers, _ = served.ask("POST", "/sign-in", urlencode({"token": "s3cret"}), form)
        assert status == 303 and "s3cret" not in headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict"} <= set(headers["set-cookie"].split("; "))
        cookie = headers["set-cookie"].split(";")[0]
        assert served.get("/", Cookie=cookie)[1]["location"] == "/by/ana"
        page = served.get("/by/ana/traces/1", Cookie=cookie)[2]
        assert served.choose({**facts(page), **answers(page)[0]}, Cookie=cookie)[0] == 200
        (run / "review.parquet").rename(run / "away")
        status, _, said = served.get("/by/ana/traces/1", Cookie=cookie)
        assert (status, "there is no journal.sqlite" in said) == (409, True), "a run that is taken away is told"
        served.signal(signal.SIGTERM)
        code, said = served.wait()
    assert (code, said) == (
        0,
        f"stopped: 1 choice in {run / 'review.sqlite'}; 'accord compile' on this run uses them\n",
    )
