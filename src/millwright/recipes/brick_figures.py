"""brick-figures: every figure that is published about brick-pick, measured on seeds that nothing was tuned on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from millwright.catalog import Player
from millwright.evaluation.suite import evaluate, parse_seeds
from millwright.recipes.brick_pick import ENV, BrickPick
from millwright.recipes.recipe import Recipe


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

    seeds: str = "10000:10200"
    shipped_seeds: str = "10000:11000"
    shipped_hard_seeds: str = "10000:10500"
    training_seeds: int = 3
    workers: int = 2

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`; each figure is a file `out/figures/NAME.json`, as `millwright evaluate` writes it."""
        figures = out / "figures"
        figures.mkdir(parents=True, exist_ok=True)
        recipes = {f"seed-{seed}": BrickPick(seed=seed) for seed in range(self.training_seeds)}
        recipes |= {f"blind-{seed}": replace(recipe, blind=True) for seed, recipe in enumerate(recipes.values())}
        for name, recipe in recipes.items():
            summary = replace(recipe, seeds=self.seeds, workers=self.workers).run(out / name)
            self._publish(out / name / "report" / "result.json", figures / f"brick-pick-{name}.json", summary)
        for name, player, seeds in self._make_players(out):
            report = out / "reports" / name
            result = evaluate(player, parse_seeds(seeds), self.workers, report, claim=player.describe())
            result.save(figures / f"{name}.json")
        rates = {file.stem: json.loads(file.read_text())["rate"] for file in sorted(figures.glob("*.json"))}
        (out / "summary.json").write_text(json.dumps({"fields": asdict(self), "rates": rates}, indent=2))
        return rates

    def _make_players(self, out: Path) -> list[tuple[str, Player, str]]:
        players = [
            (
                f"brick-pick-seed-{seed}-other-scene",
                _player(str(out / f"seed-{seed}" / "brick-pick"), eyes="other-scene"),
            )
            for seed in range(self.training_seeds)
        ]
        players += [
            (f"brick-table-{policy}{suffix}", _player(policy, options))
            for policy, suffix, options in (
                ("expert", "", {}),
                ("expert", "-hard", {"hard": True}),
                ("nothing", "", {}),
                ("random", "", {}),
            )
        ]
        shipped = [
            ("brick-pick-shipped", _player("brick-pick"), self.shipped_seeds),
            ("brick-pick-shipped-hard", _player("brick-pick", {"hard": True}), self.shipped_hard_seeds),
        ]
        return [*((name, player, self.seeds) for name, player in players), *shipped]

    def _publish(self, source: Path, target: Path, summary: Mapping[str, Any]) -> None:
        """A result with what the run took beside it."""
        values = json.loads(source.read_text())
        values["provenance"] |= {"recipe": summary["fields"], "seconds": summary["seconds"]}
        target.write_text(json.dumps(values, indent=1))


def _player(policy: str, options: Mapping[str, Any] | None = None, eyes: str = "") -> Player:
    return Player(ENV, options or {}, policy, eyes=eyes)
