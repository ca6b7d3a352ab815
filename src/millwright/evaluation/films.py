"""Films of episodes: the policy's camera image enlarged, its prompt box, and a caption."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from millwright.core.episode import Episode, Step
from millwright.evaluation.measures import PROMPT

WIDTH, CAPTION = 384, 40  # pixels
INK, PAPER, GOOD, BAD, BOX = (235, 238, 242), (22, 26, 32), (74, 201, 126), (244, 106, 92), (255, 214, 64)


def find_camera(episode: Episode) -> str | None:
    """Name of the first image that the policy observes; None if it observes none."""
    return next((name for name in episode.steps[0].observation if name.startswith("observation.images.")), None)


def write_film(episode: Episode, path: Path) -> None:
    """Write an episode as h264 mp4, one frame a step, at the speed it was played in simulated time.

    Raises:
        ValueError: the episode has no image.
    """
    camera = find_camera(episode)
    if camera is None:
        raise ValueError(f"no image to film; observed: {', '.join(episode.steps[0].observation)}")
    rate = round((len(episode) - 1) / episode.duration_s) if len(episode) > 1 else 1
    draft = path.with_suffix(".part.mp4")
    with av.open(str(draft), "w", options={"movflags": "faststart"}) as file:
        stream = file.add_stream("libx264", rate=Fraction(rate), options={"preset": "veryfast", "crf": "26"})
        stream.pix_fmt = "yuv420p"
        stream.width, stream.height = draw_frame(episode, 0, camera).size
        stream.thread_count = 1  # the workers already fill the cores
        for index in range(len(episode)):
            picture = np.asarray(draw_frame(episode, index, camera))
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode(None))
    draft.replace(path)


def draw_frame(episode: Episode, index: int, camera: str) -> Image.Image:
    """One step's picture, WIDTH wide; its height is even, as h264 wants it."""
    step = episode.steps[index]
    image: NDArray[np.uint8] = step.observation[camera]
    height = round(WIDTH * image.shape[0] / image.shape[1] / 2) * 2
    canvas = Image.new("RGB", (WIDTH, height + CAPTION), PAPER)
    canvas.paste(Image.fromarray(image).resize((WIDTH, height), Image.Resampling.NEAREST), (0, 0))
    draw = ImageDraw.Draw(canvas)
    _draw_prompt(draw, step, height)
    # the caption covers what of the box lies below the image
    draw.rectangle((0, height, WIDTH, height + CAPTION), fill=PAPER)
    _draw_caption(draw, episode, step, height)
    return canvas


def _draw_prompt(draw: ImageDraw.ImageDraw, step: Step, height: int) -> None:
    box: Any = step.observation.get(PROMPT)
    if box is None or len(box) < 5 or not box[4]:
        return
    x0, y0, x1, y1 = (float(edge) for edge in np.clip(box[:4], -1, 2) * (WIDTH, height, WIDTH, height))
    if x1 > x0 and y1 > y0:
        draw.rectangle((x0, y0, x1, y1), outline=BOX, width=2)


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
