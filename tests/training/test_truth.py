"""Dreams beside drives: what is told of a model that knows nothing, and of drives that are too short."""

import json

import pytest

from millwright.core.errors import TrainingError
from millwright.policies.networks import make_network
from millwright.training.truth import check_dreams
from tests.training.test_drives import make_drive


def test_an_untrained_model_is_told_to_be_one():
    network = make_network("latent-controller", {"memory": 8, "widths": (4,)})
    told = check_dreams(network, [make_drive(20), make_drive(30, 1), make_drive(3, 2)])
    assert json.loads(json.dumps(told)) is not None
    assert told["open_loop"]["horizons"] == (1, 5, 15)
    assert told["open_loop"]["num"] == (5 + 8, 4 + 7, 2 + 4)
    # its last layer begins at 0: it says that nothing changes
    assert told["open_loop"]["dreamed"][0] == pytest.approx(told["open_loop"]["repeated"][0])
    assert 0 <= told["off_road"]["error"] <= 1
    assert told["exploit"]["gap"] == told["exploit"]["dreamed"] - told["exploit"]["real"]


def test_drives_that_are_too_short_are_refused():
    network = make_network("latent-controller", {"memory": 8, "widths": (4,)})
    with pytest.raises(TrainingError, match="2 drives of 15 steps"):
        check_dreams(network, [make_drive(20), make_drive(3)])
