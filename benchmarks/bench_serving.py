"""Times a served policy: a tick over gRPC and over HTTP, a hundred robots at once, batches; prints tables and JSON.

Client and server are processes of one machine, over loopback. What is compared takes turns within one run, so that a
machine that does other things does them to both. Weights of the ACT network are random: the clock does not mind.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import multiprocessing
import platform
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import grpc
import httpx
import numpy as np
import torch
from bench_policies import INPUTS, PARTS, make_raw
from PIL import Image

from millwright.catalog import SHIPPED
from millwright.core.features import Feature
from millwright.core.planner import Planner
from millwright.policies.bundle import Bundle, load_bundle
from millwright.policies.networks import make_network
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.hand import HandAbsolute
from millwright.serving import wire
from millwright.serving.engine import Caps, Served
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.remote import SERVICE, RemotePlanner
from millwright.serving.server import Addresses, PolicyServer, Setup
from millwright.training.prepare import fit_pipeline

IMAGE = "observation.images.wrist"
EXECUTE = 2
"""Ticks that a chunk is played for: a robot that plays chunks asks every other tick."""
ROBOTS, CHUNKS_HZ = 100, 3.0


def make_act() -> Planner:
    """ACT as recipes set it up, on what brick-pick sees."""
    network = make_network("act", {"proprio": 6})
    raw = make_raw(256)
    pipeline, _ = fit_pipeline(
        raw, (PromptCrop(), Concat(PARTS)), (HandAbsolute(),), target="label.plan", keep=network.inputs
    )
    action = Feature("hand_target", (8,), frame="base")
    return Bundle(network, pipeline, INPUTS, action, 15.0, "brick-table", "lift").planner(threads=1)


def make_planner(name: str) -> Planner:
    return make_act() if name == "act" else load_bundle(SHIPPED / name).planner(threads=1)


def serve(pipe: Connection, name: str, max_batch: int) -> None:
    caps = Caps(max_batch=max_batch, max_rate_hz=1e9)
    with PolicyServer(Setup((Served(name, make_planner(name)),), http_port=0, caps=caps)) as server:
        pipe.send(server.addresses)
        pipe.recv()


@contextmanager
def run_server(name: str, max_batch: int) -> Iterator[Addresses]:
    """A server in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, name, max_batch), daemon=True)
    process.start()
    yield ours.recv()
    ours.send("end")
    process.join()


def make_observations(count: int) -> list[dict[str, Any]]:
    """What a wrist camera might see: smooth, so that compressing it is no harder than it is in truth."""
    raw = make_raw(count)
    rng = np.random.default_rng(1)
    small = rng.integers(0, 256, (count, 16, 16, 3), np.uint8)
    images = [np.array(Image.fromarray(one).resize((128, 128), Image.Resampling.BILINEAR)) for one in small]
    rows = ({name: raw[name][row] for name in INPUTS} for row in range(count))
    return [{**row, IMAGE: image} for row, image in zip(rows, images, strict=True)]


def pose_as_document(observation: dict[str, Any]) -> bytes:
    """PNG in base64 in JSON."""
    file = io.BytesIO()
    Image.fromarray(observation[IMAGE]).save(file, "PNG")
    numbers = {name: value.tolist() for name, value in observation.items() if name != IMAGE}
    picture = {"png": base64.b64encode(file.getvalue()).decode()}
    return json.dumps({"observation": {**numbers, IMAGE: picture}}).encode()


def take_turns(calls: dict[str, Callable[[dict[str, Any]], object]], rounds: int) -> dict[str, list[float]]:
    """Ms of each way to ask, one after the other in each round."""
    observations = make_observations(16)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 20):
        for name, call in calls.items():
            started = time.perf_counter()
            call(observations[turn % 16])
            times[name].append(1000 * (time.perf_counter() - started))
    return {name: found[20:] for name, found in times.items()}


def time_one_robot(rounds: int) -> dict[str, Any]:
    """From in-process to the document's way."""
    local = make_planner("brick-pick")
    trusted = ssl.create_default_context()  # once: reading all certificates takes longer than a call
    with run_server("brick-pick", 32) as addresses, httpx.Client() as kept:
        raw = RemotePlanner(f"grpc://{addresses.grpc}")
        png = RemotePlanner(f"grpc://{addresses.grpc}?pictures=png")
        url, headers = f"{addresses.http}/v1/act", {"Content-Type": "application/json"}
        alone = {
            "in-process": lambda seen: local.plan([seen], [None]),
            "gRPC, raw": lambda seen: raw.plan([seen], [None]),
        }
        times = take_turns(alone, rounds)  # by themselves: after JSON, either begins with cold caches
        times |= take_turns(
            {
                "gRPC, raw, beside HTTP": alone["gRPC, raw"],
                "gRPC, PNG": lambda seen: png.plan([seen], [None]),
                "HTTP, PNG in base64 in JSON, connection kept": lambda seen: kept.post(
                    url, content=pose_as_document(seen), headers=headers
                ).raise_for_status(),
                "HTTP, PNG in base64 in JSON, new connection": lambda seen: httpx.post(
                    url, content=pose_as_document(seen), headers=headers, verify=trusted
                ).raise_for_status(),
            },
            rounds,
        )
    figures = {name: np.percentile(found, [50, 99]) for name, found in times.items()}
    print("| how | a call, ms, median | p99 | a tick, ms, median |\n| --- | --- | --- | --- |")
    for name, (p50, p99) in figures.items():
        tick = p50 if name.startswith("HTTP") else p50 / EXECUTE
        print(f"| {name} | {p50:.2f} | {p99:.2f} | {tick:.2f} |")
    added = figures["gRPC, raw"] - figures["in-process"]
    kept, new = (figures[f"HTTP, PNG in base64 in JSON, {how}"][0] for how in ("connection kept", "new connection"))
    ours = figures["gRPC, raw, beside HTTP"][0]
    return {
        "in_process_ms_p50": figures["in-process"][0], "in_process_ms_p99": figures["in-process"][1],
        "grpc_ms_p50": figures["gRPC, raw"][0], "grpc_ms_p99": figures["gRPC, raw"][1],
        "grpc_added_ms_p50": added[0], "grpc_added_ms_p99": added[1],
        "grpc_png_ms_p50": figures["gRPC, PNG"][0],
        "grpc_beside_http_ms_p50": ours, "http_kept_ms_p50": kept, "http_new_ms_p50": new,
        "http_kept_call_over_ours": kept / ours, "http_kept_tick_over_ours": kept / (ours / EXECUTE),
        "http_new_tick_over_ours": new / (ours / EXECUTE),
    }  # fmt: skip


async def drive(target: str, robot: int, seconds: float, hz: float | None, seen: dict[str, Any]) -> list[Any]:
    """One robot's latencies, ms, and the codes of refusals; at `hz`, or at once again where that is None.

    It is connected before the clock begins: a robot connects once a day.
    """
    values = wire.encode_observation(INPUTS, seen)
    found: list[Any] = []
    async with grpc.aio.insecure_channel(target, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        act = channel.stream_stream(f"/{SERVICE}/Act", pb.ActRequest.SerializeToString, pb.ActResponse.FromString)
        await channel.channel_ready()
        call = act(timeout=seconds + 60)
        await call.write(pb.ActRequest(robot=str(robot), sequence=1, observation=values))
        await call.read()
        begin_s = time.perf_counter() + (robot / ROBOTS / hz if hz else 0.0)
        sequence = 1
        while time.perf_counter() < begin_s + seconds:
            if hz:
                await asyncio.sleep(max(begin_s + (sequence - 1) / hz - time.perf_counter(), 0))
            sequence += 1
            started_s = time.perf_counter()
            await call.write(pb.ActRequest(robot=str(robot), sequence=sequence, observation=values))
            response = await call.read()
            refused = response.WhichOneof("answer") == "refusal"
            found.append(response.refusal.code if refused else 1000 * (time.perf_counter() - started_s))
        await call.done_writing()
    return found


def time_many(name: str, max_batch: int, seconds: float, hz: float | None, robots: int) -> dict[str, float]:
    """Robots of one client process, each with a connection of its own."""
    seen = make_observations(robots)

    async def run(target: str) -> list[list[Any]]:
        return await asyncio.gather(*(drive(target, one, seconds, hz, seen[one]) for one in range(robots)))

    with run_server(name, max_batch) as addresses:
        before_s = time.perf_counter()
        found = [one for robot in asyncio.run(run(addresses.grpc)) for one in robot]
        took_s = time.perf_counter() - before_s
    times = [one for one in found if isinstance(one, float)]
    p50, p99 = np.percentile(times, [50, 99])
    refused = float(len(found) - len(times))
    return {"ms_p50": p50, "ms_p99": p99, "refused": refused, "chunks_per_s": len(times) / took_s}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="calls of each kind by one robot")
    parser.add_argument("--seconds", type=float, default=8.0, help="that many robots ask for")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    figures = time_one_robot(arguments.rounds)
    print("\n| policy | robots | asks | batch | median, ms | p99 | refused | chunks a second |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, robots, hz in (("brick-pick", ROBOTS, CHUNKS_HZ), ("brick-pick", 64, None), ("act", 64, None)):
        for batch in (32, 1):
            found = time_many(name, batch, arguments.seconds, hz, robots)
            key = f"{name}_{f'{robots}_at_{hz:g}_hz' if hz else 'at_once'}_batch{batch}".replace("-", "_")
            figures |= {f"{key}_{kind}": value for kind, value in found.items()}
            asks = f"{hz:g} a second" if hz else "at once again"
            told = (
                f"{found['ms_p50']:.1f} | {found['ms_p99']:.1f} | {found['refused']:.0f} | {found['chunks_per_s']:.0f}"
            )
            print(f"| {name} | {robots} | {asks} | {batch} | {told} |")
    for name in ("brick_pick", "act"):
        batched, alone = (figures[f"{name}_at_once_batch{batch}_chunks_per_s"] for batch in (32, 1))
        figures[f"{name}_batched_over_unbatched"] = batched / alone
    rounded = {name: round(float(value), 3) for name, value in figures.items()}
    print(json.dumps({**rounded, "torch": torch.__version__, "python": platform.python_version()}, indent=2))


if __name__ == "__main__":
    main()
