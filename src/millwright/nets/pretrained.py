"""Public weights into networks of our own: read from a safetensors file, or refused with what would have worked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from millwright.core.errors import OptionError

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CONVERT = (
    'python -c "from torch import load; from safetensors.torch import save_file; '
    "save_file({{k: v.contiguous() for k, v in load('{name}', weights_only=True).items()}}, '{stem}.safetensors')\""
)


def split_painted(painted: Tensor) -> tuple[Tensor, Tensor]:
    """Colours as networks trained on ImageNet want them, and the other channels.

    Args:
        painted: (batch, 3 or more, height, width) as `vision.paint_coordinates` gives it.
    """
    scale, shift = compute_scaling(painted.device)
    return torch.addcmul(shift, painted[:, :3], scale), painted[:, 3:]


def compute_scaling(device: torch.device) -> tuple[Tensor, Tensor]:
    """Scale and shift (1, 3, 1, 1) that make painted colours those that networks trained on ImageNet want."""
    mean = torch.tensor(IMAGENET_MEAN, device=device).view(1, 3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=device).view(1, 3, 1, 1)
    unit = 64 / 255
    return unit / std, (2 * unit - mean) / std


def load_pretrained(network: nn.Module, path: str, *, source: str, unused: Sequence[str], own: Sequence[str]) -> None:
    """Fill `network` from a `.safetensors` file, or from the only one in a folder.

    Args:
        source: which public weights fit, for people.
        unused: beginnings of names in the file that this network has no use for.
        own: beginnings and ends of names that no file need have.

    Raises:
        OptionError: no such file, one that must be converted first, or names and shapes that are not the network's.
    """
    file = _find_file(Path(path), source)
    try:
        found = safetensors.torch.load_file(file)
    except SafetensorError as error:
        raise OptionError(f"weights {file} cannot be read ({error}); {source}") from error
    mine = network.state_dict()
    missing = [name for name in mine if name not in found and not _is_one_of(name, own)]
    strange = [name for name in found if name not in mine and not _is_one_of(name, unused)]
    other = [
        f"{name} {tuple(found[name].shape)} instead of {tuple(mine[name].shape)}"
        for name in mine
        if name in found and found[name].shape != mine[name].shape
    ]
    if missing or strange or other:
        parts = {"it lacks": missing, "it has besides": strange, "of another shape": other}
        told = "; ".join(f"{what} {_shorten(names)}" for what, names in parts.items() if names)
        raise OptionError(f"weights {file} do not fit: {told}. {source}")
    network.load_state_dict({name: found.get(name, value) for name, value in mine.items()})


def _find_file(path: Path, source: str) -> Path:
    if path.is_dir():
        files = sorted(path.glob("*.safetensors"))
        if len(files) != 1:
            raise OptionError(f"weights {path}: a folder with one .safetensors file is wanted, it has {len(files)}")
        return files[0]
    if not path.is_file():
        raise OptionError(f"no weights at {path}: give a .safetensors file or a folder with one; {source}")
    if path.suffix != ".safetensors":
        command = CONVERT.format(name=path.name, stem=path.stem)
        raise OptionError(
            f"weights {path} are no .safetensors file; a file that holds a pickle could run anything, so it is not "
            f"read. Convert one that you trust, once: {command}"
        )
    return path


def _is_one_of(name: str, patterns: Iterable[str]) -> bool:
    return any(name.startswith(pattern) or name.endswith(pattern) for pattern in patterns)


def _shorten(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
