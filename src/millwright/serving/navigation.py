"""Navigation: what carts that drive ask, as questions to a desk: an observation in, an action out, a call a tick."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from millwright.core.features import Feature, Features
from millwright.core.planner import Planner
from millwright.policies.world_memory import read_world
from millwright.serving.desk import Desk
from millwright.serving.protos import navigation_pb2 as nav
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.refusal import Code, RefusedError

CONTROLS = ("steering", "throttle", "brake")


class Seen(NamedTuple):
    """What a bundle that drives sees."""

    picture: Feature
    state: Feature | None
    texts: tuple[Feature, ...]
    """A cart has nothing to say: they are empty."""


def find_seen(planner: Planner) -> Seen | str:
    """What of an observation the service's messages carry; else why the planner cannot answer them."""
    if planner.action.names != CONTROLS:
        told = ", ".join(planner.action.names) or f"{planner.action.name} {planner.action.shape}"
        return f"its actions are {told}, not {', '.join(CONTROLS)}"
    pictures, states, texts = _sort(planner.inputs)
    if len(pictures) != 1 or len(states) > 1 or (states and len(states[0].shape) != 1):
        return f"it sees {', '.join(planner.inputs)}, and a cart sends one picture and one row of numbers"
    return Seen(pictures[0], states[0] if states else None, tuple(texts))


def _sort(inputs: Features) -> tuple[list[Feature], list[Feature], list[Feature]]:
    """Pictures, numbers and texts."""
    features = list(inputs.values())
    return (
        [one for one in features if one.is_image],
        [one for one in features if not one.is_image and not one.is_text],
        [one for one in features if one.is_text],
    )


class Navigation:
    """Answers carts from the bundles of a desk that drive. What a cart has asked is counted as every robot's is."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def drives(self) -> tuple[str, ...]:
        """Names of the bundles that drive; another one that takes the place of one of them drives too."""
        served = {name: self._desk.tell_served(name).planner for name in self._desk.names}
        return tuple(name for name, planner in served.items() if isinstance(find_seen(planner), Seen))

    async def act(
        self, request: nav.ObservationRequest, client: str, cart: str, budget_s: float
    ) -> nav.ActionResponse | RefusedError:
        """The action for now: the first of the chunk that is planned. A refusal that is given back was counted.

        Args:
            client: who asks; one client's carts are not another's.
            cart: what it is called where the request does not say.
            budget_s: after so long the answer is of no use; 0: nobody says.

        Raises:
            RefusedError: there is none; not counted yet.
        """
        began_s = time.monotonic()
        bundle, seen = self._choose(request.bundle)
        robot = request.robot or cart
        done = _read_done(request)
        known = self._desk.find(bundle, robot, client)
        if known is None and self._desk.remembers(bundle):
            raise _forgotten(robot)
        prepared = await self._desk.prepare(
            pb.ActRequest(
                bundle=bundle, robot=robot, sequence=known.sequence + 1 if known else 1, budget_s=budget_s,
                observed_at_s=request.timestamp, observation=_compose(request, seen),
            ),
            client,
        )  # fmt: skip
        if isinstance(prepared, RefusedError):
            return prepared
        answer = await self._desk.ask(prepared._replace(asked=replace(prepared.asked, done=done)))
        return nav.ActionResponse(
            action=answer.chunk.actions[0], confidence=answer.chunk.confidence, digest=answer.chunk.digest,
            expires=answer.chunk.expires_at_s, latency_ms=1000 * (time.monotonic() - began_s),
        )  # fmt: skip

    def read_state(self, request: nav.StateRequest, client: str, cart: str) -> nav.WorldModelState:
        """What a cart's world model knows after its last action.

        Raises:
            RefusedError: the bundle has none, or has seen nothing of this cart.
        """
        bundle, _ = self._choose(request.bundle)
        robot = request.robot or cart
        known = self._desk.find(bundle, robot, client)
        planner = self._desk.tell_served(bundle).planner
        world = read_world(planner, known.memory) if known else None
        if world is not None:
            return nav.WorldModelState(latent=world.latent.ravel(), hidden=world.hidden.ravel())
        if not self._desk.remembers(bundle) or (known and known.memory is not None):
            raise RefusedError(Code.UNIMPLEMENTED, f"{bundle} has no world model that could be read: it just acts")
        if known is None:
            raise _forgotten(robot)
        raise RefusedError(Code.FAILED_PRECONDITION, f"{robot} has shown nothing yet in its episode: GetAction first")

    def begin(self, request: nav.ResetEpisodeRequest, client: str, cart: str) -> None:
        """A cart begins anew.

        Raises:
            RefusedError: no such bundle drives here, or it asks too often.
        """
        bundle, _ = self._choose(request.bundle)
        self._desk.begin(bundle, request.robot or cart, client)

    def _choose(self, bundle: str) -> tuple[str, Seen]:
        """The bundle that is meant, and what it sees.

        Raises:
            RefusedError: none of that name is served, or it does not drive.
        """
        drives = self.drives
        if not bundle and not drives:
            names = ", ".join(self._desk.names)
            raise RefusedError(
                Code.UNIMPLEMENTED, f"nothing that is served here drives ({names}): ask PolicyService, or a server of "
                "a bundle whose actions are steering, throttle and brake, as those made for car-racing"
            )  # fmt: skip
        name = bundle or drives[0]
        seen = find_seen(self._desk.tell_served(name).planner)
        if isinstance(seen, str):
            those = f"those that drive: {', '.join(drives)}" if drives else "none that is served here does"
            raise RefusedError(Code.UNIMPLEMENTED, f"{name} does not drive: {seen}; {those}; ask PolicyService for it")
        return name, seen


def _compose(request: nav.ObservationRequest, seen: Seen) -> dict[str, pb.Value]:
    """The observation as every robot sends it; what does not fit is found out where that is read."""
    picture = pb.Array(dtype=seen.picture.dtype, shape=seen.picture.shape, data=request.image_data)
    values = {seen.picture.name: pb.Value(array=picture), **{text.name: pb.Value(text="") for text in seen.texts}}
    if seen.state is not None:
        state = np.array(request.state, "<f4")
        if not len(state):
            raise RefusedError(
                Code.INVALID_ARGUMENT, f"state is missing: this bundle sees {seen.state.name} {seen.state.shape}, "
                f"{', '.join(seen.state.names) or 'beside the picture'}"
            )  # fmt: skip
        array = pb.Array(dtype=seen.state.dtype, shape=state.shape, data=state.tobytes())
        values[seen.state.name] = pb.Value(array=array)
    elif len(request.state):
        raise RefusedError(Code.INVALID_ARGUMENT, "state is not asked for: this bundle sees the picture alone")
    return values


def _read_done(request: nav.ObservationRequest) -> np.ndarray[tuple[int], np.dtype[np.float32]] | None:
    if not len(request.prev_action):
        return None
    if len(request.prev_action) != len(CONTROLS) or not all(math.isfinite(one) for one in request.prev_action):
        raise RefusedError(
            Code.INVALID_ARGUMENT, f"prev_action is {', '.join(CONTROLS)}, three finite numbers, or nothing; "
            f"got {list(request.prev_action)[:5]}"
        )  # fmt: skip
    return np.array(request.prev_action, np.float32)


def _forgotten(robot: str) -> RefusedError:
    return RefusedError(
        Code.FAILED_PRECONDITION, f"no episode of {robot} is known here: it never began, was silent for long, or "
        "another bundle was put in place: call ResetEpisode"
    )  # fmt: skip
