"""CarRacingOptions: what an episode of driving is like, and on whose account its steps go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from millwright.core.errors import OptionError, choose
from millwright.core.step_ledger import PURPOSES

Start = Literal["grid", "random"]
STARTS = ("grid", "random")


@dataclass(frozen=True)
class CarRacingOptions:
    """Options of `car-racing`.

    Args:
        max_steps: raw steps, 50 a second, after which an episode is cut off; gymnasium registers 1000.
        repeat: raw steps that an action is held for; pictures in between are not drawn.
        image_size: pixels, of the picture, which is square; CarRacing's own has 96.
        bar: leave the indicator bar in the picture, as CarRacing does. Its left end tells the reward so far.
        start: `grid`, gymnasium's, or `random`: anywhere on the track, up to `circuit.MAX_OFFSET_M` beside its middle
            and `circuit.MAX_TURN_RAD` askew.
        ledger: file of a `StepLedger` on which every raw step is put before it is taken; empty: nobody counts.
        purpose: of `PURPOSES`, what they are put down as.

    Raises:
        OptionError: an option is out of its range.
        UnknownNameError: no start or purpose of that name.
    """

    max_steps: int = 1000
    repeat: int = 4
    image_size: int = 64
    bar: bool = False
    start: Start = "grid"
    ledger: str = ""
    purpose: str = ""

    def __post_init__(self) -> None:
        choose("start", self.start, dict.fromkeys(STARTS))
        if not 16 <= self.image_size <= 96 or self.max_steps < 1 or not 1 <= self.repeat <= 50:
            needed = "image_size must be 16 to 96 pixels, max_steps at least 1 and repeat 1 to 50"
            raise OptionError(f"{needed}, got {self.image_size}, {self.max_steps} and {self.repeat}")
        if bool(self.ledger) != bool(self.purpose):
            raise OptionError("a ledger needs a purpose and a purpose a ledger, ledger=steps.txt, purpose=training")
        if self.purpose:
            choose("purpose", self.purpose, dict.fromkeys(PURPOSES))
