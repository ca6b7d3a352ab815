"""What a vla attends to is what its layers compute, laid out over its pictures."""

import numpy as np
import pytest
import torch

from millwright.core.errors import BundleError
from millwright.nets.text import load_text_encoder
from millwright.nets.transformer import CrossAttention, compute_attention
from millwright.policies.attending import plan_watched
from tests.policies.arms import ATTENTION, CAMERAS, FILM, POINTING, make_arm_bundle, make_arm_observation
from tests.policies.makers import make_bundle


def test_the_weights_are_those_that_the_layer_mixes_values_by():
    torch.manual_seed(0)
    layer, tokens, memory = CrossAttention(16, 4), torch.randn(2, 5, 16), torch.randn(2, 7, 16)
    mask = torch.arange(7) < torch.tensor([[7], [3]])
    key, value = layer.key_value(memory).chunk(2, 2)
    weights = compute_attention(layer.query(tokens), key, 4, mask)
    mixed = weights @ value.unflatten(2, (4, -1)).transpose(1, 2)
    torch.testing.assert_close(layer.proj(mixed.transpose(1, 2).flatten(2)), layer(tokens, memory, mask))
    torch.testing.assert_close(weights.sum(3), torch.ones(2, 4, 5))
    assert (weights[1, :, :, 3:] == 0).all()


def test_each_action_spends_its_attention_on_places_and_what_lies_beside_them():
    bundle, observation = make_arm_bundle(ATTENTION), make_arm_observation()
    chunk, attention = plan_watched(bundle, observation)
    assert [glance.who for glance in attention.to_picture] == ["action 1", "action 2", "action 3", "action 4"]
    for glance in attention.to_picture:
        assert {camera: part.shape for camera, part in glance.maps.items()} == dict.fromkeys(CAMERAS, (4, 4))
        assert 0 < sum(part.sum() for part in glance.maps.values()) < 1
    again, _ = bundle.planner().plan([observation], [None])
    np.testing.assert_allclose(chunk.actions, again[0].actions, atol=1e-5)


def test_each_place_spends_its_attention_on_the_words_that_there_are():
    bundle, observation = make_arm_bundle(ATTENTION), make_arm_observation(task="lift the red cube")
    _, attention = plan_watched(bundle, observation)
    assert [glance.who for glance in attention.to_words] == ["the whole sentence", "lift", "the", "red", "cube"]
    for camera in CAMERAS:
        total = sum(glance.maps[camera] for glance in attention.to_words)
        np.testing.assert_allclose(total, np.ones((4, 4)), rtol=1e-5)


def test_a_network_without_attention_attends_to_nothing_and_plans_all_the_same():
    chunk, attention = plan_watched(make_arm_bundle(FILM), make_arm_observation())
    assert chunk.actions.shape == (4, 7)
    assert (attention.to_words, attention.to_picture) == ((), ())


def test_a_network_that_points_tells_where_with_and_without_attention_beside_it():
    beside = {"decoder": "transformer", "width": 16, "heads": 2, "blocks": 1}
    for fields in (POINTING, {**POINTING, **beside}):
        bundle = make_arm_bundle(fields)
        _, attention = plan_watched(bundle, make_arm_observation())
        assert {camera: part.shape for camera, part in attention.pointed.items()} == dict.fromkeys(CAMERAS, (4, 4))
        batch = bundle.pipeline.observe(bundle.planner()._stack([make_arm_observation()]))
        batch |= bundle.network.look(batch)
        scores = bundle.network.carry({**batch, "past.believed": batch["believed"].unsqueeze(1)})["scores"]
        for row, part in zip(scores[0].softmax(1), attention.pointed.values(), strict=True):
            np.testing.assert_allclose(part.ravel(), row[:-1].detach(), atol=1e-6)
        assert len(attention.to_picture) == (4 if "decoder" in fields else 0)


def test_nothing_stays_hooked_to_the_network():
    bundle = make_arm_bundle(ATTENTION)
    plan_watched(bundle, make_arm_observation())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in bundle.network.modules())


def test_other_networks_are_refused():
    with pytest.raises(BundleError, match="needs a bundle of vla, this one is of PromptChunk"):
        plan_watched(make_bundle(), {})


@pytest.mark.parametrize("name", ["hashed", "minilm"])
def test_a_text_is_spelled_in_as_many_tokens_as_are_encoded(name):
    encoder = load_text_encoder(name)
    for text in ("lift the red cube", "Hoist it, s'il vous plaît!", ""):
        assert len(encoder.spell(text)) == int(encoder.encode([text]).mask.sum())
