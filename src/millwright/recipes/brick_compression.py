"""brick-compression: how small may a fleet's videos be before the policy that learns from them notices?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from rich.console import Console
from rich.table import Table

from millwright.catalog import Player
from millwright.core.errors import choose
from millwright.datasets.dataset import Dataset
from millwright.datasets.editing import encode_anew
from millwright.datasets.video import Encoding
from millwright.evaluation.provenance import collect_provenance
from millwright.evaluation.suite import evaluate, parse_seeds
from millwright.recipes.brick_pick import ENV, IMAGE, BrickPick
from millwright.recipes.cards import save_card
from millwright.recipes.recipe import Recipe, StageClock, claim_folder, describe_command, write_json

LADDER: Mapping[str, Encoding | None] = MappingProxyType({
    "as-recorded": None,
    "h264-crf23": Encoding("h264", 23, 30, "medium"),
    "h264-crf33": Encoding("h264", 33, 30, "medium"),
    "h264-crf43": Encoding("h264", 43, 30, "medium"),
    "h264-crf51": Encoding("h264", 51, 30, "medium"),
    "av1-crf30": Encoding("av1", 30, 30, "8"),
    "av1-crf45": Encoding("av1", 45, 30, "8"),
    "av1-crf63": Encoding("av1", 63, 30, "8"),
    "half-crf23": Encoding("h264", 23, 30, "medium", 0.5),
    "half-crf33": Encoding("h264", 33, 30, "medium", 0.5),
    "quarter-crf23": Encoding("h264", 23, 30, "medium", 0.25),
})  # fmt: skip
"""Name -> how the pictures are encoded. As recorded: H.264, crf 18, a key frame every second frame."""


@dataclass(frozen=True)
class BrickCompression(Recipe):
    """Record once, encode the pictures ever smaller, train the same policy on each, see how often it still picks.

    Policies play with clear pictures of the size that they learned from: only what they learned from is spoiled.

    Args:
        only: rungs of the ladder, `av1-crf45,half-crf23`; without, all.
        episodes: demonstrations.
        samples: training samples drawn, each time.
        seed: training seed.
        seeds: scenes to evaluate on, A:B; tune on 5000 to 9999, 10000 and up are for published figures.
        workers: processes that record and evaluate.
    """

    about: ClassVar[str] = "bytes an episode against success: H.264, AV1 and smaller pictures; an hour"
    may_change: ClassVar[frozenset[str]] = frozenset({"seeds", "workers", "only"})

    only: str = ""
    episodes: int = 400
    samples: int = 500_000
    seed: int = 0
    seeds: str = "5000:5200"
    workers: int = 2

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`: `out` gets recorded/ and a folder a rung, with dataset/, bundle and report.

        Raises:
            UnknownNameError: `only` names no rung.
            RecipeError: `out` was begun with other fields.
            OptionError: `seeds` are no seeds, or the scenes to record are not all scenes to train on.
        """
        names = [name.strip() for name in self.only.split(",")] if self.only else list(LADDER)
        rungs = {name: choose("rung", name, LADDER) for name in names}
        parse_seeds(self.seeds)
        recipe = BrickPick(episodes=self.episodes, samples=self.samples, seed=self.seed, workers=self.workers)
        recipe.find_scenes()
        claim_folder(self, out)
        clock = StageClock(out / "stages.json")
        with clock.stage("record"):
            recipe.record(out / "recorded")
        for name, encoding in rungs.items():
            with clock.stage(name):
                row = {"rung": name, **self._try(recipe, encoding, out / "recorded", out / name)}
                write_json(out / name / "row.json", row)
        files = [out / name / "row.json" for name in LADDER]  # also of runs with another `only`
        rows = [json.loads(file.read_text()) for file in files if file.is_file()]
        rows = [row for row in rows if row["seeds"] == self.seeds]
        summary = {
            "recipe": "brick-compression",
            "fields": {key: value for key, value in asdict(self).items() if key not in ("only", "workers")},
            "seconds": clock.seconds,
            "ladder": rows,
            "provenance": collect_provenance(
                {"env": ENV}, describe_command("brick-compression", replace(self, only=""))
            ),
        }
        write_json(out / "summary.json", summary)
        Console().print(make_table(rows))
        return summary

    def _try(self, recipe: BrickPick, encoding: Encoding | None, recorded: Path, out: Path) -> dict[str, Any]:
        """One rung: its bytes, and what the policy makes of it."""
        out.mkdir(exist_ok=True)
        data = recorded if encoding is None else out / "dataset"
        if encoding is not None and not data.is_dir():
            encode_anew(recorded, data, encoding)
        bundle = out / recipe.name
        if not (bundle / "manifest.json").is_file():
            recipe.train(data, out / "training", bundle)
        dataset = Dataset(data)
        player = Player(ENV, {"image_size": dataset.features[IMAGE].shape[0]}, str(bundle))
        result = evaluate(
            player, parse_seeds(self.seeds), self.workers, out / "report", claim=player.describe(),
            command=f"{describe_command('brick-compression', replace(self, only=''))} ({out.name})",
        )  # fmt: skip
        save_card(bundle, [out / "report" / "result.json"])
        kept = ("seeds", "episodes", "successes", "rate", "interval", "failures")
        size = sum(file.stat().st_size for file in (data / "videos").rglob("*.mp4"))
        return {
            "encoding": None if encoding is None else asdict(encoding),
            "image_size": dataset.features[IMAGE].shape[0],
            "video_bytes_an_episode": size / len(dataset.episodes),
            **{name: value for name, value in result.to_json().items() if name in kept},
        }


def make_table(rows: list[dict[str, Any]]) -> Table:
    """A line a rung; shares are of what was recorded, where that was tried too."""
    table = Table("pictures", "px", "kB an episode", "share", "succeeded", "95% interval")
    whole = next((row["video_bytes_an_episode"] for row in rows if row["encoding"] is None), None)
    for row in rows:
        low, high = row["interval"]
        size = row["video_bytes_an_episode"]
        table.add_row(
            row["rung"], str(row["image_size"]), f"{size / 1e3:.1f}", f"{size / whole:.0%}" if whole else "",
            f"{row['successes']}/{row['episodes']}", f"{low:.1%} to {high:.1%}",
        )  # fmt: skip
    return table
