"""Dreams: whose world model dreams beside the car that is driven, and what the page Dream is told of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright.core.errors import BundleError, MillwrightError, choose
from millwright.core.facts import DrivingFacts
from millwright.core.features import Observation
from millwright.core.policy import Policy, Privileged
from millwright.dashboard.pictures import encode_png

if TYPE_CHECKING:
    from millwright.policies.bundle import Bundle
    from millwright.policies.dream_driver import DreamDriver, DreamWish

ROAD = "observation.images.front"
WORLDS = "latent-controller"
"""The network whose bundles hold a world model."""
AHEAD: tuple[int | None, ...] = (1, 5, 15, 50, None)
"""Steps that a dream goes on by itself, for the page to choose from; None: to the end."""


@dataclass(frozen=True)
class DreamTold:
    """What a browser is told of the newest instant; pictures as data URLs."""

    of: str = ""
    """The bundle that dreams; empty: none does."""
    world: str = ""
    draws: bool = False
    eyes: str = "road"
    ahead: int | None = 15
    temperature: float = 1.0
    dropout: bool = True
    pictures: Mapping[str, str] = field(default_factory=dict)
    age: int = 0
    done: float = 0.0
    speed_m_s: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Dreams:
    """Owned by the control thread, which alone calls it.

    Args:
        folders: name -> folder of every bundle there is, those without a world model too.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        self._bundles: dict[str, Bundle] = {}
        self._driver: DreamDriver | None = None
        self._road, self._first_tiles = "", 0
        self._wish: DreamWish | None = None
        networks = {name: _find_network(folder) for name, folder in folders.items()}
        self._worlds = {name: _find_world(folders[name]) for name, network in networks.items() if network == WORLDS}
        self.of = next(iter(self._worlds), "")

    @property
    def names(self) -> tuple[str, ...]:
        """Of all bundles: of one without a world model it is said that it has none."""
        return tuple(self._folders)

    def choose(self, name: str) -> None:
        """Let this bundle's world model dream from the next drive on; an empty name: none.

        Raises:
            UnknownNameError: no bundle of that name here.
            BundleError: it is damaged, or has no world model.
        """
        if name:
            self._load(name)
        self.of = name

    def adjust(self, changes: Mapping[str, Any]) -> None:
        """Change how the dream goes on, and who sees it: `ahead`, `temperature`, `dropout`, `eyes`; at once.

        Raises:
            OptionError: a value out of its range.
            UnknownNameError: no such eyes.
        """
        from millwright.policies.dream_driver import DreamWish
        from millwright.policies.dreamer import DreamStyle

        told = self.tell()
        now = {name: changes.get(name, getattr(told, name)) for name in ("ahead", "temperature", "dropout", "eyes")}
        style = DreamStyle(now["ahead"], float(now["temperature"]), bool(now["dropout"]))
        self._wish = DreamWish(style, now["eyes"])

    def around(self, policy: Policy, name: str) -> Policy:
        """The policy of that name with a dream beside it; the policy itself where nothing dreams.

        Raises:
            BundleError: the bundle that is to dream is damaged.
        """
        self._driver = None
        if not self.of or isinstance(policy, Privileged):
            return policy
        from millwright.policies.dream_driver import DreamDriver

        self._driver = DreamDriver(policy, self._load(self.of), self._ask, own=self.of == name)
        return self._driver

    def _ask(self) -> DreamWish:
        from millwright.policies.dream_driver import DreamWish

        return self._wish or DreamWish()

    def begin(self, observation: Observation) -> DreamTold:
        """What is told of a track before anybody drives."""
        self._driver = None
        return self.look(observation)

    def look(self, observation: Observation) -> DreamTold:
        """`tell`, with the road as it is now."""
        self._road = encode_png(observation[ROAD])
        return self.tell()

    def tell(self) -> DreamTold:
        """What is chosen, and the pictures of the newest instant of a drive, all of the same one."""
        wish = asdict(self._wish) if self._wish else {"style": {}}
        said = {"of": self.of, "pictures": {"road": self._road}, **wish, **wish["style"]}
        del said["style"]
        if world := self._worlds.get(self.of):
            said |= {"world": world, "draws": world == "mdn-rnn"}
        if self._driver is not None and (dreamt := self._driver.dreamt) is not None:
            from millwright.policies.dreamer import paint

            for name, picture in (("rebuilt", dreamt.rebuilt), ("dreamed", dreamt.dreamed)):
                said["pictures"][name] = encode_png(paint(picture))
            said |= {"age": dreamt.age, "done": dreamt.done, "speed_m_s": self._driver.speeds_m_s[1]}
        return DreamTold(**said)

    def trace(self, time_s: float, facts: DrivingFacts) -> tuple[tuple[float, ...], ...]:
        """The step's point, for the page's plots, if something dreams: time s; error of the code, and of who repeats
        what was seen when the dream was set right; likewise of the speed, m/s; tiles since the start, dreamed and real;
        steps since the dream was set right.
        """
        driver = self._driver
        if driver is None or driver.dreamt is None:
            return ()
        dreamt = driver.dreamt
        seen, dreamed, before = driver.speeds_m_s
        if dreamt.age == 0:
            self._first_tiles = facts.tiles
        errors = (dreamt.error, dreamt.repeated, abs(dreamed - seen), abs(before - seen))
        return ((time_s, *errors, dreamt.tiles, float(facts.tiles - self._first_tiles), float(dreamt.age)),)

    def _load(self, name: str) -> Bundle:
        from millwright.policies.bundle import load_bundle
        from millwright.policies.dreamer import need_world

        if name not in self._bundles:
            folder = choose("bundle", name, self._folders)
            network = _find_network(folder)
            if network and network != WORLDS:
                kind = f"{name} has no world model, so it dreams of nothing (it is a {network})"
                raise BundleError(f"{kind}; bundles of dream-driving have one")
            bundle = load_bundle(folder)
            need_world(bundle.network, name)
            self._bundles[name] = bundle
        return self._bundles[name]


def _find_network(folder: Path) -> str:
    """What kind of network a bundle holds; nothing of a damaged one."""
    from millwright.policies.folder import load_manifest

    try:
        manifest = load_manifest(folder)
    except MillwrightError:
        return ""
    return manifest.network if manifest.runtime == "torch" else f"{manifest.network} for {manifest.runtime}"


def _find_world(folder: Path) -> str:
    """Which world model a bundle holds, before it is loaded; nothing of a damaged one."""
    try:
        world: str = json.loads((folder / "config.json").read_bytes())["config"]["world"]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return world
