"""Learned robot policies, from a simulated cell to a monitored fleet."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
from typing import TYPE_CHECKING, Any

import gymnasium

if TYPE_CHECKING:
    from millwright.catalog import make_env, make_judge, make_policy
    from millwright.core.episode import Episode
    from millwright.core.judging import Verdict
    from millwright.core.loop import play, run_episode
    from millwright.evaluation.suite import evaluate
    from millwright.policies.loading import load_bundle

if sys.platform.startswith("linux"):  # MuJoCo reads this once, when it is first imported
    os.environ.setdefault("MUJOCO_GL", "egl")
    os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa without a GPU: small pictures in many processes want one each

__version__ = importlib.metadata.version("millwright")

_HOMES = {
    "Episode": "core.episode",
    "Verdict": "core.judging",
    "evaluate": "evaluation.suite",
    "load_bundle": "policies.loading",
    "make_env": "catalog",
    "make_judge": "catalog",
    "make_policy": "catalog",
    "play": "core.loop",
    "run_episode": "core.loop",
}
"""Public name -> the module it lives in; imported at first use, so that `import millwright` stays light."""

__all__ = [
    "Episode",
    "Verdict",
    "__version__",
    "evaluate",
    "load_bundle",
    "make_env",
    "make_judge",
    "make_policy",
    "play",
    "run_episode",
]

gymnasium.register(id="millwright/BrickTable-v0", entry_point="millwright.envs.brick_table:BrickTableEnv")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has: {', '.join(__all__)}")
    return getattr(importlib.import_module(f"millwright.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
