"""What `millwright replay`, `probe` and `profile` look at, found by name: episodes, bundles and what draws them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright import catalog
from millwright.core.episode import Episode
from millwright.core.errors import BundleError, OptionError, UnknownNameError
from millwright.core.features import Features, Observation
from millwright.core.loop import play
from millwright.datasets.dataset import Dataset
from millwright.datasets.episodes import load_episode
from millwright.evaluation.probe import Probe, probe
from millwright.evaluation.scene_view import make_view

if TYPE_CHECKING:
    from millwright.evaluation.profiling import Profile

log = logging.getLogger(__name__)


def play_episode(
    env: str, policy: str | None, seed: int, target: str | None, env_options: Mapping[str, Any]
) -> tuple[Episode, str]:
    """An episode played now, and a name for it; without a policy, by the first that the environment has.

    Raises:
        UnknownNameError: no policy, option or target of that name.
        OptionError: an option is of the wrong type or out of its range.
    """
    driver = policy or catalog.list_policies(env)[0]
    reset_options = {} if target is None else {"target": target}
    play = catalog.Player(env, env_options, driver, reset_options=reset_options)()
    return play(seed), f"{env}-{Path(driver).name}-{seed}"


def load_recorded(folder: str, number: int | None, refused: Sequence[str] = ()) -> tuple[Episode, str]:
    """An episode of a dataset, and a name for it.

    Args:
        refused: options that were given and that only make sense for an environment.

    Raises:
        UnknownNameError: no such folder.
        OptionError: no number, or options that a dataset has no use for.
        DatasetError: no dataset there, or no such episode in it.
    """
    envs = ", ".join(catalog.TASKS)
    if not Path(folder).is_dir():
        raise UnknownNameError(f"{folder} is neither an environment ({envs}) nor the folder of a dataset")
    if refused:
        raise OptionError(f"{', '.join(refused)}: only with an environment ({envs}) to play in")
    dataset = Dataset(Path(folder))
    if number is None:
        raise OptionError(
            f"which episode? {folder} holds 0 to {len(dataset.episodes) - 1}: millwright replay {folder} 0"
        )
    env = dataset.find_row(number).provenance.get("env", "not named in the recording")
    episode = load_episode(dataset, number, catalog.make_judge(env))
    if episode.steps[-1].verdict.success != episode.verdict.success:
        log.warning("the judge has changed: its verdict at the end is not the one that was recorded")
    return episode, f"{Path(folder).resolve().name}-{number}"


def replay(episode: Episode, file: Path) -> None:
    """Write an episode for the Rerun viewer; its provenance names the environment that lends the view."""
    from millwright.evaluation.replay import write_replay

    env = catalog.make_env(episode.provenance["env"], **episode.provenance["env_options"]).unwrapped
    write_replay(episode, make_view(env), file, Features(*env.features.values(), env.action))


def probe_bundle(bundle: str, seed: int, env_options: Mapping[str, Any], out: Path | None) -> tuple[Probe, Path]:
    """Probe a bundle in the environment it was made for, and write what came out.

    Args:
        bundle: the path of one, or the name of a shipped one.
        env_options: of the environment, beside those that the bundle was made for.
        out: folder of `probe.png` and `probe.json`; None: one in the working folder, named after bundle and seed.

    Returns:
        The probe, and the folder.

    Raises:
        UnknownNameError: no such bundle.
        BundleError: it is damaged, or of an environment that is not here.
    """
    from millwright.evaluation.probe_picture import write_probe
    from millwright.policies.loading import load_bundle

    folder = catalog.need_bundle(bundle)
    loaded = load_bundle(folder)
    if loaded.env not in catalog.TASKS:
        envs = ", ".join(catalog.TASKS)
        raise BundleError(f"bundle {folder} was made for {loaded.env!r}, which is no environment here ({envs})")
    options = {**loaded.env_options, **env_options}
    env = catalog.make_env(loaded.env, **options)
    found = probe(loaded.planner(), env, make_view(env), seed)
    target = out or Path(f"probe-{folder.name}-{seed}")
    about = {"bundle": folder.name, "id": loaded.make_manifest().id, "env": loaded.env, "env_options": options}
    write_probe(found, target, about)
    return found, target


def has_world(bundle: str) -> bool:
    """Whether a bundle drives by a world model; errors as of `need_bundle` and `load_manifest`."""
    from millwright.policies.folder import load_manifest

    manifest = load_manifest(catalog.need_bundle(bundle))
    return manifest.network == "latent-controller" and manifest.runtime == "torch"


def film_bundle(
    bundle: str, seed: int, env_options: Mapping[str, Any], out: Path | None, ahead: int | None
) -> tuple[Path, str]:
    """Film one drive of a bundle beside what its world model dreams of it.

    Args:
        bundle, seed, env_options, out: as of `probe_bundle`; the film is `dream.mp4`.
        ahead: steps that the dream goes on by itself; None: to the end.

    Returns:
        The film, and its errors in words.

    Raises:
        OptionError: less than a step ahead, or a drive without a step.
        BundleError: the bundle is damaged.
    """
    from millwright.evaluation.dream_film import film_dream, summarise
    from millwright.policies.bundle import load_bundle
    from millwright.policies.dreamer import DreamStyle, need_world
    from millwright.policies.driving_pipeline import COST_A_RAW_STEP
    from millwright.training.drives import make_drive

    style, folder = DreamStyle(ahead), catalog.need_bundle(bundle)
    loaded = load_bundle(folder)
    network, options = need_world(loaded.network, folder.name), {**loaded.env_options, **env_options}
    episode = catalog.Player(loaded.env, options, str(folder))()(seed)
    steps = episode.steps
    if len(steps) < 2:
        raise OptionError(f"the drive on {seed} has {len(steps)} step, of which nothing can be dreamed")
    cost = COST_A_RAW_STEP * options.get("repeat", 4)
    rows = [step.action for step in steps[:-1]], [step.reward for step in steps[:-1]]
    drive = make_drive([step.observation for step in steps], *rows, loaded.pipeline, cost)
    file = (out or Path(f"dream-{folder.name}-{seed}")) / "dream.mp4"
    file.parent.mkdir(parents=True, exist_ok=True)
    told = film_dream(network, drive, file, style, loaded.rate_hz)
    return file, summarise(told, drive)


def profile_bundle(bundle: str, calls: int, threads: int, seed: int, env_options: Mapping[str, Any]) -> Profile:
    """Time a bundle's planner on what its own policy sees in the environment it was made for.

    Args:
        calls: that are timed.
        threads: of a call.
        seed: of the scenes; as many episodes as the calls need.
        env_options: of the environment, beside those that the bundle was made for.

    Raises:
        UnknownNameError: no such bundle.
        BundleError: it is damaged, or of an environment that is not here.
        OptionError: fewer than one call.
    """
    from millwright.evaluation.profiling import Weight, check_calls, measure_process_bytes, profile
    from millwright.policies.loading import load_bundle

    check_calls(calls)
    folder = catalog.need_bundle(bundle)
    loaded = load_bundle(folder)
    planner = loaded.planner(threads)
    options = {**loaded.env_options, **env_options}
    drives = _drive(loaded.env, options, folder, seed)
    found = profile(planner, drives, calls)
    weight = Weight(
        sum(sum(count) for count in loaded.count_parameters().values())
        if hasattr(loaded, "count_parameters")
        else None,
        sum(file.stat().st_size for file in folder.iterdir() if file.is_file()),
        measure_process_bytes(),
    )
    return replace(found, weight=weight)


def _drive(env: str, options: Mapping[str, Any], folder: Path, first: int) -> Iterator[list[Observation]]:
    """What the bundle's policy sees, an episode after the other."""
    made = catalog.make_env(env, **options)
    policy = catalog.make_bundle_policy(env, folder)
    for seed in count(first):
        yield [step.observation for step in play(made, policy, catalog.make_judge(env), seed)]
