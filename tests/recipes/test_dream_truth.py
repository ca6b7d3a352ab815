"""Asking a run whether its dreams were true: of a made-up run, short drives and few drivers."""

import json
from shutil import copytree

import pytest
import torch

from millwright.core.errors import OptionError, RecipeError
from millwright.policies.altered import Alteration
from millwright.policies.bundle import load_bundle
from millwright.policies.latent_controller import LatentController
from millwright.policies.networks import make_network
from millwright.recipes.dream_driving import DreamDriving
from millwright.recipes.dream_truth import DreamTruth, count_steps, find_bundles, find_drives
from millwright.training.drives import save_drives
from millwright.training.imagination import Critic, ImaginationConfig, learn_in_dreams
from millwright.world_models.dream import DrivingReward
from tests.training.test_drives import make_drive


class Short(DreamTruth):
    alterations = (Alteration("hand", 2.0), Alteration("throttle", 0.5), Alteration("weights", 0.4, 1))
    env_options = {"max_steps": 128}  # noqa: RUF012 - of the class, as the recipe's own


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two rounds whose last is not finished: drives and a bundle each, next to nothing learned."""
    folder = tmp_path_factory.mktemp("run")
    recipe = DreamDriving(world="residual-gru")
    for number in range(2):
        network = make_network("latent-controller", {"memory": 8, "widths": (4,)}, number)
        assert isinstance(network, LatentController)
        critic = Critic(network.model.config.latent + network.model.config.memory)
        starts = network.model.initial(torch.zeros(4, network.model.config.latent))
        shortest, dreams = ImaginationConfig(updates=1, batch=2, steps=2), folder / f"round-{number}" / "controller"
        learn_in_dreams(network.model, network.controller, critic, starts, DrivingReward(), shortest, dreams)
        recipe._make_bundle(network, {"round": number}).save(folder / f"round-{number}" / "dream-driving")
        save_drives([make_drive(20, number), make_drive(30, 7 + number)], folder / f"round-{number}" / "drives.npz")
    return folder


def test_a_run_is_asked_and_what_it_says_is_kept(run, tmp_path):
    recipe = Short(source=str(run), seeds="5000:5002", tracks=1, updates=1)
    summary = recipe.run(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["ranking"] == json.loads(json.dumps(summary["ranking"]))
    drivers = {row["policy"]: row for row in summary["ranking"]["drivers"]}
    assert set(drivers) == {"learned", "round-0", "hand-2", "throttle-0.5", "weights-0.4-1"}
    assert drivers["learned"]["short"] != drivers["round-0"]["short"]
    assert summary["ranking"]["short"]["num_policies"] == 5
    assert [row["round"] for row in summary["rounds"]] == [0]
    assert summary["rounds"][0]["exploit"]["num"] == 2
    assert {"rule", "rule-document", "random"} <= set(summary["returns"])
    assert len(summary["returns"]["learned"]) == 2
    steps = summary["real_steps"]
    assert steps == (2 + 2 * 2 + 8) * 128
    assert {row["exploit"]["num"] for row in summary["unguarded"].values()} == {2}
    assert len(summary["unguarded"]) == 2
    page = (tmp_path / "truth.html").read_text()
    assert "Spearman" in page
    assert page.count("<svg") == 6
    assert (tmp_path / "dreams.png").stat().st_size > 1000
    assert (tmp_path / "dream.mp4").stat().st_size > 1000

    bundle = tmp_path / "unguarded-1" / "dream-driving"
    assert load_bundle(bundle).lineage["unguarded"] == 1
    again = recipe.drive(bundle, range(5000, 5002), tmp_path)
    assert [len(drive) for drive in again.drives] == [20, 20]
    assert count_steps(tmp_path) == steps


def test_a_folder_without_a_round_is_no_run(run, tmp_path):
    with pytest.raises(RecipeError, match="holds no bundle of a round"):
        find_bundles(tmp_path)
    copytree(run / "round-0" / "dream-driving", tmp_path / "dream-driving")
    with pytest.raises(RecipeError, match="holds no bundle of a round"):
        find_bundles(tmp_path)


def test_unguarded_dreams_begin_in_the_last_three_rounds_that_drove(tmp_path):
    """The last rounds of a run, whose cap was taken by then, drive nothing; its result is no round."""
    bundles = [tmp_path / f"round-{number}" / "dream-driving" for number in range(6)] + [tmp_path / "dream-driving"]
    for number, bundle in enumerate(bundles[:-1]):
        bundle.mkdir(parents=True)
        save_drives([make_drive(10 + number, number)] if number < 4 else [], bundle.parent / "drives.npz")
    assert [len(drive) for drive in find_drives(bundles)] == [11, 12, 13]
    assert [len(drive) for drive in find_drives(bundles[:1])] == [10]
    for bundle in bundles[:-1]:
        (bundle.parent / "drives.npz").unlink()
    with pytest.raises(RecipeError, match="holds no drives"):
        find_drives(bundles)


def test_a_run_that_lies_where_runs_do_is_found_without_a_word():
    assert DreamTruth().source == f"runs/{DreamDriving.name}"


def test_more_tracks_than_seeds_are_refused(run, tmp_path):
    with pytest.raises(OptionError, match="tracks are 1 to 2"):
        Short(source=str(run), seeds="5000:5002", tracks=3).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()
