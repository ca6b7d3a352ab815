"""Recipes: whole experiments as dataclasses with one method, `run(out)`."""

from millwright.recipes.brick_figures import BrickFigures
from millwright.recipes.brick_pick import BrickPick
from millwright.recipes.recipe import Recipe

RECIPES: dict[str, type[Recipe]] = {"brick-pick": BrickPick, "brick-figures": BrickFigures}

__all__ = ["RECIPES", "BrickFigures", "BrickPick", "Recipe"]
