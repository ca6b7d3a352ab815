"""Learning to act in a dream: an actor and a critic, by gradients that flow through short dreams.

As in Dreamer (Hafner et al. 2020): the actor climbs the lambda-returns of the dreamed steps, differentiated through the
world model; the critic learns those returns, and a slow copy of it tells what lies beyond the dream's end. The critic
is two, and the more careful one is believed (Fujimoto et al. 2018): an actor finds whatever a single one overrates.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from millwright.core.errors import TrainingError
from millwright.nets.mlp import MLP
from millwright.policies.controllers import Controller
from millwright.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from millwright.world_models.dream import DrivingReward, choose_starts, dream, dreaming
from millwright.world_models.world_model import State, WorldModel

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class ImaginationConfig:
    """How to learn in dreams.

    Args:
        updates: steps of the optimisers.
        batch: dreams of one update.
        steps: of one dream; no more than the model learned to look ahead, or the actor finds what it blurs.
        discount, smoothing: gamma and lambda of the returns.
        slow: by how much the slow critic follows in an update.
        noise: deviation of what is added to dreamed actions.
        temperature: of the dreams.
        seed: of the starts, the noise and the dropout.
    """

    updates: int = 600
    batch: int = 256
    steps: int = 8
    discount: float = 0.97
    smoothing: float = 0.95
    slow: float = 0.02
    noise: float = 0.1
    actor_lr: float = 3e-4
    critic_lr: float = 1e-3
    clip_norm: float = 1.0
    temperature: float = 1.0
    seed: int = 0
    save_updates: int = 200


class Critic(nn.Module):
    """What a state is worth (..., 2), from all that can be read of it: two opinions."""

    def __init__(self, read: int, widths: tuple[int, ...] = (128, 128)) -> None:
        super().__init__()
        self.opinions = nn.ModuleList([MLP(read, (*widths, 1)) for _ in range(2)])

    def forward(self, read: Tensor) -> Tensor:
        return torch.cat([opinion(read) for opinion in self.opinions], -1)


def load_critic(critic: Critic, out: Path) -> None:
    """Put the critic of the training in `out` into this one.

    Raises:
        TrainingError: no training is there, or its checkpoint is broken.
    """
    critic.load_state_dict(load_checkpoint(out / CHECKPOINT).part("critic"))


def compute_lambda_returns(rewards: Tensor, values: Tensor, going_on: Tensor, smoothing: float) -> Tensor:
    """(steps, batch) from each step on.

    R_t = r_t + c_t ((1 - lambda) v_{t+1} + lambda R_{t+1}), and R of the last step uses v alone.

    Args:
        rewards: of steps 0 to n - 1.
        values: of the states after them.
        going_on: discount times the chance to go on after them.
    """
    returns = [values[-1]]
    for step in reversed(range(len(rewards))):
        mixed = (1 - smoothing) * values[step] + smoothing * returns[0]
        returns.insert(0, rewards[step] + going_on[step] * mixed)
    return torch.stack(returns[:-1])


def learn_in_dreams(
    model: WorldModel, actor: Controller, critic: Critic, starts: State, reward: DrivingReward,
    config: ImaginationConfig, out: Path, progress: Callable[[int, dict[str, float]], None] | None = None, *,
    weights: Tensor | None = None,
) -> dict[str, float]:  # fmt: skip
    """Train actor and critic in place in dreams that begin at `starts`; goes on from the checkpoint in `out`.

    Args:
        weights: how often a dream begins at each of the starts (n,); None: equally often.

    Returns:
        The means of the last updates: return and reward a dreamed step, the critic's loss.

    Raises:
        TrainingError: something is not finite, or `out` holds another training.
    """
    out.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng([]), dreaming(model):
        torch.manual_seed(config.seed)
        run = _Run(model, actor, critic, reward, config, out)
        while run.update < config.updates:
            rows = _draw(len(starts.latent), weights, config.batch)
            told = run.learn(choose_starts(starts, rows))
            if run.update % config.save_updates == 0 or run.update == config.updates:
                run.save()
            if progress is not None:
                progress(run.update, told)
    return run.told


def _draw(count: int, weights: Tensor | None, wanted: int) -> Tensor:
    return torch.randint(count, (wanted,)) if weights is None else torch.multinomial(weights, wanted, True)


class _Run:
    """A training in progress."""

    def __init__(
        self, model: WorldModel, actor: Controller, critic: Critic, reward: DrivingReward, config: ImaginationConfig,
        out: Path,
    ) -> None:  # fmt: skip
        self.model, self.actor, self.critic, self.reward, self.config, self.out = (
            model,
            actor,
            critic,
            reward,
            config,
            out,
        )
        self.slow = copy.deepcopy(critic).requires_grad_(False)
        self.optimisers = {
            "actor": torch.optim.Adam(actor.parameters(), config.actor_lr),
            "critic": torch.optim.Adam(critic.parameters(), config.critic_lr),
        }
        self.update = 0
        self.told: dict[str, float] = {}
        if (out / CHECKPOINT).is_file():
            self._restore(load_checkpoint(out / CHECKPOINT))

    def learn(self, starts: State) -> dict[str, float]:
        """One update of both, in dreams that begin at each of the starts."""
        config = self.config
        read, rewards, values, going_on = [], [], [], []
        for each in dream(self.model, starts, self._act, config.steps, config.temperature):
            read.append(each.read)
            rewards.append(self.reward(self.model.config.code, each))
            going_on.append(config.discount * (1 - each.outcome.done))
            values.append(self.slow(self.model.read(each.after)).min(1).values)
        gains = compute_lambda_returns(
            torch.stack(rewards), torch.stack(values), torch.stack(going_on), config.smoothing
        )
        self._descend("actor", self.actor, -gains.mean())
        judged = self.critic(torch.stack(read).detach())
        wrong = (judged - gains.detach().unsqueeze(2)).square().mean()
        self._descend("critic", self.critic, wrong)
        with torch.no_grad():
            for slow, quick in zip(self.slow.parameters(), self.critic.parameters(), strict=True):
                slow.lerp_(quick, config.slow)
        self.update += 1
        reward = torch.stack(rewards).mean()
        now = {"return": gains.mean().item(), "reward": reward.item(), "critic": wrong.item()}
        self.told = {name: 0.98 * self.told.get(name, value) + 0.02 * value for name, value in now.items()}
        return self.told

    def save(self) -> None:
        tensors = {
            f"{part}/{name}": value
            for part, module in self._parts().items()
            for name, value in module.state_dict().items()
        }
        for part, optimiser in self.optimisers.items():
            for index, state in optimiser.state_dict()["state"].items():
                tensors |= {f"optimiser/{part}/{index}/{name}": value for name, value in state.items()}
        tensors["random"] = torch.get_rng_state()
        save_checkpoint(self.out / CHECKPOINT, Checkpoint(tensors, self._describe()))

    def _parts(self) -> dict[str, nn.Module]:
        return {"actor": self.actor, "critic": self.critic, "slow": self.slow}

    def _describe(self) -> dict[str, object]:
        fields = {"config": asdict(self.config), "reward": asdict(self.reward)}
        return {**json.loads(json.dumps(fields)), "update": self.update, "told": self.told}

    def _restore(self, checkpoint: Checkpoint) -> None:
        before = dict(checkpoint.values)
        now = self._describe()
        if any(before[name] != now[name] for name in ("config", "reward")):
            raise TrainingError(f"{self.out} holds another training ({before['config']}); choose another folder")
        for name, module in self._parts().items():
            module.load_state_dict(checkpoint.part(name))
        for part, optimiser in self.optimisers.items():
            state: dict[int, dict[str, Tensor]] = {}
            for name, value in checkpoint.part(f"optimiser/{part}").items():
                index, key = name.split("/")
                state.setdefault(int(index), {})[key] = value
            optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
        torch.set_rng_state(checkpoint.tensors["random"])
        self.update, self.told = before["update"], before["told"]

    def _act(self, read: Tensor) -> Tensor:
        action: Tensor = self.actor(read)
        if not self.config.noise:
            return action
        low = action.new_tensor((-1.0, 0.0, 0.0))
        noisy = action + self.config.noise * torch.randn_like(action)
        return noisy.maximum(low).clamp(max=1.0)

    def _descend(self, name: str, module: nn.Module, loss: Tensor) -> None:
        optimiser = self.optimisers[name]
        optimiser.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(module.parameters(), self.config.clip_norm)
        if not (torch.isfinite(norm) and torch.isfinite(loss)):
            raise TrainingError(
                f"update {self.update + 1}: the {name}'s loss or gradient is not finite; the world model may be, "
                f"too: look at its losses; the last checkpoint in {self.out} is from before it"
            )
        optimiser.step()
