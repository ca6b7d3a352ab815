"""Swap: bundles take others' places while a server runs, and those that are not right do not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from millwright.core.errors import MillwrightError
from millwright.serving.engine import Served
from millwright.serving.metrics import REFUSED, SWAPPED
from millwright.serving.server import PolicyServer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """Where what is served by a name comes from.

    Args:
        identify: the digest of what lies there now, without loading it.
        load: what lies there now.
    """

    name: str
    identify: Callable[[], str]
    load: Callable[[], Served]


def renew(server: PolicyServer, sources: Sequence[Source]) -> None:
    """Look at each source again; what has changed is loaded, checked and served from then on.

    What cannot be loaded or fails its check is logged and counted, and the one before is served on.
    """
    for source in sources:
        before = server.tell_served(source.name).planner.digest
        try:
            if source.identify() == before:
                log.info("%s is as it was: %s", source.name, before)
                continue
            served = source.load()
            server.swap(served)
        except MillwrightError as error:
            server.metrics.swaps.labels(source.name, REFUSED).inc()
            log.error("%s was not swapped; %s is served on: %s", source.name, before, error)
        except Exception:  # whatever is wrong with what lies there, robots are served on
            server.metrics.swaps.labels(source.name, REFUSED).inc()
            log.exception("%s was not swapped; %s is served on", source.name, before)
        else:
            server.metrics.swaps.labels(source.name, SWAPPED).inc()
            log.info("%s is %s from now on", source.name, served.planner.digest)
