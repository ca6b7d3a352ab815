"""Wire: observations, chunks and features as messages, and messages back, checked once at the border."""

from __future__ import annotations

import io
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from millwright.core.errors import FeatureError
from millwright.core.features import Feature, Features, Observation
from millwright.core.planner import Chunk
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.stages import read_stages

Pictures = Literal["raw", "png", "jpeg"]
"""How pictures travel: `raw` and `png` lose nothing, `jpeg` does. Depth is exact in `raw`, millimetres otherwise."""
LONGEST_TEXT = 4096
"""Characters of an instruction."""
MOST_MM = 65535
MODES = {"RGB": "8-bit RGB", "I;16": "16-bit grey"}
"""Of Pillow -> what people call them."""
JPEG_QUALITY = 95


def encode_observation(features: Features, observation: Observation, pictures: Pictures = "raw") -> dict[str, pb.Value]:
    """What `features` declare of an observation, by name.

    Raises:
        FeatureError: the observation is not what `features` declare.
    """
    values = defaultdict[str, pb.Value](pb.Value)
    write_observation(values, features, observation, pictures)
    return dict(values)


def write_observation(
    values: Mapping[str, pb.Value], features: Features, observation: Observation, pictures: Pictures = "raw"
) -> None:
    """The same into a message's own values, which are made when they are asked for: a picture is copied once.

    Raises:
        FeatureError: the observation is not what `features` declare.
    """
    features.check(observation)
    for name, feature in features.items():
        _write_value(values[name], feature, observation[name], pictures)


def decode_observation(features: Features, values: Mapping[str, pb.Value]) -> dict[str, Any]:
    """The observation, each value as `features` declare it. Nothing is decompressed before its size was compared.

    Raises:
        FeatureError: a value is missing, unknown, broken, not finite, or of another type or size; says what was meant.
    """
    unknown = [name for name in values if name not in features]
    if unknown:
        names = ", ".join(name[:80] for name in sorted(unknown)[:5])
        raise FeatureError(f"{names}: not asked for; this bundle's features: {', '.join(features)}")
    observation = {name: _decode_value(features[name], value) for name, value in values.items()}
    features.check(observation)
    return observation


def count_bytes(features: Features) -> int:
    """What an observation holds when nothing is compressed: no honest one is much larger."""
    texts = sum(4 * LONGEST_TEXT for feature in features.values() if feature.is_text)
    arrays = (feature for feature in features.values() if not feature.is_text)
    return texts + sum(math.prod(feature.shape) * np.dtype(feature.dtype).itemsize for feature in arrays)


def encode_chunk(chunk: Chunk, remembered: bool = False) -> pb.Chunk:
    """A chunk with all that it says about itself."""
    return pb.Chunk(
        actions=encode_array(chunk.actions.astype(np.float32, copy=False)),
        rate_hz=chunk.rate_hz,
        confidence=chunk.confidence,
        observed_at_s=chunk.observed_at_s,
        expires_at_s=chunk.expires_at_s,
        digest=chunk.digest,
        remembered=remembered,
    )


def decode_chunk(message: pb.Chunk, action: Feature) -> Chunk:
    """The chunk.

    Raises:
        FeatureError: it holds something else than finite actions, each as `action` declares.
    """
    array = message.actions
    actions = _decode_array(action.name, "float32", (*array.shape[:1], *action.shape), array).copy()
    if not len(actions) or not np.isfinite(actions).all():
        raise FeatureError(f"{action.name}: the chunk is empty, or has values that are not finite")
    confidence = message.confidence if message.HasField("confidence") else None
    times = message.observed_at_s, message.expires_at_s
    return Chunk(actions, message.rate_hz, confidence, *times, message.digest, read_stages(message.stage_seconds))


def encode_array(array: NDArray[Any]) -> pb.Array:
    """Numbers, as they are."""
    return pb.Array(dtype=_name_dtype(array.dtype), shape=array.shape, data=_lay_out(array))


def encode_features(features: Iterable[Feature]) -> list[pb.Feature]:
    """Declarations, as they are."""
    return [
        pb.Feature(name=one.name, shape=one.shape, dtype=one.dtype, unit=one.unit, frame=one.frame, names=one.names)
        for one in features
    ]


def decode_features(messages: Iterable[pb.Feature]) -> Features:
    """Declarations, as they were."""
    return Features(
        *(Feature(one.name, tuple(one.shape), one.dtype, one.unit, one.frame, tuple(one.names)) for one in messages)
    )


def _write_value(message: pb.Value, feature: Feature, value: Any, pictures: Pictures) -> None:
    if feature.is_text:
        message.text = value
        return
    array = np.asarray(value)
    if pictures == "raw" or not (feature.is_image or feature.is_depth):
        written = message.array
        written.dtype, written.data = feature.dtype, _lay_out(array)
        written.shape.extend(feature.shape)
    elif feature.is_depth:
        message.png = _compress(_to_millimetres(array)[..., 0], "PNG")
    elif pictures == "png":
        message.png = _compress(array, "PNG")
    else:
        message.jpeg = _compress(array, "JPEG")


def _lay_out(array: NDArray[Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


@cache
def _name_dtype(dtype: np.dtype[Any]) -> str:
    return dtype.name  # which NumPy works out anew whenever it is asked


def _compress(picture: NDArray[Any], kind: str) -> bytes:
    file = io.BytesIO()
    # the quickest level: on a robot's network the time to compress weighs more than a few percent of size
    options = {"compress_level": 1} if kind == "PNG" else {"quality": JPEG_QUALITY, "subsampling": 0}
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def _decode_value(feature: Feature, value: pb.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind is None or feature.is_text != (kind == "text"):
        raise FeatureError(f"{feature.name}: expected {_tell(feature)}, got {kind or 'nothing'}")
    if kind == "text":
        if len(value.text) > LONGEST_TEXT:
            raise FeatureError(f"{feature.name}: a text has at most {LONGEST_TEXT} characters, got {len(value.text)}")
        return value.text
    if kind in ("png", "jpeg"):
        return _decode_picture(feature, value.png or value.jpeg, kind)
    if feature.is_depth and value.array.dtype == "uint16":
        return _to_metres(_decode_array(feature.name, "uint16", feature.shape, value.array))
    return _decode_array(feature.name, feature.dtype, feature.shape, value.array)


def _decode_array(name: str, wanted: str, shape: tuple[int, ...], array: pb.Array) -> NDArray[Any]:
    if (found := (array.dtype, tuple(array.shape))) != (wanted, shape):
        raise FeatureError(f"{name}: expected {wanted} {shape}, got {found[0][:20] or 'no type'} {found[1]}")
    dtype, data = np.dtype(wanted), array.data  # which is copied whenever it is asked for
    expected = math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise FeatureError(f"{name}: {wanted} {shape} is {expected} bytes, got {len(data)}")
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype, copy=False).reshape(shape)


def _decode_picture(feature: Feature, data: bytes, kind: str) -> NDArray[Any]:
    wanted = "I;16" if feature.is_depth else "RGB"
    if not (feature.is_image or feature.is_depth) or (feature.is_depth and kind == "jpeg"):
        raise FeatureError(f"{feature.name}: expected {_tell(feature)}, got {kind}")
    height, width = feature.shape[:2]

    def decode() -> NDArray[Any]:
        with Image.open(io.BytesIO(data), formats=[kind.upper()]) as picture:  # reads the header alone
            if (picture.size, picture.mode) != ((width, height), wanted):
                found = f"{picture.width}x{picture.height} {MODES.get(picture.mode, picture.mode)}"
                raise FeatureError(f"{feature.name}: expected {width}x{height} {MODES[wanted]}, got {found}")
            return np.asarray(picture)

    array = _without_surprise(feature.name, kind, decode)
    return _to_metres(array.astype(np.uint16)[..., None]) if feature.is_depth else array


def _without_surprise(name: str, kind: str, decode: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    try:
        return decode()
    except FeatureError:
        raise
    except Exception as error:  # decoders raise all sorts of things on bytes of strangers
        raise FeatureError(f"{name}: not a whole {kind.upper()} ({type(error).__name__})") from error


def _to_millimetres(depth_m: NDArray[np.float32]) -> NDArray[np.uint16]:
    millimetres = np.round(depth_m.astype(np.float64) * 1000)
    return np.where((millimetres >= 0) & (millimetres <= MOST_MM), millimetres, 0).astype(np.uint16)


def _to_metres(depth_mm: NDArray[np.uint16]) -> NDArray[np.float32]:
    return (depth_mm / 1000).astype(np.float32)


def _tell(feature: Feature) -> str:
    """What would have been right."""
    return "text" if feature.is_text else f"{feature.dtype} {feature.shape}"
