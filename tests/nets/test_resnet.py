"""Our ResNet-18 computes what the public one computes, under the same names."""

import pytest
import torch

from millwright.core.errors import OptionError
from millwright.nets import quick as quick_parts
from millwright.nets.quick import make_quick
from millwright.nets.resnet import ResNet18
from millwright.nets.vision import paint_coordinates
from tests.nets.weights import fill, make_picture


def test_features_are_those_of_the_public_implementation():
    # Computed with transformers 5.23 (ResNetModel, basic blocks) from the same weights and pictures.
    with torch.inference_mode():
        places = fill(ResNet18(96))(paint_coordinates(make_picture(96)))
    assert places.shape == (2, 9, 512)
    expected = torch.tensor([2.58336, 0.22505, 0.36053, 0.6974, 1.18857, 0.00856])
    torch.testing.assert_close(places[1, 4, :6], expected, atol=1e-4, rtol=1e-4)
    assert places.mean().item() == pytest.approx(0.46315, abs=1e-4)


def test_names_are_torchvision_s():
    names = set(ResNet18(32).state_dict())
    assert {"conv1.weight", "bn1.running_var", "layer1.1.conv2.weight", "layer4.1.bn2.num_batches_tracked"} < names
    downsampled = {name.split(".downsample")[0] for name in names if "downsample" in name}
    assert downsampled == {"layer2.0", "layer3.0", "layer4.0"}
    assert {"layer2.0.downsample.0.weight", "layer2.0.downsample.1.running_mean"} < names
    assert len([name for name in names if name.endswith("weight")]) == 40  # torchvision's 41 without fc
    assert sum(parameter.numel() for parameter in ResNet18(32).parameters()) == 11_689_512 - 513_000


def test_training_leaves_the_statistics_as_they_were():
    network = ResNet18(32).train()
    network(paint_coordinates(make_picture(32)))
    assert not network.bn1.running_mean.any()
    assert (network.bn1.running_var == 1).all()


def test_channels_beside_the_colours_matter_only_once_they_are_learned():
    network, painted = fill(ResNet18(32, num_extra=2)), paint_coordinates(make_picture(32))
    torch.nn.init.zeros_(network.extra.weight)
    elsewhere = paint_coordinates(make_picture(32), torch.tensor([[0.5, 0.5, 0.1, 0.1]]).repeat(2, 1))
    with torch.inference_mode():
        assert torch.equal(network(painted), network(elsewhere))
        torch.nn.init.ones_(network.extra.weight)
        assert not torch.equal(network(painted), network(elsewhere))


def test_a_size_that_cannot_be_halved_five_times_is_refused_with_the_nearest():
    with pytest.raises(OptionError, match="a multiple of 32 px, got 90; the nearest: 96"):
        ResNet18(90)


@pytest.mark.parametrize("num_extra", [0, 2])
@pytest.mark.parametrize("packed", [True, False])
def test_the_quick_one_answers_the_same_without_norms(num_extra, packed, monkeypatch):
    monkeypatch.setattr(quick_parts, "HAS_ONEDNN", packed)
    slow, painted = fill(ResNet18(64, num_extra)).eval(), paint_coordinates(make_picture(64))
    quick = make_quick(slow)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in quick.modules())
    with torch.inference_mode():
        torch.testing.assert_close(quick(painted), slow(painted), atol=2e-4, rtol=2e-4)
        torch.testing.assert_close(quick(painted[:1]), slow(painted[:1]), atol=2e-4, rtol=2e-4)
