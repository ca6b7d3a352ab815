"""Commands: what a driver may ask of a session, and the answer to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from millwright.core.errors import MillwrightError, choose

LONGEST_INSTRUCTION = 300


class CommandError(MillwrightError, ValueError):
    """A message from a browser that is no command."""


@dataclass(frozen=True)
class Answer:
    """Accepted or refused, in words for the person who asked."""

    ok: bool
    text: str
    target: str | None = None


@dataclass(frozen=True)
class Command:
    """Asked of the session; `answer` is set within a tick."""

    answer: Future[Answer] = field(default_factory=Future, compare=False, kw_only=True)

    def accept(self, text: str, target: str | None = None) -> None:
        self._tell(Answer(True, text, target))

    def refuse(self, text: str) -> None:
        self._tell(Answer(False, text))

    def _tell(self, answer: Answer) -> None:
        if self.answer.set_running_or_notify_cancel():  # false: whoever asked has gone
            self.answer.set_result(answer)


@dataclass(frozen=True)
class Run(Command):
    """Play an episode. `options` as for the environment's reset; `scene`: the one a click was aimed at."""

    options: Mapping[str, Any] = field(default_factory=dict)
    scene: int | None = None


@dataclass(frozen=True)
class Clear(Command):
    """Pick all that is left, one after the other."""


@dataclass(frozen=True)
class Stop(Command):
    """End the running episode, which is not judged, and empty the queue."""


@dataclass(frozen=True)
class Shuffle(Command):
    """Show the scene of `seed`, or of one drawn at random; `note`: what the session is about from then on."""

    seed: int | None = None
    note: str | None = None


@dataclass(frozen=True)
class Choose(Command):
    """Let another policy drive from the next episode on."""

    policy: str = ""


@dataclass(frozen=True)
class Hold(Command):
    """These keys are held now, and no others."""

    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dream(Command):
    """Let a bundle's world model dream beside the drive (`of`; empty: none), or change how it does."""

    of: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Close(Command):
    """End the session."""


def read_object(text: str | bytes, wanted: str) -> dict[str, Any]:
    """The JSON object that somebody sent.

    Args:
        wanted: what such an object is, for the message.

    Raises:
        CommandError: it is none, or holds halves of characters, which could be neither understood nor sent back.
    """
    try:
        message = json.loads(text)
        json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise CommandError("not text: it holds half of a character (a lone surrogate)") from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise CommandError(wanted)
    return message


def parse_command(message: Mapping[str, Any], cameras: tuple[str, ...]) -> Command:
    """The command in a browser's message, e.g. `{"do": "run", "target": "red"}`.

    Raises:
        CommandError: a field is missing or of the wrong type.
        UnknownNameError: no such command or camera.
    """
    table: dict[str, Callable[[Mapping[str, Any], tuple[str, ...]], Command]] = {
        "run": _parse_run,
        "clear": lambda *_: Clear(),
        "stop": lambda *_: Stop(),
        "shuffle": _parse_shuffle,
        "policy": _parse_choose,
        "keys": _parse_hold,
        "dream": _parse_dream,
    }
    return choose("command", str(message.get("do")), table)(message, cameras)


def _parse_run(message: Mapping[str, Any], cameras: tuple[str, ...]) -> Command:
    if "click" in message:
        click = message["click"]
        if not isinstance(click, Mapping) or not all(_is_fraction(click.get(axis)) for axis in "uv"):
            raise CommandError('a click is {"camera": name, "u": 0..1, "v": 0..1}')
        camera = str(click.get("camera"))
        choose("camera", camera, dict.fromkeys(cameras))
        scene = message.get("scene")
        aimed_at = scene if isinstance(scene, int) else None
        return Run({"click": {"camera": camera, "u": float(click["u"]), "v": float(click["v"])}}, aimed_at)
    if "instruction" in message:
        return Run({"instruction": check_instruction(message["instruction"])})
    target = message.get("target")
    if not isinstance(target, str | None):
        raise CommandError(f"a target is a name, got {target!r}")
    return Run({} if target is None else {"target": target})


def check_instruction(said: Any) -> str:
    """What somebody typed, without what is around it.

    Raises:
        CommandError: it is no text, shows nothing, or is long beyond reason.
    """
    if not isinstance(said, str) or not any(sign.isprintable() and not sign.isspace() for sign in said):
        raise CommandError("an instruction is a text; click an example, or type what is to be lifted")
    if len(said) > LONGEST_INSTRUCTION:
        raise CommandError(f"an instruction has at most {LONGEST_INSTRUCTION} characters, this one {len(said)}")
    return said.strip()


def _parse_shuffle(message: Mapping[str, Any], cameras: tuple[str, ...]) -> Command:
    seed = message.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**31):
        raise CommandError(f"a seed is a whole number from 0 to {2**31 - 1}, got {seed!r}")
    return Shuffle(seed)


def _parse_choose(message: Mapping[str, Any], cameras: tuple[str, ...]) -> Command:
    return Choose(str(message.get("name")))


def _parse_hold(message: Mapping[str, Any], cameras: tuple[str, ...]) -> Command:
    keys = message.get("held")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise CommandError(f'keys are {{"held": ["left", "up"]}}, got {keys!r}')
    return Hold(tuple(keys))


def _parse_dream(message: Mapping[str, Any], cameras: tuple[str, ...]) -> Command:
    fields: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "of": ("the name of a bundle, or nothing", lambda value: isinstance(value, str)),
        "eyes": ("road or dream", lambda value: isinstance(value, str)),
        "ahead": ("steps, or null", lambda value: value is None or (isinstance(value, int) and value is not True)),
        "temperature": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
        "dropout": ("true or false", lambda value: isinstance(value, bool)),
    }
    wishes = {name: value for name, value in message.items() if name not in ("do", "id")}
    for name, value in wishes.items():
        wanted, fits = choose("wish for a dream", name, fields)
        if not fits(value):
            raise CommandError(f"{name} is {wanted}, got {value!r}")
    return Dream(wishes.pop("of", None), wishes)


def _is_fraction(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
