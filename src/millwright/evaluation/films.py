"""Films and key frames of episodes: the policy's camera image enlarged, its prompt box, and a caption."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from millwright.core.episode import Episode, Step
from millwright.evaluation.measures import PROMPT
from millwright.evaluation.scene_view import PICTURE

WIDTH, CAPTION = 384, 40  # pixels
FRAME, GAP, QUALITY = 256, 4, 85  # pixels of a key frame and between two, JPEG quality
INK, PAPER, GOOD, BAD, BOX = (235, 238, 242), (22, 26, 32), (74, 201, 126), (244, 106, 92), (255, 214, 64)


def find_camera(episode: Episode) -> str | None:
    """Name of the first image in colour that the policy observes; None if it observes none."""
    seen = episode.steps[0].observation.items()
    return next((name for name, value in seen if name.startswith(PICTURE) and value.shape[-1] == 3), None)


def write_film(episode: Episode, path: Path) -> None:
    """Write an episode as h264 mp4, one frame a step, at the speed it was played in simulated time.

    Raises:
        ValueError: the episode has no image.
    """
    camera = _require_camera(episode)
    rate = round((len(episode) - 1) / episode.duration_s) if len(episode) > 1 else 1
    frames = (draw_frame(episode, index, camera) for index in range(len(episode)))
    write_frames(frames, draw_frame(episode, 0, camera).size, rate, path)


def write_frames(frames: Iterable[Image.Image], size: tuple[int, int], rate_hz: float, path: Path) -> None:
    """Write pictures of `size` (width, height), both even, as h264 mp4: whole or not at all."""
    draft = path.with_suffix(".part.mp4")
    with av.open(str(draft), "w", options={"movflags": "faststart"}) as file:
        rate = Fraction(rate_hz).limit_denominator(1000)
        stream = file.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "26"})
        stream.pix_fmt = "yuv420p"
        stream.width, stream.height = size
        stream.thread_count = 1  # the workers already fill the cores
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")))
        file.mux(stream.encode(None))
    draft.replace(path)


def write_strip(episode: Episode, indices: Sequence[int], path: Path) -> None:
    """Write the pictures of these steps side by side as one JPEG.

    Raises:
        ValueError: the episode has no image.
    """
    pictures = [draw_picture(episode.steps[index], _require_camera(episode), FRAME) for index in indices]
    width, height = FRAME + GAP, pictures[0].height
    strip = Image.new("RGB", (len(pictures) * width - GAP, height), PAPER)
    for place, picture in enumerate(pictures):
        strip.paste(picture, (place * width, 0))
    draft = path.with_suffix(".part.jpg")
    strip.save(draft, quality=QUALITY)
    draft.replace(path)


def draw_frame(episode: Episode, index: int, camera: str) -> Image.Image:
    """One step's picture and caption, WIDTH wide; its height is even, as h264 wants it."""
    step = episode.steps[index]
    picture = draw_picture(step, camera, WIDTH)
    canvas = Image.new("RGB", (WIDTH, picture.height + CAPTION), PAPER)
    canvas.paste(picture, (0, 0))
    _draw_caption(ImageDraw.Draw(canvas), episode, step, picture.height)
    return canvas


def draw_picture(step: Step, camera: str, width: int) -> Image.Image:
    """What the policy saw, with the prompt box; of even height."""
    image: NDArray[np.uint8] = step.observation[camera]
    height = round(width * image.shape[0] / image.shape[1] / 2) * 2
    picture = Image.fromarray(image).resize((width, height), Image.Resampling.NEAREST)
    box: Any = step.observation.get(PROMPT)
    if box is not None and len(box) >= 5 and box[4]:
        x0, y0, x1, y1 = (float(edge) for edge in np.clip(box[:4], -1, 2) * (width, height, width, height))
        if x1 > x0 and y1 > y0:
            ImageDraw.Draw(picture).rectangle((x0, y0, x1, y1), outline=BOX, width=2)
    return picture


def _require_camera(episode: Episode) -> str:
    camera = find_camera(episode)
    if camera is None:
        raise ValueError(f"no image to show; observed: {', '.join(episode.steps[0].observation)}")
    return camera


def _draw_caption(draw: ImageDraw.ImageDraw, episode: Episode, step: Step, top: int) -> None:
    last = step.index == episode.steps[-1].index
    final = "success" if episode.verdict.success else str(episode.verdict.failure)
    word = final if last else "playing"
    colour = (GOOD if episode.verdict.success else BAD) if last else INK
    distance = step.verdict.evidence.get("distance_m")
    right = f"{step.time_s:4.1f} s" + ("" if distance is None else f"   {distance * 1e3:3.0f} mm")
    draw.text((10, top + 4), f"seed {episode.seed}", fill=INK, font=FONT)
    draw.text((WIDTH - 10, top + 4), right, fill=INK, font=FONT, anchor="ra")
    draw.text((10, top + 21), episode.task[:44], fill=INK, font=FONT)
    draw.text((WIDTH - 10, top + 21), word, fill=colour, font=FONT, anchor="ra")


FONT = ImageFont.load_default(14)
