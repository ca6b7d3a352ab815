"""brick-robustness: how often one policy succeeds where the world is not as it was recorded, a line a perturbation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from rich.console import Console
from rich.table import Table

from millwright.catalog import Player, find_bundle, list_shipped, make_policy
from millwright.core.errors import OptionError, choose
from millwright.evaluation.provenance import collect_provenance
from millwright.evaluation.suite import evaluate, parse_seeds
from millwright.recipes.brick_pick import ENV
from millwright.recipes.recipe import Recipe, claim_folder, write_json

LATENCY_S = (0.1, 0.25)
CLICK_NOISE = 0.4


class Condition(NamedTuple):
    """A world to play in.

    Args:
        about: in words.
        kind: `reference`, `perturbation` or `trouble`; the mean is that of the perturbations.
        options: of the environment.
        latency_s: from an observation to the plan for it.
        stale: late plans are taken for up to date, a control; else they are played ahead, slowly.
    """

    about: str
    kind: str
    options: Mapping[str, Any] = {}
    latency_s: tuple[float, float] = (0.0, 0.0)
    stale: bool = False

    @property
    def felt(self) -> dict[str, Any]:
        """The options that an expert notices, who does not look: what is where, and what it is like."""
        return {name: value for name, value in self.options.items() if name in ("hard", "bump", "shapes")}

    @property
    def world(self) -> str:
        """The name of what the expert notices."""
        return "-".join(["expert", *self.felt])


CONDITIONS: dict[str, Condition] = {
    "ordinary": Condition("as recorded", "reference"),
    "hard": Condition("any yaw, placed freely", "reference", {"hard": True}),
    "lighting": Condition("other light", "perturbation", {"lighting": True}),
    "texture": Condition("another table", "perturbation", {"texture": True}),
    "camera-moved": Condition("the camera moved 1-2 cm, 1-3 degrees", "perturbation", {"camera_moved": True}),
    "sensor-noise": Condition("blur, colour shift, noise, JPEG", "perturbation", {"sensor_noise": True}),
    "latency": Condition("plans 100-250 ms late", "perturbation", latency_s=LATENCY_S, stale=True),
    "latency-ahead": Condition("the same, planned ahead and played slowly", "trouble", latency_s=LATENCY_S),
    "twins": Condition("one to three others of the same colour", "perturbation", {"twins": True}),
    "shapes": Condition("sizes and shapes never trained on", "perturbation", {"shapes": True}),
    "bump": Condition("bumped before the jaws close", "trouble", {"bump": True}),
    "miscalibrated": Condition("calibration off by 1-2 cm, 1-3 degrees", "trouble", {"miscalibrated": True}),
    "click-noise": Condition("clicks that miss by 40% of the box", "trouble", {"click_noise": CLICK_NOISE}),
}


@dataclass(frozen=True)
class BrickRobustness(Recipe):
    """Evaluate one bundle under every perturbation and trouble, the expert beside it.

    Args:
        policy: name of a shipped bundle, or the path of one.
        only: conditions to play, `lighting,shapes`; without, all.
        expert: evaluate the expert too, in every world that is another one for somebody who does not look.
        seeds: scenes, A:B; tune on 5000 to 9999, 10000 and up are for published figures.
        workers: processes.
    """

    about: ClassVar[str] = "one policy under other light, cameras, tables, bricks, delays: a table; an hour"
    may_change: ClassVar[frozenset[str]] = frozenset({"seeds", "workers", "only", "expert"})

    policy: str = "brick-pick"
    only: str = ""
    expert: bool = True
    seeds: str = "5000:5200"
    workers: int = 2

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`; each line is a file `out/figures/BUNDLE-CONDITION.json` too, as `evaluate` writes it.

        Raises:
            UnknownNameError: no bundle, or no condition, of that name.
            RecipeError: `out` was begun with another policy.
            OptionError: `seeds` are no seeds, or the policy is no bundle.
        """
        names = [name.strip() for name in self.only.split(",") if name.strip()] or list(CONDITIONS)
        conditions = {name: choose("condition", name, CONDITIONS) for name in names}
        parse_seeds(self.seeds)
        make_policy(ENV, self.policy)
        if find_bundle(self.policy) is None:
            bundles = ", ".join(list_shipped()) or "none are shipped"
            raise OptionError(
                f"{self.policy} plays no chunks, which can come late; give a bundle: {bundles}, or a path"
            )
        claim_folder(self, out)
        (out / "figures").mkdir(exist_ok=True)
        worlds = {condition.world: condition.felt for condition in conditions.values() if self.expert}
        experts = {name: self._evaluate(out, name, Player(ENV, felt)) for name, felt in worlds.items()}
        rows = []
        for name, condition in conditions.items():
            player = Player(ENV, condition.options, self.policy, latency_s=condition.latency_s, stale=condition.stale)
            row = self._evaluate(out, f"{self.bundle}-{name}", player)
            beside = {"expert": experts[condition.world]} if self.expert else {}
            rows.append({"condition": name, "kind": condition.kind, "about": condition.about, **row, **beside})
        about = Player(ENV, policy=self.policy).describe()
        command = f"millwright run brick-robustness --policy {self.bundle} --seeds {self.seeds}"
        summary = {
            "recipe": "brick-robustness",
            "fields": {**asdict(self), "policy": self.bundle},
            "perturbations": rows,
            "mean": compute_mean(rows),
            "provenance": collect_provenance({"env": ENV, **about}, command),
        }
        write_json(out / "summary.json", summary)
        Console().print(make_table(summary))
        return summary

    @property
    def bundle(self) -> str:
        """The policy's name, wherever it is kept."""
        return Path(self.policy).name

    def _evaluate(self, out: Path, name: str, player: Player) -> dict[str, Any]:
        """What came out, without its episodes; the figure's file holds all."""
        command = f"millwright run brick-robustness --policy {self.bundle} --seeds {self.seeds} ({name})"
        report, claim = out / "reports" / name, player.describe()
        result = evaluate(player, parse_seeds(self.seeds), self.workers, report, claim=claim, command=command)
        result.save(out / "figures" / f"{name}.json")
        kept = ("seeds", "episodes", "successes", "rate", "interval", "failures")
        return {name: value for name, value in result.to_json().items() if name in kept}


def compute_mean(rows: list[dict[str, Any]]) -> float | None:
    """Of the rates of those perturbations that were played; None when none was."""
    rates = [row["rate"] for row in rows if row["kind"] == "perturbation"]
    return sum(rates) / len(rates) if rates else None


def make_table(summary: Mapping[str, Any]) -> Table:
    """One line a condition: how often, in which interval, what went wrong, the expert."""
    fields = summary["fields"]
    table = Table(title=f"{fields['policy']}: scenes {fields['seeds']}")
    for heading in ("", "succeeded", "95% interval", "failures", "expert"):
        table.add_column(heading)
    for row in summary["perturbations"]:
        low, high = row["interval"]
        failures = ", ".join(f"{count} {name}" for name, count in row["failures"].items()) or "none"
        expert = row.get("expert")
        beside = f"{expert['successes']}/{expert['episodes']}" if expert else ""
        counted = f"{row['successes']}/{row['episodes']}"
        table.add_row(row["about"], counted, f"{low:.1%} to {high:.1%}", failures, beside)
    if summary["mean"] is not None:
        table.add_row("mean of the perturbations", f"{summary['mean']:.1%}")
    return table
