"""brick-figures: every figure that is published about brick-pick, measured on seeds that nothing was tuned on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from millwright.catalog import Player, make_policy
from millwright.evaluation.suite import evaluate, parse_seeds
from millwright.recipes.brick_pick import ENV, BrickPick
from millwright.recipes.recipe import Recipe, write_json


@dataclass(frozen=True)
class BrickFigures(Recipe):
    """Three training seeds, the eyes test, blind training, the shipped bundle, expert and baselines.

    Args:
        seeds: scenes of the comparisons.
        shipped_seeds, shipped_hard_seeds: scenes on which the shipped bundle is judged.
        training_seeds: how many times the recipe is repeated.
        workers: processes.
    """

    about: ClassVar[str] = "all figures published about brick-pick; takes the better part of an hour"

    seeds: str = "11000:11200"
    shipped_seeds: str = "11000:12000"
    shipped_hard_seeds: str = "11000:11500"
    training_seeds: int = 3
    workers: int = 2

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`; each figure is a file `out/figures/NAME.json`, as `millwright evaluate` writes it."""
        for seeds in (self.seeds, self.shipped_seeds, self.shipped_hard_seeds):
            parse_seeds(seeds)  # before an hour is spent
        make_policy(ENV, "brick-pick")
        figures = out / "figures"
        figures.mkdir(parents=True, exist_ok=True)
        for seed in range(self.training_seeds):
            self._repeat(out, f"seed-{seed}", BrickPick(seed=seed))
        for name, player, seeds in self._make_players(out):
            report = out / "reports" / name
            command = f"millwright run brick-figures ({name}: seeds {seeds})"
            claim = player.describe()
            result = evaluate(player, parse_seeds(seeds), self.workers, report, claim=claim, command=command)
            result.save(figures / f"{name}.json")
        for seed in range(self.training_seeds):
            seen = str(out / f"seed-{seed}" / "dataset")
            self._repeat(out, f"blind-{seed}", BrickPick(seed=seed, blind=True, dataset=seen))
        rates = {file.stem: json.loads(file.read_text())["rate"] for file in sorted(figures.glob("*.json"))}
        write_json(out / "summary.json", {"fields": asdict(self), "rates": rates})
        return rates

    def _repeat(self, out: Path, name: str, recipe: BrickPick) -> None:
        """Run brick-pick once more and publish its result, with what the run took beside it."""
        summary = replace(recipe, seeds=self.seeds, workers=self.workers).run(out / name)
        values = json.loads((out / name / "report" / "result.json").read_text())
        values["provenance"] |= {"recipe": summary["fields"], "seconds": summary["seconds"]}
        write_json(out / "figures" / f"brick-pick-{name}.json", values)

    def _make_players(self, out: Path) -> list[tuple[str, Player, str]]:
        """Name, player and seeds of everything that is only evaluated."""
        bundles = [out / f"seed-{seed}" / "brick-pick" for seed in range(self.training_seeds)]
        return [
            ("brick-pick-shipped", _player("brick-pick"), self.shipped_seeds),
            ("brick-pick-shipped-hard", _player("brick-pick", {"hard": True}), self.shipped_hard_seeds),
            *(
                (f"brick-pick-seed-{seed}-other-scene", _player(str(bundle), eyes="other-scene"), self.seeds)
                for seed, bundle in enumerate(bundles)
            ),
            ("brick-table-expert", _player("expert"), self.seeds),
            ("brick-table-expert-hard", _player("expert", {"hard": True}), self.seeds),
            ("brick-table-nothing", _player("nothing"), self.seeds),
            ("brick-table-random", _player("random"), self.seeds),
        ]


def _player(policy: str, options: Mapping[str, Any] | None = None, eyes: str = "") -> Player:
    return Player(ENV, options or {}, policy, eyes=eyes)
