"""Carts ask with the document's messages, and drive as the bundle does that is played here."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from millwright.catalog import Player
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory
from millwright.evaluation.suite import evaluate
from millwright.policies.loading import load_bundle
from millwright.policies.network_planner import NetworkPlanner
from millwright.policies.onnx_export import export_onnx
from millwright.policies.world_memory import CONTROLS, read_world, tell_done
from millwright.serving.access import Access
from millwright.serving.engine import Caps, Served
from millwright.serving.protos import navigation_pb2 as nav
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
from tests.policies.driving import make_calibration, make_driving_bundle, make_view
from tests.serving.planners import Echo
from tests.serving.test_server import list_services

pytestmark = pytest.mark.timeout(400)  # the exporter is slow on a busy machine
SERVICE = "millwright.v1.NavigationService"
KINDS = {
    "GetAction": (nav.ObservationRequest, nav.ActionResponse),
    "GetWorldModelState": (nav.StateRequest, nav.WorldModelState),
    "ResetEpisode": (nav.ResetEpisodeRequest, nav.ResetEpisodeResponse),
}


def serve_driver(seed: int = 0, **options: Any) -> PolicyServer:
    driver = make_driving_bundle(seed)
    served = (Served("echo", Echo()), Served("dream", driver.planner(), driver.env))
    return PolicyServer(Setup(served, **options))


@pytest.fixture(scope="module")
def server() -> Iterator[PolicyServer]:
    with serve_driver(http_port=0) as server:
        yield server


@pytest.fixture
def channel(server: PolicyServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.addresses.grpc, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield channel


def call(channel: grpc.Channel, name: str, request: Message | bytes | None = None, **how: Any) -> Any:
    sent, answered = KINDS[name]
    told = (request if request is not None else sent()).__class__
    write = bytes if told is bytes else sent.SerializeToString
    method = channel.unary_unary(f"/{SERVICE}/{name}", write, answered.FromString)
    return method(sent() if request is None else request, timeout=how.pop("timeout", 20), **how)


def show(tick: int, done: Any = (), **changes: Any) -> nav.ObservationRequest:
    """What a cart sees in a tick."""
    view = make_view(tick)
    picture, state = view["observation.images.front"], view["observation.state"]
    seen = {"image_data": picture.tobytes(), "state": state, "timestamp": tick / 12.5, "prev_action": done}
    return nav.ObservationRequest(**{**seen, **changes})


def drive(channel: grpc.Channel, ticks: range, **changes: Any) -> list[list[float]]:
    return [list(call(channel, "GetAction", show(tick, **changes)).action) for tick in ticks]


def drive_here(planner: Any, ticks: range, done: Any = None) -> tuple[list[list[float]], Any]:
    memory, actions = None, []
    for tick in ticks:
        if done is not None:
            memory = tell_done(planner, memory, np.array(done, np.float32))
        (chunk,), (memory,) = planner.plan([make_view(tick)], [memory])
        actions.append(chunk.actions[0].tolist())
    return actions, memory


def test_a_cart_does_what_the_bundle_does_here_episode_by_episode(channel: grpc.Channel) -> None:
    planner = make_driving_bundle().planner()
    for ticks in (range(5), range(20, 25)):
        call(channel, "ResetEpisode")
        expected, memory = drive_here(planner, ticks)
        assert drive(channel, ticks) == expected
        world = read_world(planner, memory)
        assert world is not None
        told = call(channel, "GetWorldModelState")
        assert list(told.latent) == world.latent.tolist()
        assert list(told.hidden) == world.hidden.tolist()
        assert len(told.hidden) == 16


def test_an_answer_tells_its_bundle_and_until_when_it_may_be_done(channel: grpc.Channel) -> None:
    call(channel, "ResetEpisode")
    answer = call(channel, "GetAction", show(25), timeout=None)
    assert answer.digest == make_driving_bundle().make_manifest().id
    assert answer.expires == pytest.approx(25 / 12.5 + 1 / 12.5)
    assert answer.latency_ms > 0
    assert not answer.HasField("confidence")


def write_array(value: np.ndarray) -> dict[str, object]:
    data = base64.b64encode(value.tobytes()).decode()
    return {"dtype": value.dtype.name, "shape": list(value.shape), "data": data}


def test_an_answer_tells_how_sure_a_calibrated_bundle_is_over_every_door() -> None:
    bundle = make_driving_bundle()
    planner = replace(bundle, calibration=make_calibration(bundle)).planner()
    memory, expected = None, []
    for tick in range(3):
        (chunk,), (memory,) = planner.plan([make_view(tick)], [memory])
        expected.append(chunk.confidence)
    assert len(set(expected)) > 1
    setup = Setup((Served("dream", planner, "car-racing"),), http_port=0)
    with PolicyServer(setup) as server, grpc.insecure_channel(server.addresses.grpc) as line:
        call(line, "ResetEpisode")
        answers = [call(line, "GetAction", show(tick)) for tick in range(3)]
        assert [answer.confidence for answer in answers] == pytest.approx(expected)
        remote, kept = RemotePlanner(f"grpc://{server.addresses.grpc}"), None
        for tick in range(3):
            (chunk,), (kept,) = remote.plan([make_view(tick)], [kept])
            assert chunk.confidence == expected[tick]
        seen = {name: write_array(value) for name, value in make_view(0).items()}
        answer = httpx.post(f"{server.addresses.http}/v1/act", json={"observation": seen}, timeout=20)
        assert answer.json()["chunk"]["confidence"] == expected[0]


def test_what_was_done_in_place_of_an_answer_is_what_the_world_model_goes_on_from(channel: grpc.Channel) -> None:
    planner, ticks = make_driving_bundle().planner(), range(4)
    call(channel, "ResetEpisode")
    done = [-1.0, 0.0, 1.0]
    expected, _ = drive_here(planner, ticks, done)
    assert drive(channel, ticks, done=done) == expected
    assert expected != drive_here(planner, ticks)[0]


@pytest.mark.slow
def test_an_export_is_told_what_was_done_and_read_as_its_original_is() -> None:
    bundle, done = make_driving_bundle(), [0.5, 0.25, 0.0]
    planners = bundle.planner(), export_onnx(bundle).planner()
    (ours, memory), (theirs, remembered) = (drive_here(planner, range(3), done) for planner in planners)
    np.testing.assert_allclose(theirs, ours, atol=1e-4)
    world, exported = read_world(planners[0], memory), read_world(planners[1], remembered)
    assert world is not None
    assert exported is not None
    np.testing.assert_allclose(exported.hidden, world.hidden, atol=1e-4)
    told = tell_done(planners[1], remembered, np.array(done, np.float32))
    np.testing.assert_array_equal(planners[1].read_kept(told, CONTROLS), done)


def test_two_carts_are_not_confused_whether_they_have_names_or_only_connections(
    server: PolicyServer, channel: grpc.Channel
) -> None:
    expected = [drive_here(make_driving_bundle().planner(), range(first, first + 3))[0] for first in (0, 30)]
    with grpc.insecure_channel(server.addresses.grpc, [("grpc.use_local_subchannel_pool", 1)]) as other:
        for names in (("", ""), ("left", "right")):
            carts = list(zip((channel, other), names, strict=True))
            for line, name in carts:
                call(line, "ResetEpisode", nav.ResetEpisodeRequest(robot=name))
            found = [
                [drive(line, range(first + tick, first + tick + 1), robot=name)[0] for tick in range(3)]
                for (line, name), first in zip(carts, (0, 30), strict=True)
            ]
            assert found == expected


REFUSED = {
    "a picture of another size": ({"image_data": b"\0" * 12}, "INVALID_ARGUMENT", "is 12288 bytes, got 12"),
    "no state": ({"state": []}, "INVALID_ARGUMENT", r"state is missing: this bundle sees observation.state \(7,\)"),
    "a short state": ({"state": [1.0]}, "INVALID_ARGUMENT", r"observation.state: expected float32 \(7,\)"),
    "a state that is not finite": ({"state": [float("nan")] * 7}, "INVALID_ARGUMENT", "not finite"),
    "half an action": ({"done": [0.0]}, "INVALID_ARGUMENT", "steering, throttle, brake, three finite numbers"),
    "an action that is not finite": ({"done": [float("inf")] * 3}, "INVALID_ARGUMENT", "three finite numbers"),
    "nobody's name": ({"bundle": "nobody"}, "NOT_FOUND", "served bundles: echo, dream"),
    "who does not drive": ({"bundle": "echo"}, "UNIMPLEMENTED", r"echo does not drive.*those that drive: dream"),
    "a name without end": ({"robot": "x" * 200}, "INVALID_ARGUMENT", "1 to 128 characters"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_does_not_fit_is_refused_with_what_was_meant_and_costs_no_memory(channel: grpc.Channel, kind: str) -> None:
    changes, code, told = REFUSED[kind]
    call(channel, "ResetEpisode")
    expected = drive_here(make_driving_bundle().planner(), range(3))[0]
    assert drive(channel, range(1)) == expected[:1]
    with pytest.raises(grpc.RpcError, match=told) as caught:
        call(channel, "GetAction", show(1, **changes))
    assert caught.value.code().name == code
    assert drive(channel, range(1, 3)) == expected[1:]


@pytest.mark.parametrize("name", KINDS)
def test_bytes_that_are_no_message_are_the_clients_mistake(channel: grpc.Channel, name: str) -> None:
    with pytest.raises(grpc.RpcError, match="these bytes are no millwright") as caught:
        call(channel, name, b"\xff" * 20)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_cart_that_is_not_known_has_to_begin_and_one_that_has_seen_nothing_has_no_state(
    channel: grpc.Channel,
) -> None:
    stranger = nav.StateRequest(robot="stranger")
    for name, request in (("GetAction", show(0, robot="stranger")), ("GetWorldModelState", stranger)):
        with pytest.raises(grpc.RpcError, match=r"no episode of stranger is known.*call ResetEpisode") as caught:
            call(channel, name, request)
        assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    call(channel, "ResetEpisode", nav.ResetEpisodeRequest(robot="stranger"))
    with pytest.raises(grpc.RpcError, match="GetAction first"):
        call(channel, "GetWorldModelState", stranger)


def test_a_swap_is_told_and_does_not_go_on_from_nothing() -> None:
    with serve_driver() as server, grpc.insecure_channel(server.addresses.grpc) as channel:
        call(channel, "ResetEpisode")
        drive(channel, range(2))
        other = make_driving_bundle(1)
        server.swap(Served("dream", other.planner(), other.env))
        with pytest.raises(grpc.RpcError, match="another bundle was put in place: call ResetEpisode"):
            drive(channel, range(2, 3))
        call(channel, "ResetEpisode")
        assert call(channel, "GetAction", show(0)).digest == other.make_manifest().id


def test_where_nobody_drives_the_service_says_so_and_is_not_healthy() -> None:
    with PolicyServer(Setup((Served("echo", Echo()),))) as server, grpc.insecure_channel(server.addresses.grpc) as line:
        for name in KINDS:
            with pytest.raises(grpc.RpcError, match=r"nothing that is served here drives \(echo\)") as caught:
                call(line, name)
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        assert ask_health(line, SERVICE) == health_pb2.HealthCheckResponse.NOT_SERVING
        assert ask_health(line, "") == health_pb2.HealthCheckResponse.SERVING


def ask_health(channel: grpc.Channel, name: str) -> Any:
    check = health_pb2_grpc.HealthStub(channel).Check
    return check(health_pb2.HealthCheckRequest(service=name), timeout=5).status


def test_health_reflection_and_metrics_know_of_carts(server: PolicyServer, channel: grpc.Channel) -> None:
    assert ask_health(channel, SERVICE) == health_pb2.HealthCheckResponse.SERVING
    assert SERVICE in list_services(server)
    count = server.metrics.registry.get_sample_value
    before = count("millwright_stage_seconds_count", {"bundle": "dream", "stage": "total"}) or 0
    refused = count("millwright_refused_total", {"code": "INVALID_ARGUMENT"}) or 0
    call(channel, "ResetEpisode")
    drive(channel, range(3))
    with pytest.raises(grpc.RpcError):
        call(channel, "GetAction", show(1, state=[1.0]))
    httpx.get(f"{server.addresses.http}/metrics").raise_for_status()
    assert count("millwright_stage_seconds_count", {"bundle": "dream", "stage": "total"}) == before + 3
    assert count("millwright_refused_total", {"code": "INVALID_ARGUMENT"}) == refused + 1


def test_carts_need_the_token_that_robots_need() -> None:
    access = Access({hashlib.sha256(b"a-token-that-is-long-enough").digest(): "cart"})
    with serve_driver(access=access) as server, grpc.insecure_channel(server.addresses.grpc) as channel:
        for name in KINDS:
            with pytest.raises(grpc.RpcError, match="a token is asked for"):
                call(channel, name)
        metadata = [("authorization", "Bearer a-token-that-is-long-enough")]
        call(channel, "ResetEpisode", metadata=metadata)
        assert len(call(channel, "GetAction", show(0), metadata=metadata).action) == 3


class SlowDriver(NetworkPlanner):
    """Thinks for a while."""

    def __init__(self) -> None:
        bundle = make_driving_bundle()
        super().__init__(bundle.network, bundle.pipeline, bundle.inputs, bundle.action, bundle.rate_hz)
        self.pause_s = 0.0

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        time.sleep(self.pause_s)
        return super().plan(observations, memories)


def test_a_deadline_ends_a_call_and_the_world_model_has_not_moved() -> None:
    planner = SlowDriver()
    setup = Setup((Served("dream", planner, "car-racing"),))
    with PolicyServer(setup) as server, grpc.insecure_channel(server.addresses.grpc) as channel:
        call(channel, "ResetEpisode")
        expected = drive_here(make_driving_bundle().planner(), range(2))[0]
        assert drive(channel, range(1)) == expected[:1]
        planner.pause_s = 0.5
        with pytest.raises(grpc.RpcError) as caught:
            call(channel, "GetAction", show(7), timeout=0.1)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        planner.pause_s = 0.0
        assert drive(channel, range(1, 2)) == expected[1:]


def test_a_cart_asks_no_more_often_than_a_robot_may() -> None:
    caps = Caps(max_rate_hz=0.01)
    with serve_driver(caps=caps) as server, grpc.insecure_channel(server.addresses.grpc) as channel:
        call(channel, "ResetEpisode")
        for name, request in (("ResetEpisode", None), ("GetAction", show(0))):
            with pytest.raises(grpc.RpcError, match=r"0\.01 times a second") as caught:
                call(channel, name, request)
            assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("exported", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_driver_that_is_asked_over_the_network_drives_as_here_to_the_last_metric(
    tmp_path: Path, exported: bool
) -> None:
    bundle = make_driving_bundle()
    (export_onnx(bundle) if exported else bundle).save(tmp_path / "driver")
    served = Served("driver", load_bundle(tmp_path / "driver").planner(), "car-racing")
    options = {"max_steps": 120}
    seeds = range(5000, 5002)
    with PolicyServer(Setup((served,))) as server:
        results = [
            evaluate(Player("car-racing", options, policy), seeds, progress=False)
            for policy in (f"grpc://{server.addresses.grpc}", str(tmp_path / "driver"))
        ]
    rows = [[tell(one) for one in result.episodes] for result in results]
    assert rows[0] == rows[1]


def tell(episode: Any) -> Any:
    """All that time does not touch."""
    metrics = {name: value for name, value in episode.metrics.items() if "latency" not in name}
    return episode.seed, episode.success, episode.failure, metrics, episode.evidence
