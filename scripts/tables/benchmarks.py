"""What benchmarks measured: a row a number that is worth one."""

from __future__ import annotations

from pathlib import Path

from tables.cells import Result, Results

MEASURED = {  # the numbers of a benchmark that are worth a row; a dot goes into an object
    "policies": {
        "plan_ms_p50": "plan call, batch 1, one thread, median, ms",
        "plan_ms_p99": "the same, 99th percentile, ms",
        "train_samples_per_s": "training, samples/s",
    },
    "recording": {
        "expert_episodes_per_min": "recording with files, two processes, one 128x128 camera, episodes/min",
        "perturbed_episodes_per_min": "the same, disturbed and labelled as the recipe does, episodes/min",
    },
    "lerobot": {
        "loading.vs_lerobot.cold.speedup": "windows from a folder's videos: times as fast as LeRobot's loader",
        "loading.vs_lerobot.cached.speedup": "the same, frames decoded before",
        "recording.vs.lerobot.speedup": "recording two cameras: times as fast as LeRobot, same encoding",
        "act.train_fp32.speedup": "a training step of ACT, 31.6 M parameters: times as fast as LeRobot's",
        "act.call_fp32.latency_ratio": "a call of it, batch 1, one thread: share of LeRobot's time",
        "diffusion.train_fp32.speedup": "a training step of Diffusion Policy: times as fast as LeRobot's",
        "diffusion.call_fp32.latency_ratio": "a call of it: share of LeRobot's time",
        "rendering.speedup": "simulated time with a 128x128 camera: times as fast as robosuite's Lift",
    },
    "validation": {
        "describe_all.cpu_s": "describing 1,000,000 frames, CPU seconds",
        "validate_all.cpu_s": "validating them, every picture looked at, CPU seconds",
        "validate_tenth.cpu_s": "validating a tenth of them, CPU seconds",
        "validate_all.peak_mb": "peak memory while validating them, MB",
        "validate_tenth.peak_mb": "peak memory while validating a tenth of them, MB",
    },
    "vla": {
        "small_threads2_ms_p50": "a call of the small network that is told in words, two threads, median, ms",
        "small_threads2_ms_p99": "the same, 99th percentile, ms",
        "document_threads2_ms_p50": "a call of the published report's network (52 ms there), median, ms",
        "document_cold_threads2_ms_p50": "the same with ten frames that are all new, ms",
    },
    "frames": {
        "lift_cheap_ms_mean": "a picture of `lift`, 96 pixels square, ms",
        "lift_choice_cheap_ms_mean": "a picture of `lift-choice`, ms",
        "lift_full_ms_mean": "a picture of `lift` with all meshes, ms",
    },
    "serving": {
        "grpc_added_ms_p50": "what gRPC adds to a call in-process, one robot, median, ms",
        "grpc_added_ms_p99": "the same, 99th percentile, ms",
        "http_new_tick_over_ours": "a tick of PNG in base64 in JSON over HTTP, posted by itself each tick: times as "
        "long as ours, asked every other tick",
        "http_kept_tick_over_ours": "the same, the connection kept",
        "brick_pick_100_at_3_hz_batch32_ms_p99": "100 robots, three chunks a second each: 99th percentile, ms",
        "brick_pick_100_at_3_hz_batch1_ms_p99": "the same, each planned for alone, ms",
        "act_batched_over_unbatched": "ACT, 64 robots that ask at once again: batched over unbatched chunks a second",
    },
    "watchdog": {
        "stop_ms.p99_9": "from an anomaly to the stop, 10,000, beside two busy processes: 99.9th percentile, ms",
        "stop_ms.max": "the same, the latest, ms",
    },
    "export": {
        "torch_over_fp32": "a whole call of `brick-pick`: times as fast in ONNX Runtime, fp32, one thread",
        "torch_over_fp32_network": "the same, the network alone",
        "fp32_over_int8": "a whole call in eight bits: times as fast as in fp32",
    },
    "dreams": {
        "worlds.ego-motion.steps_per_s": "steps a second dreamed in the world that is moved, two threads",
        "worlds.residual-gru.steps_per_s": "the same of a recurrent world in a VAE's codes",
        "worlds.mdn-rnn.steps_per_s": "the same of the published MDN-RNN",
        "worlds.ego-motion.times_as_fast": "many dreams at once: times as fast as one after the other",
        "decision_ms_p99": "a decision of `dream-driving`, frame to action, one thread, 99th percentile, ms",
    },
    "dashboard": {
        "control.rate_hz": "dashboard: control while two browsers watch both views, Hz (15 wanted)",
        "control.late_ms.p99": "the same: lateness of a tick, 99th percentile, ms",
        "frames_per_s.slowest": "the same: frames/s of the slowest view of the slowest browser",
        "click_answer_ms.max": "the same: slowest answer to a click, ms",
    },
}


def is_benchmark(result: Result) -> bool:
    """What `make bench` writes."""
    return "measured" in result


def make_benchmarks(results: Results) -> list[str]:
    """Two columns: what, and how much."""
    rows = [row for path, values in results.items() for row in _make_benchmark(path, values)]
    return ["| measured | value |", "| --- | --- |", *rows, ""] if rows else []


def _make_benchmark(path: Path, values: Result) -> list[str]:
    rows = []
    for key, label in MEASURED.get(path.stem.removeprefix("bench-"), {}).items():
        value = values["measured"]
        for part in key.split("."):
            value = value[part]
        rows.append(f"| [{label}](results/{path.name}) | {value:,.4g} |")
    return rows
