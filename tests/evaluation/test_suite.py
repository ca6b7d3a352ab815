"""evaluate: the same result whatever the workers, resumable, and honest about what was played."""

from __future__ import annotations

import json

import av
import pytest

from millwright.core.errors import ActionError, OptionError, ResultError, WorkerError
from millwright.evaluation.compare import compare
from millwright.evaluation.result import load_result
from millwright.evaluation.suite import FILMED, Suite, draw_filmed, evaluate, evaluate_arms, parse_seeds
from tests.evaluation.arms import FLAKY, Noted
from tests.toys import Constant, MakePlay, Scripted

CLAIM = {"env": "reach", "policy": "flaky", "env_options": {"max_steps": 30}}
SEEDS = range(10000, 10006)


@pytest.fixture(autouse=True)
def _unedited(monkeypatch):
    """The package stays as it is, even if somebody edits it during the tests."""
    monkeypatch.setattr("millwright.evaluation.provenance.compute_source_digest", lambda: "unedited")


@pytest.fixture
def undrawn(monkeypatch):
    """Films and reports are only noted, as their own tests draw them."""
    monkeypatch.setattr("millwright.evaluation.reduce.write_film", lambda episode, path: path.touch())
    monkeypatch.setattr("millwright.evaluation.reduce.write_strip", lambda episode, indices, path: path.touch())
    monkeypatch.setattr("millwright.evaluation.report.write_report", lambda result, folder: None)


def evaluated(make_play=FLAKY, seeds=SEEDS, workers=1, **more):
    return evaluate(make_play, seeds, workers, progress=False, **more)


def timeless(result):
    """The JSON without what the clock decides."""
    values = result.to_json()
    values["provenance"].pop("date")
    values["metrics"] = {k: v for k, v in values["metrics"].items() if "latency" not in k}
    for row in values["verdicts"]:
        row["metrics"].pop("call_latency_ms")
    return values


def test_the_number_of_workers_changes_nothing():
    assert timeless(evaluated(workers=1)) == timeless(evaluated(workers=2))


def test_every_seed_is_judged_once_in_order():
    result = evaluated()
    assert [episode.seed for episode in result.episodes] == list(SEEDS)
    assert result.successes + sum(result.failures.values()) == len(SEEDS)
    assert 0 < result.successes < len(SEEDS)


def test_a_report_folder_holds_everything(tmp_path):
    result = evaluated(seeds=range(2), report_dir=tmp_path, claim=CLAIM, command="millwright evaluate reach")
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "films", "result.json", "episodes.jsonl"}
    assert load_result(tmp_path / "result.json") == json.loads(json.dumps(result.to_json()))
    assert len((tmp_path / "episodes.jsonl").read_text().splitlines()) == 2


def test_failures_and_the_seeds_drawn_before_playing_are_filmed(tmp_path, undrawn):
    seeds = range(500, 530)
    result = evaluated(seeds=seeds, report_dir=tmp_path)
    failed = {episode.seed for episode in result.episodes if not episode.success}
    expected = failed | draw_filmed(seeds)
    assert {path.name for path in (tmp_path / "films").glob("*.mp4")} == {f"seed-{seed}.mp4" for seed in expected}
    assert {path.name for path in (tmp_path / "films").glob("*.jpg")} == {f"seed-{seed}.jpg" for seed in failed}
    assert {episode.seed for episode in result.episodes if episode.film} == expected
    assert {episode.seed for episode in result.episodes if episode.strip} == failed
    assert len(expected) < len(seeds)


def test_the_draw_of_films_is_always_the_same():
    assert draw_filmed(range(100, 300)) == draw_filmed(range(100, 300))
    assert len(draw_filmed(range(100, 300))) == FILMED
    assert draw_filmed(range(3)) == {0, 1, 2}


def test_films_are_h264_with_a_frame_a_step(tmp_path, monkeypatch):
    monkeypatch.setattr("millwright.evaluation.report.write_report", lambda result, folder: None)
    result = evaluated(seeds=range(2), report_dir=tmp_path)
    with av.open(str(tmp_path / "films" / "seed-1.mp4")) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate) == ("h264", 15)
        assert sum(1 for _ in film.decode(stream)) == result.episodes[1].metrics["steps"]


def test_an_interrupted_evaluation_goes_on_where_it_was(tmp_path, undrawn):
    dying = Noted(FLAKY, tmp_path / "notes", dies_at=SEEDS[-1])
    with pytest.raises(WorkerError, match=str(SEEDS[-1])):
        evaluated(dying, workers=2, report_dir=tmp_path / "report", claim=CLAIM)
    kept = (tmp_path / "report" / "episodes.jsonl").read_text().splitlines()
    again = Noted(FLAKY, tmp_path / "again")
    result = evaluated(again, report_dir=tmp_path / "report", claim=CLAIM)
    assert 4 <= len(kept) < len(SEEDS)
    assert len(again.played()) == len(SEEDS) - len(kept)
    assert timeless(result) == timeless(evaluated(claim=CLAIM))


def test_a_line_cut_short_by_a_crash_is_played_again(tmp_path, undrawn):
    evaluated(report_dir=tmp_path, claim=CLAIM)
    journal = tmp_path / "episodes.jsonl"
    journal.write_text(journal.read_text()[:-40])
    noted = Noted(FLAKY, tmp_path / "notes")
    evaluated(noted, report_dir=tmp_path, claim=CLAIM)
    assert noted.played() == [SEEDS[-1]]
    assert len([json.loads(line) for line in journal.read_text().splitlines()]) == len(SEEDS)


def test_a_line_that_is_no_episode_is_named_and_nothing_is_overwritten(tmp_path, undrawn):
    evaluated(report_dir=tmp_path, claim=CLAIM)
    journal = tmp_path / "episodes.jsonl"
    before = f"{journal.read_text()}garbage\n"
    journal.write_text(before)
    with pytest.raises(ResultError, match=f"line {len(SEEDS) + 1}, is no episode.*remove that line"):
        evaluated(report_dir=tmp_path, claim=CLAIM)
    assert journal.read_text() == before


@pytest.mark.parametrize("claim", [{**CLAIM, "policy": "other"}, {**CLAIM, "env_options": {"max_steps": 9}}, None])
def test_another_claim_or_none_plays_everything_again(tmp_path, undrawn, claim):
    evaluated(report_dir=tmp_path, claim=CLAIM)
    noted = Noted(FLAKY, tmp_path / "notes")
    evaluated(noted, report_dir=tmp_path, claim=claim)
    assert noted.played() == list(SEEDS)


def test_edited_source_plays_everything_again(tmp_path, undrawn, monkeypatch):
    evaluated(report_dir=tmp_path, claim=CLAIM)
    monkeypatch.setattr("millwright.evaluation.provenance.compute_source_digest", lambda: "edited")
    noted = Noted(FLAKY, tmp_path / "notes")
    evaluated(noted, report_dir=tmp_path, claim=CLAIM)
    assert noted.played() == list(SEEDS)


def test_more_seeds_of_the_same_claim_add_to_those_played(tmp_path, undrawn):
    evaluated(report_dir=tmp_path, claim=CLAIM)
    noted = Noted(FLAKY, tmp_path / "notes")
    result = evaluated(noted, seeds=range(10000, 10008), report_dir=tmp_path, claim=CLAIM)
    assert noted.played() == [10006, 10007]
    assert len(result.episodes) == 8


def test_an_action_that_is_not_a_number_stops_the_evaluation():
    with pytest.raises(ActionError, match="nothing was executed"):
        evaluated(MakePlay(Constant, (float("nan"), 0.0)))


def test_privileged_policies_are_marked():
    assert evaluated(MakePlay(Scripted), range(2)).to_json()["privileged"] is True
    assert evaluated(FLAKY, range(2)).to_json()["privileged"] is False


def test_environment_and_policy_come_from_the_episodes_when_not_claimed():
    values = evaluated(seeds=range(2)).to_json()
    assert (values["env"], values["policy"]) == ("reach", "flaky")


def test_arms_play_the_same_seeds_each_in_its_own_folder(tmp_path, undrawn):
    arms = {"as-is": FLAKY, "expert": MakePlay(Scripted)}
    results = evaluate_arms(Suite("unseen", SEEDS, "target"), arms, 1, tmp_path, claim={"env": "reach"}, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["as-is", "expert"]
    assert results["expert"].rate == 1.0
    assert compare(*(result.to_json() for result in results.values())).test == "paired exact (McNemar)"
    assert results["as-is"].provenance["arm"] == "as-is"
    assert results["as-is"].provenance["policy"] == "flaky"


def test_progress_tells_the_rate_so_far(capsys):
    evaluate(FLAKY, range(4))
    assert "4/4" in capsys.readouterr().out


@pytest.mark.parametrize("seeds", [range(3, 3), range(0, 10, 2)])
def test_seeds_must_be_consecutive(seeds):
    with pytest.raises(ValueError, match="step 1"):
        evaluated(seeds=seeds)


def test_seeds_are_read_half_open():
    assert parse_seeds("10000:10200") == range(10000, 10200)


@pytest.mark.parametrize("text", ["", "5", "5:", ":5", "5:5", "6:5", "a:b", "-1:3", "1:2:3"])
def test_anything_else_is_refused_with_what_would_have_worked(text):
    with pytest.raises(ValueError, match="A:B"):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("0:9223372036854775807", "too many seeds"),
        ("0:1000001", "1,000,000 at most"),
        ("9223372036854775807:9999999999999999999", "seeds are 0 to 9223372036854775807"),
        ("0:" + "9" * 5000, "A:B"),
    ],
)
def test_seeds_beyond_what_is_played_are_refused_at_once(text, cause):
    with pytest.raises(OptionError, match=cause):
        parse_seeds(text)


def test_the_largest_seed_is_one():
    assert parse_seeds("9223372036854775806:9223372036854775808")[-1] == 2**63 - 1
