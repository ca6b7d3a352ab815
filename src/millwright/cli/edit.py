"""The verbs that edit datasets: each writes a new folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional

from millwright.cli.arguments import OptionalName, OptionalNumbers, OptionalSeeds, Root, say
from millwright.core.errors import OptionError

Features = Annotated[Positional[tuple[str, ...]], tyro.conf.arg(metavar="FEATURE ...")]


def merge(roots: Annotated[Positional[tuple[Path, ...]], tyro.conf.arg(metavar="DIR DIR ...")], out: Path) -> None:
    """Several datasets as one. An episode that is there twice is taken once; splits keep their episodes.

    Args:
        roots: the datasets' folders.
        out: the new folder.
    """
    from millwright.datasets import editing

    if len(roots) < 2:
        raise OptionError("give two datasets or more to merge: millwright dataset merge A B --out C")
    tell(editing.merge(roots, out), out)


def split(root: Root, out: Path, test_seeds: OptionalSeeds = None, test_share: float = 0.2, seed: int = 0) -> None:
    """The same episodes, those to train on first; the splits in info.json tell which are which.

    Args:
        root: the dataset's folder.
        out: the new folder.
        test_seeds: scenes to test on, half open; without it a share of the episodes is drawn.
        test_share: how many are drawn, of 1.
        seed: of the draw.
    """
    from millwright.datasets import editing

    test = None if test_seeds is None else lambda entry: entry.known.get("seed") in test_seeds
    tell(editing.split(root, out, test, test_share, seed), out)


def filter_episodes(
    root: Root,
    out: Path,
    verdict: OptionalName = None,
    seeds: OptionalSeeds = None,
    split: OptionalName = None,
    drop: OptionalNumbers = None,
) -> None:
    """Some of the episodes: those that everything asked for applies to.

    Args:
        root: the dataset's folder.
        out: the new folder.
        verdict: success, failure, or a class of failure.
        seeds: of the scenes, half open.
        split: name of a split.
        drop: numbers of episodes to leave out: 3 or 3,7 or 3:9,12.
    """
    from millwright.datasets import editing

    wishes = {"verdict": verdict, "seeds": seeds and f"{seeds.start}:{seeds.stop}", "split": split, "drop": drop}
    options = {name: value for name, value in wishes.items() if value is not None}
    if not options:
        raise OptionError("say which episodes: --verdict success, --seeds 0:100, --split train or --drop 3,7")
    tell(editing.select(root, out, editing.make_keep(root, verdict, seeds, split, drop), options), out)


def drop(root: Root, features: Features, out: Path) -> None:
    """Everything but some features.

    Args:
        root: the dataset's folder.
        features: names of those to leave out.
        out: the new folder.
    """
    from millwright.datasets import editing

    tell(editing.drop_features(root, out, features), out)


def encode(
    root: Root,
    out: Path,
    codec: str = "h264",
    crf: int = 23,
    gop: int = 2,
    preset: OptionalName = None,
    scale: float = 1.0,
) -> None:
    """The same pictures with another codec, quality or size.

    Args:
        root: the dataset's folder.
        out: the new folder.
        codec: h264 or av1.
        crf: quality, lower is better and larger.
        gop: frames from one key frame to the next; more is smaller and slower to read at random.
        preset: of the encoder, ultrafast to veryslow for h264, 13 (fast) to 0 for av1.
        scale: of height and width, at most 1.
    """
    from millwright.datasets import editing
    from millwright.datasets.video import Encoding

    chosen = preset or {"av1": "12"}.get(codec, "veryfast")
    tell(editing.encode_anew(root, out, Encoding(codec, crf, gop, chosen, scale)), out)


def tell(sentences: Iterable[str], out: Path) -> None:
    """Say what was done and what was written."""
    for sentence in sentences:
        say(sentence)
    from millwright.datasets.folder import open_folder

    folder = open_folder(out)
    size = sum(path.stat().st_size for path in out.rglob("*.*") if path.is_file())
    frames = sum(entry.length for entry in folder.entries)
    say(f"wrote {out}: {len(folder.entries)} episodes, {frames} frames, {size / 1e6:.1f} MB")
