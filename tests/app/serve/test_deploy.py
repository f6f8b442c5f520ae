"""From labels to a service in one go: compiled, saved, loaded by a fresh process, asked by a crowd, stopped."""

import json
from pathlib import Path

import pytest

from accord.programs import Rater
from worlds.crowd_checks import check_replies, stop_amid_requests
from worlds.served_rater import Crowd, ServedRater, make_calls, percentile


@pytest.mark.slow
def test_a_rater_is_compiled_saved_served_to_a_crowd_and_stopped(tmp_path: Path, capsys) -> None:
    """32 clients send 500 requests, 25 of them malformed or oversized, and go on asking while the server is stopped."""
    pytest.importorskip("torch")
    pytest.importorskip("trl")
    from worlds.trained_rater import train_rater

    compiled = train_rater(tmp_path)
    assert [candidate.name for candidate in compiled.candidates] == ["label_all"]
    compiled.save(tmp_path / "stars")
    assert (tmp_path / "stars" / "adapter" / "adapter_model.safetensors").is_file()
    told = json.loads((tmp_path / "stars" / "agreement.json").read_text())["splits"]["dev"]
    assert (told["n"], told["chosen"]) == (10, "label_all")
    loaded = Rater.load(tmp_path / "stars")
    with ServedRater(tmp_path / "stars") as server:
        crowd = Crowd(server.url)
        seconds = crowd.send(make_calls(500))
        assert len(crowd.replies) == 500
        check_replies(crowd.replies)
        good = [reply for reply in crowd.replies if reply.status == 200]
        bad = [reply for reply in crowd.replies if reply.status != 200]
        assert (len(good), len(bad)) == (475, 25)
        for reply in good[:20]:
            for text, rating in zip(reply.call.texts, reply.body["ratings"], strict=True):
                here = loaded(text=text)
                assert (rating["label"], rating["unparsed"]) == (here.label, here.unparsed)
        middle, slow = (1000 * percentile([reply.seconds for reply in good], share) for share in (0.5, 0.99))
        with capsys.disabled():
            print(f"\n500 requests of 32 clients in {seconds:.1f} s: p50 {middle:.0f} ms, p99 {slow:.0f} ms")
        assert slow < 30_000
        stop_amid_requests(server, crowd.replies)
