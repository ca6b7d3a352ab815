"""Simulated seconds a second with a picture at every control step: `SIDE SIZE STEPS`.

`ours` is the brick table with its wrist camera, `robosuite` its Lift with the front view. Neither draws shadows or
smooths edges, and robosuite's is drawn by a renderer of its own: the built-in one can return old pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from benchmarks.against.measuring import measure, report

WARM = 5


def make_ours(size: int) -> tuple[Callable[[], np.ndarray], float]:
    """A step with a picture, and the seconds that it simulates."""
    from millwright.catalog import make_env

    env = make_env("brick-table")
    observation, _ = env.reset(seed=0)
    rng = np.random.default_rng(0)
    low, high = env.action_space.low, env.action_space.high
    rest = np.append(observation["observation.state"][:6], 0.0).astype(np.float32)

    def step() -> np.ndarray:
        action = (rest + rng.normal(0, 0.01, 7)).clip(low, high).astype(np.float32)
        picture: np.ndarray = env.step(action)[0]["observation.images.wrist"]
        assert picture.shape[:2] == (size, size), picture.shape
        return picture

    return step, 1 / env.metadata["control_hz"]


def make_robosuite(size: int) -> tuple[Callable[[], np.ndarray], float]:
    """The same of Lift, without hard resets."""
    import mujoco
    import robosuite

    env = robosuite.make(
        "Lift", robots="Panda", has_renderer=False, has_offscreen_renderer=False, use_camera_obs=False,
        use_object_obs=True, control_freq=20, hard_reset=False, horizon=10**9, ignore_done=True,
    )  # fmt: skip
    env.reset()
    model, data = env.sim.model._model, env.sim.data._data
    model.vis.quality.offsamples = 0
    renderer = mujoco.Renderer(model, size, size)
    renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
    options = mujoco.MjvOption()
    options.geomgroup[0] = 0  # robosuite's own cameras show the visual meshes, not those of collisions
    rng = np.random.default_rng(0)

    def step() -> np.ndarray:
        env.step(rng.normal(0, 0.1, env.action_dim))
        renderer.update_scene(data, "frontview", options)
        return renderer.render()

    return step, 1 / 20


def main(side: str, size: str, steps: str) -> None:
    """Report simulated seconds a second."""
    step, tick_s = {"ours": make_ours, "robosuite": make_robosuite}[side](int(size))
    shown = [step() for _ in range(WARM)]
    assert np.abs(shown[-1].astype(int) - shown[0]).max() > 0, "the picture never changes"
    number = int(steps)

    def work() -> int:
        for _ in range(number):
            step()
        return number

    measured = measure(work)
    report({name: value * (tick_s if name.startswith("per") else 1) for name, value in measured.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
