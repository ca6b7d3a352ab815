"""Control arms that ask whether a policy uses its eyes: the picture is replaced, all else is left."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.episode import Episode
from millwright.core.errors import FeatureError, MillwrightError
from millwright.core.features import Observation
from millwright.core.policy import Action, Policy, Wrapper

Film = NDArray[Any]
"""What a camera saw in an episode, (time, height, width, 3) uint8, or depths."""
Pictures = Mapping[str, NDArray[Any]]
"""Of one moment: name -> (height, width, 3) uint8, or depths."""
PICTURE = "observation.images."


class Blindfold(Wrapper):
    """A policy whose pictures, of all cameras, come from elsewhere.

    Raises:
        OptionError: the policy is privileged; it sees the truth, so its eyes cannot be tested.
    """

    arm = "blindfold"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.name = f"{policy.name} ({self.arm})"

    def act(self, observation: Observation) -> Action:
        pictures = _list_pictures(observation)
        if not pictures:
            raise FeatureError(f"no {PICTURE}CAMERA, so there is nothing to cover; observed: {', '.join(observation)}")
        return self._policy.act({**observation, **self._replace(pictures)})

    @abstractmethod
    def _replace(self, pictures: Pictures) -> Pictures:
        """The pictures to see instead, of the same names and shapes."""


class GreyEyes(Blindfold):
    """Sees a constant grey of brightness 128, and no depth. Out of distribution: train a policy on grey images too."""

    arm = "grey image"

    def _replace(self, pictures: Pictures) -> Pictures:
        return {
            name: np.full_like(picture, 128 if picture.dtype == np.uint8 else 0) for name, picture in pictures.items()
        }


class OtherEyes(Blindfold):
    """Sees, tick by tick, the films of another scene; their last pictures stay when they are over.

    Args:
        films: seed of a scene -> what each camera saw there. Which scene is shown is drawn from the episode's seed,
            never the scene of that seed itself.

    Raises:
        OptionError: the policy is privileged.
        MillwrightError: films of fewer than two scenes are given.
    """

    arm = "another scene's image"

    def __init__(self, policy: Policy, films: Mapping[int, Mapping[str, Film]]) -> None:
        super().__init__(policy)
        if len(films) < 2:
            raise MillwrightError(f"another scene's image needs films of at least two scenes, got {len(films)}")
        self._films, self._tick = dict(films), 0

    def reset(self, seed: int) -> None:
        super().reset(seed)
        others = sorted(scene for scene in self._films if scene != seed)
        self._shown = self._films[others[np.random.default_rng(seed).integers(len(others))]]
        self._tick = 0

    def _replace(self, pictures: Pictures) -> Pictures:
        shown = {name: film[min(self._tick, len(film) - 1)] for name, film in self._shown.items()}
        self._tick += 1
        for name, picture in pictures.items():
            found = shown[name].shape if name in shown else "none"
            if found != picture.shape:
                raise FeatureError(f"{name} has shape {picture.shape}, the other scene's film {found}")
        return {name: shown[name] for name in pictures}


def collect_films(play: Callable[[int], Episode], seeds: Sequence[int]) -> dict[int, dict[str, Film]]:
    """Play `seeds` and return what every camera saw in each, for `OtherEyes`. Use seeds that are not evaluated."""
    films = {}
    for seed in seeds:
        moments = [_list_pictures(step.observation) for step in play(seed).steps]
        films[seed] = {name: np.stack([pictures[name] for pictures in moments]) for name in moments[0]}
    return films


def _list_pictures(observation: Observation) -> dict[str, NDArray[Any]]:
    return {name: value for name, value in observation.items() if name.startswith(PICTURE)}
