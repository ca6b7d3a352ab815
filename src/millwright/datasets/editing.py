"""Editing: merge, split, filter, drop features, encode anew; always into a new folder, which says what it came from.

Each gives sentences about what it did: what was left out, how many videos were copied and how many encoded anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from millwright.core.errors import DatasetError, OptionError, choose
from millwright.datasets.dataset import Dataset
from millwright.datasets.depth import is_depth
from millwright.datasets.duplicates import find_duplicates
from millwright.datasets.folder import Entry, Folder, open_folder
from millwright.datasets.rewriting import Pick, Plan, check_features, rewrite
from millwright.datasets.splits import parse_splits
from millwright.datasets.video import Encoding

Keep = Callable[[Entry], bool]
MOST_EPISODES = 1_000_000
"""More than any dataset holds: so many numbers at most are written out."""


def open_finished(root: Path) -> Folder:
    """A folder, after what a killed recorder left has become part of it.

    Raises:
        DatasetError: no dataset there.
    """
    if any((root / name).exists() for name in ("recording", "committed")):
        Dataset(root)
    return open_folder(root)


def merge(roots: Sequence[Path], out: Path) -> list[str]:
    """The episodes of several datasets in one; the second of two that are frame by frame the same is left out.

    Raises:
        DatasetError: they differ in their rate or their features, none has an episode, or `out` is there.
    """
    picks = [Pick(folder, entry) for folder in map(open_finished, roots) for entry in folder.entries]
    if not picks:
        raise DatasetError(f"{', '.join(map(str, roots))}: no episode in any of them; nothing was written")
    check_features(picks)
    doubles = find_duplicates(picks)
    kept = [pick for number, pick in enumerate(picks) if number not in doubles]
    ordered, splits = order_by_split(kept)
    videos = rewrite(ordered, out, Plan("merge", splits))
    return [*([f"left out: {len(doubles)} episodes that are there already"] if doubles else []), *videos.tell()]


def split(root: Path, out: Path, test: Keep | None = None, share: float = 0.2, seed: int = 0) -> list[str]:
    """The same episodes, those to train on first; info.json tells which are which.

    Args:
        test: which episodes are to be tested on; without it a `share` of all, drawn from `seed`.

    Raises:
        DatasetError: one side would be empty, or `out` is there.
        OptionError: a share that is none, or a seed below 0.
    """
    if not 0 < share < 1 or seed < 0:
        raise OptionError(f"a share to test on lies between 0 and 1, and a seed is 0 or more; got {share} and {seed}")
    folder = open_finished(root)
    number = len(folder.entries)
    if test is None:
        drawn = np.random.default_rng(seed).permutation(number)[: round(share * number)]
        chosen = {folder.entries[position].position for position in drawn}
    else:
        chosen = {entry.position for entry in folder.entries if test(entry)}
    if not 0 < len(chosen) < number:
        raise DatasetError(f"{len(chosen)} of {number} episodes would be tested on; one on each side is the least")
    picks = [Pick(folder, entry) for entry in folder.entries]
    ordered = sorted(picks, key=lambda pick: pick.entry.position in chosen)
    splits = {"train": f"0:{number - len(chosen)}", "test": f"{number - len(chosen)}:{number}"}
    options = {"share": share, "seed": seed} if test is None else {}
    videos = rewrite(ordered, out, Plan("split", splits, options=options))
    return [*(f"{name}: episodes {episodes}" for name, episodes in splits.items()), *videos.tell()]


def select(root: Path, out: Path, keep: Keep, options: Mapping[str, Any] | None = None) -> list[str]:
    """The episodes that `keep` accepts.

    Raises:
        DatasetError: it accepts none, or `out` is there.
    """
    folder = open_finished(root)
    picks = [Pick(folder, entry) for entry in folder.entries if keep(entry)]
    ordered, splits = order_by_split(picks)
    videos = rewrite(ordered, out, Plan("filter", splits, options=options or {}))
    return [f"kept {len(ordered)} of {len(folder.entries)} episodes", *videos.tell()]


def make_keep(root: Path, verdict: str | None, seeds: range | None, split: str | None, drop: str | None) -> Keep:
    """What accepts an episode that has this verdict (`success`, `failure` or a class), and so on; None asks nothing.

    Raises:
        DatasetError: the dataset knows no verdicts or seeds.
        UnknownNameError: it has no such verdict or split.
        OptionError: `drop` is no list of numbers and ranges of its episodes.
    """
    folder = open_finished(root)
    for asked, name, word in ((verdict, "success", "verdict"), (seeds, "seed", "seed")):
        if asked is not None and all(entry.known.get(name) is None for entry in folder.entries):
            raise DatasetError(f"{root} does not say of any episode what its {word} is")
    classes = [entry.known["failure"] for entry in folder.entries if entry.known.get("failure")]
    if verdict is not None:
        choose("verdict", verdict, dict.fromkeys(("success", "failure", *classes)))
    splits = parse_splits(folder.info.get("splits") or {})
    chosen = choose("split", split, splits) if split is not None else range(len(folder.entries))
    left_out = parse_numbers(drop, len(folder.entries)) if drop is not None else frozenset()

    def keep(entry: Entry) -> bool:
        success = entry.known.get("success")
        said = () if success is None else ("success",) if success else ("failure", entry.known.get("failure"))
        return (
            (verdict is None or verdict in said)
            and (seeds is None or entry.known.get("seed") in seeds)
            and entry.position in chosen
            and entry.position not in left_out
        )

    return keep


def parse_numbers(text: str, count: int = MOST_EPISODES) -> frozenset[int]:
    """`3`, `3,7` or `3:9,12` of `count` episodes.

    Raises:
        OptionError: it is none of these, a range is empty, or there are no such episodes.
    """
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        if not re.fullmatch(r"\d{1,18}(:\d{1,18})?", part):
            raise OptionError(f"{text!r} is no list of episodes; 3 or 3,7 or 3:9,12 is meant")
        first, _, stop = part.partition(":")
        numbers = range(int(first), int(stop) if stop else int(first) + 1)
        if not numbers or numbers.stop > count:
            raise OptionError(f"{part} is no part of the episodes 0:{count}; ranges are half open, 3:9 is 3 to 8")
        found |= set(numbers)
    return frozenset(found)


def drop_features(root: Path, out: Path, names: Collection[str]) -> list[str]:
    """Everything but some features.

    Raises:
        DatasetError: no such features, or ones that every dataset needs.
        OptionError: none are named.
    """
    if not names:
        raise OptionError("say which features are to go: millwright dataset drop DIR FEATURE --out OUT")
    folder = open_finished(root)
    picks = [Pick(folder, entry) for entry in folder.entries]
    plan = Plan("drop", order_by_split(picks)[1], frozenset(names), options={"features": sorted(names)})
    return rewrite(picks, out, plan).tell()


def encode_anew(root: Path, out: Path, encoding: Encoding) -> list[str]:
    """The same pictures with another codec, quality or size; depth stays as it is, twelve bits without loss.

    Raises:
        DatasetError: it has no videos but of depth, or one cannot be decoded.
    """
    folder = open_finished(root)
    if all(is_depth(folder.features[camera]) for camera in folder.cameras):
        raise DatasetError(f"{root} has no videos in colour to encode")
    picks = [Pick(folder, entry) for entry in folder.entries]
    plan = Plan("encode", order_by_split(picks)[1], encoding=encoding, options=asdict(encoding))
    return rewrite(picks, out, plan).tell()


def order_by_split(picks: Sequence[Pick]) -> tuple[list[Pick], dict[str, str]]:
    """Episodes of one split beside each other, and the splits' ranges; an episode belongs to the first that has it."""
    names = [_find_split(pick) for pick in picks]
    order = sorted(range(len(picks)), key=lambda number: list(dict.fromkeys(names)).index(names[number]))
    splits, start = {}, 0
    for name in dict.fromkeys(names):
        splits[name] = f"{start}:{start + names.count(name)}"
        start += names.count(name)
    return [picks[number] for number in order], splits


def _find_split(pick: Pick) -> str:
    splits = pick.folder.info.get("splits")
    known = parse_splits(splits) if isinstance(splits, dict) else {}
    return next((name for name, chosen in known.items() if pick.entry.position in chosen), "train")
