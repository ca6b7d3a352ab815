"""The only place that joins environments, judges, experts and policies: names -> factories."""

from millwright.catalog.making import (
    SHIPPED,
    find_bundle,
    list_policies,
    list_shipped,
    make_bundle_policy,
    make_env,
    make_judge,
    make_policy,
    need_bundle,
)
from millwright.catalog.options import make_with_options
from millwright.catalog.player import (
    TO_THE_END,
    Clearer,
    Namer,
    Player,
    command,
    cover_eyes,
    fall_back,
    limit_motion,
    meter,
    mix_in_expert,
)
from millwright.catalog.task import USUAL, MakePolicy, Task
from millwright.catalog.tasks import TASKS

__all__ = [
    "SHIPPED",
    "TASKS",
    "TO_THE_END",
    "USUAL",
    "Clearer",
    "MakePolicy",
    "Namer",
    "Player",
    "Task",
    "command",
    "cover_eyes",
    "fall_back",
    "find_bundle",
    "limit_motion",
    "list_policies",
    "list_shipped",
    "make_bundle_policy",
    "make_env",
    "make_judge",
    "make_policy",
    "make_with_options",
    "meter",
    "mix_in_expert",
    "need_bundle",
]
