"""A server answers robots, says when it is ready, lets in whom it should, and ends without dropping anybody."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from millwright.core.errors import BundleError, FeatureError, OptionError, RemoteError, ServiceError
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory
from millwright.serving.access import Access, Tls, load_tokens
from millwright.serving.engine import Served
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
from tests.serving.certificates import make_certificates
from tests.serving.planners import IMAGE, NAN, STATE, Echo, observe

OK = health_pb2.HealthCheckResponse.SERVING
TOKEN = "a-token-that-is-long-enough"
STAGES = ("decode", "queue", "plan", "encode", "total")


@pytest.fixture(scope="module")
def server() -> Iterator[PolicyServer]:
    served = (Served("echo", Echo(), "rail"), Served("counting", Echo(counts=True), "rail"))
    with PolicyServer(Setup(served, http_port=0)) as server:
        yield server


@pytest.fixture
def address(server: PolicyServer) -> str:
    return f"grpc://{server.addresses.grpc}"


def test_a_remote_planner_declares_and_plans_as_the_one_that_is_served(address: str) -> None:
    remote, local = RemotePlanner(address), Echo()
    assert list(remote.inputs.values()) == list(local.inputs.values())
    assert (remote.action, remote.rate_hz, remote.digest) == (local.action, local.rate_hz, local.digest)
    assert (remote.name, remote.env) == ("echo", "rail")
    seen = [observe(x) for x in (1, 2, 3)]
    chunks, memories = remote.plan(seen, [None] * 3)
    for chunk, expected in zip(chunks, local.plan(seen, [None] * 3)[0], strict=True):
        np.testing.assert_array_equal(chunk.actions, expected.actions)
        assert chunk.confidence == 0.5
        assert chunk.expires_at_s == pytest.approx(0.4)
    assert memories == [None] * 3


def test_memories_stay_with_the_server_and_follow_their_robots(address: str) -> None:
    remote = RemotePlanner(f"{address}/counting")
    first, memories = remote.plan([observe(), observe()], [None, None])
    second, memories = remote.plan([observe(), observe()], [memories[0], None])
    assert [chunk.actions[0, 1] for chunk in (*first, *second)] == [1, 1, 2, 1]
    third, _ = remote.plan([observe()], [memories[0]])
    assert third[0].actions[0, 1] == 3
    with pytest.raises(RemoteError, match="FAILED_PRECONDITION: the server remembers what answer"):
        remote.plan([observe()], [memories[0]])  # that answer was gone on from already
    assert remote.plan([observe()], [None])[0][0].actions[0, 1] == 1


def test_a_remote_planner_travels_by_its_address(address: str) -> None:
    remote = RemotePlanner(f"{address}/counting")
    copy = ForkingPickler.loads(ForkingPickler.dumps(remote))
    assert copy.plan([observe(5)], [None])[0][0].actions[0, 0] == 5
    assert remote.plan([observe(6)], [None])[0][0].actions[0, 0] == 6


def test_what_does_not_fit_is_told_before_anything_is_sent(address: str) -> None:
    with pytest.raises(FeatureError, match=r"observation\.state: expected shape"):
        RemotePlanner(address).plan([observe() | {STATE.name: np.zeros(3, "f4")}], [None])


def test_a_plan_that_must_not_be_executed_does_not_leave_the_server(address: str) -> None:
    remote = RemotePlanner(address)
    with pytest.raises(RemoteError, match="INTERNAL: the policy gave a chunk that is not finite"):
        remote.plan([observe(NAN)], [None])
    assert remote.plan([observe(4)], [None])[0][0].actions[0, 0] == 4  # the stream goes on


def test_bundles_are_chosen_by_name_never_by_path(address: str) -> None:
    with pytest.raises(RemoteError, match=r"NOT_FOUND: no bundle 'nobody' .* served bundles: echo, counting"):
        RemotePlanner(f"{address}/nobody")
    with pytest.raises(OptionError, match="no address"):
        RemotePlanner(f"{address}/../../etc")


UNREADABLE = ("grpc://", "grpc://host", "http://host:1", "grpc://host:port", "grpc://a b:1", "grpc://a:1?pictures=gif")


@pytest.mark.parametrize("text", UNREADABLE)
def test_an_address_that_cannot_be_read_says_how_one_looks(text: str) -> None:
    with pytest.raises(OptionError, match=r"grpc://127\.0\.0\.1:50051.*\?pictures=jpeg"):
        RemotePlanner(text)


class Looks(Echo):
    """Keeps the pictures that it is shown."""

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        self.shown = [observation[IMAGE.name] for observation in observations]
        return super().plan(observations, memories)


def test_pictures_travel_as_the_address_says() -> None:
    looks, shown = Looks(), {}
    seen = observe() | {IMAGE.name: np.random.default_rng(0).integers(0, 256, IMAGE.shape, np.uint8)}
    with PolicyServer(Setup((Served("looks", looks, "rail"),))) as server:
        for how in ("", "?pictures=raw", "?pictures=png", "/looks?pictures=jpeg"):
            planner = RemotePlanner(f"grpc://{server.addresses.grpc}{how}")
            ForkingPickler.loads(ForkingPickler.dumps(planner)).plan([seen], [None])
            shown[how.rpartition("=")[2]] = looks.shown[0].astype(int)
    whole = seen[IMAGE.name]
    assert all((shown[how] == whole).all() for how in ("", "raw", "png"))
    assert 0 < np.abs(shown["jpeg"] - whole).mean() < 40  # of noise, of which JPEG keeps little


def test_where_nobody_listens_the_error_says_what_to_start() -> None:
    with pytest.raises(RemoteError, match=r"UNAVAILABLE.*millwright serve BUNDLE"):
        RemotePlanner("grpc://127.0.0.1:1")


def test_health_says_serving_and_reflection_names_the_service(server: PolicyServer) -> None:
    with grpc.insecure_channel(server.addresses.grpc) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        for name in ("", "millwright.v1.PolicyService"):
            assert check(health_pb2.HealthCheckRequest(service=name), timeout=5).status == OK
    assert "millwright.v1.PolicyService" in list_services(server)


def test_in_production_nothing_is_reflected() -> None:
    with (
        PolicyServer(Setup((Served("echo", Echo()),), production=True)) as server,
        pytest.raises(grpc.RpcError) as caught,
    ):
        list_services(server)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def list_services(server: PolicyServer) -> list[str]:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    with grpc.insecure_channel(server.addresses.grpc) as channel:
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asked]), timeout=5)
        return [service.name for service in answer.list_services_response.service]


class Hollow(Echo):
    """Says what is not finite."""

    def plan(self, observations: Any, memories: Any) -> Any:
        return [Chunk(np.full((4, 2), np.inf, np.float32), 10.0)] * len(observations), list(memories)


def test_a_planner_that_fails_its_golden_check_keeps_the_server_from_starting() -> None:
    with pytest.raises(BundleError, match="echo is not served"):
        PolicyServer(Setup((Served("echo", Hollow()),)))


def test_who_waits_when_the_server_ends_gets_its_chunk_and_the_next_call_is_told() -> None:
    planner = Echo()
    server = PolicyServer(Setup((Served("echo", planner),)))
    remote = RemotePlanner(f"grpc://{server.addresses.grpc}")
    planner.gate.clear()
    planner.entered.clear()
    with ThreadPoolExecutor(1) as pool:
        chunk = pool.submit(remote.plan, [observe(3)], [None])
        assert planner.entered.wait(10)
        closing = threading.Thread(target=server.close)
        closing.start()
        planner.gate.set()
        assert chunk.result(10)[0][0].actions[0, 0] == 3
        closing.join(10)
    with pytest.raises(RemoteError):
        remote.plan([observe(3)], [None])


@pytest.mark.parametrize("option", ["--port", "--http-port"])
def test_a_port_that_is_taken_says_which_option_gives_another(server: PolicyServer, option: str) -> None:
    address = server.addresses.grpc if option == "--port" else server.addresses.http
    port = int(address.rpartition(":")[2])
    ports: dict[str, Any] = {"port": port} if option == "--port" else {"http_port": port}
    with pytest.raises(ServiceError, match=rf"port {port} on 127\.0\.0\.1 is in use.* {option} {port + 1}$"):
        PolicyServer(Setup((Served("echo", Echo()),), **ports))


@pytest.mark.parametrize("ports", [{"port": 65536}, {"port": -1}, {"http_port": 65536}, {"http_port": -1}])
def test_a_number_that_is_no_port_is_refused_before_anything_starts(ports: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match="a port is a number from 0 to 65535"):
        Setup((Served("echo", Echo()),), **ports)


def test_names_that_repeat_and_a_server_of_nothing_are_refused() -> None:
    with pytest.raises(ServiceError, match="each once"):
        Setup((Served("echo", Echo()), Served("echo", Echo())))
    with pytest.raises(ServiceError, match="at least one"):
        PolicyServer(Setup(()))


# --- access -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.3", "example.org"])
def test_other_machines_are_let_in_only_with_mutual_tls_or_tokens(host: str) -> None:
    served = (Served("echo", Echo()),)
    for access in (Access(), Access(tls=Tls(Path("key"), Path("cert")))):
        with pytest.raises(ServiceError, match=r"use --host 127\.0\.0\.1, or --tls-key, --tls-cert and --tls-ca"):
            Setup(served, host, access=access)
    Setup(served, host, access=Access({b"digest": "robot"}))
    Setup(served, host, access=Access(tls=Tls(Path("key"), Path("cert"), Path("ca"))))


def test_a_token_opens_both_doors_and_nothing_else_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# who may ask\nrobot-1 {TOKEN}\n")
    access = Access(load_tokens(file))
    with PolicyServer(Setup((Served("echo", Echo()),), http_port=0, access=access)) as server:
        address, web = f"grpc://{server.addresses.grpc}", server.addresses.http
        for wrong in (None, "wrong"):
            monkeypatch.setenv("MILLWRIGHT_TOKEN", wrong) if wrong else monkeypatch.delenv("MILLWRIGHT_TOKEN", False)
            with pytest.raises(RemoteError, match=r"UNAUTHENTICATED.*put a token into MILLWRIGHT_TOKEN"):
                RemotePlanner(address)
            headers = {"Authorization": f"Bearer {wrong}"} if wrong else {}
            for path in ("/v1/describe", "/metrics"):
                assert httpx.get(web + path, headers=headers).status_code == 401
        monkeypatch.setenv("MILLWRIGHT_TOKEN", TOKEN)
        assert RemotePlanner(address).plan([observe(2)], [None])[0][0].actions[0, 0] == 2
        assert httpx.get(f"{web}/v1/describe", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "holds no token"), ("robot short", "line 1"), (TOKEN, "line 1"), (f"robot {TOKEN}é", "of ASCII")],
)
def test_a_file_of_tokens_that_is_none_is_refused_without_showing_a_token(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "tokens").write_text(text)
    with pytest.raises(ServiceError, match=reason) as caught:
        load_tokens(tmp_path / "tokens")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN}é"])
def test_a_token_that_no_header_can_hold_is_refused_without_showing_it(
    address: str, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("MILLWRIGHT_TOKEN", token)
    with pytest.raises(OptionError, match="MILLWRIGHT_TOKEN holds what no token does: signs of ASCII") as caught:
        RemotePlanner(address)
    assert TOKEN not in str(caught.value)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"CERT": "robot.pem"}, "set both MILLWRIGHT_TLS_CERT and MILLWRIGHT_TLS_KEY"),
        ({"KEY": "robot.key"}, "set both MILLWRIGHT_TLS_CERT and MILLWRIGHT_TLS_KEY"),
        ({"CERT": "robot.pem", "KEY": "server.key"}, "server.key is not the private key of .*robot.pem"),
        ({"CA": "server.key"}, "server.key holds no certificate"),
        ({"CA": "nowhere.pem"}, "nowhere.pem, which cannot be read"),
    ],
)
def test_tls_files_of_a_client_that_cannot_be_used_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], told: str
) -> None:
    make_certificates(tmp_path)
    for name, file in files.items():
        monkeypatch.setenv(f"MILLWRIGHT_TLS_{name}", str(tmp_path / file))
    with pytest.raises(OptionError, match=told):
        RemotePlanner("grpcs://127.0.0.1:1")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
def test_with_mutual_tls_only_those_with_a_certificate_get_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_certificates(tmp_path)
    tls = Tls(tmp_path / "server.key", tmp_path / "server.pem", tmp_path / "ca.pem")
    with PolicyServer(Setup((Served("echo", Echo()),), access=Access(tls=tls))) as server:
        monkeypatch.setenv("MILLWRIGHT_TLS_CA", str(tmp_path / "ca.pem"))
        for scheme, told in (("grpc", "grpcs:// with TLS"), ("grpcs", "MILLWRIGHT_TLS_CERT and MILLWRIGHT_TLS_KEY")):
            with pytest.raises(RemoteError, match=told):
                RemotePlanner(f"{scheme}://{server.addresses.grpc}", answer_s=3)
        monkeypatch.setenv("MILLWRIGHT_TLS_CERT", str(tmp_path / "robot.pem"))
        monkeypatch.setenv("MILLWRIGHT_TLS_KEY", str(tmp_path / "robot.key"))
        remote = RemotePlanner(f"grpcs://{server.addresses.grpc}")
        assert remote.plan([observe(2)], [None])[0][0].actions[0, 0] == 2


# --- the HTTP twin ----------------------------------------------------------------------------------------------------


def post(server: PolicyServer, **changes: Any) -> httpx.Response:
    body: dict[str, Any] = {"observation": {name: value.tolist() for name, value in observe(3, 4).items()}}
    return httpx.post(f"{server.addresses.http}/v1/act", json=body | changes)


def test_http_gives_the_same_chunk(server: PolicyServer, address: str) -> None:
    answer = post(server, observed_at_s=2.0).json()["chunk"]
    (chunk,), _ = RemotePlanner(address).plan([observe(3, 4)], [None])
    assert answer["actions"] == chunk.actions.tolist()
    assert (answer["digest"], answer["observed_at_s"], answer["confidence"]) == ("echo", 2.0, 0.5)
    assert answer["expires_at_s"] == pytest.approx(2.4)


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"observation": {STATE.name: [1, 2]}}, 400, "missing observation.images.wrist"),
        ({"observation": {STATE.name: [[1], [2, 3]]}}, 400, "observation.state: cannot be read"),
        ({"observation": {STATE.name: {"png": "?"}}}, 400, "observation.state: cannot be read"),
        ({"observation": {STATE.name: {"png": "aGFsbG8="}}}, 400, "expected float32 (2,), got png"),
        ({"bundle": "../secret"}, 404, "served bundles: echo, counting"),
        ({"after": 12}, 409, "remembers nothing of this robot"),
        ({"robot": ""}, 400, "1 to 128 characters"),
        ({"sequence": -1}, 400, "whole numbers from 0"),
        ({"budget_s": -1}, 400, "0 or more"),
        ({"bundel": "echo"}, 422, "bundel"),
        ({"observation": {STATE.name: "x" * 400_000}}, 413, "at most"),
        ({"observation": {STATE.name: [0] * 5000}}, 413, "at most 4096 numbers as JSON: send pictures"),
    ],
)
def test_http_says_what_was_wrong(server: PolicyServer, changes: dict[str, Any], status: int, told: str) -> None:
    answer = post(server, **changes)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert "Traceback" not in answer.text


def test_http_remembers_and_resets(server: PolicyServer) -> None:
    def count() -> float:
        return post(server, bundle="counting", robot="arm").json()["chunk"]["actions"][0][1]

    assert [count(), count()] == [1, 2]
    httpx.post(f"{server.addresses.http}/v1/reset", json={"bundle": "counting", "robot": "arm"}).raise_for_status()
    assert count() == 1


def test_the_twin_describes_itself_and_tells_metrics(server: PolicyServer, address: str) -> None:
    RemotePlanner(address).plan([observe()], [None])
    web = server.addresses.http
    described = httpx.get(f"{web}/v1/describe").json()
    assert (described["bundle"], described["chunk_length"], described["rate_hz"]) == ("echo", 4, 10.0)
    assert set(httpx.get(f"{web}/openapi.json").json()["paths"]) == {
        "/v1/describe", "/v1/act", "/v1/reset", "/metrics",
    }  # fmt: skip
    metrics = httpx.get(f"{web}/metrics").text
    for name in ("stage_seconds_bucket", "batch_size_count", "refused_total", "queue_drops", "robots", "streams"):
        assert f"millwright_{name}" in metrics
    for stage in STAGES:
        assert f'millwright_stage_seconds_count{{bundle="echo",stage="{stage}"}}' in metrics


def test_each_stage_of_an_answer_is_counted_once_and_one_that_was_refused_as_far_as_it_came() -> None:
    with PolicyServer(Setup((Served("echo", Echo()),), http_port=0)) as server:
        remote = RemotePlanner(f"grpc://{server.addresses.grpc}")
        for _ in range(3):
            remote.plan([observe()], [None])
        assert post(server, budget_s=-1.0).status_code == 400
        told = httpx.get(f"{server.addresses.http}/metrics").text
        for stage, count in {**dict.fromkeys(STAGES, 3.0), "decode": 4.0}.items():
            assert f'millwright_stage_seconds_count{{bundle="echo",stage="{stage}"}} {count}' in told
