"""OnnxPlanner: a whole bundle as one graph, from observations to actions, run by ONNX Runtime. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import BundleError, FeatureError, import_extra
from millwright.core.features import Feature, Features, Observation
from millwright.core.planner import Chunk, Memory, Planner, forget_others
from millwright.policies.watching import Watch, look_away

Array = NDArray[Any]

MEMORY = "memory."
"""Before an input of the graph: what is remembered of a robot, as `NEXT` gave it in the robot's call before."""
NEXT = "next."
"""Before an output of the graph, and the name of an input."""
PAST = f"{MEMORY}past."
"""Before the name of what is kept of earlier ticks (ticks, ...), the newest last."""
BEGUN = f"{MEMORY}begun"
"""Input (batch, 1) bool: whether there is anything to remember. Where not, the graph reads no other memory."""
SAID = "said."
"""Before the name of an embedding, in a memory: the text, and what it was encoded as."""
PROVIDERS = ("CPUExecutionProvider",)


class Encode(Protocol):
    """Texts -> embeddings (texts, ...) float32."""

    def __call__(self, texts: Sequence[str], /) -> Array: ...


@dataclass(frozen=True)
class Words:
    """A text of the observation that the graph wants as an embedding."""

    feature: str
    to: str
    """Input of the graph."""
    encode: Encode


class OnnxPlanner(Planner):
    """Plans with a graph that holds pre-processing, network and post-processing.

    Its memory of a robot is what the graph gives to be handed back, and what the robot's instruction was encoded as.

    Args:
        model: ONNX, as `onnx_export` writes it.
        inputs: what an observation must hold; checked in every call.
        action: one action of a chunk.
        words: texts, encoded outside of the graph; each once for as long as it is remembered.
        threads: of a call.

    Attributes:
        watch: as of a `NetworkPlanner`; here a stage is `graph`.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        BundleError: it does not take the graph.
    """

    def __init__(
        self,
        model: bytes,
        inputs: Features,
        action: Feature,
        rate_hz: float,
        *,
        words: Sequence[Words] = (),
        digest: str = "",
        threads: int = 1,
    ) -> None:
        self.inputs = inputs
        self.action = action
        self.rate_hz = rate_hz
        self.digest = digest
        self.words = tuple(words)
        self.watch: Watch = look_away
        self.session = make_session(model, threads)
        self._wanted = {node.name: node for node in self.session.get_inputs()}
        self._seen = tuple(name for name in inputs if name in self._wanted)
        self._remembered = {
            name: np.zeros(node.shape[1:], _find_type(node.type))
            for name, node in self._wanted.items()
            if name.startswith(MEMORY) and name != BEGUN
        }
        self._answers = ["action", *(NEXT + name.removeprefix(MEMORY) for name in self._remembered)]

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        """As `Planner.plan`.

        Raises:
            FeatureError: an observation is not what `inputs` declare, or a plan not what `action` declares.
        """
        for observation in observations:
            self.inputs.check(observation)
        feeds, memories, said = self._feed(observations, memories)
        self.watch("preprocess")
        actions, *following = self.session.run(self._answers, feeds)
        self.watch("graph")
        if actions.shape[2:] != self.action.shape:
            raise FeatureError(
                f"{self.action.name}: expected shape {self.action.shape}, the graph gives {actions.shape[2:]}"
            )
        chunks = [Chunk(plan, self.rate_hz, digest=self.digest) for plan in actions]
        following_memories = list(memories)
        if self.words or self._remembered:
            following_memories = [self._remember(row, following, said) for row in range(len(chunks))]
        self.watch("postprocess")
        return chunks, following_memories

    def feed(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> dict[str, Array]:
        """What the graph gets for them, by the names of its inputs."""
        return self._feed(observations, memories)[0]

    def read_kept(self, memory: Memory, name: str) -> NDArray[np.float32] | None:
        """As of a `NetworkPlanner`."""
        kept = (memory or {}).get(PAST + name)
        return None if kept is None else kept[-1]

    def put_kept(self, memory: Memory, name: str, value: NDArray[np.float32]) -> Memory:
        """As of a `NetworkPlanner`."""
        assert memory is not None, "nothing is kept of a robot that is not remembered"
        kept = memory[PAST + name].copy()
        kept[-1] = value
        return {**memory, PAST + name: kept}

    def _feed(
        self, observations: Sequence[Observation], memories: Sequence[Memory]
    ) -> tuple[dict[str, Array], Sequence[Memory], Sequence[Sequence[Any]]]:
        """What the graph gets, which of the memories count, and what each text was encoded as.

        A call is short, so that what a graph does not ask for is not looked for either.
        """
        if len(observations) == 1:
            feeds = {name: observations[0][name][None] for name in self._seen}
        else:
            feeds = {name: np.stack([observation[name] for observation in observations]) for name in self._seen}
        said: list[list[tuple[str, Array]]] = []
        if self.words:
            told = {words.feature: SAID + words.to for words in self.words}
            memories = forget_others(observations, memories, told)
            said = [self._encode(words, observations, memories) for words in self.words]
            for words, rows in zip(self.words, said, strict=True):
                feeds[words.to] = np.stack([embedding for _, embedding in rows])
        if self._remembered:
            for name, nothing in self._remembered.items():
                feeds[name] = np.stack([memory[name] if memory else nothing for memory in memories])
            feeds[BEGUN] = np.array([[bool(memory)] for memory in memories])
        return feeds, memories, said

    def _encode(
        self, words: Words, observations: Sequence[Observation], memories: Sequence[Memory]
    ) -> list[tuple[str, Array]]:
        """Of each robot its text and the embedding; only texts that nobody remembers are encoded."""
        known = dict(memory[SAID + words.to] for memory in memories if memory)
        texts = [str(observation[words.feature]) for observation in observations]
        if strange := [text for text in dict.fromkeys(texts) if text not in known]:
            known.update(zip(strange, words.encode(strange), strict=True))
        return [(text, known[text]) for text in texts]

    def _remember(self, row: int, following: Sequence[Array], said: Sequence[Sequence[Any]]) -> Mapping[str, Any]:
        kept = zip(self._remembered, following, strict=True)
        spoken = zip(self.words, said, strict=True)
        return {
            **{name: values[row].copy() for name, values in kept},
            **{SAID + words.to: rows[row] for words, rows in spoken},
        }


def make_session(model: bytes, threads: int) -> Any:
    """An ONNX Runtime session on the CPU.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        BundleError: it does not take the graph.
    """
    runtime: Any = import_extra("onnxruntime", "export")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # it warns of what it does not do; errors are raised
    try:
        return runtime.InferenceSession(model, options, providers=list(PROVIDERS))
    except Exception as error:  # its errors have no base of their own
        raise BundleError(f"ONNX Runtime {runtime.__version__} does not take the graph: {error}") from error


def _find_type(told: str) -> Any:
    """`tensor(float)` -> float32."""
    return np.dtype({"float": "float32"}.get(name := told.removeprefix("tensor(").removesuffix(")"), name))
