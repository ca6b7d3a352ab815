"""Driving, dreaming and driving again: a short run, what a stop leaves, and the cap on real steps."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from millwright.core.errors import BudgetError, OptionError, TrainingError, UnknownNameError
from millwright.policies.bundle import load_bundle
from millwright.policies.folder import load_manifest
from millwright.recipes.dream_controls import WORTHLESS
from millwright.recipes.dream_driving import DREAMING, DreamDriving
from millwright.training import rounds_of_dreams
from millwright.training.drives import encode_drives, load_drives
from millwright.training.rounds_of_dreams import DreamingConfig
from millwright.world_models.vae import Vae

CAP = 700


class Short(DreamDriving):
    dreaming = dict.fromkeys(
        DREAMING,
        DreamingConfig(
            vae_samples=64, world_samples=64, clone_samples=64, sequence=4, batch_size=32, first=1, horizon=3,
            rollouts=2,
        ),
    )  # fmt: skip


SHORT = Short(cap=CAP, first_steps=300, rounds=1, milestone=500, updates=2, generations=1, horizon=3, seeds="5000:5001")


@pytest.fixture(autouse=True)
def short_evaluation(monkeypatch):
    """One lap takes seconds: what is driven in the end is not what these tests are about."""
    from millwright.recipes import dream_driving

    make = dream_driving.Player
    monkeypatch.setattr(dream_driving, "Player", lambda env, options, policy: make(env, {"max_steps": 40}, policy))


def test_a_short_run_drives_dreams_and_drives_within_its_cap(tmp_path):
    summary = SHORT.run(tmp_path)
    steps = summary["real_steps"]
    assert 300 < steps["training"] <= CAP
    assert steps["evaluation"] == 2 * (1 + 40)  # the milestone's lap and the result's, a reset each
    drives = [load_drives(tmp_path / f"round-{number}/drives.npz") for number in range(2)]
    driven = sum(4 * len(drive) for each in drives for drive in each)
    assert 0.3 * steps["training"] < driven <= steps["training"]  # each drive's first second is not learned from
    told = json.loads((tmp_path / "round-1/told.json").read_text())
    assert {"world_loss", "dreamed_return"} <= set(told)
    assert summary["result"]["episodes"] == 1
    assert 300 < summary["milestone"]["real_steps"] <= 500
    assert summary["milestone"]["result"]["episodes"] == 1
    lineage = json.loads((tmp_path / "dream-driving/manifest.json").read_text())["lineage"]
    assert lineage["fields"]["cap"] == CAP
    calibration = load_bundle(tmp_path / "dream-driving").calibration
    assert len(calibration.surprises) == sum(map(len, drives[1]))  # the first drives were not those of a driver
    assert load_bundle(next(tmp_path.glob("at-*")) / "dream-driving").calibration is None

    written = {path: path.stat().st_mtime_ns for path in tmp_path.glob("round-*/*.npz")}
    again = SHORT.run(tmp_path)
    assert again["real_steps"] == steps
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("round-*/*.npz")} == written


def controllers(out, rounds):
    bundles = [load_bundle(out / f"round-{number}/dream-driving") for number in rounds]
    return [bundle.network.controller.state_dict() for bundle in bundles]


def assert_mean(bundle, states):
    found = load_bundle(bundle).network.controller.state_dict()
    for name, value in found.items():
        torch.testing.assert_close(value, sum(state[name] for state in states) / len(states))


def test_the_result_is_the_mean_of_the_later_half_of_the_controllers(tmp_path):
    replace(SHORT, rounds=3, first_steps=200, milestone=550).run(tmp_path)
    states = controllers(tmp_path, range(4))
    assert not torch.equal(*(state["layers.layers.0.weight"] for state in states[2:]))
    assert_mean(tmp_path / "dream-driving", states[2:])
    early = load_manifest(tmp_path / "at-550/dream-driving").lineage
    assert early["real_steps"] <= 550
    assert_mean(tmp_path / "at-550/dream-driving", [states[number] for number in early["averaged"]])

    lineage = load_manifest(tmp_path / "dream-driving").lineage
    assert lineage["averaged"] == [2, 3]
    drives = [len(load_drives(tmp_path / f"round-{number}/drives.npz")) for number in range(4)]
    assert [row["episodes"] for row in lineage["recorded"]] == [drives[0], sum(drives[1:])]
    assert lineage["recorded"][0]["policy"] == "random"
    assert lineage["cpu_seconds"] > early["cpu_seconds"] > 0


def test_a_seed_makes_the_same_run_again_whatever_was_drawn_before_and_wherever_it_was_stopped(tmp_path, monkeypatch):
    torch.manual_seed(1)
    replace(SHORT, milestone=0).run(tmp_path / "whole")
    torch.manual_seed(2)

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rounds_of_dreams, "learn_in_dreams", stop)
        with pytest.raises(KeyboardInterrupt):
            replace(SHORT, milestone=0).run(tmp_path / "stopped")
    replace(SHORT, milestone=0).run(tmp_path / "stopped")
    whole, stopped = (load_bundle(tmp_path / name / "dream-driving").network for name in ("whole", "stopped"))
    again = stopped.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in whole.state_dict().items())


def test_a_round_that_is_lost_is_driven_again_and_counted_again(tmp_path):
    steps = SHORT.run(tmp_path)["real_steps"]["training"]
    (tmp_path / "round-1/drives.npz").unlink()
    assert SHORT.run(tmp_path)["real_steps"]["training"] <= CAP
    assert 4 * sum(len(drive) for drive in load_drives(tmp_path / "round-1/drives.npz")) <= CAP - steps


def test_a_ledger_that_lost_lines_is_refused_and_nothing_is_driven(tmp_path):
    SHORT.run(tmp_path)
    ledger, before = tmp_path / "steps.txt", (tmp_path / "steps.txt").read_text()
    ledger.write_text("".join(before.splitlines(keepends=True)[:50]))
    with pytest.raises(BudgetError, match=f"counts 49 real steps, but {CAP} were taken.*another --out"):
        SHORT.run(tmp_path)
    ledger.unlink()
    with pytest.raises(BudgetError, match="counts 0 real steps"):
        SHORT.run(tmp_path)
    ledger.write_text(before)
    assert SHORT.run(tmp_path)["real_steps"]["training"] == CAP


def test_steps_that_make_no_drive_teach_nothing(tmp_path):
    with pytest.raises(TrainingError, match=r"real steps made no drive of 15 ticks.*larger --cap"):
        replace(SHORT, cap=40, first_steps=30).run(tmp_path)


def test_a_milestone_of_all_the_steps_is_the_result_itself(tmp_path):
    assert "milestone" not in replace(SHORT, milestone=CAP).run(tmp_path)
    assert not list(tmp_path.glob("at-*"))


def test_evolution_makes_a_bundle_of_867_numbers_to_decide_with(tmp_path):
    recipe = replace(SHORT, learner="evolution", seed=1)
    recipe.run(tmp_path)
    controller = load_bundle(tmp_path / "dream-driving").network.controller
    assert sum(parameter.numel() for parameter in controller.parameters()) == 867


@pytest.mark.parametrize(
    ("fields", "error", "told"),
    [
        ({"track": "sead"}, UnknownNameError, "seeded"),
        ({"control": "memoryles"}, UnknownNameError, r"memoryless.*controls: memoryless"),
        ({"learner": "evolve"}, UnknownNameError, "evolution"),
        ({"learner": "evolution", "world": "ego-motion"}, OptionError, "867"),
        ({"world": "ego"}, UnknownNameError, "ego-motion"),
        ({"control": "untrained"}, OptionError, "nothing that 'untrained'.*--world residual-gru"),
        ({"control": "learned-odometry", "world": "mdn-rnn"}, OptionError, "nothing that.*--world ego-motion"),
        ({"control": "free-throttle", "track": "seeded"}, OptionError, "use --track scratch"),
        ({"seed": 5}, OptionError, "0 to 4"),
        ({"rounds": 0}, OptionError, "at least 1"),
        ({"population": 3}, OptionError, "4 candidates.*got population=3"),
        ({"horizon": 0}, OptionError, "at least 1, got horizon=0$"),
        ({"updates": 0}, OptionError, "updates"),
        ({"milestone": -1}, OptionError, "milestone"),
        ({"first_steps": CAP}, OptionError, "fewer than --cap"),
        ({"swerving": -0.1}, OptionError, "swerving"),
        ({"disagreement": 0.1}, OptionError, "--members 3"),
        ({"temperature": float("nan")}, OptionError, "temperature 0"),
        ({"swerving": float("nan")}, OptionError, "swerving"),
    ],
)
def test_what_makes_no_sense_is_refused_before_a_step(fields, error, told, tmp_path):
    with pytest.raises(error, match=told):
        replace(SHORT, **fields).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_every_cost_of_a_dream_is_taken_away_by_a_control_of_its_own_and_all_by_one():
    recipe, taken = replace(SHORT, swerving=0.3, disagreement=0.1, members=3), {}
    usual = vars(recipe.make_dreaming().reward)
    for control in WORTHLESS:
        found = vars(replace(recipe, control=control).make_dreaming().reward)
        taken[control] = {name for name in usual if found[name] != usual[name]}
        assert not any(found[name] for name in taken[control])
    alone = [taken[control] for control in WORTHLESS if control != "unshaped"]
    assert taken["unshaped"] == set().union(*alone, {"disagreement"}) == usual.keys() - {"fast", "speed_column"}
    assert sum(len(costs) for costs in alone) == len(taken["unshaped"]) - 1


def test_evolution_searches_as_wide_and_as_far_as_it_is_told():
    dreaming = replace(
        SHORT, learner="evolution", population=7, horizon=5, generations=3, diagonal=True, temperature=0.5
    ).make_dreaming()
    assert (dreaming.evolution.population, dreaming.horizon, dreaming.evolution.generations) == (7, 5, 3)
    assert (dreaming.evolution.diagonal, dreaming.imagination.temperature) == (True, 0.5)


def test_cloning_learns_what_the_rule_would_have_done(tmp_path):
    recipe = replace(SHORT, control="cloned", cap=400)
    summary = recipe.run(tmp_path)
    assert summary["real_steps"]["training"] <= 400
    assert json.loads((tmp_path / "round-0/told.json").read_text())["loss"] < 1
    assert load_bundle(tmp_path / "dream-driving").calibration is None


def test_dagger_has_the_rule_label_what_the_learner_visits(tmp_path):
    summary = replace(SHORT, control="dagger").run(tmp_path)
    assert summary["real_steps"]["training"] <= CAP
    assert json.loads((tmp_path / "round-1/told.json").read_text())["loss"] < 1
    assert not (tmp_path / "round-1/truth.json").exists()
    assert load_bundle(tmp_path / "dream-driving").calibration is None
    learner = load_bundle(tmp_path / "round-0/dream-driving").network
    (visited, *_) = load_drives(tmp_path / "round-1/drives.npz")
    seen = encode_drives(learner.vae, [visited])[0][:-1]
    wanted = learner.controller(torch.cat((seen, torch.zeros(len(seen), learner.model.config.memory)), 1))
    assert np.abs(wanted.detach().numpy() - visited.actions).max() > 0.2  # what it learns is not what it did


@pytest.mark.parametrize("control", ["learned-odometry", "no-grass", "unmirrored", "memoryless", "free-throttle"])
def test_a_control_is_a_run_like_any_other_without_what_it_takes_away(control, tmp_path):
    recipe = replace(SHORT, control=control, cap=400, first_steps=250)
    recipe.run(tmp_path)
    network = load_bundle(tmp_path / "dream-driving").network
    assert bool(network.model.odometry.any()) == (control != "learned-odometry")
    assert network.config.memoryless == (control == "memoryless")
    dreaming = recipe.make_dreaming()
    assert (dreaming.reward.grass == 0) == (control == "no-grass")
    assert dreaming.mirrored == (control != "unmirrored")


def test_another_world_learns_in_the_same_rounds(tmp_path):
    """Its memory is learned, so that no two controllers read the same: the last one alone is the result."""
    replace(SHORT, world="residual-gru", control="untrained", rounds=2, cap=600, first_steps=250).run(tmp_path)
    assert isinstance(load_bundle(tmp_path / "dream-driving").network.vae, Vae)
    assert_mean(tmp_path / "dream-driving", controllers(tmp_path, [2]))


def test_random_drives_without_the_prior_on_the_throttle_use_less_of_it(tmp_path):
    """Standing still, so that neither lets go of it for being fast."""

    def average(control):
        driver = replace(SHORT, control=control)._choose_driver(0, 0, tmp_path, 12.5)
        driver.reset(0)
        return sum(driver.act({"observation.state": [0.0]})[1] for _ in range(500)) / 500

    assert average("free-throttle") < 0.6 * average("")
