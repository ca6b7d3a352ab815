"""Files that somebody may upload: good, bad and wicked ones."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import numpy as np
from PIL import Image


def make_file(kind: str = "PNG", width: int = 60, height: int = 40, seed: int = 0) -> bytes:
    """A picture of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def make_bomb(side: int = 20_000) -> bytes:
    """A small PNG that would be decoded to `side` pixels square."""
    row = zlib.compress(bytes(1 + 3 * side))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", row), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def to_text(content: bytes) -> str:
    return base64.b64encode(content).decode()
