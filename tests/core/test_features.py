"""Features: checked once at the border, never guessed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.core.errors import FeatureError
from millwright.core.features import Feature, Features

STATE = Feature("observation.state", (3,), unit="rad", names=("a", "b", "c"))
IMAGE = Feature("observation.images.wrist", (4, 5, 3), "uint8")
TASK = Feature("task", (1,), "string")
FEATURES = Features(STATE, IMAGE, TASK)
GOOD = {"observation.state": np.zeros(3, np.float32), "observation.images.wrist": np.zeros((4, 5, 3), np.uint8)}
GOOD["task"] = "pick"


def test_what_is_declared_passes_and_more_may_come_along():
    FEATURES.check(GOOD | {"observation.more": 1})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("observation.state", np.zeros(4, np.float32), r"expected shape \(3,\), got \(4,\)"),
        ("observation.state", np.zeros(3), "expected float32, got float64"),
        ("observation.state", np.array([0, np.nan, 0], np.float32), "not finite"),
        ("observation.state", np.array([0, np.inf, 0], np.float32), "not finite"),
        ("observation.images.wrist", np.zeros((4, 5, 3), np.float32), "expected uint8"),
        ("task", 3, "expected text, got int"),
    ],
)
def test_what_is_not_declared_is_refused_by_name(name, value, message):
    with pytest.raises(FeatureError, match=f"{name}: .*{message}"):
        FEATURES.check(GOOD | {name: value})


@pytest.mark.parametrize("value", [1e30, -3e38])
def test_a_number_whose_square_is_none_is_finite_all_the_same(value):
    FEATURES.check(GOOD | {"observation.state": np.full(3, value, np.float32)})


def test_a_missing_feature_is_named_with_what_came():
    with pytest.raises(FeatureError, match=r"missing observation\.state; got task"):
        FEATURES.check({"task": "pick"} | {"observation.images.wrist": GOOD["observation.images.wrist"]})


def test_an_unknown_name_lists_the_features():
    with pytest.raises(FeatureError, match=r"no feature 'action'; features: observation\.state, "):
        FEATURES["action"]


def test_get_gives_the_default_as_any_mapping_does():
    assert FEATURES.get("action") is None
    assert FEATURES.get("task") is TASK
    assert "action" not in FEATURES


def test_names_may_not_repeat():
    with pytest.raises(FeatureError, match="repeat"):
        Features(STATE, STATE)


def test_images_are_the_coloured_arrays():
    assert FEATURES.images == ("observation.images.wrist",)


names = st.text(st.characters(categories=["Ll"]), min_size=1, max_size=8)
some_feature = st.builds(
    Feature,
    names,
    st.lists(st.integers(1, 9), max_size=3).map(tuple),
    st.sampled_from(["float32", "uint8", "int64", "bool", "string"]),
    names,
    names,
    st.lists(names, max_size=3).map(tuple),
)


@given(st.lists(some_feature, max_size=5, unique_by=lambda feature: feature.name))
def test_features_survive_json(rows):
    features = Features(*rows)
    assert Features.from_json(json.loads(json.dumps(features.to_json()))) == features
