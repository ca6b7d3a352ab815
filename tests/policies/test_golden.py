"""Where a bundle was made it writes down what it planned; elsewhere it is told by that whether it plans the same."""

import json
import shutil

import numpy as np
import pytest
import safetensors.torch
import torch

from millwright import cli
from millwright.catalog import SHIPPED
from millwright.core.errors import BundleError
from millwright.core.features import Feature, Features
from millwright.core.manifest import Manifest, compute_digest
from millwright.core.planner import Chunk
from millwright.policies.bundle import load_bundle
from millwright.policies.folder import load_manifest
from millwright.policies.golden import FILE, GoldenOutputs, check_outputs, load_outputs, make_observation
from millwright.policies.loading import add_golden
from millwright.serving.golden import check_planner
from tests.policies.makers import make_bundle


@pytest.fixture
def folder(tmp_path):
    """A bundle as it was saved before there were golden outputs, and with those of its own."""
    shutil.copytree(SHIPPED / "brick-pick", tmp_path / "arm")
    add_golden(tmp_path / "arm")
    return tmp_path / "arm"


def change_weights(folder, by):
    """On purpose: the manifest fits what the file holds now."""
    weights = safetensors.torch.load((folder / "model.safetensors").read_bytes())
    name = next(reversed(weights))
    weights[name] = weights[name] + by
    (folder / "model.safetensors").write_bytes(safetensors.torch.save(weights))
    values = json.loads((folder / "manifest.json").read_text())
    values["digests"]["model.safetensors"] = compute_digest(folder / "model.safetensors")
    values["id"] = Manifest.from_json(values).id
    (folder / "manifest.json").write_text(json.dumps(values))


def test_a_bundle_is_saved_with_what_it_plans_and_keeps_its_id_when_it_is_given_that_later(folder, tmp_path):
    outputs = load_outputs(folder)
    assert load_manifest(folder).id == load_manifest(SHIPPED / "brick-pick").id
    load_bundle(folder).save(tmp_path / "again")
    again = load_outputs(tmp_path / "again")
    assert (outputs.seed, outputs.tolerance, len(outputs.actions)) == (0, 1e-4, 2)
    for one, other in zip(outputs.actions, again.actions, strict=True):
        np.testing.assert_array_equal(one, other)
    assert check_outputs(load_bundle(folder).planner(), outputs) == 0


def test_a_bundle_whose_weights_were_changed_is_not_served_though_its_digests_fit(folder):
    change_weights(folder, 0.02)
    planner = load_bundle(folder).planner()
    check_planner(planner, "arm")  # plans soundly, and the same twice
    with pytest.raises(BundleError, match="arm is not served: it does not plan here what it"):
        check_planner(planner, "arm", outputs=load_outputs(folder))


def test_roundings_are_within_the_tolerance(folder):
    worst = check_outputs(load_bundle(folder).planner(threads=2), load_outputs(folder))
    assert worst < 0.1
    change_weights(folder, 1e-7)
    assert check_outputs(load_bundle(folder).planner(), load_outputs(folder)) < 1


def test_a_bundle_without_golden_outputs_is_served_and_the_log_says_so(caplog):
    check_planner(load_bundle(SHIPPED / "brick-pick").planner(), "arm")
    assert "arm has no golden outputs" in caplog.text


def test_a_bundle_that_cannot_plan_from_what_is_made_up_is_saved_without(tmp_path, caplog):
    bundle = make_bundle()
    with torch.no_grad():
        next(bundle.network.parameters()).fill_(float("nan"))
    bundle.save(tmp_path / "arm")
    assert load_outputs(tmp_path / "arm") is None
    assert "without golden outputs" in caplog.text


class Planning:
    """The same actions, whatever is seen."""

    inputs = Features()

    def __init__(self, *actions):
        self.actions = np.array([actions], np.float32)

    def plan(self, observations, memories):
        return [Chunk(self.actions, 15.0)], memories


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_not_finite_is_never_within_the_tolerance(wrong):
    outputs = GoldenOutputs(0, 1e-4, (np.zeros((1, 2), np.float32),) * 2)
    assert check_outputs(Planning(0.0, 0.0), outputs) == 0
    with pytest.raises(BundleError, match="does not plan here what it planned"):
        check_outputs(Planning(0.0, wrong), outputs)


def make_content(**changed):
    values = {"schema": 1, "seed": 0, "tolerance": 1e-4, "actions": [[[0.0]]]}
    return json.dumps(values | changed)


@pytest.mark.parametrize(
    "content",
    [
        *("{", "[]", '{"schema": 1}', '{"schema": 2}', '{"schema": 1, "seed": "x"}'),
        *(make_content(tolerance=tolerance) for tolerance in (0, -1, 0.02, float("nan"), float("inf"))),
        "[" * 100_000,
        *(make_content(seed=seed) for seed in (-1, float("inf"))),
        *(make_content(actions=actions) for actions in ([], [[]], [[[0.0], [0.0, 1.0]]])),
    ],
)
def test_a_file_that_holds_none_is_told_with_what_to_do(folder, content):
    (folder / FILE).write_text(content)
    with pytest.raises(BundleError, match=r"golden\.json"):
        load_outputs(folder)


def test_the_command_writes_them(folder, capsys):
    (folder / FILE).write_text("{")
    card = (folder / "card.md").read_text()
    assert cli.main(["card", str(folder), "--golden"]) == 0
    assert (folder / "card.md").read_text() == card
    assert "golden.json" in capsys.readouterr().out
    assert load_outputs(folder) is not None


def test_what_is_made_up_from_a_seed_is_the_same_everywhere():
    features = Features(
        Feature("observation.images.wrist", (16, 16, 3), "uint8"),
        Feature("observation.images.wrist_depth", (16, 16, 1), unit="m"),
        Feature("observation.hand_pose", (7,), names=("x", "y", "z", "qw", "qx", "qy", "qz")),
        Feature("task", (1,), "string"),
    )
    seen, other = make_observation(features, 0), make_observation(features, 1)
    features.check(seen)
    assert seen["observation.images.wrist"][0, ::4, 0].tolist() == [162, 155, 218, 77]
    assert np.round(seen["observation.hand_pose"], 4).tolist() == pytest.approx([0.0378, -0.0413, 0.0208, 1, 0, 0, 0])
    assert (seen["observation.images.wrist"] != other["observation.images.wrist"]).any()
    assert 0 <= seen["observation.images.wrist_depth"].min() <= seen["observation.images.wrist_depth"].max() <= 1
