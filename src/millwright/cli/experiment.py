"""Verbs that run a recipe, whole or its training alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import tyro

from millwright.cli.arguments import check_folder, say
from millwright.core.errors import OptionError, choose

METHODS = {"run": "run", "train": "learn"}
"""What a recipe must have for a verb."""


def run(args: list[str]) -> None:
    """Run a recipe with the fields given."""
    from millwright.recipes.recipe import keep_alone

    name, recipe = _take_recipe("run", args)
    chosen = _parse_recipe(recipe, args, f"millwright run {name}", out=Path("runs") / name)
    check_folder("--out", chosen.out)
    with keep_alone(chosen.out):
        chosen.recipe.run(chosen.out)
    made = [chosen.out / "summary.json", *chosen.out.glob("*/report.html")]
    made += [manifest.parent for manifest in chosen.out.glob("*/manifest.json")]
    for path in made:
        say(f"wrote {path}")


def train(args: list[str]) -> None:
    """Train as a recipe does, on the dataset that its field `dataset` names."""
    name, recipe = _take_recipe("train", args)
    chosen = _parse_recipe(recipe, args, f"millwright train {name}", out=dataclasses.MISSING)
    if not chosen.recipe.dataset:
        raise OptionError(f"--dataset DIR is missing: the folder to train on (`millwright run {name}` records its own)")
    check_folder("--out", chosen.out)
    chosen.recipe.begin(chosen.out)
    chosen.recipe.learn(Path(chosen.recipe.dataset), chosen.out, chosen.out / name)
    say(f"wrote {chosen.out / name}")


def _take_recipe(verb: str, args: list[str]) -> tuple[str, type[Any]]:
    """Take the recipe's name off `args`; without one, show the recipes."""
    from millwright.recipes import RECIPES

    recipes = {name: recipe for name, recipe in RECIPES.items() if hasattr(recipe, METHODS[verb])}
    if not args or args[0] in ("-h", "--help"):
        rows = "\n".join(f"  {name:<16} {recipe.about}" for name, recipe in recipes.items())
        say(f"usage: millwright {verb} RECIPE ...\n\nrecipes:\n{rows}\n\n`millwright {verb} RECIPE --help` says more.")
        raise SystemExit(0 if args else 2)
    name = args.pop(0)
    return name, choose("recipe", name, recipes)


def _parse_recipe(recipe: type[Any], args: list[str], prog: str, **paths: Any) -> Any:
    """The recipe made of its fields in `args`, beside paths with their defaults (MISSING: must be given)."""
    rows: list[Any] = [(name, Path, dataclasses.field(default=default)) for name, default in paths.items()]
    kind = dataclasses.make_dataclass("Chosen", [*rows, ("recipe", recipe)], kw_only=True)
    config = (tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff)
    return tyro.cli(kind, args=args, prog=prog, description=recipe.about, config=config)
