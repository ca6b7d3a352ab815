"""The verb that writes a bundle's model card again."""

from __future__ import annotations

from pathlib import Path

from millwright.cli.arguments import BundleName, say
from millwright.core.errors import UnknownNameError


def card(bundle: BundleName, results: tuple[Path, ...] = ()) -> None:
    """Write the model card of a bundle again, with the results named and no others. The bundle and its id stay.

    Args:
        bundle: the path of a bundle, or the name of a shipped one.
        results: JSON of `millwright evaluate`, or summaries of recipes, each measured with this very bundle.
    """
    from millwright.catalog import find_bundle, list_shipped
    from millwright.recipes.cards import save_card

    folder = find_bundle(bundle)
    if folder is None:
        raise UnknownNameError(f"no bundle at {bundle}; shipped bundles: {', '.join(list_shipped()) or 'none'}")
    say(f"wrote {save_card(folder, results)}")
