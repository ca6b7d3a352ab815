"""Random weights and pictures that are the same everywhere, for networks of known architecture."""

import safetensors.torch
import torch

SCALES = ("bn1.weight", "bn2.weight", "downsample.1.weight", "norm.weight", "norm1.weight", "norm2.weight", "gamma")


def fill(network, seed=0):
    """Give `network` weights that depend on the names and shapes of its parameters alone."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in sorted(network.state_dict().items()):
            if not value.is_floating_point():
                continue
            drawn = torch.rand(value.shape, generator=generator)
            if name.endswith("running_var"):
                value.copy_(drawn + 0.5)
            elif value.ndim < 2:
                value.copy_(0.4 * drawn + (0.8 if name.endswith(SCALES) else -0.2))
            elif name == "pos_embed":
                value.copy_(2 * drawn - 1)
            else:
                value.copy_((drawn - 0.5) * (8 / value[0].numel()) ** 0.5)
    return network.eval()


def save(state, path):
    """Write weights as a public checkpoint would be written."""
    safetensors.torch.save_file({name: value.contiguous() for name, value in state.items()}, path)


def make_picture(size, seed=1):
    """Two images (2, 3, size, size) uint8 of noise."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (2, 3, size, size), generator=generator, dtype=torch.uint8)
