"""Verbs that show something: an episode, what a policy looks at, names."""

from __future__ import annotations

from pathlib import Path

from tyro.conf import Positional

from millwright.cli.arguments import (
    BundleName,
    Given,
    Listed,
    Number,
    OptionalInt,
    OptionalName,
    OptionalPath,
    Source,
    check_file,
    check_folder,
    say,
)
from millwright.core.errors import OptionError, choose, import_extra


def replay(
    source: Source,
    episode: Number = None,
    policy: OptionalName = None,
    seed: OptionalInt = None,
    target: OptionalName = None,
    out: OptionalPath = None,
    *,
    call: Given,
) -> None:
    """Write an episode as a file for the Rerun viewer (`rerun FILE` opens it): the scene in 3D with the plan and the
    contacts, both cameras' pictures, state, action, distance and verdict, all on one time line.

    The episode is one of a recorded dataset, `millwright replay data 12`, or is played now, `millwright replay
    brick-table --policy expert --seed 4242`; then options of the environment may follow as --env.NAME VALUE.

    Args:
        source: an environment (`millwright list envs`), or the folder of a dataset.
        episode: number of a dataset's episode, from 0 on.
        policy: who plays: expert, the name of a shipped policy, or the path of a bundle.
        seed: of the scene that is played.
        target: name of what is to be picked; without it the seed decides.
        out: file to write; without it a name in this folder that says what was played.
    """
    import_extra("rerun", "looking")
    from millwright import looking
    from millwright.catalog import TASKS

    if out is not None:
        check_file("--out", out, "episode.rrd")
    wishes = {"--policy": policy, "--seed": seed, "--target": target, "--env.NAME": call.env_options or None}
    given = [name for name, value in wishes.items() if value is not None]
    if source in TASKS:
        if episode is not None:
            raise OptionError(f"a number belongs to a dataset, {source} is played: give --seed {episode}")
        played, name = looking.play_episode(source, policy, 4242 if seed is None else seed, target, call.env_options)
    else:
        played, name = looking.load_recorded(source, episode, given)
    file = out or Path(f"{name}.rrd")
    looking.replay(played, file)
    say(f"{name}: {played.task}; {played.verdict.failure or 'success'} after {len(played)} steps")
    say(f"wrote {file}; look at it with: rerun {file}")


def probe(bundle: BundleName, seed: int = 4242, out: OptionalPath = None, ahead: int = 15, *, call: Given) -> None:
    """Ask a policy for every object of one scene in turn, by a click somewhere on it, and draw its first plan: where
    the hand would end, and which places of the picture move that end when they are hidden. Of a policy that drives by
    a world model, a film of one drive and of what that dreams of it, side by side.

    Options of the environment follow as --env.NAME VALUE, for example --env.hard true; a wrong NAME lists them.

    Args:
        bundle: the path of a bundle, or the name of a shipped one.
        seed: of the scene and of the clicks.
        out: folder for probe.png and probe.json, or dream.mp4; without it a folder here, named after bundle and seed.
        ahead: of a world model, steps that it dreams by itself before it is set right; 0: to the end.
    """
    from millwright import looking
    from millwright.evaluation.probe import tabulate

    if out is not None:
        check_folder("--out", out)
    if looking.has_world(bundle):
        film, summary = looking.film_bundle(bundle, seed, call.env_options, out, ahead or None)
        say(summary)
        say(f"wrote {film}")
        return
    found, folder = looking.probe_bundle(bundle, seed, call.env_options, out)
    say(tabulate(found))
    for name in ("probe.png", "probe.json"):
        say(f"wrote {folder / name}")


def list_names(what: Positional[Listed]) -> None:
    """Names that the other verbs take.

    Args:
        what: which names.
    """
    from millwright.catalog import TASKS, list_policies
    from millwright.recipes import RECIPES

    judges = {env: task.judge() for env, task in TASKS.items()}
    lists = {
        "envs": {name: task.about for name, task in TASKS.items()},
        "policies": {name: f"in {env}" for env in TASKS for name in list_policies(env)},
        "gamers": {name: f"in {env}" for env, task in TASKS.items() for name in task.gamers},
        "starts": {name: f"in {env}" for env, task in TASKS.items() for name in task.starts},
        "recipes": {name: recipe.about for name, recipe in RECIPES.items()},
        "judges": {type(j).__name__: f"of {env}; failures: {', '.join(j.failures)}" for env, j in judges.items()},
    }
    for name, about in choose("list", what, lists).items():
        say(f"{name:<20} {about}")
