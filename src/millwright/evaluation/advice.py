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
    "off_track": Advice(
        "The car left the field, or all four wheels were off the road for more than 2% of the ticks.",
        "Look at the five frames before it leaves. If it was too fast for the bend, let the policy brake earlier: "
        "record, or dream of, faster entries into bends, and do not reward speed that the road ahead does not allow. "
        "If it steered wrongly, see whether the road was in its picture at all, and train on starts beside the road.",
    ),
    "missed_tiles": Advice(
        "The car went round, but missed tiles on the way, and drove on until the time was over.",
        "Look at where it was longest without a new tile: a corner was cut there, or a wheel did not touch the next "
        "tile. What a cut corner costs comes a lap later: let a tile that was passed by cost something at once.",
    ),
    "stall": Advice(
        "No new tile was reached for two seconds: the car stood, turned around, or drove where it had been.",
        "See whether it spun (throttle and steering at once), stood with the brake on, or came back on its own track. "
        "Train on starts that are askew and at rest, and end episodes early that reach nothing.",
    ),
    "oscillation": Advice(
        "The steering swung from side to side more than 1.5 times a second.",
        "Compare how old its observation is with how far the car goes in that time; look farther ahead, make changes "
        "of steering cost something, and average the weights of the last iterations.",
    ),
    "slow": Advice(
        "Nothing else was wrong: the lap took too long.",
        "Look at the slowest frames, and at how fast `rule` is there; the share of tiles tells how far it came.",
    ),
    "model_exploitation": Advice(
        "The policy went where its world model is wrong: the dream promised what the world did not hold.",
        "Collect drives of this very policy and refit the model; let several models vote, and let their disagreement "
        "cost something; dream fewer steps from each real one.",
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
