"""Outlasting: what a server broke off by going away is done again from its beginning, once it is back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from millwright.core.errors import AwayError

PAUSES_S = 0.5, 5.0
"""Before it is tried again: at first, and at most."""
Done = TypeVar("Done")
log = logging.getLogger(__name__)


def outlast(
    attempt: Callable[[], Done],
    patience_s: float,
    what: str,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Done, int]:
    """What `attempt` gives, and how many times it was begun again; each time is logged.

    Args:
        patience_s: counted from the first time that the server was away, and not anew when it goes away again.
        what: is attempted, for the log.

    Raises:
        AwayError: the server was away for longer.
    """
    again, pause_s, until_s = 0, PAUSES_S[0], None
    while True:
        try:
            return attempt(), again
        except AwayError as error:
            until_s = now() + patience_s if until_s is None else until_s
            left_s = until_s - now()
            if left_s <= 0:
                raise
            log.warning("%s was broken off and is begun again, for up to %.0f s more: %s", what, left_s, error)
            sleep(min(pause_s, left_s))
            again, pause_s = again + 1, min(2 * pause_s, PAUSES_S[1])
