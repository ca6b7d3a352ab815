"""Exporting: a bundle for ONNX Runtime, kept only where it plans the same and succeeds as often."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from millwright.catalog import Player
from millwright.core.errors import BundleError, OptionError
from millwright.core.features import Observation
from millwright.core.loop import run_episode
from millwright.core.planner import Memory, Planner
from millwright.evaluation.compare import compare
from millwright.evaluation.result import Result
from millwright.evaluation.statistics import non_inferiority
from millwright.evaluation.suite import evaluate
from millwright.policies.bundle import Bundle, load_bundle
from millwright.policies.folder import MANIFEST, load_manifest, write_folder
from millwright.policies.onnx_bundle import OnnxBundle
from millwright.policies.onnx_export import export_onnx
from millwright.policies.onnx_int8 import quantise
from millwright.processors.gripper import GripperSign
from millwright.recipes.cards import save_card

LEVEL = 0.025
"""Chance of taking an export that is worse by the margin: that of a 95% interval's lower end."""
TOLERANCE = {"fp32": 1e-3, "int8": 0.1}
"""Largest difference of an action's number, in its own unit (m, rad), from the original's. Single precision differs by
roundings, also of a pixel's colour; of eight bits only the trial can tell what they cost."""
SIGNS = {"fp32": 0.999, "int8": 0.98}
"""Smallest share of grippers' signs that are the original's: open or close is a near tie now and then, and a rounding
decides it. What that comes to in an episode the trial tells."""
FILMS = 4
"""Episodes whose observations both planners see, and from which eight bits take their ranges: scenes of training."""
ROUNDS, CALLS = 15, 20
FASTER = 0.9
"""Share of single precision's time that eight bits have to stay below to be worth their errors."""

Film = Sequence[Observation]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Trial:
    """How an export is tried: it and the original play these seeds, and it may succeed less often by `margin`.

    Args:
        env_options: of the environment, beside those that the bundle was made for.

    Raises:
        OptionError: a margin out of its range.
    """

    seeds: range
    margin: float = 0.02
    workers: int = 1
    env_options: Mapping[str, Any] = field(default_factory=dict)
    progress: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise OptionError(f"a margin is a difference of rates between 0 and 1, 0.02 for example; got {self.margin}")

    def play(self, folder: Path, env: str) -> Result:
        """Evaluate a bundle in the ordinary way."""
        player = Player(env, self.env_options, str(folder))
        return evaluate(player, self.seeds, self.workers, claim=player.describe(), progress=self.progress)

    def compare(self, original: Result, export: Result) -> dict[str, Any]:
        """What the manifest of the export is to hold of it."""
        found = compare(original.to_json(), export.to_json())
        only_original, only_export = found.only_a, found.only_b
        if only_original is None or only_export is None:
            raise BundleError("the export and its original did not play the same episodes, so they cannot be compared")
        p_value = non_inferiority(only_original, only_export, len(self.seeds), self.margin)
        return {
            "accepted": p_value < LEVEL,
            "margin": self.margin,
            "seeds": f"{self.seeds.start}:{self.seeds.stop}",
            "episodes": len(self.seeds),
            "successes": export.successes,
            "original_successes": original.successes,
            "only_export": only_export,
            "only_original": only_original,
            "interval": list(found.interval),
            "p_value": p_value,
            "env_options": dict(self.env_options),
        }


def export_bundle(
    folder: Path, out: Path, trial: Trial | None, *, int8: bool = False, keep: bool = False, say: Say = print
) -> OnnxBundle:
    """Export a bundle to a folder of its own; nothing is written there unless the trial accepts it.

    Args:
        trial: None: it is written untried, as one that was not accepted.
        int8: try eight bits too, and take them where they are faster and accepted.
        keep: write it all the same where all are refused, in single precision, as one that was not accepted.

    Raises:
        MissingExtraError: the exporter or ONNX Runtime is not installed.
        BundleError: the bundle is damaged, cannot be written as ONNX, plans otherwise as an export, or was refused.
        OptionError: `out` is a folder of something else.
    """
    check_out(folder, out)
    original = load_bundle(folder)
    export = export_onnx(original)
    say(f"{folder.name} as ONNX: {len(export.model) / 1e6:.2f} MB")
    films = film(folder, export, trial.env_options if trial else export.env_options)
    signs = find_signs(original)
    apart = check_agreement(original.planner(), export, films, signs)
    say(f"on {sum(map(len, films))} observations its actions differ by {apart:.2g} at most")
    candidates = [(export, apart)]
    if int8 and (small := try_int8(export, original.planner(), films, signs, say)) is not None:
        candidates.insert(0, small)
    if trial is None:
        untried, _ = candidates[0]
        untried.save(out)
        return untried
    return try_out(folder, out, candidates, trial, keep=keep, say=say)


def check_out(folder: Path, out: Path) -> None:
    """Refuse to overwrite what is no export, or holds the bundle."""
    if out.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise OptionError(f"--out {out} is the bundle itself, or holds it; give another folder")
    if out.exists() and not ((out / MANIFEST).is_file() and load_manifest(out).runtime == "onnx"):
        raise OptionError(f"--out {out} is there and is no export; give a name that is free")


def film(folder: Path, export: OnnxBundle, env_options: Mapping[str, Any]) -> list[Film]:
    """What the original sees while it plays, episode by episode."""
    env, policy, judge = Player(export.env, env_options, str(folder)).make_cast()
    episodes = [run_episode(env, policy, judge, seed) for seed in range(FILMS)]
    return [[{name: step.observation[name] for name in export.inputs} for step in one.steps] for one in episodes]


def find_signs(original: Bundle) -> tuple[int, ...]:
    """Numbers of an action that are +1 or -1 and nothing between."""
    return tuple(one.column for one in original.pipeline.outputs if isinstance(one, GripperSign))


def check_agreement(original: Planner, export: OnnxBundle, films: Sequence[Film], signs: Sequence[int] = ()) -> float:
    """The largest difference of what both plan from the same observations, each with its own memory.

    Args:
        signs: numbers of an action that are counted instead, by whether they are the same.

    Raises:
        BundleError: it is larger than `TOLERANCE` allows, or fewer signs are the same than `SIGNS` asks for.
    """
    planner, largest, same = export.planner(), 0.0, []
    for one in films:
        ours: Memory = None
        theirs: Memory = None
        for seen in one:
            (wanted,), (ours,) = original.plan([seen], [ours])
            (found,), (theirs,) = planner.plan([seen], [theirs])
            apart = np.abs(found.actions - wanted.actions)
            same.append(apart[:, list(signs)] == 0)
            largest = float(np.maximum(largest, np.delete(apart, signs, axis=1).max()))  # what is not finite stays so
    allowed = TOLERANCE[export.precision]
    if not largest <= allowed:
        raise BundleError(
            f"the export in {export.precision} plans otherwise: {largest:.3g} apart; {allowed:g} is allowed"
        )
    share = float(np.concatenate(same).mean()) if signs else 1.0
    if share < SIGNS[export.precision]:
        raise BundleError(
            f"the export in {export.precision} opens or closes otherwise: in {share:.2%} of actions the gripper does "
            f"the same; {SIGNS[export.precision]:.1%} is asked for"
        )
    return largest


def try_int8(
    export: OnnxBundle, original: Planner, films: Sequence[Film], signs: Sequence[int], say: Say
) -> tuple[OnnxBundle, float] | None:
    """The export in eight bits and how far it plans from the original, if it is faster in the same run."""
    small = quantise(export, films)
    try:
        apart = check_agreement(original, small, films, signs)
    except BundleError as error:
        say(f"{error}; fp32 is taken")
        return None
    planners = {"fp32": export.planner(), "int8": small.planner()}
    cost_us = dict.fromkeys(planners, float("inf"))
    for _ in range(ROUNDS):
        for name, planner in planners.items():
            cost_us[name] = min(cost_us[name], measure_us(planner, films[0]))
    told = f"a call costs {cost_us['int8']:.0f} us of CPU in int8, {cost_us['fp32']:.0f} us in fp32"
    wins = cost_us["int8"] < FASTER * cost_us["fp32"]
    say(f"{told}, and plans up to {apart:.2g} apart: {'it is tried' if wins else 'it wins nothing, fp32 is taken'}")
    return (small, apart) if wins else None


def measure_us(planner: Planner, one: Film) -> float:
    """CPU time of a call, averaged over a few observations."""
    seen = [one[index % len(one)] for index in range(CALLS)]
    started_s = time.process_time()
    memory: Memory = None
    for observation in seen:
        _, (memory,) = planner.plan([observation], [memory])
    return 1e6 * (time.process_time() - started_s) / CALLS


def try_out(
    folder: Path, out: Path, candidates: Sequence[tuple[OnnxBundle, float]], trial: Trial, *, keep: bool, say: Say
) -> OnnxBundle:
    """Write the first candidate that is no worse than the original in closed loop.

    Raises:
        BundleError: none is; says by how much.
    """
    say(f"the original plays {len(trial.seeds)} episodes, then the export")
    original = trial.play(folder, candidates[0][0].env)
    reasons = []
    for candidate, apart in candidates:
        with TemporaryDirectory() as place:
            draft = Path(place) / out.name
            candidate.save(draft)
            played = trial.play(draft, candidate.env)
            found = {
                **trial.compare(original, played), "precision": candidate.precision, "largest_difference": apart
            }  # fmt: skip
            say(tell_trial(found))
            if found["accepted"] or (keep and candidate is candidates[-1][0]):
                tried = candidate.accept(found)
                tried.save(draft)
                played.save(Path(place) / "trial.json")
                save_card(draft, [Path(place) / "trial.json"])
                write_folder(out, {file.name: file.read_bytes() for file in draft.iterdir()})
                return tried
            reasons.append(tell_trial(found))
    raise BundleError(f"{'; '.join(reasons)}. Nothing was written to {out}")


def tell_trial(found: Mapping[str, Any]) -> str:
    """One sentence."""
    low, high = (100 * bound for bound in found["interval"])
    verdict = "no worse" if found["accepted"] else "not shown to be no worse"
    return (
        f"{found['precision']} succeeded in {found['successes']} of {found['episodes']}, the original in "
        f"{found['original_successes']} (difference {low:+.1f} to {high:+.1f} points): {verdict} by a margin of "
        f"{100 * found['margin']:g} points (p = {found['p_value']:.2g}, {LEVEL:g} asked for)"
    )
