"""Clients are told apart by tokens and certificates, and files that are none are named."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest

from millwright.core.errors import ServiceError
from millwright.serving import wire
from millwright.serving.access import Access, Tls
from millwright.serving.engine import Served
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.remote import SERVICE
from millwright.serving.server import PolicyServer, Setup
from tests.serving.certificates import make_certificates
from tests.serving.planners import Echo, observe

COUNTING = (Served("counting", Echo(counts=True)),)
TOKENS = {name: f"a-token-that-{name}-has" for name in ("ada", "bob")}
ACCESS = Access({hashlib.sha256(token.encode()).digest(): name for name, token in TOKENS.items()})
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def test_a_token_counts_as_a_bearer_token_alone() -> None:
    token = TOKENS["ada"]
    assert [ACCESS.identify(f"{scheme} {token}") for scheme in ("Bearer", "bearer")] == ["ada", "ada"]
    assert [ACCESS.identify(header) for header in (f"Basic {token}", token, f" {token}", "Bearer", None)] == [None] * 5


def count(channel: grpc.Channel, metadata: tuple[tuple[str, str], ...] = ()) -> float:
    """How often the robot of this name asked, as far as the server knows."""
    values = wire.encode_observation(Echo().inputs, observe())
    request = pb.ActRequest(robot="arm", sequence=1, observation=values)
    act = channel.stream_stream(f"/{SERVICE}/Act", pb.ActRequest.SerializeToString, pb.ActResponse.FromString)
    (answer,) = act(iter([request]), metadata=metadata, timeout=10)
    return float(np.frombuffer(answer.chunk.actions.data, "<f4")[1])


def test_robots_of_two_clients_are_two_robots_whatever_they_are_called() -> None:
    body = {"observation": {name: value.tolist() for name, value in observe().items()}, "robot": "arm"}
    with PolicyServer(Setup(COUNTING, http_port=0, access=ACCESS)) as server:
        with grpc.insecure_channel(server.addresses.grpc) as channel:
            held = [(("authorization", f"Bearer {token}"),) for token in TOKENS.values()]
            assert [count(channel, one) for one in (*held, held[0])] == [1, 1, 2]
        counted = []
        for name in ("ada", "bob", "ada"):
            headers = {"Authorization": f"Bearer {TOKENS[name]}"}
            answer = httpx.post(f"{server.addresses.http}/v1/act", json=body, headers=headers)
            counted.append(answer.json()["chunk"]["actions"][0][1])
    assert counted == [1, 1, 2]


@needs_openssl
def test_certificates_without_a_common_name_are_two_clients(tmp_path: Path) -> None:
    make_certificates(tmp_path, ada="/O=robots", bob="/O=robots")
    tls = Tls(tmp_path / "server.key", tmp_path / "server.pem", tmp_path / "ca.pem")
    with PolicyServer(Setup(COUNTING, access=Access(tls=tls))) as server:
        counted = []
        for name in ("ada", "bob", "ada"):
            files = [(tmp_path / file).read_bytes() for file in ("ca.pem", f"{name}.key", f"{name}.pem")]
            with grpc.secure_channel(server.addresses.grpc, grpc.ssl_channel_credentials(*files)) as channel:
                counted.append(count(channel))
    assert counted == [1, 1, 2]


@needs_openssl
def test_tls_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    key, cert, ca = (tmp_path / name for name in ("server.key", "server.pem", "ca.pem"))
    rubbish, absent, other = tmp_path / "rubbish.pem", tmp_path / "absent.pem", tmp_path / "robot.key"
    rubbish.write_text("no PEM")
    for tls, told in (
        (Tls(rubbish, cert), "rubbish.pem is not the private key of"),
        (Tls(other, cert), r"robot\.key is not the private key of .*server\.pem"),
        (Tls(key, rubbish), "rubbish.pem holds no certificate"),
        (Tls(key, cert, rubbish), "rubbish.pem holds no certificate"),
        (Tls(key, cert, absent), "absent.pem, which cannot be read"),
    ):
        with pytest.raises(ServiceError, match=told):
            PolicyServer(Setup(COUNTING, access=Access(tls=tls)))
    assert all(Tls(key, cert, ca).read())
