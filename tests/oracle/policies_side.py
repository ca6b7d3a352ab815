"""LeRobot's side of the policies, run by the Python of .lerobot/: `make KIND FOLDER`, `play KIND FOLDER FILE`.

Several commands follow each other after `,`; importing LeRobot takes longer than any of them. Every weight is random:
policies are of LeRobot's own classes, made small, and so are SmolVLA's vision-language model and its vocabulary.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lerobot.configs import FeatureType, PolicyFeature, PreTrainedConfig
from lerobot.policies import (
    ACTConfig,
    DiffusionConfig,
    SmolVLAConfig,
    get_policy_class,
    make_pre_post_processors,
    prepare_observation_for_inference,
)

from tests.oracle.robots import CAMERAS, DOF, LENGTH, NUM_STATE, PLAYED, SIZE, STATE, TASKS, TICKS, find_seed, observe

INPUTS = {
    **{name: PolicyFeature(FeatureType.VISUAL, (3, SIZE, SIZE)) for name in CAMERAS.values()},
    STATE: PolicyFeature(FeatureType.STATE, (NUM_STATE,)),
}
FEATURES = {
    "input_features": INPUTS,
    "output_features": {"action": PolicyFeature(FeatureType.ACTION, (DOF,))},
    "device": "cpu",
}


def make(kind: str, folder: str) -> None:
    """A policy that knows nothing, with statistics as a training would have found them."""
    torch.manual_seed(0)
    config = {"act": make_act, "diffusion": make_diffusion, "smolvla": make_smolvla}[kind](Path(folder))
    policy = get_policy_class(kind)(config)
    policy.save_pretrained(folder)
    for processor in make_pre_post_processors(config, dataset_stats=make_statistics()):
        processor.save_pretrained(folder)


def make_act(folder: Path) -> PreTrainedConfig:
    return ACTConfig(
        **FEATURES, chunk_size=LENGTH, n_action_steps=PLAYED, dim_model=32, n_heads=2, dim_feedforward=64,
        n_encoder_layers=1, n_vae_encoder_layers=1, pretrained_backbone_weights=None,
    )  # fmt: skip


def make_diffusion(folder: Path) -> PreTrainedConfig:
    return DiffusionConfig(
        **FEATURES, horizon=LENGTH, n_action_steps=PLAYED, n_obs_steps=2, down_dims=(32, 64), num_inference_steps=4,
        spatial_softmax_num_keypoints=4, use_separate_rgb_encoder_per_camera=False, pretrained_backbone_weights=None,
    )  # fmt: skip


def make_smolvla(folder: Path) -> PreTrainedConfig:
    return SmolVLAConfig(
        **FEATURES, chunk_size=LENGTH, n_action_steps=PLAYED, num_steps=3, num_vlm_layers=2,
        resize_imgs_with_padding=(32, 32), vlm_model_name=make_vlm(folder.with_name(f"{folder.name}-vlm")),
    )  # fmt: skip


def make_vlm(folder: Path) -> str:
    """The configuration of a vision-language model, and its processor with the words of the tasks for a vocabulary."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        PreTrainedTokenizerFast,
        SmolVLMConfig,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    special = ["<unk>", "<pad>", "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>", "\n"]
    words = sorted({word for task in TASKS for word in task.split()})
    tokens = Tokenizer(models.WordLevel({word: number for number, word in enumerate([*special, *words])}, "<unk>"))
    tokens.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    named = {"image_token": "<image>", "fake_image_token": special[3], "global_image_token": special[4]}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tokens, unk_token="<unk>", pad_token="<pad>", extra_special_tokens=named
    )
    SmolVLMProcessor(SmolVLMImageProcessor(), tokenizer, SmolVLMVideoProcessor()).save_pretrained(folder)
    text = {
        "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "head_dim": 16,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": len(special) + len(words), "pad_token_id": 1,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": 32, "patch_size": 8,
    }  # fmt: skip
    SmolVLMConfig(text_config=text, vision_config=vision, scale_factor=2, image_token_id=2).save_pretrained(folder)
    return str(folder)


def make_statistics() -> dict[str, dict[str, torch.Tensor]]:
    rng = np.random.default_rng(1)

    def describe(*shape: int) -> dict[str, torch.Tensor]:
        mean, std = rng.normal(size=shape), rng.uniform(0.2, 0.5, shape)
        values = {"mean": mean, "std": std, "min": mean - 3 * std, "max": mean + 3 * std}
        return {name: torch.tensor(value, dtype=torch.float32) for name, value in values.items()}

    return {
        **{name: describe(3, 1, 1) for name in CAMERAS.values()},
        STATE: describe(NUM_STATE),
        "action": describe(DOF),
    }


def play(kind: str, folder: str, file: str) -> None:
    """LeRobot's own answers: `ticks` (ticks, dof) of select_action, `chunks` (ticks, length, dof) anew in each tick."""
    config = PreTrainedConfig.from_pretrained(folder)
    policy = get_policy_class(kind).from_pretrained(folder, config=config)
    before, after = make_pre_post_processors(config, folder)
    ticks, chunks = [], []
    with torch.inference_mode():
        policy.reset()
        for tick in range(TICKS):
            ticks.append(after(select(policy, before, tick))[0].numpy())
        policy.reset()
        for tick in range(TICKS):
            chunks.append(plan(policy, before, after, tick))
    np.savez(file, ticks=np.stack(ticks), chunks=np.stack(chunks))


def select(policy: Any, before: Any, tick: int) -> torch.Tensor:
    """What LeRobot does in each tick of a rollout."""
    batch, options = prepare(policy, before, tick)
    return policy.select_action(batch, **options)


def plan(policy: Any, before: Any, after: Any, tick: int) -> np.ndarray:
    """All that it predicts in that tick."""
    if policy.name != "diffusion":
        batch, options = prepare(policy, before, tick)
        return after(policy.predict_action_chunk(batch, **options))[0].numpy()
    policy._queues["action"].clear()  # so that it plans, from what its other queues remember
    first = select(policy, before, tick)
    return after(torch.stack([first, *policy._queues["action"]], 1))[0].numpy()


def prepare(policy: Any, before: Any, tick: int) -> tuple[Any, dict[str, Any]]:
    seen = observe(0, tick)
    torch.manual_seed(find_seed(seen))
    arrays = {theirs: seen[ours] for ours, theirs in CAMERAS.items()} | {STATE: seen[STATE]}
    batch = before(prepare_observation_for_inference(arrays, torch.device("cpu"), seen["task"]))
    if policy.name != "smolvla":
        return batch, {}
    return batch, {"noise": torch.randn(1, policy.config.chunk_size, policy.config.max_action_dim)}


def main() -> None:
    """Run all commands."""
    commands = [list(group) for comma, group in itertools.groupby(sys.argv[1:], lambda word: word == ",") if not comma]
    for name, *words in commands:
        {"make": make, "play": play}[name](*words)


if __name__ == "__main__":
    main()
