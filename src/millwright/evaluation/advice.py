"""Advice: what each class of failure means and what to try against it, in one table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """A class of failure in a sentence, and what may help against it."""

    meaning: str
    mitigation: str


ADVICE = {
    "wrong_object": Advice(
        "Another object than the target was lifted, thrown or pushed off the table.",
        "See in the films whether the hand went to the wrong object from the start, or hit it on its way. In the "
        "first case the policy does not use its prompt: check that the prompt reaches the network, and that no two "
        "episodes of the training data look alike and want different targets. In the second, train on closer "
        "neighbours, and let the demonstrations come down steeply.",
    ),
    "collision": Advice(
        "A part of the robot that is not a finger touched something, or a contact was a blow or too deep.",
        "Look at the frame before the first touch. If the hand came too low or too fast, slow the last centimetres "
        "of the demonstrations, or limit the commanded speed near the table; if it came askew, train on starts that "
        "are turned like these, and with demonstrations that recover from a push.",
    ),
    "slip": Advice(
        "The target was carried for a while and lost before it had been held long enough.",
        "See whether it was gripped off its middle or lifted before the fingers had closed. Let the demonstrations "
        "wait for closed fingers and keep closing while they lift, and record episodes that grip again after a loss.",
    ),
    "miss": Advice(
        "The fingers closed, but the target was never carried.",
        "Compare the last distance with the width of the target. If it is small, the hand aims well and not well "
        "enough: finer images of the target, more time near it, demonstrations disturbed shortly before the grip. If "
        "it is large, the policy went elsewhere: check prompt and calibration first.",
    ),
    "timeout": Advice(
        "Time ran out and nothing worse had happened; where there are fingers, they never tried to close.",
        "See whether the robot stood still or dithered. A policy that stands still repeats a pause of its "
        "demonstrations: remove the pauses, or play more of each plan. One that dithers changes its plan at every "
        "tick: play longer pieces of a plan and blend them. If it was on its way, give it more steps.",
    ),
}
"""Failure class -> advice."""

UNKNOWN = Advice(
    "What this class means, the judge says that named it.",
    "Nobody has written advice for this class yet. Begin with the films and the evidence below: what differs between "
    "these episodes and those that succeeded? Record demonstrations of what they have in common, and evaluate again.",
)
"""For a class that is not in the table."""


def advise(failure: str) -> Advice:
    """The advice for a class, or honest words for one that nobody has written about."""
    return ADVICE.get(failure, UNKNOWN)
