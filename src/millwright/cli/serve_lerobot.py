"""The verb that serves a policy of LeRobot's to robots; it runs in LeRobot's own environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from millwright.cli.serve import AtDoor, Door, check_door, serve_at, split_name
from millwright.core.errors import OptionError, choose

Checkpoint = Annotated[Positional[str], arg(metavar="CHECKPOINT")]
Rate = Annotated[float | None, arg(metavar="HZ")]
Renamed = Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="OURS=THEIRS")]
HowPlayed = Annotated[str | None, arg(metavar="chunk|tick")]


def serve_lerobot(
    checkpoint: Checkpoint,
    env: str,
    rename: Renamed = (),
    action: Annotated[str, arg(metavar="action|hand_motion|hand_target")] = "action",
    control_hz: Rate = None,
    play: HowPlayed = None,
    door: AtDoor = Door(),  # noqa: B008 - frozen
) -> None:
    """Serve a checkpoint of LeRobot's, as `serve` serves bundles. Start it with the Python of LeRobot's environment.

    SIGHUP looks at the folder again, and takes up what has changed. Other machines are let in only with mutual TLS or
    tokens.

    Args:
        checkpoint: a folder that LeRobot's `save_pretrained` or `lerobot-train` wrote (`.../pretrained_model`), or
            NAME=FOLDER.
        env: the environment whose robot it drives.
        rename: our name of a feature and the checkpoint's, once for each:
            observation.images.agentview=observation.images.top
        action: what its actions are: what the environment takes, changes of the hand's pose, or poses of the hand.
        control_hz: actions a second; without it the environment's.
        play: answer with all that is predicted, or with the one action that LeRobot would play next.
        door: where, and to whom.
    """
    from millwright.catalog import TASKS
    from millwright.policies.lerobot.checkpoint import load_checkpoint
    from millwright.policies.lerobot.planner import LeRobotPlanner, Serving, identify
    from millwright.serving.engine import Served
    from millwright.serving.swap import Source

    check_door(door)
    task = choose("environment", env, TASKS)
    serving = Serving(task.control_hz if control_hz is None else control_hz, env, _read_renamed(rename), action, play)
    given, path = split_name(checkpoint, Path(checkpoint).is_dir())
    folder = Path(path).absolute()
    name = given or (folder.parent.name if folder.name == "pretrained_model" else folder.name)

    def load() -> Served:
        return Served(name, LeRobotPlanner(load_checkpoint(folder), serving, door.threads), env)

    serve_at(door, [Source(name, lambda: identify(load_checkpoint(folder), serving), load)])


def _read_renamed(rename: tuple[str, ...]) -> dict[str, str]:
    pairs = [pair.split("=") for pair in rename]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise OptionError(f"--rename takes OURS=THEIRS pairs, got {' '.join(rename)}")
    names = [ours for ours, _ in pairs]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise OptionError(f"--rename gives {twice[0]} several features of the policy; each takes a name of its own")
    return dict(pairs)
