"""Training steps and calls of networks of one size: `KIND SIDE MODE PRECISION THREADS`.

KIND is `act` or `diffusion`, SIDE `ours` or `lerobot`, MODE `train` or `call`, PRECISION `fp32` or `bf16`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from benchmarks.against.measuring import measure, report
from torch import Tensor, nn

SIZE, DOF = 128, 7
BATCHES, LENGTHS = {"act": 8, "diffusion": 32}, {"act": 100, "diffusion": 16}
STEPS = 8
"""Of denoising, in a call."""
TRAINED, CALLED, WARM = 8, 60, 3
CAMERA = "observation.images.wrist"


def make_here(kind: str) -> nn.Module:
    """Our network: ResNet-18, then ACT with the paper's widths, or a U-Net as large as LeRobot's."""
    from millwright.policies.act import Act, ActConfig
    from millwright.policies.diffusion import Diffusion, DiffusionConfig

    eye: dict[str, Any] = {"routing": "none", "backbone": "resnet18", "image_size": SIZE}
    body: dict[str, Any] = {"length": LENGTHS[kind], "dof": DOF, "proprio": DOF}
    if kind == "act":
        blocks = {"posterior_blocks": 4, "encoder_blocks": 4, "decoder_blocks": 1}
        return Act(ActConfig(**eye, **body, **blocks, width=512, heads=8, latent=32))
    return Diffusion(
        DiffusionConfig(**eye, **body, place_channels=32, widths=(128, 256, 704), kernel=5, condition=128, steps=STEPS)
    )


def make_there(kind: str) -> Any:
    """LeRobot's policy with its sizes set so that there are as many parameters, and norms and activations alike."""
    from lerobot.configs.types import FeatureType, PolicyFeature
    from lerobot.policies.act.modeling_act import ACTConfig, ACTPolicy
    from lerobot.policies.diffusion.modeling_diffusion import DiffusionConfig, DiffusionPolicy

    length = LENGTHS[kind]
    features: dict[str, Any] = {
        "input_features": {
            CAMERA: PolicyFeature(FeatureType.VISUAL, (3, SIZE, SIZE)),
            "observation.state": PolicyFeature(FeatureType.STATE, (DOF,)),
        },
        "output_features": {"action": PolicyFeature(FeatureType.ACTION, (DOF,))},
        "device": "cpu", "pretrained_backbone_weights": None,
    }  # fmt: skip
    if kind == "act":
        like = {"dim_feedforward": 1024, "feedforward_activation": "gelu", "pre_norm": True}
        return ACTPolicy(ACTConfig(**features, **like, chunk_size=length, n_action_steps=length))
    return DiffusionPolicy(
        DiffusionConfig(
            **features, n_obs_steps=1, horizon=length, n_action_steps=length, down_dims=(128, 256, 512),
            noise_scheduler_type="DDIM", num_inference_steps=STEPS,
        )
    )  # fmt: skip


def make_batch(kind: str, number: int) -> dict[str, Tensor]:
    """What LeRobot's networks read; made up, which does not matter to the clock."""
    generator = torch.Generator().manual_seed(0)
    return {
        CAMERA: torch.rand(number, 3, SIZE, SIZE, generator=generator),
        "observation.state": torch.randn(number, DOF, generator=generator),
        "action": torch.randn(number, LENGTHS[kind], DOF, generator=generator),
        "action_is_pad": torch.zeros(number, LENGTHS[kind], dtype=torch.bool),
    }


def make_step_here(kind: str, network: Any, precision: str) -> Callable[[], None]:
    """A step as `fit` makes it: averaged weights and the check that all is finite are part of it."""
    from millwright.training.data import ArrayData
    from millwright.training.gradient import FitConfig, _Run

    theirs = make_batch(kind, BATCHES[kind])
    batch = {
        "image": (theirs[CAMERA] * 255).byte(),
        "proprio": theirs["observation.state"],
        "target": theirs["action"],
    }
    config = FitConfig(samples=10**9, batch_size=BATCHES[kind], precision=precision)  # type: ignore[arg-type]
    data = ArrayData({name: value.numpy() for name, value in batch.items()})
    run = _Run(network.train(), data, config, Path(tempfile.mkdtemp()))
    return lambda: bool(run.learn(batch, BATCHES[kind])) and None


def make_step_there(kind: str, policy: Any, precision: str) -> Callable[[], None]:
    """A step as LeRobot's `update_policy` makes it."""
    batch = make_batch(kind, BATCHES[kind])
    if kind == "diffusion":
        batch["observation.state"] = batch["observation.state"].unsqueeze(1)
    policy.train()
    optimiser = policy.config.get_optimizer_preset().build(policy.get_optim_params())

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss, _ = policy.forward(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 10.0)
        optimiser.step()
        optimiser.zero_grad()
        loss.item()

    return step


def make_call_here(kind: str, network: Any, precision: str) -> Callable[[], Tensor]:
    """From a picture on the CPU to a chunk."""
    from millwright.nets.quick import make_quick

    theirs = make_batch(kind, 1)
    batch = {"image": (theirs[CAMERA] * 255).byte(), "proprio": theirs["observation.state"]}
    quick = make_quick(network)  # as a planner does

    def call() -> Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            return quick.sample(batch)

    return call


def make_call_there(kind: str, policy: Any, precision: str) -> Callable[[], Tensor]:
    """The same, from the picture as LeRobot's preprocessing leaves it."""
    batch = make_batch(kind, 1)
    del batch["action"], batch["action_is_pad"]
    if kind == "diffusion":
        batch["observation.state"] = batch["observation.state"].unsqueeze(1)
    policy.eval()

    def call() -> Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            return policy.predict_action_chunk(dict(batch))

    return call


MAKERS: dict[tuple[str, str], Callable[[str, Any, str], Callable[[], Any]]] = {
    ("ours", "train"): make_step_here,
    ("ours", "call"): make_call_here,
    ("lerobot", "train"): make_step_there,
    ("lerobot", "call"): make_call_there,
}


def main(kind: str, side: str, mode: str, precision: str, threads: str) -> None:
    """Report the median of steps or calls."""
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    network = (make_here if side == "ours" else make_there)(kind)
    do = MAKERS[side, mode](kind, network, precision)
    for _ in range(WARM):
        do()
    number, times_s = TRAINED if mode == "train" else CALLED, list[float]()

    def work() -> int:
        for _ in range(number):
            started = time.perf_counter()
            do()
            times_s.append(time.perf_counter() - started)
        return number

    measured = measure(work)
    measured |= {"ms_p50": 1e3 * statistics.median(times_s), "cpu_ms": 1e3 / measured["per_cpu_s"]}
    report({**measured, "parameters": sum(parameter.numel() for parameter in network.parameters())})


if __name__ == "__main__":
    main(*sys.argv[1:])
