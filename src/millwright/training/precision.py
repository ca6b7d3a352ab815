"""Which arithmetic a device is fast in."""

from __future__ import annotations

from typing import Literal

import torch

Precision = Literal["auto", "fp32", "bf16"]


def choose_precision(wanted: Precision, device: torch.device) -> tuple[torch.dtype, str]:
    """The type to compute in, and why.

    `auto` takes bfloat16 only where the hardware multiplies it: on a CPU without AMX or AVX512-BF16 it is emulated
    and about half as fast as float32.
    """
    if wanted != "auto":
        return {"fp32": torch.float32, "bf16": torch.bfloat16}[wanted], "asked for"
    if device.type == "cuda":
        able = torch.cuda.get_device_capability(device) >= (8, 0)
        return (torch.bfloat16, "the GPU has it") if able else (torch.float32, "the GPU has no bfloat16 units")
    abilities = torch.cpu.get_capabilities()
    if abilities.get("amx_bf16") or abilities.get("avx512_bf16"):
        return torch.bfloat16, "the CPU has AMX or AVX512-BF16"
    return torch.float32, "the CPU has neither AMX nor AVX512-BF16"
