"""What goes over the wire comes out as it went in, and what is wrong is told before it costs anything."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from millwright.core.errors import FeatureError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk
from millwright.serving import wire
from millwright.serving.protos import policy_pb2 as pb

IMAGE = Feature("observation.images.wrist", (12, 16, 3), "uint8")
DEPTH = Feature("observation.images.wrist_depth", (12, 16, 1), unit="m", frame="wrist image")
STATE = Feature("observation.state", (3,), unit="rad", names=("a", "b", "c"))
TASK = Feature("task", (1,), "string")
FEATURES = Features(IMAGE, DEPTH, STATE, TASK)
ACTION = Feature("action", (2,))


def observe(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 256, (3, 4, 3), np.uint8)).resize((16, 12), Image.Resampling.BILINEAR)
    return {
        IMAGE.name: np.array(image),
        DEPTH.name: rng.uniform(0.1, 3, DEPTH.shape).astype("f4"),
        STATE.name: rng.normal(size=3).astype("f4"),
        TASK.name: "pick the red brick",
    }


def send(values: dict[str, pb.Value]) -> dict[str, pb.Value]:
    """Through bytes and back."""
    request = pb.ActRequest.FromString(pb.ActRequest(observation=values).SerializeToString())
    return dict(request.observation)


def compress(array: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def test_a_raw_observation_comes_out_bit_for_bit() -> None:
    seen = observe()
    found = wire.decode_observation(FEATURES, send(wire.encode_observation(FEATURES, seen)))
    assert found[TASK.name] == seen[TASK.name]
    for name in (IMAGE.name, DEPTH.name, STATE.name):
        assert found[name].dtype == seen[name].dtype
        np.testing.assert_array_equal(found[name], seen[name])


def test_png_loses_no_colour_and_depth_at_most_half_a_millimetre() -> None:
    seen = observe()
    values = send(wire.encode_observation(FEATURES, seen, "png"))
    assert values[IMAGE.name].WhichOneof("kind") == values[DEPTH.name].WhichOneof("kind") == "png"
    found = wire.decode_observation(FEATURES, values)
    np.testing.assert_array_equal(found[IMAGE.name], seen[IMAGE.name])
    np.testing.assert_allclose(found[DEPTH.name], seen[DEPTH.name], atol=0.00051)


def test_jpeg_is_close() -> None:
    seen = observe()
    found = wire.decode_observation(FEATURES, send(wire.encode_observation(FEATURES, seen, "jpeg")))
    assert np.abs(found[IMAGE.name].astype(int) - seen[IMAGE.name]).mean() < 6


def test_depth_beyond_what_16_bits_hold_was_not_measured() -> None:
    depth = np.full(DEPTH.shape, 80.0, np.float32)
    found = wire.decode_observation(
        FEATURES, send(wire.encode_observation(FEATURES, observe() | {DEPTH.name: depth}, "png"))
    )
    assert not found[DEPTH.name].any()


def test_raw_depth_may_come_in_millimetres() -> None:
    values = wire.encode_observation(FEATURES, observe())
    depth = np.full(DEPTH.shape, 1234, "<u2")
    values[DEPTH.name] = pb.Value(array=pb.Array(dtype="uint16", shape=DEPTH.shape, data=depth.tobytes()))
    np.testing.assert_allclose(wire.decode_observation(FEATURES, values)[DEPTH.name], 1.234, rtol=1e-6)


BOMB = compress(np.zeros((6000, 6000, 3), np.uint8))


def numbers(dtype: str, shape: int, data: bytes) -> pb.Value:
    return pb.Value(array=pb.Array(dtype=dtype, shape=[shape], data=data))


WRONG: dict[str, tuple[str, pb.Value, str]] = {
    "shape": (STATE.name, numbers("float32", 4, b"0" * 16), r"expected float32 \(3,\), got float32 \(4,\)"),
    "type": (STATE.name, numbers("float64", 3, b"0" * 24), "expected float32"),
    "truncated": (STATE.name, numbers("float32", 3, b"0" * 11), "is 12 bytes, got 11"),
    "object": (STATE.name, numbers("object", 3, b"0" * 24), "expected float32"),
    "nan": (STATE.name, numbers("float32", 3, np.full(3, np.nan, "f4").tobytes()), "not finite"),
    "kind": (STATE.name, pb.Value(text="0 0 0"), r"expected float32 \(3,\), got text"),
    "nothing": (STATE.name, pb.Value(), "got nothing"),
    "picture of numbers": (STATE.name, pb.Value(png=compress(observe()[IMAGE.name])), "got png"),
    "no text": (TASK.name, numbers("float32", 3, b"0" * 12), "expected text"),
    "novel": (TASK.name, pb.Value(text="a" * 5000), "at most 4096 characters"),
    "bomb": (IMAGE.name, pb.Value(png=BOMB), "expected 16x12 8-bit RGB, got 6000x6000 8-bit RGB"),
    "grey": (IMAGE.name, pb.Value(png=compress(np.zeros((12, 16), np.uint8))), "expected 16x12 8-bit RGB, got 16x12 L"),
    "half": (IMAGE.name, pb.Value(png=compress(observe()[IMAGE.name])[:120]), "not a whole PNG"),
    "noise": (IMAGE.name, pb.Value(jpeg=b"\xff\xd8" + bytes(range(256))), "not a whole JPEG"),
    "png for jpeg": (IMAGE.name, pb.Value(jpeg=compress(observe()[IMAGE.name])), "not a whole JPEG"),
    "colourful depth": (DEPTH.name, pb.Value(png=compress(observe()[IMAGE.name])), "expected 16x12 16-bit grey"),
    "lossy depth": (DEPTH.name, pb.Value(jpeg=b"\xff\xd8"), "got jpeg"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_value_is_refused_by_name_with_what_was_meant(wrong: str) -> None:
    name, value, message = WRONG[wrong]
    values = wire.encode_observation(FEATURES, observe())
    values[name] = value
    with pytest.raises(FeatureError, match=message) as caught:
        wire.decode_observation(FEATURES, values)
    assert name in str(caught.value)


def test_missing_and_unknown_values_are_refused() -> None:
    values = wire.encode_observation(FEATURES, observe())
    with pytest.raises(
        FeatureError, match=r"observation\.wrench: not asked for; this bundle's features: observation\."
    ):
        wire.decode_observation(FEATURES, {**values, "observation.wrench": pb.Value()})
    del values[STATE.name]
    with pytest.raises(FeatureError, match=r"missing observation\.state"):
        wire.decode_observation(FEATURES, values)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=400))
def test_bytes_of_strangers_give_a_feature_error_and_nothing_else(data: bytes) -> None:
    values = wire.encode_observation(FEATURES, observe())
    for value in (pb.Value(png=data), pb.Value(jpeg=data), pb.Value(png=compress(observe()[IMAGE.name])[:60] + data)):
        with pytest.raises(FeatureError):
            wire.decode_observation(FEATURES, {**values, IMAGE.name: value})


@given(arrays(np.float32, (4, 2), elements=st.floats(-1e6, 1e6, width=32)), st.none() | st.floats(0, 1))
def test_a_chunk_comes_out_as_it_went_in(actions: np.ndarray, confidence: float | None) -> None:
    chunk = Chunk(actions, 15.0, confidence, 3.25, 4.5, "abc")
    found = wire.decode_chunk(pb.Chunk.FromString(wire.encode_chunk(chunk).SerializeToString()), ACTION)
    np.testing.assert_array_equal(found.actions, actions)
    assert found.actions.flags.writeable
    assert (found.rate_hz, found.confidence, found.observed_at_s, found.expires_at_s, found.digest) == (
        15.0, confidence, 3.25, 4.5, "abc",
    )  # fmt: skip


@pytest.mark.parametrize("actions", [np.zeros((0, 2)), np.full((3, 2), np.nan), np.zeros((3, 5)), np.zeros(2)])
def test_a_chunk_that_cannot_be_played_is_refused(actions: np.ndarray) -> None:
    message = wire.encode_chunk(Chunk(actions.astype("f4"), 15.0))
    with pytest.raises(FeatureError, match="action: "):
        wire.decode_chunk(message, ACTION)


def test_declarations_come_out_as_they_went_in() -> None:
    assert list(wire.decode_features(wire.encode_features(FEATURES.values())).values()) == list(FEATURES.values())
