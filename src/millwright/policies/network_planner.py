"""NetworkPlanner: a network between the two halves of its pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from millwright.core.errors import FeatureError
from millwright.core.features import Feature, Features, Observation
from millwright.core.planner import Chunk, Memory, Planner, forget_others
from millwright.nets.quick import make_quick
from millwright.policies.network import PAST, Network
from millwright.policies.remembering import recall, recall_texts, remember
from millwright.policies.watching import Watch, look_away
from millwright.processors.pipeline import Pipeline
from millwright.processors.text import KNOWN

Confide = Callable[[Network, Mapping[str, Any]], Tensor]
"""A network, and what it was given and made of it -> how sure it is (batch,), 0..1."""


class NetworkPlanner(Planner):
    """Plans with a network that sees one observation, and what it asks for of earlier ones.

    Its memory of a robot is that: `Network.remembered` as the pipeline made it in the robot's first call, the features
    `Network.kept` of the last calls, and what the robot's instruction was encoded as.

    Args:
        network: copied, as it is now, into a form that is quicker to call.
        inputs: what an observation must hold; checked in every call.
        action: one action of a chunk.
        threads: torch threads of a call; the process's own setting is put back after it.
        confide: tells the chunks' confidence; None: they have none.

    Attributes:
        watch: called with a stage's name when it is done, for whoever measures how long they take.
    """

    def __init__(
        self,
        network: Network,
        pipeline: Pipeline,
        inputs: Features,
        action: Feature,
        rate_hz: float,
        *,
        digest: str = "",
        threads: int = 1,
        confide: Confide | None = None,
    ) -> None:
        self.network = make_quick(network)
        self.pipeline = pipeline
        self.inputs = inputs
        self.action = action
        self.rate_hz = rate_hz
        self.digest = digest
        self.threads = threads
        self.confide = confide
        self.watch: Watch = look_away
        self._device = next(network.parameters()).device

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        """As `Planner.plan`.

        Raises:
            FeatureError: an observation is not what `inputs` declare, or a plan not what `action` declares.
        """
        for observation in observations:
            self.inputs.check(observation)
        texts = self.pipeline.texts
        memories = forget_others(observations, memories, {encoder.text: KNOWN + encoder.to for encoder in texts})
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            with torch.inference_mode():
                batch = self.pipeline.observe({**self._stack(observations), **recall_texts(texts, memories)})
                self.watch("preprocess")
                batch.update(self.network.look(batch))
                self.watch("encode")
                batch.update(recall(self.network, batch, memories))
                batch.update(self.network.carry(batch))
                self.watch("memory")
                target = self.network.sample(batch)
                self.watch("decide")
                actions = self.pipeline.act(batch, target).cpu().numpy()
                sure = self._tell_confidence(batch, len(actions))
        finally:
            torch.set_num_threads(before)
        if actions.shape[2:] != self.action.shape:
            found = actions.shape[2:]
            raise FeatureError(f"{self.action.name}: expected shape {self.action.shape}, the pipeline gives {found}")
        rows = zip(actions, sure, strict=True)
        chunks = [Chunk(plan, self.rate_hz, confidence, digest=self.digest) for plan, confidence in rows]
        following = remember(self.network, texts, batch, memories)
        self.watch("postprocess")
        return chunks, following

    def read_kept(self, memory: Memory, name: str) -> NDArray[np.float32] | None:
        """The newest that a robot's memory keeps of what `Network.kept` names; None: nothing of that name."""
        kept = (memory or {}).get(PAST + name)
        return None if kept is None else kept[-1].cpu().numpy()

    def put_kept(self, memory: Memory, name: str, value: NDArray[np.float32]) -> Memory:
        """The memory with that as the newest it keeps by the name."""
        assert memory is not None, "nothing is kept of a robot that is not remembered"
        kept = memory[PAST + name].clone()
        kept[-1] = torch.from_numpy(value)
        return {**memory, PAST + name: kept}

    def _tell_confidence(self, batch: Mapping[str, Any], robots: int) -> Sequence[float | None]:
        if self.confide is None:
            return [None] * robots
        sure: list[float] = self.confide(self.network, batch).tolist()
        self.watch("confidence")
        return sure

    def _stack(self, observations: Sequence[Observation]) -> dict[str, Any]:
        batch: dict[str, Any] = {}
        for feature in self.inputs.values():
            rows = [observation[feature.name] for observation in observations]
            if feature.is_text:
                batch[feature.name] = rows
            else:
                array = rows[0][None] if len(rows) == 1 and rows[0].flags.writeable else np.stack(rows)
                batch[feature.name] = torch.from_numpy(array).to(self._device)
        return batch
