"""What the verbs share: the types of their arguments, options of the environment, paths that are refused."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

import tyro
from tyro.conf import Fixed, Positional, Suppress
from tyro.constructors import PrimitiveConstructorSpec

from millwright.core.errors import OptionError


def _parse_range(words: list[str]) -> range:
    from millwright.evaluation.suite import parse_seeds

    return parse_seeds(words[0])


_RANGE = PrimitiveConstructorSpec(
    nargs=1,
    metavar="A:B",
    instance_from_str=_parse_range,
    is_instance=lambda value: isinstance(value, range),
    str_from_instance=lambda seeds: [f"{seeds.start}:{seeds.stop}"],
)
Seeds = Annotated[range, _RANGE]
OptionalSeeds = Annotated[Seeds | None, tyro.conf.arg(metavar="A:B")]


def _parse_latency(words: list[str]) -> tuple[float, float]:
    """Milliseconds `A:B`, or `A` for always as long, as seconds; errors as of `check_latency`."""
    from millwright.policies.answers import check_latency

    low, colon, high = words[0].partition(":")
    try:
        return check_latency((float(low) / 1e3, float(high if colon else low) / 1e3))
    except ValueError as error:
        raise OptionError(
            f"latency in ms must read A:B with 0 <= A <= B, 100:250, or A alone; got {words[0]!r}"
        ) from error


Milliseconds = Annotated[
    tuple[float, float],
    PrimitiveConstructorSpec(
        nargs=1,
        metavar="A:B",
        instance_from_str=_parse_latency,
        is_instance=lambda value: isinstance(value, tuple),
        str_from_instance=lambda latency_s: [":".join(f"{1e3 * value:g}" for value in latency_s)],
    ),
]
Root = Annotated[Positional[Path], tyro.conf.arg(metavar="DIR")]
Env = Annotated[Positional[str], tyro.conf.arg(metavar="ENV")]
OptionalPath = Annotated[Path | None, tyro.conf.arg(metavar="PATH")]
OptionalAddress = Annotated[str | None, tyro.conf.arg(metavar="HOST:PORT")]
OptionalName = Annotated[str | None, tyro.conf.arg(metavar="NAME")]
OptionalText = Annotated[str | None, tyro.conf.arg(metavar="TEXT")]
OptionalNumbers = Annotated[str | None, tyro.conf.arg(metavar="NUMBERS")]
OptionalUrl = Annotated[str | None, tyro.conf.arg(metavar="URL")]
BundleName = Annotated[Positional[str], tyro.conf.arg(metavar="BUNDLE")]
Source = Annotated[Positional[str], tyro.conf.arg(metavar="ENV|DATASET")]
Number = Annotated[Positional[int | None], tyro.conf.arg(metavar="[EPISODE]")]
OptionalFloat = Annotated[float | None, tyro.conf.arg(metavar="FLOAT")]
OptionalInt = Annotated[int | None, tyro.conf.arg(metavar="INT")]
Listed = Annotated[str, tyro.conf.arg(metavar="envs|policies|gamers|starts|recipes|judges")]


@dataclasses.dataclass(frozen=True)
class Call:
    """What tyro does not parse: the command line, and options of the environment."""

    command: str
    env_options: dict[str, Any]


Given = Annotated[Call, Fixed, Suppress]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_folder(option: str, path: Path) -> None:
    """Refuse a file where a folder is to be, before anything is played; make the folder it is to be in."""
    if path.exists() and not path.is_dir():
        raise OptionError(f"{option} {path}: that is a file; give a folder, or a name that is free")
    check_writable(option, path.parent)


def check_file(option: str, path: Path, example: str) -> None:
    """Refuse a folder where a file is to be, before anything is played; make the folder it is to be in."""
    if path.is_dir():
        raise OptionError(f"{option} {path}: that is a folder; give a file, {path / example} for example")
    check_writable(option, path.parent)


def check_writable(option: str, folder: Path) -> None:
    """Make a folder, and refuse it where nothing can be written, before anything is played."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        told = f"nothing can be written in {folder} ({error.strerror}); give a place elsewhere"
        raise OptionError(f"{option}: {told}") from error


def take_env_options(args: list[str]) -> dict[str, Any]:
    """Take `--env.NAME VALUE` and `--env.NAME=VALUE` off `args`; a name alone means true."""
    options, rest = {}, []
    while args:
        word = args.pop(0)
        if not word.startswith("--env."):
            rest.append(word)
            continue
        name, equals, value = word.removeprefix("--env.").partition("=")
        if not equals:
            value = args.pop(0) if args and not args[0].startswith("--") else "true"
        options[name.replace("-", "_")] = _parse_value(value)
    args[:] = rest
    return options


def _parse_value(text: str) -> Any:
    """JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except ValueError:
        return text


def say(text: str, end: str = "\n") -> None:
    """Print at once, also into a pipe."""
    print(text, end=end, flush=True)
