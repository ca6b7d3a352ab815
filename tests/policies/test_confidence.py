"""How sure a driver is: as sure as what it sees is usual, by the drives of its run, and silent where it has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from millwright.catalog import SHIPPED, Player, make_policy
from millwright.core.clock import TickClock
from millwright.core.errors import BundleError, OptionError
from millwright.core.loop import run_episode
from millwright.policies.bundle import load_bundle
from millwright.policies.chunk_player import ChunkPlayer
from millwright.policies.confidence import FILE, Calibration, write_calibration
from millwright.policies.driving_pipeline import IMAGE, STATE
from millwright.policies.folder import load_manifest
from millwright.serving.fallback import ANSWERED, DRIVES, FALLS_BACK, HOLDS, NOT_SURE, Fallback, Patience
from millwright.serving.metered import Metered
from millwright.serving.robot_metrics import RobotMetrics
from millwright.training.calibration import calibrate, measure_surprises
from millwright.training.drives import make_drive
from tests.policies.driving import make_calibration, make_driving_bundle, make_view
from tests.policies.makers import make_bundle
from tests.policies.test_latent_controller import KINDS, drive

SETTLED = 15
"""Ticks: before, CarRacing's camera comes down."""
TICKS = 90


def plan(planner, views):
    """The confidence told with each of a robot's plans."""
    memory, told = None, []
    for view in views:
        (chunk,), (memory,) = planner.plan([view], [memory])
        told.append(chunk.confidence)
    return np.array(told)


def record(bundle, views, actions):
    return make_drive(views, actions[:-1], np.zeros(len(views) - 1), bundle.pipeline, 0.4)


@pytest.fixture(scope="module")
def laps():
    """What the shipped driver sees and does in the beginning of some laps, once the camera has come down."""
    player = Player("car-racing", {"max_steps": 4 * TICKS}, str(SHIPPED / "dream-driving"))
    env, policy, judge = player.make_cast()
    episodes = [run_episode(env, policy, judge, seed) for seed in range(5000, 5003)]
    env.close()
    steps = [episode.steps[SETTLED:] for episode in episodes]
    return [([{name: one.observation[name] for name in (IMAGE, STATE)} for one in lap], lap) for lap in steps]


@pytest.fixture(scope="module")
def driver(laps):
    """The shipped driver, calibrated by the first laps; the last one is new to it."""
    bundle = load_bundle(SHIPPED / "dream-driving")
    drives = [record(bundle, views, [step.action for step in lap]) for views, lap in laps[:-1]]
    return replace(bundle, calibration=calibrate(bundle.network, [(bundle.network, drives)]))


PICTURES = {
    "black": lambda view, rng: np.zeros_like(view),
    "noise": lambda view, rng: rng.integers(0, 256, view.shape, dtype=np.uint8),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_out_of_this_world_lowers_the_confidence_for_as_long_as_it_is_there(driver, laps, kind):
    views, _ = laps[-1]
    usual = plan(driver.planner(), views)
    assert np.median(usual) > 0.2
    rng, wrong, seen = np.random.default_rng(0), range(30, 50), list(views)
    for tick in wrong:
        seen[tick] = {**views[tick], IMAGE: PICTURES[kind](views[tick][IMAGE], rng)}
    told = plan(driver.planner(), seen)
    assert told[wrong.start : wrong.stop].max() < 0.1
    assert told[wrong.start] < 0.02
    np.testing.assert_allclose(told[: wrong.start], usual[: wrong.start])
    np.testing.assert_allclose(told[wrong.stop + 3 :], usual[wrong.stop + 3 :], atol=0.05)


def test_who_is_not_sure_is_held_and_fallen_back_from_and_comes_back_and_metrics_tell(driver, laps):
    views = laps[-1][0][:65]
    patience = Patience(min_confidence=0.02, hold_s=0.24, retry_s=0.4, answers=2)
    player, metrics = ChunkPlayer(driver.planner(), execute=1, blend=0), RobotMetrics()
    nothing = make_policy("car-racing", "nothing")
    fallback = Fallback(player, nothing, TickClock(driver.rate_hz), patience, nothing)
    policy = Metered(fallback, metrics, TickClock(driver.rate_hz))
    policy.reset(0)
    for tick, view in enumerate(views):
        policy.act({**view, IMAGE: np.zeros_like(view[IMAGE])} if 30 <= tick < 50 else view)
    held, fell, back = policy.events
    assert (held.tick, held.what, held.why) == (30, HOLDS, NOT_SURE)
    assert (fell.tick, fell.what, fell.why) == (33, FALLS_BACK, NOT_SURE)
    assert 51 <= back.tick <= 57
    assert (back.what, back.why) == (DRIVES, ANSWERED)
    read = metrics.registry.get_sample_value
    assert read("millwright_robot_switches_total", {"to": "fallback", "why": "not_sure"}) == 1
    assert read("millwright_robot_confidence_count") >= 30 + len(views) - back.tick


def test_an_evaluation_gives_the_wheel_to_its_fallback_where_the_policy_is_not_sure(tmp_path):
    bundle = make_driving_bundle()
    code, small = bundle.network.vae.config.code, torch.full((9,), 1e-9)  # whatever it sees is unusual: 0.2
    unsure = replace(bundle, calibration=Calibration(small, torch.full((code,), 9.0), small))
    unsure.save(tmp_path / "unsure")
    for wanted, fallbacks in ((0.25, 1.0), (0.15, 0.0)):
        policy = str(tmp_path / "unsure")
        player = Player("car-racing", {"max_steps": 60}, policy, fallback="rule", min_confidence=wanted)
        assert player.describe()["min_confidence"] == wanted
        episode = player()(5000)
        assert episode.metrics["fallbacks"] == fallbacks
        assert {event.why for event in episode.events} == ({NOT_SURE} if fallbacks else set())


def test_without_calibration_nothing_is_told_and_the_same_is_planned():
    bundle = make_driving_bundle()
    calibrated = replace(bundle, calibration=make_calibration(bundle))
    assert set(plan(bundle.planner(), [make_view(tick) for tick in range(3)])) == {None}
    np.testing.assert_array_equal(drive(bundle.planner()), drive(calibrated.planner()))
    assert calibrated.make_manifest().id == bundle.make_manifest().id


@pytest.mark.parametrize("kind", KINDS)
def test_a_robot_is_as_surprised_as_its_drive_was_when_it_was_measured(kind):
    bundle = make_driving_bundle(**KINDS[kind])
    views = [make_view(tick) for tick in range(12)]
    actions = list(drive(bundle.planner(), ticks=12)[:, 0])
    (expected,) = measure_surprises(bundle.network, [record(bundle, views, actions)])
    code = bundle.network.vae.config.code
    far = torch.full((3,), 1e6)  # no picture is unusual
    calibration = Calibration(expected.sort().values, torch.zeros(code), far)
    told = plan(replace(bundle, calibration=calibration).planner(), views)
    larger = (expected[None] >= expected[:, None]).sum(1).numpy()
    np.testing.assert_allclose(told[1:], np.minimum(2 * (1 + larger) / (1 + len(expected)), 1), atol=2.1 / 12)


def test_the_confidence_is_twice_the_smaller_share_of_ticks_that_were_as_unusual_this_one_included():
    bundle = make_driving_bundle()
    code = bundle.network.vae.config.code
    even, near = torch.linspace(0.1, 0.9, 9), torch.full((9,), 1e6)
    view = make_view(0)
    seen = bundle.pipeline.observe({name: torch.from_numpy(value)[None] for name, value in view.items()})
    with torch.no_grad():
        picture = bundle.network.vae.encode(seen["image"])[0][0]
    for away, share in ((0.05, 10 / 10), (0.65, 4 / 10), (0.95, 1 / 10)):
        calibration = Calibration(near, picture - away**0.5 * torch.ones(code), even)
        (told,) = plan(replace(bundle, calibration=calibration).planner(), [view])
        assert told == pytest.approx(min(1, 2 * share))


def test_in_a_first_tick_nothing_was_dreamed_and_the_picture_alone_counts():
    bundle = make_driving_bundle(**KINDS["moving"])
    calm, far = torch.zeros(9), torch.full((9,), 1e6)  # drives in which nothing surprised
    calibration = Calibration(calm, torch.zeros(bundle.network.vae.config.code), far)
    told = plan(replace(bundle, calibration=calibration).planner(), [make_view(0), make_view(1)])
    np.testing.assert_allclose(told, [1, 0.2])


def test_robots_that_are_planned_for_together_are_as_sure_as_alone():
    bundle = make_driving_bundle()
    planner = replace(bundle, calibration=make_calibration(bundle)).planner()
    memories, told = [None, None], []
    for tick in range(4):
        chunks, memories = planner.plan([make_view(tick), make_view(50 + tick)], memories)
        told.append([chunk.confidence for chunk in chunks])
    alone = [plan(planner, [make_view(first + tick) for tick in range(4)]) for first in (0, 50)]
    np.testing.assert_allclose(told, np.transpose(alone), atol=0.021)
    assert len(np.unique(told)) > 2


def test_a_calibration_travels_outside_the_id_of_its_bundle(tmp_path):
    bundle = make_driving_bundle()
    bundle.save(tmp_path / "silent")
    told = replace(bundle, calibration=make_calibration(bundle)).save(tmp_path / "driver")
    assert told.id == load_manifest(tmp_path / "silent").id
    assert load_bundle(tmp_path / "silent").calibration is None
    views = [make_view(tick) for tick in range(3)]
    expected = plan(replace(bundle, calibration=make_calibration(bundle)).planner(), views)
    np.testing.assert_array_equal(plan(load_bundle(tmp_path / "driver").planner(), views), expected)
    load_bundle(tmp_path / "driver").save(tmp_path / "again")
    np.testing.assert_array_equal(plan(load_bundle(tmp_path / "again").planner(), views), expected)


def make_content(**changed):
    tensors = {**make_calibration(make_driving_bundle()).to_tensors(), **changed}
    return safetensors.torch.save({name: value for name, value in tensors.items() if value is not None}, {"bundle": ID})


ID = make_driving_bundle().make_manifest().id
BROKEN = {
    "bytes": (b"{", "holds no drives"),
    "a row that is missing": (make_content(picture=None), "holds no drives.*picture"),
    "a row too many": (make_content(other=torch.ones(2)), "holds no drives.*other"),
    "what is not finite": (make_content(surprises=torch.tensor([0.0, torch.nan])), "finite"),
    "what falls": (make_content(distances=torch.tensor([1.0, 0.0])), "must not fall"),
    "no ticks": (make_content(distances=torch.ones(0)), "one row of finite numbers"),
    "another size": (make_content(picture=torch.ones(5)), "another kind of driver"),
    "another bundle's": (
        write_calibration(make_calibration(make_driving_bundle()), "f" * 64),
        "of bundle ffffffffffff",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_does_not_fit_is_told_with_what_to_do(tmp_path, kind):
    content, told = BROKEN[kind]
    make_driving_bundle().save(tmp_path / "driver")
    (tmp_path / "driver" / FILE).write_bytes(content)
    with pytest.raises(BundleError, match=rf"confidence\.safetensors.*{told}.*without the file the bundle drives"):
        load_bundle(tmp_path / "driver")


def test_who_dreams_nothing_has_no_confidence_of_this_kind(tmp_path):
    manifest = make_bundle().save(tmp_path / "arm")
    content = write_calibration(make_calibration(make_driving_bundle()), manifest.id)
    (tmp_path / "arm" / FILE).write_bytes(content)
    with pytest.raises(BundleError, match="another kind of driver than this bundle's"):
        load_bundle(tmp_path / "arm")


def test_rows_that_are_none_are_refused():
    with pytest.raises(OptionError, match="surprises are one row"):
        Calibration(torch.ones(2, 2), torch.ones(4), torch.ones(2))


def test_no_drives_make_no_calibration():
    network = make_driving_bundle().network
    assert calibrate(network, [(network, [])]) is None
