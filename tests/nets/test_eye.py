"""An eye sees what it is pointed at, by whatever routing and with whatever backbone."""

import pytest
import torch

from millwright.core.errors import FeatureError, OptionError, UnknownNameError
from millwright.nets.eye import Eye, EyeConfig
from millwright.nets.resnet import ResNet18
from millwright.nets.routing import ROUTINGS
from tests.nets.weights import fill, make_picture, save

SMALL = {"image_size": 32, "channels": (4, 8)}
SIZES = {"conv": 32, "resnet18": 32, "dinov2": 28}


def make_eye(**fields):
    torch.manual_seed(0)
    return Eye(EyeConfig(**{**SMALL, **fields})).eval()


def make_batch(size=32):
    picture = make_picture(size)
    box = torch.tensor([[0.2, 0.3, 0.4, 0.5], [0.6, 0.1, 0.8, 0.3]])
    region = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.2, 0.2, 0.5, 0.5]])
    return {"image": picture, "crop": picture, "box": box, "region": region}


@pytest.mark.parametrize(
    ("backbone", "routing"),
    [("conv", name) for name in ROUTINGS]
    + [(name, routing) for name in ("resnet18", "dinov2") for routing in ("crop", "token", "mask", "gating")],
)
def test_any_routing_works_with_any_backbone(backbone, routing):
    eye = make_eye(routing=routing, backbone=backbone, image_size=SIZES[backbone], place_channels=8)
    batch = make_batch(SIZES[backbone])
    with torch.inference_mode():
        tokens = eye({name: batch[name] for name in eye.inputs})
    assert tokens.shape == (2, eye.num_tokens, 8)
    assert eye.num_features == eye.num_tokens * 8
    assert torch.isfinite(tokens).all()


@pytest.mark.parametrize(("routing", "told"), [(name, name not in ("none", "crop")) for name in ROUTINGS])
def test_another_box_is_seen_by_every_routing_that_is_told_of_it(routing, told):
    eye, batch = make_eye(routing=routing), make_batch()
    with torch.inference_mode():
        before, after = eye(batch), eye({**batch, "box": batch["box"].flip(0)})
    assert torch.equal(before, after) != told


def test_a_crop_knows_where_in_the_picture_it_lies():
    eye, batch = make_eye(), make_batch()
    with torch.inference_mode():
        assert not torch.equal(eye(batch), eye({**batch, "region": batch["region"].flip(0)}))


def test_what_is_far_from_the_box_fades():
    eye, batch = make_eye(routing="gating"), make_batch()
    with torch.inference_mode():
        gated, plain = eye(batch), make_eye(routing="none")(batch)
    inside, corner = 2 * 8 + 2, 7 * 8 + 7  # of 8 x 8 places
    torch.testing.assert_close(gated[0, inside], plain[0, inside])
    assert gated[0, corner].abs().max() < 0.02 * plain[0, corner].abs().max()


def test_a_box_finds_by_attention_the_colour_of_the_square_it_is_drawn_around():
    generator = torch.Generator().manual_seed(0)
    corners = torch.randint(0, 4, (128,), generator=generator)
    lit = torch.randint(0, 2, (128, 2, 2), generator=generator)
    image = (lit * 255).to(torch.uint8).repeat_interleave(4, 1).repeat_interleave(4, 2).unsqueeze(1).expand(-1, 3, 8, 8)
    low = torch.stack((corners % 2, corners // 2), 1) * 0.5
    batch = {"image": image, "box": torch.cat((low + 0.1, low + 0.4), 1)}
    wanted = lit.flatten(1).gather(1, corners[:, None])[:, 0].float()
    eye = make_eye(routing="attention", image_size=8, channels=(4, 16)).train()
    optimiser = torch.optim.Adam(eye.parameters(), lr=1e-2)
    for _ in range(100):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(eye(batch)[:, -1, 0], wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert ((eye(batch)[:, -1, 0] > 0) == (wanted > 0)).float().mean() > 0.95


@pytest.mark.parametrize("backbone", SIZES)
def test_a_frozen_backbone_learns_nothing_and_the_rest_does(backbone):
    eye = make_eye(routing="token", backbone=backbone, image_size=SIZES[backbone], place_channels=8, frozen=True)
    eye.train()(make_batch(SIZES[backbone])).square().sum().backward()
    assert all(parameter.grad is None for parameter in eye.backbone.parameters())
    assert all(parameter.grad is not None for name, parameter in eye.named_parameters() if "backbone" not in name)


def test_a_channel_of_its_own_cannot_reach_a_frozen_public_backbone():
    with pytest.raises(OptionError, match="sees colours only, no mask; routings that reach it: none, crop, token"):
        make_eye(routing="mask", backbone="resnet18", frozen=True)


def test_public_weights_are_what_the_backbone_starts_from(tmp_path):
    save(fill(ResNet18(32)).state_dict(), tmp_path / "resnet.safetensors")
    eye = make_eye(backbone="resnet18", weights=str(tmp_path / "resnet.safetensors"))
    for name, value in fill(ResNet18(32)).state_dict().items():
        assert torch.equal(eye.backbone.state_dict()[name], value)
    with pytest.raises(OptionError, match="conv learns from scratch; backbones that take weights: resnet18, dinov2"):
        make_eye(weights=str(tmp_path / "resnet.safetensors"))


def test_unknown_names_list_those_there_are():
    with pytest.raises(UnknownNameError, match=r"did you mean 'overlay'\? \(routings: none, crop, token"):
        make_eye(routing="overlap")
    with pytest.raises(UnknownNameError, match="backbones: conv, resnet18, dinov2"):
        make_eye(backbone="resnet50")


def test_a_missing_input_and_an_image_of_another_size_are_errors():
    eye, batch = make_eye(routing="overlay"), make_batch()
    with pytest.raises(FeatureError, match="the eye lacks box; the batch has image, crop"):
        eye({"image": batch["image"], "crop": batch["crop"]})
    with pytest.raises(FeatureError, match=r"made for \(32, 32\) px, the image has \(64, 64\)"):
        eye(make_batch(64))
