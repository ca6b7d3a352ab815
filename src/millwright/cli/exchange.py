"""The verbs that exchange datasets with other tools: import, export, push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional

from millwright.cli.arguments import OptionalInt, OptionalName, OptionalNumbers, OptionalText, OptionalUrl, Root, say
from millwright.cli.edit import tell
from millwright.core.errors import OptionError

Given = Annotated[Positional[str], tyro.conf.arg(metavar="FILE|DIR")]
Out = Annotated[Positional[Path], tyro.conf.arg(metavar="OUT")]
Pairs = Annotated[tuple[str, ...], tyro.conf.arg(metavar="FEATURE=TEXT ...")]
Names = Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME ...")]


def import_dataset(
    source: Given,
    out: Out,
    kind: OptionalName = None,
    fps: OptionalInt = None,
    task: OptionalText = None,
    state: Names = (),
    units: Pairs = (),
    frames: Pairs = (),
    episodes: OptionalNumbers = None,
    drop: OptionalNumbers = None,
    leave_out: Names = (),
    endpoint: OptionalUrl = None,
) -> None:
    """Another tool's recordings as a LeRobot v3.0 dataset. What the file does not say and must be known is asked for.
    hf://owner/name downloads from Hugging Face; what stopped halfway goes on when called again.

    Args:
        source: a file of UMI, Diffusion Policy, robomimic or robosuite, a LeRobot folder, or hf://owner/name@revision.
        out: the new folder.
        kind: umi, diffusion-policy, robomimic, lift-document, millwright or lerobot; else the content decides.
        fps: frames a second, where the file does not say it.
        task: the instruction of those episodes that have none.
        state: arrays of the file that become observation.state, in this order.
        units: units that the file does not say, action=rad for example.
        frames: frames of reference that the file does not say, action=base for example.
        episodes: numbers of those to take: 3 or 3,7 or 3:9,12; of a download only their files.
        drop: numbers of episodes to leave out.
        leave_out: features to leave out.
        endpoint: address of a server other than Hugging Face's.
    """
    from millwright.datasets.editing import parse_numbers
    from millwright.datasets.importing.conversion import import_dataset as convert
    from millwright.datasets.importing.hub import SCHEME, download
    from millwright.datasets.importing.kinds import LEROBOT
    from millwright.datasets.importing.source import Wishes

    wishes = Wishes(
        fps=fps,
        task=task,
        state=state,
        units=_parse("--units", units),
        frames=_parse("--frames", frames),
        take=parse_numbers(episodes) if episodes is not None else None,
        drop=parse_numbers(drop) if drop is not None else frozenset(),
        left_out=frozenset(leave_out),
    )
    if source.startswith(SCHEME):
        if kind not in (None, LEROBOT):
            raise OptionError(f"--kind {kind}: what is downloaded from {SCHEME} is a LeRobot dataset; leave --kind out")
        notes = download(source, out, wishes, endpoint, say)
    else:
        notes = convert(Path(source), out, kind, wishes)
    tell(notes, out)


def export(root: Root, out: Out) -> None:
    """A dataset as one HDF5 file in robomimic's layout; `millwright dataset import` reads everything back.

    Args:
        root: the dataset's folder.
        out: the new file, NAME.hdf5.
    """
    from millwright.datasets.exporting import export_hdf5

    export_hdf5(root, out)
    say(f"wrote {out}: {out.stat().st_size / 1e6:.1f} MB")


def push(
    root: Root,
    repository: Annotated[Positional[str], tyro.conf.arg(metavar="OWNER/NAME")],
    public: bool = False,
    license: OptionalName = None,
    force: bool = False,
    endpoint: OptionalUrl = None,
) -> None:
    """Upload a dataset to Hugging Face with its card (README.md of its folder, else one that is made of its metadata),
    in one commit. Needs a token: `hf auth login`, or HF_TOKEN.

    Args:
        root: the dataset's folder.
        repository: where to; made if missing, private unless told otherwise.
        public: everybody may see a repository that is made.
        license: for the card, cc-by-4.0 for example.
        force: push also what has errors, and into a repository that holds something else.
        endpoint: address of a server other than Hugging Face's.
    """
    from millwright.datasets.pushing import push as upload

    say(f"pushed: {upload(root, repository, public=public, license=license or '', force=force, endpoint=endpoint)}")


def _parse(option: str, pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise OptionError(f"{option} {pair}: FEATURE=TEXT is meant, action=rad for example")
        found[name] = text
    return found
