"""Options by name: compared with what takes them before anything is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

from millwright.core.errors import OptionError, choose


def make_with_options(name: str, make: Callable[..., Any], options: Mapping[str, Any]) -> Any:
    """`make(**options)`, after comparing names and types with its parameters and their defaults.

    Raises:
        UnknownNameError: no option of that name.
        OptionError: an option is not of its default's type.
    """
    parameters = inspect.signature(make).parameters
    if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values()):
        for option, value in options.items():
            default = choose(f"{name} option", option, parameters).default
            known = default is not None and default is not inspect.Parameter.empty
            if known and not _is_alike(value, default):
                kind = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
                raise OptionError(f"{name}: {option} is {kind.get(type(default), default)}, got {value!r}")
    return make(**options)


def _is_alike(value: Any, default: Any) -> bool:
    kinds: dict[type, type] = {int: Integral, float: Real}
    return isinstance(value, bool) == isinstance(default, bool) and isinstance(
        value, kinds.get(type(default), type(default))
    )
