"""The verb that looks after datasets, and its own verbs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tyro.conf import Positional

from millwright.cli.arguments import OptionalName, OptionalPath, OptionalSeeds, check_file, say
from millwright.core.errors import OptionError, choose

if TYPE_CHECKING:
    from millwright.datasets.checks.reference import Reference
    from millwright.datasets.findings import Finding

HELP = """\
usage: millwright dataset VERB ...

verbs:
  validate   everything that is wrong with a dataset, with its code, its place and what mends it
  merge      several datasets as one
  split      the same episodes, told apart into those to train on and those to test on
  filter     some of the episodes: by verdict, seed, split or number
  drop       everything but some features
  encode     the same pictures with another codec, quality or size

`millwright dataset VERB --help` says more. What edits writes a new folder, whose info.json names its sources and their
digests. Datasets are folders in the LeRobot v3.0 layout, of any tool."""
SHOWN = 5
"""Findings of one code that are written out; the file of --json has them all."""

Root = Annotated[Positional[Path], tyro.conf.arg(metavar="DIR")]


def dataset(args: list[str]) -> None:
    """Call one of the verbs on datasets."""
    if not args or args[0] in ("-h", "--help"):
        say(HELP)
        raise SystemExit(0 if args else 2)
    name = args.pop(0)
    verb = choose("dataset verb", name, VERBS)
    tyro.cli(verb, args=args, prog=f"millwright dataset {name}", config=(tyro.conf.FlagCreatePairsOff,))


def validate(
    root: Root,
    fix: OptionalPath = None,
    json: OptionalPath = None,
    quick: bool = False,
    strict: bool = False,
    unjudged: bool = False,
) -> None:
    """Everything that is wrong with a dataset: what LeRobot's loader passes over in silence, and what spoils learning.
    Nothing is changed. Ends with exit code 1 when there is an error, so that it can guard a pipeline.

    Args:
        root: the dataset's folder.
        fix: folder for a copy in which all is mended that can be without inventing data.
        json: file for the findings.
        quick: do not decode the videos.
        strict: exit code 1 for warnings too.
        unjudged: do not ask the environments' judges and action ranges.
    """
    from millwright.datasets.checks.reference import know_nothing
    from millwright.datasets.validation import validate as find_faults

    if json is not None:
        check_file("--json", json, "findings.json")
    findings = find_faults(root, know_nothing if unjudged else find_reference, look=not quick)
    if json is not None:
        _write(json, root, findings)
    _tell(root, findings)
    if fix is not None:
        from millwright.datasets.fixing import fix as mend

        for sentence in mend(root, fix, findings):
            say(f"  {sentence}")
        say(f"wrote {fix}; validate it too")
    bad = findings if strict else [finding for finding in findings if finding.severity == "error"]
    if bad:
        raise SystemExit(1)


def merge(roots: Annotated[Positional[tuple[Path, ...]], tyro.conf.arg(metavar="DIR DIR ...")], out: Path) -> None:
    """Several datasets as one. An episode that is there twice is taken once; splits keep their episodes.

    Args:
        roots: the datasets' folders.
        out: the new folder.
    """
    from millwright.datasets import editing

    if len(roots) < 2:
        raise OptionError("give two datasets or more to merge: millwright dataset merge A B --out C")
    for sentence in editing.merge(roots, out):
        say(sentence)
    _tell_size(out)


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
    for name, episodes in editing.split(root, out, test, test_share, seed).items():
        say(f"{name}: episodes {episodes}")
    _tell_size(out)


def filter_episodes(
    root: Root,
    out: Path,
    verdict: OptionalName = None,
    seeds: OptionalSeeds = None,
    split: OptionalName = None,
    drop: OptionalName = None,
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
    kept = editing.select(root, out, editing.make_keep(root, verdict, seeds, split, drop), options)
    say(f"kept {len(kept)} episodes")
    _tell_size(out)


def drop(root: Root, features: Positional[tuple[str, ...]], out: Path) -> None:
    """Everything but some features.

    Args:
        root: the dataset's folder.
        features: names of those to leave out.
        out: the new folder.
    """
    from millwright.datasets import editing

    editing.drop_features(root, out, features)
    _tell_size(out)


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
    editing.encode_anew(root, out, Encoding(codec, crf, gop, chosen, scale))
    _tell_size(out)


def _tell_size(out: Path) -> None:
    from millwright.datasets.folder import open_folder

    folder = open_folder(out)
    size = sum(path.stat().st_size for path in out.rglob("*.*") if path.is_file())
    frames = sum(entry.length for entry in folder.entries)
    say(f"wrote {out}: {len(folder.entries)} episodes, {frames} frames, {size / 1e6:.1f} MB")


def find_reference(provenance: Mapping[str, Any]) -> Reference | None:
    """What the environment that an episode was played in would say; None for one that is not here."""
    from millwright import catalog
    from millwright.datasets.checks.reference import Reference

    name = provenance.get("env")
    if name not in catalog.TASKS:
        return None
    space = catalog.make_env(name, **provenance.get("env_options", {})).unwrapped.action_space
    low, high = getattr(space, "low", None), getattr(space, "high", None)
    return Reference(catalog.make_judge(name), action_low=low, action_high=high)


def _write(path: Path, root: Path, findings: Sequence[Finding]) -> None:
    rows = [finding.to_json(root) for finding in findings]
    errors = sum(finding.severity == "error" for finding in findings)
    path.write_text(json.dumps({"schema": 1, "errors": errors, "findings": rows}, indent=1))


def _tell(root: Path, findings: Sequence[Finding]) -> None:
    """By code, the first few of each."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.code].append(finding)
    for code, group in sorted(groups.items()):
        say(f"{code} {group[0].severity}: {group[0].title}")
        for finding in group[:SHOWN]:
            say(f"  {finding.place + ': ' if finding.place else ''}{finding.cause}")
        if len(group) > SHOWN:
            say(f"  ... and {len(group) - SHOWN} more")
        say(f"  mend: {group[0].make_mend(root)}")
    errors = sum(finding.severity == "error" for finding in findings)
    say(f"{root}: {errors} errors, {len(findings) - errors} warnings" if findings else f"{root}: nothing is wrong")


VERBS: dict[str, Callable[..., None]] = {
    "validate": validate,
    "merge": merge,
    "split": split,
    "filter": filter_episodes,
    "drop": drop,
    "encode": encode,
}
