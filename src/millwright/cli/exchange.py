"""The verbs that exchange datasets with other tools: import, export, push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional

from millwright.cli.arguments import OptionalInt, OptionalName, Root, say
from millwright.cli.edit import tell_size
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
    task: OptionalName = None,
    state: Names = (),
    units: Pairs = (),
    frames: Pairs = (),
    drop: OptionalName = None,
    leave_out: Names = (),
) -> None:
    """Another tool's recordings as a LeRobot v3.0 dataset. What the file does not say and must be known is asked for.

    Args:
        source: a file of UMI, Diffusion Policy, robomimic or robosuite, or a LeRobot folder.
        out: the new folder.
        kind: umi, diffusion-policy, robomimic, lift-document, millwright or lerobot; else the content decides.
        fps: frames a second, where the file does not say it.
        task: the instruction of those episodes that have none.
        state: arrays of the file that become observation.state, in this order.
        units: units that the file does not say, action=rad for example.
        frames: frames of reference that the file does not say, action=base for example.
        drop: numbers of episodes to leave out: 3 or 3,7 or 3:9,12.
        leave_out: features to leave out.
    """
    from millwright.datasets.editing import parse_numbers
    from millwright.datasets.importing.conversion import import_dataset as convert
    from millwright.datasets.importing.source import Wishes

    left_out = frozenset(parse_numbers(drop) if drop else ())
    wishes = Wishes(
        fps, task, state, _parse("--units", units), _parse("--frames", frames), left_out, frozenset(leave_out)
    )
    for sentence in convert(Path(source), out, kind, wishes):
        say(sentence)
    tell_size(out)


def export(root: Root, out: Out) -> None:
    """A dataset as one HDF5 file in robomimic's layout; `millwright dataset import` reads everything back.

    Args:
        root: the dataset's folder.
        out: the new file, NAME.hdf5.
    """
    from millwright.datasets.exporting import export_hdf5

    export_hdf5(root, out)
    say(f"wrote {out}: {out.stat().st_size / 1e6:.1f} MB")


def _parse(option: str, pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise OptionError(f"{option} {pair}: FEATURE=TEXT is meant, action=rad for example")
        found[name] = text
    return found
