"""Trying an image: the plan is the policy's own for what it is shown, and what is not given comes from the scene."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from millwright.core.errors import FeatureError, UnknownNameError
from millwright.dashboard.bundle_routes import MOST_BODY
from millwright.dashboard.commands import CommandError
from millwright.dashboard.newest import Newest
from millwright.dashboard.pictures import cut_square, read_picture
from millwright.dashboard.server import Dashboard, start_dashboard
from millwright.dashboard.snapshot import Snapshot
from millwright.dashboard.stage import Stage
from millwright.dashboard.trial import Trial
from tests.dashboard.toy_table import make_session
from tests.dashboard.toy_words import WORDS
from tests.dashboard.uploads import make_bomb, make_file, to_text
from tests.policies.arms import ATTENTION, FILM, make_arm_bundle, make_arm_observation
from tests.policies.makers import make_bundle

SAID = "lift the red cube"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("bundles")
    made = {"film": make_arm_bundle(FILM), "attention": make_arm_bundle(ATTENTION), "bricks": make_bundle()}
    for name, bundle in made.items():
        bundle.save(root / name)
    return {name: root / name for name in made}


@pytest.fixture
def trial(folders: dict[str, Path]) -> Trial:
    return Trial(folders, Newest(Snapshot(seed=5003, start=make_arm_observation(1))))


@pytest.fixture(scope="module")
def dashboard(folders: dict[str, Path]) -> Iterator[Dashboard]:
    stage = Stage(WORDS.env_factory, WORDS.judge_factory, WORDS.policies, WORDS.title, by_words=True, bundles=folders)
    with start_dashboard(lambda: make_session(stage), port=0) as dashboard:
        yield dashboard


def test_bundles_of_vla_alone_are_on_offer_with_the_scenes_own_pictures(trial: Trial) -> None:
    told = trial.describe()
    assert told["bundles"] == ["film", "attention"]
    assert [camera["name"] for camera in told["cameras"]] == ["agentview", "wrist"]
    assert all(camera["src"].startswith("data:image/png;base64,") for camera in told["cameras"])
    assert (told["scene"], told["instruction"]) == (5003, "pick up the red cube")


@pytest.mark.parametrize("name", ["film", "attention"])
def test_the_plan_is_what_the_policy_plans_for_this_picture_in_this_scene(trial: Trial, name: str) -> None:
    file = make_file(seed=3)
    told = trial.look({"bundle": name, "instruction": SAID, "pictures": {"agentview": to_text(file)}})
    shown = cut_square(read_picture(file, "agentview"), 32)
    seen = {**make_arm_observation(1), "observation.images.agentview": shown, "task": SAID}
    bundle = make_arm_bundle(FILM if name == "film" else ATTENTION)
    chunks, _ = bundle.planner().plan([seen], [None])
    np.testing.assert_allclose(told["actions"], chunks[0].actions, atol=1e-5)
    assert told["names"] == bundle.action.names
    assert [(picture["camera"], picture["given"]) for picture in told["pictures"]] == [
        ("agentview", True), ("wrist", False),
    ]  # fmt: skip
    json.dumps(told, allow_nan=False)


def test_attention_is_told_where_there_is_any_and_what_matters_always(trial: Trial) -> None:
    film, attention = (trial.look({"bundle": name, "instruction": SAID}) for name in ("film", "attention"))
    assert [one["kind"] for one in film["maps"]] == ["influence"]
    assert [one["kind"] for one in attention["maps"]] == ["picture", "words", "influence"]
    labels = [frame["label"] for frame in attention["maps"][0]["frames"]]
    assert labels == ["all actions", "action 1", "action 2", "action 3", "action 4"]
    assert np.shape(attention["maps"][1]["frames"][0]["maps"]["wrist"]) == (4, 4)
    assert np.max(film["maps"][0]["frames"][0]["maps"]["agentview"]) > 0


@pytest.mark.parametrize(
    ("wish", "kind", "reason"),
    [
        ({"bundle": "bricks", "instruction": SAID}, UnknownNameError, "bundles: film, attention"),
        ({"instruction": SAID}, UnknownNameError, "unknown bundle"),
        ({"bundle": "film"}, CommandError, "an instruction is a text"),
        ({"bundle": "film", "instruction": SAID, "pictures": []}, None, ""),
        ({"bundle": "film", "instruction": SAID, "pictures": "x"}, FeatureError, "pictures come by camera"),
        ({"bundle": "film", "instruction": SAID, "pictures": {"front": to_text(make_file())}}, UnknownNameError,
         "cameras: agentview, wrist"),
        ({"bundle": "film", "instruction": SAID, "pictures": {"wrist": to_text(b"text")}}, FeatureError, "wrist: that"),
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_met_is_refused_in_words(
    trial: Trial, wish: dict[str, Any], kind: type[Exception] | None, reason: str
) -> None:
    if kind is None:
        assert trial.look(wish)["actions"]
        return
    with pytest.raises(kind, match=reason):
        trial.look(wish)


def test_a_scene_that_lends_too_little_is_told(folders: dict[str, Path]) -> None:
    trial = Trial(folders, Newest(Snapshot(start={"task": "up"})))
    with pytest.raises(FeatureError, match=r"lends no observation.images.agentview, observation.images.wrist"):
        trial.look({"bundle": "film", "instruction": SAID})


def test_over_the_network_it_answers_and_refuses_with_reasons(dashboard: Dashboard) -> None:
    url = f"{dashboard.url}/api/try"
    assert httpx.get(url).json()["bundles"] == ["film", "attention"]
    wish = {"bundle": "film", "instruction": SAID}
    done = httpx.post(url, json={**wish, "pictures": {"agentview": to_text(make_file("JPEG"))}}, timeout=30)
    assert (done.status_code, len(done.json()["actions"])) == (200, 4)
    bomb = httpx.post(url, json={**wish, "pictures": {"agentview": to_text(make_bomb())}})
    assert (bomb.status_code, bomb.json()["error"][:45]) == (400, "agentview: 20000 x 20000 pixels are too many;")
    wicked = (b'{"bundle": "film", "instruction": "\\ud800 lift"}', b'{"pictures": {"\\ud800": ""}}', b'"\xed\xa0\x80"')
    for body, reason in (
        (b"{", "not JSON"), (b"[]", "a wish is an object"), (b"[" * 100_000, "not JSON"),
        *((text, "half of a character") for text in wicked),
    ):  # fmt: skip
        answer = httpx.post(url, content=body)
        assert (answer.status_code, reason in answer.json()["error"]) == (400, True)
    large = httpx.post(url, content=bytes(MOST_BODY + 1))
    assert "that is too large; a picture has at most 8 MB" in large.json()["error"]
    foreign = httpx.post(url, json=wish, headers={"Origin": "http://elsewhere.example"})
    assert foreign.json()["error"] == "only this dashboard's own page may try pictures"


def test_models_are_told_over_the_network(dashboard: Dashboard) -> None:
    assert httpx.get(f"{dashboard.url}/api/models").json()["models"] == ["film", "attention", "bricks"]
    assert httpx.get(f"{dashboard.url}/api/models/bricks").json()["network"] == "prompt-chunk"
    assert httpx.get(f"{dashboard.url}/api/models/nobody").status_code == 404
