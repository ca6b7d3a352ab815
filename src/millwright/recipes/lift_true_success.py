"""lift-true-success: what a published report counted as success, and what is one, on the same episodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar

from rich.console import Console
from rich.table import Column, Table

from millwright.catalog import TASKS, TO_THE_END, Player, make_policy, need_bundle
from millwright.core.episode import Episode
from millwright.core.errors import OptionError, choose
from millwright.core.judging import Judge, judge_facts
from millwright.evaluation.provenance import collect_provenance, compute_claim_digest
from millwright.evaluation.statistics import wilson
from millwright.evaluation.suite import parse_seeds
from millwright.policies.bundle import load_bundle
from millwright.recipes.recipe import Recipe, StageClock, claim_folder, describe_command, write_json
from millwright.recipes.scenes import play_scenes

OURS = "judge"
TRAINED = "trained"
WHO = {
    "nothing": "asks for no motion",
    "random": "moves at random",
    "regressed": "the trained one's network with all weights zero: the mean of what it learned from, whatever it sees",
    TRAINED: "the trained policy",
    "expert": "who labelled what it learned from; sees the truth",
}


@dataclass(frozen=True)
class Asked:
    """Picklable: called once a worker, gives what plays a scene with everybody, to the end, and asks every judge."""

    players: Mapping[str, Player]

    def __call__(self) -> Callable[[int], list[dict[str, Any]]]:
        casts = {name: (player(), TASKS[player.env].counter_examples) for name, player in self.players.items()}
        return lambda seed: [{"policy": name, **ask(play(seed), flawed)} for name, (play, flawed) in casts.items()]


def ask(episode: Episode, flawed: Mapping[str, Callable[[], Judge]]) -> dict[str, Any]:
    """Of an episode: who calls it a success, the stages it came to, and what it was rewarded."""
    rows = [step.facts for step in episode.steps]
    others = {name: judge_facts(make(), rows).success for name, make in flawed.items()}
    return {
        "judges": {OURS: episode.verdict.success, **others},
        "stages": {stage.name: stage.reached_at_s is not None for stage in episode.stages},
        "reward": sum(step.reward for step in episode.steps),
    }


def regress(bundle: Path, to: Path) -> Path:
    """Write `bundle` with all weights zero: whatever it is shown, it plans the mean of the labels that it learned from.

    Raises:
        BundleError: as `load_bundle`.
    """
    regressed = load_bundle(bundle)
    for weights in regressed.network.parameters():
        weights.detach().zero_()
    replace(regressed, lineage={**regressed.lineage, "regressed": True}).save(to)
    return to


@dataclass(frozen=True)
class LiftTrueSuccess(Recipe):
    """Play nothing, at random, what regressed to the mean, a trained policy and the expert; ask every judge of each.

    Args:
        policy: folder or name of a trained bundle.
        env: what it was trained for: lift or lift-choice.
        seeds: scenes, A:B; tune on 5000 to 9999, 10000 and up are for published figures.
        workers: processes.
    """

    about: ClassVar[str] = "a report's test of success beside ours, on the same episodes; minutes"

    policy: str = "lift"
    env: str = "lift"
    seeds: str = "5000:5200"
    workers: int = 2

    def make_players(self, out: Path) -> dict[str, Player]:
        """Who plays, as in `WHO`; writes the one that regressed."""
        bundle = need_bundle(self.policy)
        policies = {
            **{name: name for name in WHO},
            "regressed": str(regress(bundle, out / "regressed")),
            TRAINED: self.policy,
        }
        return {name: Player(self.env, policy=policy, linger=TO_THE_END) for name, policy in policies.items()}

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`: `out` gets regressed/, a file a scene in scenes/, and summary.json with a row a policy.

        Raises:
            OptionError: `seeds` are no seeds, or the policy is no bundle.
            UnknownNameError: no such policy, or no environment of lifting of that name.
            BundleError: the bundle is damaged, or made for another environment.
            RecipeError: `out` was begun with other fields.
        """
        seeds = parse_seeds(self.seeds)
        choose("environment", self.env, {name: task for name, task in TASKS.items() if name.startswith("lift")})
        make_policy(self.env, self.policy)
        if self.policy in TASKS[self.env].policies:
            raise OptionError(f"{self.policy} learned nothing that it could regress to; give a trained bundle")
        claim_folder(self, out)
        clock = StageClock(out / "stages.json")
        with clock.stage("play"):
            players = self.make_players(out)
            about = [player.describe() for player in players.values()]
            claims = {seed: compute_claim_digest({"env": self.env, "players": about}) for seed in seeds}
            played = play_scenes(Asked(players), claims, out / "scenes", self.workers)
        rows = make_rows([row for scene in played.values() for row in scene])
        summary = {
            "schema": 1,
            "recipe": "lift-true-success",
            "fields": asdict(self),
            "rows": rows,
            "seconds": clock.seconds,
            "provenance": collect_provenance(players[TRAINED].describe(), describe_command("lift-true-success", self)),
        }
        write_json(out / "summary.json", summary)
        Console().print(make_table(rows))
        return summary


def make_rows(outcomes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row a policy: how many episodes each judge calls successes, how many came to each stage, the mean reward."""
    rows = []
    for name, about in WHO.items():
        own = [outcome for outcome in outcomes if outcome["policy"] == name]
        judged = {judge: sum(outcome["judges"][judge] for outcome in own) for judge in own[0]["judges"]}
        rows.append({
            "policy": name,
            "about": about,
            "episodes": len(own),
            "successes": judged,
            "intervals": {judge: list(wilson(count, len(own))) for judge, count in judged.items()},
            "stages": {stage: sum(outcome["stages"][stage] for outcome in own) for stage in own[0]["stages"]},
            "reward_mean": fmean(outcome["reward"] for outcome in own),
        })  # fmt: skip
    return rows


def make_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """A line a policy: every judge's count, and how many came to each stage."""
    first = rows[0]
    judges = (Column(f"by {name}", justify="right") for name in first["successes"])
    table = Table("who", "episodes", *judges, *(Column(stage, justify="right") for stage in first["stages"]))
    for row in rows:
        counts = (*row["successes"].values(), *row["stages"].values())
        table.add_row(row["policy"], str(row["episodes"]), *map(str, counts))
    return table
