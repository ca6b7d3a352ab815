"""dream-truth: whether the dreams of a run of dream-driving were true, asked on tracks that it did not learn from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar, NamedTuple

from rich.console import Console

from millwright.catalog import make_env
from millwright.core.errors import OptionError, RecipeError, TrainingError
from millwright.core.workers import map_seeds
from millwright.evaluation.dream_film import film_dream
from millwright.evaluation.dream_page import FILM, write_dream_page
from millwright.evaluation.dreams import compare_ranking
from millwright.evaluation.provenance import collect_provenance, compute_claim_digest
from millwright.evaluation.suite import parse_seeds
from millwright.policies.altered import ALTERATIONS, LEARNED, Alteration
from millwright.policies.bundle import load_bundle
from millwright.recipes.dream_drives import need_network
from millwright.recipes.dream_players import ENV, Altered, Driver
from millwright.recipes.recipe import Recipe, StageClock, claim_folder, describe_command, write_json
from millwright.recipes.scenes import play_scenes
from millwright.training.drives import Drive, load_drives, save_drives
from millwright.training.ranking import dream_promise
from millwright.training.rounds_of_dreams import CONTROLLER
from millwright.training.shown import show_dreams
from millwright.training.truth import Replayed, check_dreams, measure_gap
from millwright.training.unguarded import STEPS, learn_unguarded

BUNDLE = "dream-driving"
BASELINES = ("random", "rule-document", "rule")
"""Who drives without dreams: their returns stand beside."""


class Driven(NamedTuple):
    """What a driver's own drives were."""

    drives: list[Drive]
    returns: list[float]


@dataclass(frozen=True)
class DreamTruth(Recipe):
    """Drive with what a run of dream-driving learned, and with worse drivers, and hold their dreams against it.

    Args:
        source: folder of that run; one that is not finished is asked about its rounds so far.
        seeds: tracks on which the learned driver drives, A:B, and the one without safeguards; tune on 5000 to 9999.
        tracks: of these, the first ones, on which all others drive.
        updates: of the controllers that go on learning without safeguards; 0: none does.
        workers: processes that drive.
    """

    about: ClassVar[str] = "were a run's dreams true? ranks, errors, exploit gaps, and an alarm that is provoked"
    may_change: ClassVar[frozenset[str]] = frozenset({"seeds", "tracks", "workers"})
    alterations: ClassVar[tuple[Alteration, ...]] = ALTERATIONS
    env_options: ClassVar[Mapping[str, Any]] = {}

    source: str = "runs/dream-driving"
    seeds: str = "5000:5010"
    tracks: int = 3
    updates: int = 600
    workers: int = 1

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`: `out` gets drives-*/, tracks/, unguarded-*/, truth.html, dreams.png, dream.mp4 and
        summary.json.

        Raises:
            OptionError: fields that make no sense, or a bundle that dreams nothing.
            RecipeError: `source` holds no round of dream-driving, or `out` was begun with other fields.
            TrainingError: the drives are too short to be compared with dreams.
        """
        seeds = parse_seeds(self.seeds)
        tracks = seeds[: self.tracks]
        if not 1 <= self.tracks <= len(seeds) or self.updates < 0:
            raise OptionError(f"tracks are 1 to {len(seeds)}, updates 0 or more; got {self.tracks} and {self.updates}")
        bundles = find_bundles(Path(self.source))
        last = load_bundle(bundles[-1])
        network = need_network(last)
        claim_folder(self, out)
        clock = StageClock(out / "stages.json")
        with clock.stage("drive"):
            learned = self.drive(bundles[-1], seeds, out)
        with clock.stage("compare"):
            again = Replayed(network, learned.drives)
            told = check_dreams(network, learned.drives)
            rounds = check_rounds(bundles)
        with clock.stage("unguarded"):
            asked = {"unguarded": len(bundles) - 1, "unguarded, first world": 0} if self.updates else {}
            unguarded = {name: self.provoke(bundles[: number + 1], seeds, out) for name, number in asked.items()}
        with clock.stage("rank"):
            drivers = (LEARNED, *(Alteration("round", n) for n in range(len(bundles) - 1)), *self.alterations)
            returns = self.play_altered(bundles, drivers, tracks, out)
            ranking = rank(again, bundles, drivers, returns, self.count_ticks())
        claim = {"env": ENV, "policy": BUNDLE, "policy_digest": last.make_manifest().id}
        summary = {
            "schema": 1, "recipe": "dream-truth", "fields": asdict(self), "learned": told, "rounds": rounds,
            "unguarded": unguarded, "ranking": ranking, "returns": {**returns, "learned": learned.returns},
            "real_steps": count_steps(out), "seconds": clock.seconds,
            "provenance": collect_provenance(claim, describe_command("dream-truth", self)),
        }  # fmt: skip
        write_json(out / "summary.json", summary)
        film_dream(network, again.long[0], out / FILM, rate_hz=last.rate_hz)
        write_dream_page(summary, show_dreams(again), out)
        Console().print(tell(summary), soft_wrap=True)
        return summary

    def drive(self, bundle: Path, seeds: Sequence[int], out: Path) -> Driven:
        """Drives with a bundle on these tracks; those that `out` holds are not driven again."""
        digest = compute_claim_digest({"bundle": load_bundle(bundle).make_manifest().id, "env": self.env_options})
        folder = out / f"drives-{digest}"
        folder.mkdir(exist_ok=True)
        missing = [seed for seed in seeds if not (folder / f"{seed}.json").is_file()]
        for seed, (drive, came) in map_seeds(Driver(bundle, self.env_options), missing, self.workers):
            save_drives([drive], folder / f"{seed}.npz")
            write_json(folder / f"{seed}.json", came)
        drives = [load_drives(folder / f"{seed}.npz")[0] for seed in seeds]
        return Driven(drives, [json.loads((folder / f"{seed}.json").read_text())["return"] for seed in seeds])

    def play_altered(
        self, bundles: Sequence[Path], drivers: Sequence[Alteration], tracks: Sequence[int], out: Path
    ) -> dict[str, list[float]]:
        """Returns on the tracks: of each altered driver, and of who drives without dreams."""
        play = Altered(tuple(bundles), tuple(drivers), BASELINES, self.env_options)
        names = [driver.name for driver in drivers]
        claim = compute_claim_digest({"bundle": load_bundle(bundles[-1]).make_manifest().id, "drivers": names})
        scenes = play_scenes(play, dict.fromkeys(tracks, claim), out / "tracks", self.workers)
        found: dict[str, list[float]] = {}
        for outcome in (outcome for scene in scenes.values() for outcome in scene):
            found.setdefault(outcome["policy"], []).append(outcome["return"])
        return found

    def provoke(self, bundles: Sequence[Path], seeds: Sequence[int], out: Path) -> dict[str, Any]:
        """Let a copy of the last of these drivers learn without safeguards, drive with it, and see about the alarm.

        The first round's world knows random drives alone: that it learns from what the controller drives is a
        safeguard, too.
        """
        source = load_bundle(bundles[-1])
        number = source.lineage["round"]
        folder = out / f"unguarded-{number}"
        bundle = folder / BUNDLE
        if not (bundle / "manifest.json").is_file():
            learned_in = Path(self.source) / f"round-{number}" / CONTROLLER
            training, drives = folder / "training", find_drives(bundles)
            network = learn_unguarded(need_network(source), drives, self.updates, training, learned_in)
            replace(source, network=network, lineage={**source.lineage, "unguarded": self.updates}).save(bundle)
        driven = self.drive(bundle, seeds, out)
        told: dict[str, Any] = {"updates": self.updates, "steps": STEPS, "returns": driven.returns}
        try:
            gap = measure_gap(Replayed(need_network(load_bundle(bundle)), driven.drives, STEPS, dropout=False))
        except TrainingError as error:
            return {**told, "refused": str(error)}
        return {**told, "exploit": gap.to_json()}

    def count_ticks(self) -> int:
        """Of a whole lap's time."""
        env = make_env(ENV, **self.env_options)
        options = env.unwrapped.options
        env.close()
        return int(options.max_steps // options.repeat)


def find_bundles(run: Path) -> list[Path]:
    """The bundles of a run's rounds, from the first to the last that is finished.

    Raises:
        RecipeError: there is none.
    """
    made = [file.parent for file in run.glob(f"round-*/{BUNDLE}/manifest.json")]
    rounds = sorted(made, key=lambda bundle: int(bundle.parent.name.removeprefix("round-")))
    if not rounds:
        raise RecipeError(f"{run} holds no bundle of a round; give the --out of `millwright run dream-driving`")
    last = run / BUNDLE
    return [*rounds, last] if (last / "manifest.json").is_file() else rounds


def find_drives(bundles: Sequence[Path]) -> list[Drive]:
    """Of the last three of these rounds that drove, the cap being taken before the end: where unguarded dreams begin.

    Raises:
        RecipeError: none did.
    """
    run = bundles[0].parent.parent
    files = [run / f"round-{number}" / "drives.npz" for number in reversed(range(len(bundles)))]
    driven = list(islice(filter(None, (load_drives(file) for file in files if file.is_file())), 3))
    if not driven:
        raise RecipeError(f"{run} holds no drives of its rounds, round-*/drives.npz; give the folder as it was made")
    return [drive for drives in reversed(driven) for drive in drives]


def count_steps(out: Path) -> int:
    """Real steps, raw ones, of all that `out` holds: nothing was learned from them."""
    alone = (json.loads(file.read_text()) for file in out.glob("drives-*/*.json"))
    together = (row for file in out.glob("tracks/*.json") for row in json.loads(file.read_text())["outcomes"])
    return int(sum(row["raw_steps"] for rows in (alone, together) for row in rows))


def check_rounds(bundles: Sequence[Path]) -> list[dict[str, Any]]:
    """Of each round its dreams beside the drives that followed, which its world model had not learned from."""
    rows = []
    for number, bundle in enumerate(bundles):
        following = bundles[0].parent.parent / f"round-{number + 1}" / "drives.npz"
        if not following.is_file():
            continue
        try:
            told = dict(check_dreams(need_network(load_bundle(bundle)), load_drives(following)))
        except TrainingError as error:
            told = {"refused": str(error)}
        rows.append({"round": number, **told})
    return rows


def rank(
    again: Replayed,
    bundles: Sequence[Path],
    drivers: Sequence[Alteration],
    returns: Mapping[str, list[float]],
    ticks: int,
) -> dict[str, Any]:
    """Each driver's dreamed tiles a step and its mean real return, and whether the one ranks drivers as the other."""
    earlier = [need_network(load_bundle(bundle)).controller for bundle in bundles[:-1]]
    control_hz = load_bundle(bundles[-1]).rate_hz
    rows = []
    for driver in drivers:
        promise = dream_promise(again, driver, earlier, control_hz, ticks)
        rows.append({"policy": driver.name, **asdict(promise), "real": fmean(returns[driver.name])})
    real_returns = [row["real"] for row in rows]
    told = {name: asdict(compare_ranking([row[name] for row in rows], real_returns)) for name in ("short", "long")}
    return {"drivers": rows, **told}


def tell(summary: Mapping[str, Any]) -> str:
    """What came out, in a few lines."""
    ranking, learned, unguarded = summary["ranking"], summary["learned"], summary["unguarded"]
    lines = [
        f"ranks of {ranking[name]['num_policies']} drivers, {name} dreams: Spearman {ranking[name]['spearman']:.2f} "
        f"({ranking[name]['interval'][0]:.2f} to {ranking[name]['interval'][1]:.2f}), "
        f"top-1 regret {ranking[name]['regret']:.0f} points"
        for name in ("short", "long")
    ]
    for name, told in {"learned": learned, **unguarded}.items():
        if "exploit" in told:
            gap = told["exploit"]
            lines.append(
                f"{name}: dreams {gap['dreamed']:.3f} tiles a step, reaches {gap['real']:.3f}; gap {gap['gap']:+.3f} "
                f"({gap['interval'][0]:+.3f} to {gap['interval'][1]:+.3f}): {'ALARM' if gap['alarm'] else 'no alarm'}"
            )
    return "\n".join(lines)
