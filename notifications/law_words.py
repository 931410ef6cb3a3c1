"""Laws in words, in the active language: whose they are, and how it is known that they hold for somebody."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Jurisdiction


def law_words(code: str) -> str:
    """The name of a law; of a country with a policy file of its own its code, ISO 3166."""
    return str(Jurisdiction(code).label) if code in Jurisdiction.values else code.upper()


def change_words(data: Mapping[str, Any]) -> str:
    """Of an event of that kind: the law that holds since, and the one before."""
    words = {name: _known(data[name], data[f"{name}_said"]) for name in ("before", "after")}
    return _("%(after)s; before: %(before)s") % words


def _known(code: str, said: bool) -> str:
    words = {"law": law_words(code)}
    return _("%(law)s, said by a person") % words if said else _("%(law)s, guessed") % words
