"""A bundle is what it says it is, or it is not loaded."""

import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from millwright.catalog.making import find_bundle, list_shipped
from millwright.core.errors import BundleError, FeatureError, UnknownNameError
from millwright.core.manifest import Manifest
from millwright.policies.bundle import CONTENT, load_bundle, load_manifest
from millwright.policies.networks import describe_network, make_network
from millwright.policies.prompt_chunk import PromptChunk, PromptChunkConfig
from tests.policies.makers import HAND_TARGET, INPUTS, SMALL, make_bundle, make_observation


@pytest.fixture
def folder(tmp_path):
    make_bundle().save(tmp_path / "brick-pick")
    return tmp_path / "brick-pick"


def reseal(folder):
    """Make the manifest fit whatever the files hold now."""
    from millwright.core.manifest import compute_digest

    values = json.loads((folder / "manifest.json").read_text())
    values["digests"] = {name: compute_digest(folder / name) for name in CONTENT}
    values["id"] = Manifest.from_json(values).id
    (folder / "manifest.json").write_text(json.dumps(values))


def test_a_bundle_read_back_plans_the_same(folder):
    original, again = make_bundle(), load_bundle(folder)
    assert again.inputs.to_json() == INPUTS.to_json()
    assert again.action == HAND_TARGET
    assert (again.rate_hz, again.env, again.judge, again.env_options) == (15.0, "brick-table", "lift", {"hard": False})
    before, _ = original.planner().plan([make_observation()], [None])
    after, _ = again.planner().plan([make_observation()], [None])
    np.testing.assert_array_equal(before[0].actions, after[0].actions)


def test_its_id_depends_on_its_content_alone(folder):
    manifest = load_manifest(folder)
    assert manifest.id == make_bundle().make_manifest().id == load_bundle(folder).make_manifest().id
    assert manifest.id != make_bundle(seed=1).make_manifest().id
    (folder / "card.md").write_text("Another card")
    assert load_bundle(folder).planner().digest == manifest.id


def test_plans_bear_the_id_of_the_folder_also_when_it_was_written_before_the_network_gained_a_field(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["config"]["head_widths"]  # as if there had been none: the default is put in its place
    (folder / "config.json").write_text(json.dumps(config))
    network = make_network(config["network"], config["config"])
    weights = {key: value.contiguous() for key, value in network.state_dict().items()}
    (folder / "model.safetensors").write_bytes(safetensors.torch.save(weights))
    reseal(folder)
    bundle, before = load_bundle(folder), load_manifest(folder).id
    assert bundle.planner().digest == before
    assert bundle.planner().plan([make_observation()], [None])[0][0].digest == before
    assert replace(bundle, rate_hz=1.0).planner().digest != before


@pytest.mark.parametrize("name", list_shipped())
def test_shipped_bundles_plan_under_their_own_id(name):
    folder = find_bundle(name)
    assert load_bundle(folder).planner().digest == load_manifest(folder).id


def test_the_card_says_what_it_sees_and_answers(folder):
    card = (folder / "card.md").read_text()
    assert "`observation.images.wrist` (64, 64, 3)" in card
    assert "chunks of `hand_target` (8,) at 15 Hz" in card
    assert "recipe**: `test`" in card


def test_saving_again_replaces_the_old_bundle_as_a_whole(folder):
    (folder / "stray.txt").write_text("left behind")
    manifest = make_bundle(seed=3).save(folder, card="# Mine")
    assert load_bundle(folder).make_manifest().id == manifest.id
    assert (folder / "card.md").read_text() == "# Mine"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["brick-pick"]
    assert not (folder / "stray.txt").exists()


@pytest.mark.parametrize("name", [*CONTENT, "manifest.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=rf"{name} is missing.*copy the bundle again"):
        load_bundle(folder)


@pytest.mark.parametrize("name", CONTENT)
def test_an_altered_file_is_named_with_both_digests(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=rf"{name} was altered: expected sha256 [0-9a-f]{{64}}, found [0-9a-f]{{64}}"):
        load_bundle(folder)


def test_an_altered_manifest_is_noticed(folder):
    values = json.loads((folder / "manifest.json").read_text())
    values["digests"]["model.safetensors"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(values))
    with pytest.raises(BundleError, match=r"manifest\.json was altered"):
        load_bundle(folder)


def test_a_folder_that_is_none_and_a_schema_of_tomorrow_are_errors(folder, tmp_path):
    with pytest.raises(
        BundleError, match=r"no bundle at .*a bundle is a folder with manifest\.json, model\.safetensors"
    ):
        load_bundle(tmp_path / "nothing")
    values = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**values, "schema": 2}))
    with pytest.raises(BundleError, match="schema 2; this version of millwright reads schema 1"):
        load_bundle(folder)


def test_statistics_that_do_not_cover_a_declared_key_are_an_error(folder):
    bundle = make_bundle()
    kept = type(bundle.pipeline)((), bundle.pipeline.outputs).to_files()["pipeline.safetensors"]
    (folder / "pipeline.safetensors").write_bytes(kept)
    reseal(folder)
    with pytest.raises(BundleError, match=r"inputs\.2\.mean.*'proprio'"):
        load_bundle(folder)


def test_weights_of_another_network_are_an_error(folder):
    config = json.loads((folder / "config.json").read_text())
    config["config"]["head_widths"] = [32]
    (folder / "config.json").write_text(json.dumps(config))
    reseal(folder)
    with pytest.raises(BundleError, match="does not fit"):
        load_bundle(folder)


def test_an_unknown_network_or_field_is_an_error_that_lists_the_known():
    with pytest.raises(UnknownNameError, match="prompt-chunk"):
        make_network("prompt-chnk", {})
    with pytest.raises(FeatureError, match=r"no field widths; fields: length, dof"):
        make_network("prompt-chunk", {"widths": 3})


def test_a_described_network_is_made_again_with_the_same_sizes():
    network = make_network("prompt-chunk", {**SMALL, "image_size": 16, "image_channels": [4, 4]}, seed=5)
    description = json.loads(json.dumps(describe_network(network)))
    again = make_network(description["network"], description["config"], seed=5)
    assert again.config == network.config
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), network.parameters(), strict=True))
    assert again.inputs == ("crop", "region", "proprio", "image")


def test_the_default_network_is_small():
    assert sum(parameter.numel() for parameter in PromptChunk(PromptChunkConfig()).parameters()) <= 900_000
