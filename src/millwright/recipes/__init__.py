"""Recipes: whole experiments as dataclasses with one method, `run(out)`."""

from millwright.recipes.brick_pick import BrickPick
from millwright.recipes.recipe import Recipe

RECIPES: dict[str, type[Recipe]] = {"brick-pick": BrickPick}

__all__ = ["RECIPES", "BrickPick", "Recipe"]
