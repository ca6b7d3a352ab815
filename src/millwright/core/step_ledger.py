"""StepLedger: every step that was taken in a real environment, by purpose, on disk, with a cap that holds.

Claims about how little of the real world a method needed rest on this count, so it is kept where a crash, a new process
or a reset does not lose it: a file to which a line is added before each step. It can count a step too many, when a
process dies between the line and the step, and never one too few.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from millwright.core.errors import BudgetError, choose

Purpose = Literal["training", "selection", "evaluation"]
PURPOSES: tuple[str, ...] = get_args(Purpose)
CAPPED = ("training", "selection")
"""What whoever learns may take no more of than the cap: choosing among policies is learning, too."""
_HEAD = "steps, {cap} of " + " and ".join(CAPPED) + " at most"


class StepLedger:
    """Counts steps in a file; several processes may share it.

    Args:
        path: of the file, which `open_ledger` made.

    Raises:
        BudgetError: it is not there, or not a ledger.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._counts: Counter[str] = Counter()
        self._torn = b""
        try:
            self._file = path.open("r+b", buffering=0)
        except OSError as error:
            raise BudgetError(f"no ledger of steps at {path}: {error}; open_ledger makes one") from error
        head = self._file.readline().decode(errors="replace").strip()
        prefix, suffix = _HEAD.split("{cap}")
        number = head.removeprefix(prefix).removesuffix(suffix)
        if not number.isdecimal() or head != _HEAD.format(cap=number):
            self._file.close()
            raise BudgetError(f"{path} is no ledger of steps: it begins with {head[:60]!r}")
        self.cap = int(number)

    def check(self, purpose: str, steps: int) -> None:
        """Refuse what `charge` would refuse.

        Raises:
            BudgetError: so many steps would go beyond the cap.
        """
        self.count()
        self._check(purpose, steps)

    def charge(self, purpose: str, steps: int = 1) -> None:
        """Put steps down before they are taken.

        Raises:
            BudgetError: they would go beyond the cap; nothing was put down, and none may be taken.
            UnknownNameError: no such purpose.
        """
        choose("purpose", purpose, dict.fromkeys(PURPOSES))
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            self._catch_up()
            self._check(purpose, steps)
            line = f"{purpose} {steps}\n".encode()
            written = b"\n" + line if self._torn else line
            self._file.write(written)
            self._take_in(written)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def count(self) -> Mapping[str, int]:
        """Steps taken so far, by purpose; those of other processes too."""
        fcntl.flock(self._file, fcntl.LOCK_SH)
        try:
            self._catch_up()
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        return {purpose: self._counts[purpose] for purpose in PURPOSES}

    @property
    def left(self) -> int:
        """Steps that training and selection may still take."""
        self.count()
        return self._left

    def close(self) -> None:
        self._file.close()

    @property
    def _left(self) -> int:
        return self.cap - sum(self._counts[purpose] for purpose in CAPPED)

    def _check(self, purpose: str, steps: int) -> None:
        if purpose in CAPPED and steps > self._left:
            raise BudgetError(
                f"{steps} more for {purpose} would be beyond the cap of {self.cap} real steps: "
                f"{self.cap - self._left} are taken ({self.path})"
            )

    def _catch_up(self) -> None:
        """Read what was added since; the file's position stays at its end."""
        self._take_in(self._file.read())

    def _take_in(self, added: bytes) -> None:
        """A line that a dying process left torn ends where the next begins, and may count for less: its steps were not
        taken.
        """
        *lines, self._torn = (self._torn + added).split(b"\n")
        for line in lines:
            purpose, _, steps = line.decode(errors="replace").partition(" ")
            if purpose in PURPOSES and steps.isdecimal():
                self._counts[purpose] += int(steps)


def open_ledger(path: Path, cap: int) -> StepLedger:
    """The ledger at `path`, made if there is none.

    Args:
        cap: steps of `CAPPED` purposes together.

    Raises:
        BudgetError: the ledger that is there has another cap, or is none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_text(_HEAD.format(cap=cap) + "\n")
    try:
        os.link(draft, path)  # unlike a rename, never in place of one that counts already
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    ledger = StepLedger(path)
    if ledger.cap != cap:
        ledger.close()
        raise BudgetError(f"{path} counts towards a cap of {ledger.cap} steps, not {cap}; take another file")
    return ledger
