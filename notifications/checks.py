"""What must hold before anything is told: found at start, not in the middle of a night's sending."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from notifications.models import Prompt
from notifications.wording.source import LANGUAGES, WordingError, read_wordings


def check_wordings(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.E001: a kind of prompt cannot be told in one of the languages."""
    return [
        Error(fault, hint="See templates/notifications/.", id="notifications.E001")
        for kind, language in product(Prompt.Kind.values, LANGUAGES)
        if (fault := _fault(kind, language))
    ]


def _fault(kind: str, language: str) -> str:
    try:
        read_wordings(kind, language)
    except WordingError as error:
        return str(error)
    return ""
