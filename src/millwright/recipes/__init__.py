"""Recipes: whole experiments as dataclasses with one method, `run(out)`."""

from millwright.recipes.brick_clear import BrickClear
from millwright.recipes.brick_clutter import BrickClutter
from millwright.recipes.brick_compression import BrickCompression
from millwright.recipes.brick_dagger import BrickDagger
from millwright.recipes.brick_figures import BrickFigures
from millwright.recipes.brick_gamers import BrickGamers
from millwright.recipes.brick_pick import BrickPick
from millwright.recipes.brick_robust import BrickRobust
from millwright.recipes.brick_robustness import BrickRobustness
from millwright.recipes.brick_study import BrickStudy
from millwright.recipes.dream_driving import DreamDriving
from millwright.recipes.dream_truth import DreamTruth
from millwright.recipes.lift import Lift
from millwright.recipes.lift_choice import LiftChoice
from millwright.recipes.lift_true_success import LiftTrueSuccess
from millwright.recipes.recipe import Recipe

RECIPES: dict[str, type[Recipe]] = {
    "brick-pick": BrickPick,
    "brick-robust": BrickRobust,
    "brick-clutter": BrickClutter,
    "brick-robustness": BrickRobustness,
    "brick-clear": BrickClear,
    "brick-figures": BrickFigures,
    "brick-gamers": BrickGamers,
    "brick-dagger": BrickDagger,
    "brick-compression": BrickCompression,
    "brick-study": BrickStudy,
    "lift": Lift,
    "lift-choice": LiftChoice,
    "lift-true-success": LiftTrueSuccess,
    "dream-driving": DreamDriving,
    "dream-truth": DreamTruth,
}

__all__ = [
    "RECIPES",
    "BrickClear",
    "BrickClutter",
    "BrickCompression",
    "BrickDagger",
    "BrickFigures",
    "BrickGamers",
    "BrickPick",
    "BrickRobust",
    "BrickRobustness",
    "BrickStudy",
    "DreamDriving",
    "DreamTruth",
    "Lift",
    "LiftChoice",
    "LiftTrueSuccess",
    "Recipe",
]
