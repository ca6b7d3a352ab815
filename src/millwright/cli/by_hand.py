"""Recording what a person drives, in a browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from millwright.cli.arguments import check_folder, say
from millwright.cli.demo import make_stage, need_dashboard
from millwright.core.errors import OptionError, choose
from millwright.policies.arrow_keys import HUMAN

__all__ = ["HUMAN", "record_by_hand"]


def record_by_hand(
    env: str, seeds: range, out: Path, port: int, env_options: Mapping[str, Any], labelled: bool
) -> None:
    """Open the dashboard, and write down what is driven there, track by track.

    Raises:
        OptionError: the environment is none that people drive in, or labels are asked for.
        MillwrightError: as `millwright.datasets.record` and `ByHand`.
    """
    from millwright import catalog
    from millwright.core.features import Features
    from millwright.datasets.recorder import record

    task = choose("environment", env, catalog.TASKS)
    if not task.driven:
        driven = ", ".join(name for name, row in catalog.TASKS.items() if row.driven)
        raise OptionError(f"nobody drives {env} by arrow keys; environments in which {HUMAN} drives: {driven}")
    if labelled:
        raise OptionError(f"--label and --perturb are for those who decide by themselves; leave them out with {HUMAN}")
    if not seeds:
        raise OptionError("--seeds holds none, so there is nothing to drive")
    check_folder("--out", out)
    need_dashboard()
    from millwright.dashboard.by_hand import ByHand

    made = catalog.make_env(env, **env_options)
    features = Features(*made.features.values(), made.action)
    fps = made.metadata["control_hz"]
    made.close()
    provenance = catalog.Player(env, env_options, HUMAN).describe()
    stage = replace(make_stage(env, HUMAN, env_options)[0], provenance=provenance)
    on_ready = partial(say, end="  drive there by the arrow keys (Ctrl-C ends it; finished drives are kept)\n")
    with ByHand(stage, HUMAN, seeds, str(out), on_ready, port) as by_hand:
        record(by_hand, seeds, out, fps=fps, workers=1, features=features)
    say(f"{out}: {len(seeds)} episodes")
