"""What a network starts from is its own from then on: its bundle needs no file beside it."""

import json

import pytest
import torch

from millwright.core.errors import FeatureError, OptionError
from millwright.nets.resnet import ResNet18
from millwright.policies.networks import describe_network, make_network
from tests.nets.weights import fill, save

FIELDS = {"backbone": "resnet18", "place_channels": 8, "head_widths": (8,), "length": 4, "routing": "token"}


@pytest.fixture
def weights(tmp_path):
    save(fill(ResNet18(32)).state_dict(), tmp_path / "resnet.safetensors")
    return tmp_path / "resnet.safetensors"


def test_public_weights_travel_with_the_network_and_their_path_does_not(weights):
    network = make_network("routed-chunk", {**FIELDS, "weights": str(weights), "frozen": True})
    weights.unlink()
    description = json.loads(json.dumps(describe_network(network)))
    assert description["config"]["weights"] == ""
    again = make_network(description["network"], description["config"], seed=1)
    again.load_state_dict(network.state_dict())
    batch = {"image": torch.randint(0, 256, (2, 3, 32, 32)), "box": torch.rand(2, 4), "proprio": torch.rand(2, 6)}
    with torch.inference_mode():
        assert torch.equal(again.eval().sample(batch), network.eval().sample(batch))


def test_weights_that_are_not_there_are_an_error_that_says_what_fits(tmp_path):
    with pytest.raises(OptionError, match=r"no weights at .*What fits has the names of torchvision's resnet18"):
        make_network("routed-chunk", {**FIELDS, "weights": str(tmp_path / "gone.safetensors")})


def test_unknown_fields_list_those_of_the_eye_too():
    with pytest.raises(FeatureError, match="no field prompt; fields: routing, image_size, backbone"):
        make_network("flow", {"prompt": "crop"})
