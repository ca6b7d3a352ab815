"""Control arms for the eyes: only the picture is replaced, and no truth leaks through."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from millwright.core.errors import FeatureError, MillwrightError, OptionError
from millwright.core.loop import run_episode
from millwright.core.policy import Policy, Privileged
from millwright.evaluation.eyes import GreyEyes, OtherEyes, collect_films
from tests.toys import MakePlay, ReachEnv, ReachJudge, Scripted, Seeing

CAMERA = "observation.images.wrist"


class Watched(Policy):
    """Remembers what it was shown."""

    name = "watched"

    def reset(self, seed: int) -> None:
        self.seed, self.shown = seed, []

    def act(self, observation):
        self.shown.append(observation)
        return np.zeros(2, np.float32)


@pytest.fixture(scope="module")
def films():
    return collect_films(MakePlay(Seeing)(), range(40, 44))


def test_a_policy_that_sees_is_lost_without_its_eyes(films):
    seeds = range(12)
    rates = {}
    for policy in (Seeing(), GreyEyes(Seeing()), OtherEyes(Seeing(), films)):
        rates[policy.name] = np.mean(
            [run_episode(ReachEnv(), policy, ReachJudge(), seed).verdict.success for seed in seeds]
        )
    assert rates["seeing"] == 1.0
    assert rates["seeing (grey image)"] == 0.0
    assert rates["seeing (another scene's image)"] <= 0.5


def test_everything_but_the_picture_is_left(films):
    for blind in (GreyEyes(watched := Watched()), OtherEyes(watched, films)):
        episode = run_episode(ReachEnv(max_steps=5), blind, ReachJudge(), 3)
        for shown, step in zip(watched.shown, episode.steps, strict=True):
            assert set(shown) == set(step.observation)
            assert not np.array_equal(shown[CAMERA], step.observation[CAMERA])
            assert all(shown[name] is step.observation[name] for name in shown if name != CAMERA)


def test_grey_is_grey():
    run_episode(ReachEnv(max_steps=2), GreyEyes(watched := Watched()), ReachJudge(), 3)
    assert (watched.shown[0][CAMERA] == 128).all()
    assert watched.shown[0][CAMERA].dtype == np.uint8


def test_the_other_scenes_film_runs_on_and_stops_at_its_last_picture(films):
    run_episode(ReachEnv(max_steps=40), OtherEyes(watched := Watched(), films), ReachJudge(), 3)
    seen = [observation[CAMERA] for observation in watched.shown]
    film = next(film[CAMERA] for film in films.values() if np.array_equal(film[CAMERA][0], seen[0]))
    assert all(np.array_equal(seen[i], film[min(i, len(film) - 1)]) for i in range(40))


def test_an_episode_never_sees_the_film_of_its_own_scene(films):
    for pair in combinations(films, 2):
        policy = OtherEyes(watched := Watched(), {seed: films[seed] for seed in pair})
        for own, other in (pair, pair[::-1]):
            run_episode(ReachEnv(max_steps=1), policy, ReachJudge(), own)
            np.testing.assert_array_equal(watched.shown[0][CAMERA], films[other][CAMERA][0])


def test_the_same_seed_sees_the_same_film(films):
    policy = OtherEyes(watched := Watched(), films)
    firsts = []
    for _ in range(2):
        run_episode(ReachEnv(max_steps=1), policy, ReachJudge(), 7)
        firsts.append(watched.shown[0][CAMERA])
    np.testing.assert_array_equal(*firsts)


def test_privileged_policies_are_refused(films):
    with pytest.raises(OptionError, match="scripted sees the truth"):
        GreyEyes(Scripted())
    with pytest.raises(OptionError, match="scripted sees the truth"):
        OtherEyes(Scripted(), films)


def test_the_wrappers_never_forward_facts(films):
    for blind in (GreyEyes(Seeing()), OtherEyes(Seeing(), films)):
        assert not isinstance(blind, Privileged)
        assert not hasattr(blind, "see")


def test_a_single_film_is_too_few(films):
    with pytest.raises(MillwrightError, match="at least two"):
        OtherEyes(Seeing(), {40: films[40]})


class Several(ReachEnv):
    """Sees by a second camera too, of another size, and measures depth; the scene decides how bright all is."""

    def reset(self, *, seed=None, options=None):
        self.brightness = seed
        observation, info = super().reset(seed=seed, options=options)
        return self.look(observation), info

    def step(self, action):
        observation, *rest = super().step(action)
        return self.look(observation), *rest

    def look(self, observation):
        extra = {"top": np.full((6, 6, 3), self.brightness, np.uint8), "depth": np.full((6, 6, 1), 0.5, np.float32)}
        return {**observation, **{f"observation.images.{name}": picture for name, picture in extra.items()}}


def test_every_camera_is_covered_and_all_of_them_by_the_same_moment_of_the_same_scene():
    def play(seed: int):
        return run_episode(Several(max_steps=3), Watched(), ReachJudge(), seed)

    films = collect_films(play, range(40, 44))
    watched = Watched()
    for blind in (GreyEyes(watched), OtherEyes(watched, films)):
        run_episode(Several(max_steps=3), blind, ReachJudge(), 9)
        shown = watched.shown[0]
        top = shown["observation.images.top"]
        if isinstance(blind, GreyEyes):
            assert (top == 128).all()
            assert (shown["observation.images.depth"] == 0).all()
        else:
            np.testing.assert_array_equal(shown[CAMERA], films[int(top[0, 0, 0])][CAMERA][0])


def test_films_of_other_cameras_are_refused_by_name(films):
    with pytest.raises(FeatureError, match=r"observation\.images\.top has shape \(6, 6, 3\).*film none"):
        run_episode(Several(max_steps=2), OtherEyes(Watched(), films), ReachJudge(), 0)


def test_where_there_is_no_picture_nothing_can_be_covered():
    with pytest.raises(FeatureError, match=r"nothing to cover; observed: observation\.state"):
        GreyEyes(Seeing()).act({"observation.state": np.zeros(2)})
