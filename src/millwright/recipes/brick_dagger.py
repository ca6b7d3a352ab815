"""brick-dagger: the expert labels what the policy visits; beside it, clean and perturbed demonstrations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from millwright.catalog import Player
from millwright.datasets.dataset import Dataset
from millwright.evaluation.compare import compare
from millwright.evaluation.provenance import collect_provenance
from millwright.evaluation.statistics import holm
from millwright.evaluation.suite import evaluate, parse_seeds
from millwright.recipes.brick_pick import ENV, BrickPick
from millwright.recipes.cards import save_card
from millwright.recipes.demonstrated import LINGER, record_scenes, refuse_unseen
from millwright.recipes.recipe import Recipe, StageClock, claim_folder, describe_command, write_json
from millwright.recipes.rounds import Rounds
from millwright.training.dagger import Round, learn, make_rounds

RECORDED = BrickPick.recorded


@dataclass(frozen=True)
class BrickDagger(Recipe):
    """Train brick-pick's network in three ways on the same scenes, with as many episodes and samples each.

    `clean`: the expert demonstrates. `dagger`: it demonstrates some, then labels what the policy does, round by round.
    `perturbed`: it is pushed about while it demonstrates, as for brick-pick.

    Args:
        demonstrations: with which DAgger begins.
        rounds: of DAgger, after the demonstrations.
        episodes: driven by the policy in each round. The other arms record as many episodes as DAgger does in all.
        samples: training samples that each arm draws; DAgger's trainings share them equally.
        beta: the expert drives beta^i of the ticks in round i; 0: it only labels.
        seed: training seed: scenes to record, first weights, order.
        seeds: scenes to evaluate on, A:B; tune on 5000 to 9999, 10000 and up are for published figures.
        workers: processes that record and evaluate.
    """

    about: ClassVar[str] = "DAgger beside clean and perturbed demonstrations, same scenes and samples; ten minutes"

    demonstrations: int = 50
    rounds: int = 5
    episodes: int = 30
    samples: int = 300_000
    beta: float = 0.0
    seed: int = 0
    seeds: str = "5000:5200"
    workers: int = 2

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`: for each arm `out` gets data-ARM/, training-ARM/, ARM/ (the bundle) and report-ARM/.

        Raises:
            RecipeError: `out` was begun with other fields.
            OptionError: `seeds` are no seeds, or the scenes to record are not all scenes to train on.
        """
        parse_seeds(self.seeds)  # before minutes are spent
        rounds = self.find_rounds()
        claim_folder(self, out)
        clock = StageClock(out / "stages.json")
        scenes = range(rounds[0].seeds.start, rounds[-1].seeds.stop)
        trainings: dict[str, Callable[[Path, str], object]] = {
            "clean": partial(self._train_on, "expert", scenes),
            "dagger": lambda out, arm: learn(rounds, self._make_learner(out, rounds)),
            "perturbed": partial(self._train_on, "expert-perturbed", scenes),
        }
        results: dict[str, dict[str, Any]] = {}
        for arm, train in trainings.items():
            with clock.stage(f"{arm}: record and train"):
                train(out, arm)
            with clock.stage(f"{arm}: evaluate"):
                results[arm] = self._evaluate(out, arm)
        comparisons = compare_arms(results)
        summary = {
            "recipe": "brick-dagger",
            "fields": asdict(self),
            "seconds": clock.seconds,
            "results": {arm: {k: v for k, v in row.items() if k != "verdicts"} for arm, row in results.items()},
            "comparisons": comparisons,
            "rounds": count_rounds(Dataset(out / "data-dagger"), rounds),
            "provenance": collect_provenance({"env": ENV}, describe_command("brick-dagger", self)),
        }
        write_json(out / "summary.json", summary)
        for row in comparisons:
            Console().print(
                f"{row['sentence']} Corrected for three comparisons: p = {row['p_corrected']:.2g}.", soft_wrap=True
            )
        return summary

    def find_rounds(self) -> tuple[Round, ...]:
        """The rounds of DAgger; all arms together use their scenes.

        Raises:
            OptionError: no episodes, or scenes that are not for training.
        """
        first = BrickPick.scenes_a_seed * self.seed
        rounds = make_rounds(first, self.demonstrations, self.rounds, self.episodes, self.beta)
        refuse_unseen(range(first, rounds[-1].seeds.stop), self.seed)
        return rounds

    def make_training(self, samples: int) -> BrickPick:
        """How brick-pick trains, with this many samples."""
        return BrickPick(samples=samples, seed=self.seed)

    def _train_on(self, policy: str, scenes: range, out: Path, arm: str) -> None:
        """Record one kind of demonstrations and train on them."""
        bundle, data = out / arm, out / f"data-{arm}"
        if not (bundle / "manifest.json").is_file():
            player = Player(ENV, RECORDED, policy, labelled=True, linger=LINGER)
            record_scenes(player, scenes, data, self.workers)
            self.make_training(self.samples).train(data, out / f"training-{arm}", bundle)

    def _make_learner(self, out: Path, rounds: tuple[Round, ...]) -> Rounds:
        """All arms draw the same number of samples in all; those of DAgger are shared by its rounds."""
        training = self.make_training(self.samples // len(rounds))
        return Rounds(
            rounds, lambda step: training, RECORDED, "expert", self.workers,
            out / "data-dagger", out / "training-dagger", out / "rounds", out / "dagger",
        )  # fmt: skip

    def _evaluate(self, out: Path, arm: str) -> dict[str, Any]:
        player, report = Player(ENV, policy=str(out / arm)), out / f"report-{arm}"
        command = f"millwright evaluate {ENV} --policy {out / arm} --seeds {self.seeds}"
        seeds = parse_seeds(self.seeds)
        result = evaluate(player, seeds, self.workers, report, claim=player.describe(), command=command)
        save_card(out / arm, [report / "result.json"])
        return result.to_json()


def compare_arms(results: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every two arms by an exact test on the same scenes, p-values corrected for their number (Holm)."""
    found = [compare(results[a], results[b]) for a, b in combinations(results, 2)]
    corrected = holm([comparison.p_value for comparison in found])
    return [
        {
            "a": comparison.policy_a,
            "b": comparison.policy_b,
            "difference": comparison.difference,
            "interval": list(comparison.interval),
            "test": comparison.test,
            "p_value": comparison.p_value,
            "p_corrected": p_corrected,
            "sentence": comparison.sentence,
        }
        for comparison, p_corrected in zip(found, corrected, strict=True)
    ]


def count_rounds(dataset: Dataset, rounds: tuple[Round, ...]) -> list[dict[str, Any]]:
    """How often each round's driver succeeded while it was being labelled: DAgger's progress, on training scenes."""
    wins = {row.seed: row.success for row in dataset.episodes}
    return [
        {
            "round": step.number,
            "seeds": f"{step.seeds.start}:{step.seeds.stop}",
            "beta": step.beta,
            "episodes": len(step.seeds),
            "successes": sum(wins[seed] for seed in step.seeds),
        }
        for step in rounds
    ]
