"""Pictures that somebody uploads: looked at before they are decoded, and told what is wrong with them."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from millwright.core.errors import FeatureError

Picture = NDArray[np.uint8]
"""RGB (height, width, 3)."""
MOST_BYTES = 8 * 2**20
MOST_PIXELS = 16_000_000
KINDS: dict[bytes, Callable[[io.BytesIO], Image.Image]] = {
    b"\x89PNG\r\n\x1a\n": PngImageFile,
    b"\xff\xd8\xff": JpegImageFile,
}
"""How a file of each kind begins, and what reads it: these read its size without decoding anything."""


def read_picture(content: bytes, name: str) -> Picture:
    """Decode a PNG or a JPEG, upright.

    Args:
        name: of the picture, for messages.

    Raises:
        FeatureError: it is neither, damaged, or larger than anybody needs; nothing large was decoded.
    """
    if len(content) > MOST_BYTES:
        raise FeatureError(f"{name}: {len(content) / 2**20:.1f} MB are too many; at most {MOST_BYTES // 2**20} MB")
    kind = next((reader for start, reader in KINDS.items() if content.startswith(start)), None)
    if kind is None:
        raise FeatureError(f"{name}: that is no picture that can be read here; a PNG or a JPEG is wanted")
    try:
        picture = kind(io.BytesIO(content))
        width, height = picture.size
        if width * height > MOST_PIXELS:
            most = f"{MOST_PIXELS / 1e6:.0f} million pixels"
            raise FeatureError(f"{name}: {width} x {height} pixels are too many; at most {most} altogether")
        picture.load()
        return _to_rgb(ImageOps.exif_transpose(picture))
    except FeatureError:
        raise
    except Exception as error:  # readers of broken files raise whatever they stumble over
        raise FeatureError(f"{name}: the picture is damaged and cannot be decoded; save it again") from error


def _to_rgb(picture: Image.Image) -> Picture:
    """What a viewer would show: all of 16 bits of grey, and white behind what is transparent."""
    if picture.mode.startswith("I"):  # `convert` would clip these at 255
        picture = Image.fromarray((np.asarray(picture).astype(np.float64) / 257).round().astype(np.uint8))
    elif picture.has_transparency_data:
        behind = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(behind, picture.convert("RGBA"))
    return np.asarray(picture.convert("RGB"))


def cut_square(picture: Picture, size: int) -> Picture:
    """The largest square in the middle, with `size` pixels a side."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(picture[top : top + side, left : left + side])
    return np.array(square.resize((size, size), Image.Resampling.BOX if side > size else Image.Resampling.NEAREST))


def decode_base64(text: Any, name: str) -> bytes:
    """The bytes of an upload within JSON.

    Raises:
        FeatureError: it is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise FeatureError(f"{name}: a picture is sent as base64") from error


def encode_png(picture: Picture) -> str:
    """A data URL."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
