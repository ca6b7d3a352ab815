"""Dream steps a second: many worlds at once against one after the other, and a decision's stages; prints JSON.

Nothing is decoded. Both ways are timed in turns within one run, so that what else the machine does falls on both.
"""

import argparse
import itertools
import json
import platform
import time

import numpy as np
import torch

from millwright.catalog import make_env, make_judge, make_policy
from millwright.catalog.making import need_bundle
from millwright.core.loop import play
from millwright.evaluation.profiling import profile
from millwright.policies.bundle import load_bundle
from millwright.policies.controllers import Controller
from millwright.policies.latent_controller import WORLDS
from millwright.training.evolution import DreamedReturns, read_parameters
from millwright.world_models.dream import DrivingReward, compute_returns, dreaming
from millwright.world_models.world_model import State, WorldModel

POPULATION, ROLLOUTS, STEPS = 64, 16, 50
ALONE_STEPS, TURNS = 200, 5
DECIDES, CALLS = "dream-driving", 1000
"""Whose decisions are timed, from a frame to an action, on one thread; and how many."""


def make_parts(name: str) -> tuple[WorldModel, Controller, State]:
    torch.manual_seed(0)
    model = WORLDS[name](WORLDS[name].Config())
    config = model.config
    return model, Controller(config.code, config.scalars, config.memory), model.initial(torch.randn(512, config.latent))


def time_together(model: WorldModel, controller: Controller, starts: State, turn: int) -> tuple[float, float]:
    """Steps of wall time, and of CPU time, a second."""
    fitness = DreamedReturns(model, controller, starts, DrivingReward(), rollouts=ROLLOUTS, steps=STEPS)
    mean = read_parameters(controller)
    candidates = mean + 0.1 * np.random.default_rng(turn).normal(size=(POPULATION, len(mean)))
    wall, cpu = time.perf_counter(), time.process_time()
    fitness(candidates, turn)
    steps = POPULATION * ROLLOUTS * STEPS
    return steps / (time.perf_counter() - wall), steps / (time.process_time() - cpu)


def time_alone(model: WorldModel, controller: Controller, starts: State) -> tuple[float, float]:
    """The same of a single world."""
    one = State(starts.latent[:1], starts.memory[:1])
    wall, cpu = time.perf_counter(), time.process_time()
    with dreaming(model):
        compute_returns(model, one, controller, ALONE_STEPS, DrivingReward())
    return ALONE_STEPS / (time.perf_counter() - wall), ALONE_STEPS / (time.process_time() - cpu)


def measure(name: str) -> dict[str, float]:
    model, controller, starts = make_parts(name)
    time_together(model, controller, starts, TURNS)
    time_alone(model, controller, starts)
    together, alone = [], []
    for turn in range(TURNS):
        together.append(time_together(model, controller, starts, turn))
        alone.append(time_alone(model, controller, starts))
    ratios = [one[0] / other[0] for one, other in zip(together, alone, strict=True)]
    return {
        "steps_per_s": round(float(np.median(together, 0)[0])),
        "steps_per_cpu_s": round(float(np.median(together, 0)[1])),
        "alone_steps_per_s": round(float(np.median(alone, 0)[0])),
        "times_as_fast": round(float(np.median(ratios)), 1),
    }


def time_decisions() -> dict[str, float]:
    """Median and 99th percentile of a decision, ms."""
    env, policy = make_env("car-racing"), make_policy("car-racing", DECIDES)
    seen = [step.observation for step in play(env, policy, make_judge("car-racing"), 5000)]
    env.close()
    torch.set_num_threads(1)
    whole = profile(load_bundle(need_bundle(DECIDES)).planner(), itertools.repeat(seen), CALLS).times_ms["whole"]
    return {f"decision_ms_p{share}": round(float(np.percentile(whole, share)), 3) for share in (50, 99)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    setting = {"population": POPULATION, "rollouts": ROLLOUTS, "steps": STEPS, "threads": torch.get_num_threads()}
    machine = {"machine": platform.processor() or platform.machine(), "torch": torch.__version__}
    worlds = {name: measure(name) for name in WORLDS}
    print(json.dumps({**setting, **machine, "worlds": worlds, **time_decisions()}, indent=2))


if __name__ == "__main__":
    main()
