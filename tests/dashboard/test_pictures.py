"""Uploaded pictures: what is none, damaged or too large is refused with a reason, and nothing large is decoded."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from millwright.core.errors import FeatureError
from millwright.dashboard.pictures import MOST_BYTES, cut_square, decode_base64, encode_png, read_picture
from tests.dashboard.uploads import make_bomb, make_file


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_is_decoded(kind: str) -> None:
    assert read_picture(make_file(kind), "agentview").shape == (40, 60, 3)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16", "1"])
def test_other_kinds_of_pixels_become_rgb(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (8, 6)).save(buffer, "PNG")
    picture = read_picture(buffer.getvalue(), "agentview")
    assert (picture.shape, picture.dtype) == ((6, 8, 3), np.uint8)


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.array([[0, 300, 257 * 128, 65535]], np.uint16)).save(buffer, "PNG")
    assert read_picture(buffer.getvalue(), "agentview")[0, :, 0].tolist() == [0, 1, 128, 255]


def test_what_is_transparent_lies_on_white() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 51]]], np.uint8)).save(buffer, "PNG")
    assert read_picture(buffer.getvalue(), "agentview")[0, :, 0].tolist() == [255, 0, 204]


def test_a_picture_that_a_phone_took_lying_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40)).save(buffer, "JPEG", exif=exif)
    assert read_picture(buffer.getvalue(), "agentview").shape == (60, 40, 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"hello", "wrist: that is no picture that can be read here; a PNG or a JPEG is wanted"),
        (b"", "no picture"),
        (make_file("GIF"), "a PNG or a JPEG is wanted"),
        (make_file()[:200], "damaged"),
        (make_file("JPEG")[:40], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "damaged"),
        (bytes(MOST_BYTES + 1), "8.0 MB are too many; at most 8 MB"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(FeatureError, match=reason):
        read_picture(content, "wrist")


def test_a_small_file_of_many_pixels_is_refused_before_any_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PngImageFile, "load", lambda _: pytest.fail("it was decoded"))
    bomb = make_bomb()
    assert len(bomb) < 1000
    with pytest.raises(FeatureError, match="20000 x 20000 pixels are too many; at most 16 million"):
        read_picture(bomb, "agentview")


def test_the_middle_is_cut_out_and_resized() -> None:
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[:, 20:60] = 200
    assert (cut_square(picture, 10) == 200).all()
    assert cut_square(picture, 64).shape == (64, 64, 3)
    assert np.array_equal(cut_square(picture[:, :40], 40), picture[:, :40])


def test_base64_and_back() -> None:
    picture = read_picture(make_file(), "agentview")
    text = encode_png(picture).partition(",")[2]
    assert np.array_equal(read_picture(decode_base64(text, "agentview"), "agentview"), picture)
    for wrong in ("not base64!", 5, None):
        with pytest.raises(FeatureError, match="agentview: a picture is sent as base64"):
            decode_base64(wrong, "agentview")
