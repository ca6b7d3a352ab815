"""Public weights fit entirely, or the error says which would."""

import pytest
import safetensors.torch
import torch

from millwright.core.errors import OptionError
from millwright.nets.pretrained import load_pretrained, split_painted
from millwright.nets.resnet import ResNet18
from millwright.nets.vision import paint_coordinates
from millwright.nets.vit import DinoViT
from tests.nets.weights import fill, save

RULES = {kind: {"source": kind.SOURCE, "unused": kind.UNUSED, "own": kind.OWN} for kind in (ResNet18, DinoViT)}


def make_vit(**fields):
    return DinoViT(14, width=12, depth=1, heads=2, **fields)


@pytest.fixture
def checkpoint(tmp_path):
    """A file as the public one would be, of a small ViT."""
    state = fill(make_vit()).state_dict()
    save({**state, "mask_token": torch.zeros(1, 12)}, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def load(network, path):
    load_pretrained(network, str(path), **RULES[type(network)])
    return network


@pytest.mark.parametrize("folder", [False, True])
def test_weights_come_from_a_file_or_from_the_folder_around_it(checkpoint, folder):
    network = load(make_vit(num_extra=2), checkpoint.parent if folder else checkpoint)
    for name, value in fill(make_vit()).state_dict().items():
        assert torch.equal(network.state_dict()[name], value)
    assert not network.patch_embed.extra.weight.any()


def test_a_classifier_is_not_needed_and_counters_may_be_missing(tmp_path):
    public = fill(ResNet18(32)).state_dict()
    kept = {name: value for name, value in public.items() if not name.endswith("num_batches_tracked")}
    save({**kept, "fc.weight": torch.zeros(1000, 512)}, tmp_path / "resnet.safetensors")
    assert torch.equal(load(ResNet18(32), tmp_path / "resnet.safetensors").bn1.running_var, public["bn1.running_var"])


def test_a_missing_file_says_which_weights_fit(tmp_path):
    with pytest.raises(OptionError, match=r"no weights at .*gone\.safetensors.*dinov2_vits14_pretrain\.pth.*timm/vit_"):
        load(make_vit(), tmp_path / "gone.safetensors")
    with pytest.raises(OptionError, match=r"one \.safetensors file is wanted, it has 0"):
        load(make_vit(), tmp_path)


@pytest.mark.parametrize("name", ["resnet18-f37072fd.pth", "model.bin", "model.pt"])
def test_a_pickle_is_refused_with_the_command_that_converts_it(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(OptionError, match=rf"could run anything.*load\('{name}', weights_only=True\).*\.safetensors'"):
        load(make_vit(), tmp_path / name)


def test_the_command_that_converts_a_checkpoint_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(fill(make_vit()).state_dict(), "vit.pth")  # noqa: TID251 - what a public checkpoint is
    with pytest.raises(OptionError) as caught:
        load(make_vit(), "vit.pth")
    command = str(caught.value).split("once: ")[1]
    exec(command.removeprefix('python -c "').removesuffix('"'), {})  # noqa: S102 - our own command
    assert torch.equal(load(make_vit(), "vit.safetensors").cls_token, fill(make_vit()).cls_token)


def test_names_and_shapes_that_do_not_fit_are_listed(checkpoint):
    state = safetensors.torch.load_file(checkpoint)
    state["encoder.weight"] = state.pop("norm.weight")
    state["cls_token"] = torch.zeros(1, 1, 13)
    save(state, checkpoint)
    network = make_vit()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    told = (
        r"it lacks norm\.weight; it has besides encoder\.weight; .* cls_token \(1, 1, 13\) instead of \(1, 1, 12\)\. "
    )
    with pytest.raises(OptionError, match=told + "What fits"):
        load(network, checkpoint)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_file_that_is_no_safetensors_is_named(tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    with pytest.raises(OptionError, match=r"broken\.safetensors cannot be read"):
        load(make_vit(), tmp_path / "broken.safetensors")


def test_colours_are_centred_as_imagenet_s_are():
    image = torch.tensor([124, 116, 104], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    colours, rest = split_painted(paint_coordinates(image))
    assert colours.abs().max() < 0.02
    assert rest.shape == (1, 2, 4, 4)
    white, _ = split_painted(paint_coordinates(torch.full((1, 3, 2, 2), 255, dtype=torch.uint8)))
    torch.testing.assert_close(white[0, :, 0, 0], torch.tensor([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225]))
