"""Waiting: prompts that are to be picked one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Prompt = Mapping[str, Any]


class Item(NamedTuple):
    """What will be picked, by its name, and the options of the reset that points at it."""

    name: str
    prompt: Prompt


class Waiting:
    """A queue in which nothing stands twice."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self._items)

    def add(self, name: str, prompt: Prompt) -> bool:
        """Put it last; False when it stands in the queue already."""
        if name in self.names:
            return False
        self._items.append(Item(name, prompt))
        return True

    def fill(self, names: Iterable[str]) -> None:
        """Put all of these last that do not stand in the queue yet."""
        for name in names:
            self.add(name, {"target": name})

    def take(self) -> Item:
        """The first, which leaves the queue."""
        return self._items.popleft()

    def empty(self) -> None:
        self._items.clear()
