"""Draw the README's picture from a real episode of the shipped policy."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import millwright
from millwright.envs.brick_table.viewer import BrickTableViewer
from millwright.envs.mujoco.rendering import HANDSOME
from millwright.geometry.cameras import Pinhole

ROOT = Path(__file__).parents[1]
FONT = "DejaVuSans.ttf"
WIDE = Pinhole(640, 480, 38.0)


def main(policy: str = "brick-pick", target: str = "red", seed: int = 4242) -> None:
    """Play one episode and draw it at the click, at the grasp and at the end."""
    env = millwright.make_env("brick-table")
    states: list[np.ndarray] = []
    step_env = env.step

    def watch(action: np.ndarray) -> object:
        states.append(env.scene_state())
        return step_env(action)

    env.step = watch
    player, judge = millwright.make_policy("brick-table", policy), millwright.make_judge("brick-table")
    episode = millwright.run_episode(env, player, judge, seed, options={"target": target})
    assert episode.verdict.success, episode.verdict
    viewer = BrickTableViewer(HANDSOME, overhead=WIDE)
    closing = next(i for i, step in enumerate(episode.steps) if step.verdict.evidence["carried"])
    moments = {"a click": 0, "grasped": closing, "picked": len(episode) - 1}
    panels = []
    for title, index in moments.items():
        step = episode.steps[index]
        panel = Image.fromarray(viewer.render(states[index], "overhead"))
        draw = ImageDraw.Draw(panel)
        if index == 0:
            x, y = viewer.project(states[0], "overhead", step.facts.positions[step.facts.target])[0] * panel.size
            draw.ellipse((x - 34, y - 34, x + 34, y + 34), outline=(0, 200, 255), width=4)
        wrist = Image.fromarray(step.observation["observation.images.wrist"]).resize(
            (150, 150), Image.Resampling.NEAREST
        )
        box = step.observation["observation.environment_state"][:4] * 150
        ImageDraw.Draw(wrist).rectangle(tuple(box), outline=(0, 230, 80), width=2)
        panel.paste(wrist, (panel.width - 158, panel.height - 158))
        height = max(0.0, 1000 * step.verdict.evidence["height_m"])
        text = f"{title}   {step.time_s:.1f} s   {height:.0f} mm up"
        draw.rectangle((0, 0, panel.width, 34), fill=(24, 28, 34))
        draw.text((12, 6), text, fill=(240, 240, 240), font=ImageFont.truetype(FONT, 19))
        panels.append(panel)
    picture = Image.new("RGB", (sum(p.width for p in panels) + 8 * (len(panels) - 1), panels[0].height), "white")
    for index, panel in enumerate(panels):
        picture.paste(panel, (index * (panel.width + 8), 0))
    folder = ROOT / "docs" / "images"
    folder.mkdir(exist_ok=True)
    picture.resize((picture.width * 2 // 3, picture.height * 2 // 3), Image.Resampling.LANCZOS).save(
        folder / "brick-pick.png", optimize=True
    )


if __name__ == "__main__":
    main(*sys.argv[1:2])
