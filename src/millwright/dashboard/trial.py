"""Trial: what a policy would do if it saw this picture and was told these words, as the page Try an image shows it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import BundleError, FeatureError, choose
from millwright.core.features import Features, Observation
from millwright.dashboard.commands import check_instruction
from millwright.dashboard.newest import Newest
from millwright.dashboard.pictures import (
    MOST_BYTES,
    MOST_PIXELS,
    Picture,
    cut_square,
    decode_base64,
    encode_png,
    read_picture,
)
from millwright.dashboard.snapshot import Snapshot
from millwright.evaluation.occlusion import measure_influence
from millwright.robots.panda_hand import MAX_DELTA_M

if TYPE_CHECKING:
    from millwright.policies.attending import Attention
    from millwright.policies.bundle import Bundle

NETWORK, ACTION = "vla", "hand_motion"
CELLS = 12
"""Along either side of a picture of which places are hidden: some 120 calls."""
PICTURE = "observation.images."


class Trial:
    """Bundles of vla, shown a picture at a time.

    Args:
        folders: name -> folder of a bundle; those of other networks are left out.
        snapshots: of the session; its scene lends what is not given.
    """

    def __init__(self, folders: Mapping[str, Path], snapshots: Newest[Snapshot]) -> None:
        self._folders, self._snapshots = folders, snapshots
        self._bundles: dict[str, Bundle] = {}
        self._lock = threading.Lock()

    def describe(self) -> dict[str, Any]:
        """What the page needs before anything is tried: bundles, the scene's own pictures and words, limits."""
        now = self._snapshots.value
        start = now.start or {}
        pictures = [name for name in start if name.startswith(PICTURE)]
        return {
            "bundles": self._list_bundles(),
            "cameras": [{"name": name.removeprefix(PICTURE), "src": encode_png(start[name])} for name in pictures],
            "instruction": str(start.get("task", "")),
            "examples": now.scenery.examples,
            "scene": now.seed,
            "most_bytes": MOST_BYTES,
            "most_pixels": MOST_PIXELS,
        }

    def look(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Plan, and tell what was attended to.

        Args:
            wish: `bundle`, `instruction`, and under `pictures` files in base64 by camera; where there is none, the
                policy sees what it would see in the scene on show, and always stands as it would there.

        Raises:
            UnknownNameError: no such bundle.
            CommandError: no instruction.
            FeatureError: a picture is none, too large or of no camera.
            MissingExtraError: the encoder of the text is not installed.
        """
        said = check_instruction(wish.get("instruction"))
        name = str(wish.get("bundle"))
        choose("bundle", name, dict.fromkeys(self._list_bundles()))
        given = _read_pictures(wish.get("pictures") or {})
        with self._lock:
            bundle = self._load(name)
            observation = _compose(bundle.inputs, self._snapshots.value.start or {}, given, said)
            return {"bundle": name, "instruction": said, **_look(bundle, observation, given)}

    def _list_bundles(self) -> list[str]:
        from millwright.policies.folder import load_manifest

        found = []
        for name, folder in self._folders.items():
            try:
                manifest = load_manifest(folder)
                if manifest.network == NETWORK and manifest.runtime == "torch":  # whose attention can be looked at
                    found.append(name)
            except BundleError:  # the page Model says what is wrong with it
                continue
        return found

    def _load(self, name: str) -> Bundle:
        from millwright.policies.bundle import load_bundle

        if name not in self._bundles:
            bundle = load_bundle(self._folders[name])
            if bundle.action.name != ACTION:
                raise BundleError(f"{name} answers {bundle.action.name}; what can be tried here answers {ACTION}")
            self._bundles[name] = bundle
        return self._bundles[name]


def _read_pictures(files: Any) -> dict[str, Picture]:
    if not isinstance(files, Mapping):
        raise FeatureError('pictures come by camera: {"agentview": base64}')
    return {f"{PICTURE}{camera}": read_picture(decode_base64(file, camera), camera) for camera, file in files.items()}


def _compose(inputs: Features, start: Observation, given: Mapping[str, Picture], said: str) -> Observation:
    """What the policy is to see: what was given, in the size it wants, and of the start what was not."""
    images = {feature.name: feature for feature in inputs.values() if feature.is_image}
    for name in given:
        choose("camera", name.removeprefix(PICTURE), {image.removeprefix(PICTURE): None for image in images})
    if missing := [name for name in inputs if name not in (*given, *start)]:
        raise FeatureError(f"the scene on show lends no {', '.join(missing)}; choose a bundle that was made for it")
    shown = {name: cut_square({**start, **given}[name], feature.shape[0]) for name, feature in images.items()}
    return {**{name: start[name] for name in inputs if name in start}, **shown, **_say(inputs, said)}


def _say(inputs: Features, said: str) -> dict[str, str]:
    return {feature.name: said for feature in inputs.values() if feature.is_text}


def _look(bundle: Bundle, observation: Observation, given: Mapping[str, Picture]) -> dict[str, Any]:
    from millwright.policies.attending import plan_watched

    chunk, attention = plan_watched(bundle, observation)
    seen = [name for name in observation if name.startswith(PICTURE)]
    pictures = [
        {"camera": name.removeprefix(PICTURE), "src": encode_png(observation[name]), "given": name in given}
        for name in seen
    ]
    return {
        "names": bundle.action.names,
        "unit": bundle.action.unit,
        "rate_hz": chunk.rate_hz,
        "actions": chunk.actions.tolist(),
        "pictures": pictures,
        "maps": [*_list_attention(attention), _measure(bundle, observation, seen)],
    }


def _list_attention(attention: Attention) -> list[dict[str, Any]]:
    """As the page shows it; nothing of a network that attends to nothing."""
    maps = []
    if attention.pointed:
        about = "how sure it is that what the words mean lies there; the rest of 1 is: not to be seen by this camera"
        frames = [_frame("what is meant", attention.pointed)]
        maps.append({"kind": "picture", "title": "Where it points", "about": about, "frames": frames})
    if attention.to_picture:
        mean = {
            camera: np.mean([glance.maps[camera] for glance in attention.to_picture], axis=0)
            for camera in attention.to_picture[0].maps
        }
        frames = [_frame("all actions", mean), *(_frame(glance.who, glance.maps) for glance in attention.to_picture)]
        about = "where each action of the chunk looks, mean over blocks and heads; the rest went elsewhere"
        maps.append({"kind": "picture", "title": "Decoder to picture", "about": about, "frames": frames})
    if attention.to_words:
        frames = [_frame(glance.who, glance.maps) for glance in attention.to_words]
        about = "how much each place of the pictures looks at a word, mean over heads"
        maps.append({"kind": "words", "title": "Vision to words", "about": about, "frames": frames})
    return maps


def _frame(label: str, maps: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    return {"label": label, "maps": {camera: values.round(5).tolist() for camera, values in maps.items()}}


def _measure(bundle: Bundle, observation: Observation, seen: list[str]) -> dict[str, Any]:
    """How far the end of the plan moves when a place is hidden; true of every network, whether it attends or not."""
    planner = bundle.planner()

    def find_end(actions: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(MAX_DELTA_M * actions[:, :3].sum(axis=0, keepdims=True), dtype=np.float64)

    found = {
        name.removeprefix(PICTURE): measure_influence(planner, observation, name, find_end, cells=CELLS).moved_mm
        for name in seen
    }
    about = "how far, in mm, the end of the plan moves when that place is hidden"
    return {"kind": "influence", "title": "What matters", "about": about, "frames": [_frame("hidden in turn", found)]}
