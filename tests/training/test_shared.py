"""Pictures that many labels share are prepared as if each label had its own."""

import numpy as np

from millwright.processors.concat import Concat
from millwright.processors.grey import Grey
from millwright.processors.gripper import GripperSign
from millwright.processors.resize import ResizeImage
from millwright.processors.text import EncodeText
from millwright.training.prepare import fit_pipeline, prepare
from millwright.training.shared import prepare_shared

KEEP = ("agentview", "text", "proprio")


def test_what_is_shared_is_prepared_as_if_it_were_not_and_kept_once():
    rng = np.random.default_rng(0)
    number = np.array([0, 0, 2, 1, 1, 1])
    labels = {
        "state": rng.normal(size=(6, 3)).astype(np.float32),
        "plan": rng.choice([-1.0, 1.0], (6, 4, 7)).astype(np.float32),
        "task": np.array(["lift it", "drop it"] * 3, object),
    }
    pictures = {"seen": rng.integers(0, 256, (3, 16, 16, 3), np.uint8), "wrist": np.zeros((3, 16, 16, 3), np.uint8)}
    raw = {**labels, **{name: array[number] for name, array in pictures.items()}}
    inputs = (
        Grey("wrist"),
        ResizeImage("seen", 8, "agentview"),
        Concat((("state", ()),)),
        EncodeText(encoder="hashed"),
    )
    pipeline, _ = fit_pipeline(raw, inputs, (GripperSign(),), target="plan", keep=KEEP, plain=(6,))
    alone = prepare(pipeline, raw, target="plan", keep=KEEP).batch(np.arange(6))
    shared = prepare_shared(pipeline, labels, pictures, number, target="plan", keep=KEEP, chunk=2)
    found = shared.batch(np.arange(6))
    assert found.keys() == alone.keys()
    for name in alone:
        np.testing.assert_array_equal(found[name], alone[name])
    assert len(shared.tables["agentview"]) == 3
