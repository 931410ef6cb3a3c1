"""What must hold before anything is told: found at start, not in the middle of a night's sending."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from math import inf
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.utils import timezone

from notifications.channels.base import ChannelMisconfiguredError
from notifications.channels.own import faults as own_faults
from notifications.channels.registry import PROVIDERS, SETTINGS, carries_codes, suppliers_for, vapid
from notifications.ladder import LADDERS
from notifications.models import Prompt
from notifications.policy import PolicyError, purpose_of
from notifications.policy_files import faults, passed_over
from notifications.timing import ContactHours
from notifications.wording.source import LANGUAGES, WordingError, read_wordings

TELLING: Final = "telling"
"""The tag of these checks: a process that serves or sends does not start while one of them finds an error."""


def check_wordings(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.E001: a kind of prompt cannot be told in one of the languages."""
    return [
        Error(fault, hint="See templates/notifications/.", id="notifications.E001")
        for kind, language in product(Prompt.Kind.values, LANGUAGES)
        if (fault := _fault(kind, language))
    ]


def check_policies(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.E002: a policy file cannot be used, has no contact hours by now, or a kind of prompt no purpose."""
    # West of Greenwich it may still be yesterday.
    found = [*faults(timezone.now().date() - timedelta(days=1)), *_kinds_without_purpose()]
    return [Error(fault, hint="See docs/policies.md.", id="notifications.E002") for fault in found]


def check_policy_folder(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.W009: something lies in POLICY_FOLDER that is not read; what it says would hold for nobody."""
    return [checks.Warning(said, hint="See docs/policies.md.", id="notifications.W009") for said in passed_over()]


def _kinds_without_purpose() -> list[str]:
    found = []
    for kind in Prompt.Kind.values:
        try:
            purpose_of(kind)
        except PolicyError as error:
            found.append(str(error))
    return found


def check_clock(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.E006: CONTACT_HOURS cannot be read or never open, or LADDER_PACE leaves no time to wait, or no end.

    Every plan and every look at a ladder reads them: all of it would fail, or all channels be tried at once.
    """
    hint = "See docs/operations.md."
    return [Error(fault, hint=hint, id="notifications.E006") for fault in (_hours_fault(), _pace_fault()) if fault]


def _hours_fault() -> str:
    try:
        if settings.CONTACT_HOURS:
            ContactHours.parse(settings.CONTACT_HOURS)
    except ValueError as error:
        return f"CONTACT_HOURS: {error}"
    return ""


def _pace_fault() -> str:
    if 0 < settings.LADDER_PACE < inf:
        return ""
    return f"LADDER_PACE is {settings.LADDER_PACE}: each wait of a ladder is multiplied by it, so it must be above 0."


def check_ladders(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.E005: a kind of prompt has no ladder, or one that can leave its borrower to nobody."""
    hint = "See LADDERS in notifications/ladder.py."
    return [Error(fault, hint=hint, id="notifications.E005") for kind in Prompt.Kind if (fault := _ladder_fault(kind))]


def _ladder_fault(kind: Prompt.Kind) -> str:
    ladder = LADDERS.get(kind)
    if ladder is None:
        return f"Prompts of the kind {kind.value!r} have no ladder: nobody would be told."
    if not ladder.rungs:
        return f"The ladder of {kind.value!r} has no rung: no channel would be tried."
    if kind in Prompt.ASKING and not ladder.ends_with_person:
        return f"The ladder of {kind.value!r} has no last rung: it asks for an answer, so it must end with a person."
    if any(rung.wait <= timedelta() for rung in ladder.rungs):
        return f"A rung of the ladder of {kind.value!r} has no time: the next channel would be tried before it."
    return ""


def check_web_push(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.E004: there is a key to push with, and it cannot be used."""
    try:
        vapid()
    except ChannelMisconfiguredError as error:
        return [Error(str(error), id="notifications.E004")]
    return []


def _fault(kind: str, language: str) -> str:
    try:
        read_wordings(kind, language)
    except WordingError as error:
        return str(error)
    return ""


def check_suppliers(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.E003: a channel's setting names a provider that is none, or one that lacks a setting.

    Nothing is built: that would load HTTP clients into every process, most of which never send anything.
    """
    return [Error(fault, id="notifications.E003") for name in SETTINGS if (fault := _supplier_fault(name))]


def check_own_providers(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.E010: a file that OWN_PROVIDERS names cannot be used."""
    return [Error(fault, hint="See docs/adding-a-channel.md.", id="notifications.E010") for fault in own_faults()]


def check_ways_back(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.E007: a provider that signs nothing serves a channel, and no secret lets its calls in; or a mail
    firm does, and its reports are not taken; or ANYMAIL_WEBHOOKS names one that could not prove itself.

    All that it sends would stay unproved, everybody whom it tells would go to a person, and no "stop" would be heard.
    """
    serving = {provider for setting in SETTINGS.values() for provider in getattr(settings, setting)}
    without_secret = [
        Error(
            f"{known.set_by or known.lets_in} is not set: {word} could bring no receipt and no reply.",
            hint=f"Set it to a long random word, and give {word} the address that has it: docs/operations.md.",
            id="notifications.E007",
        )
        for word, known in PROVIDERS.items()
        if word in serving and known.lets_in and not getattr(settings, known.lets_in)
    ]
    faults = _mail_firm_faults(serves="anymail" in serving)
    hint = "Set what is missing, or name another firm: ANYMAIL_WEBHOOKS in docs/operations.md."
    return [
        *without_secret,
        *(Error(f"{fault}: anymail could bring no receipt.", hint=hint, id="notifications.E007") for fault in faults),
    ]


def _mail_firm_faults(*, serves: bool) -> list[str]:
    if not settings.ANYMAIL_WEBHOOKS:
        return ["ANYMAIL_WEBHOOKS is not set"] if serves else []
    # Loads HTTP clients: only where a mail firm reports.
    from notifications.webhooks.esp_proofs import find_fault, find_secret_fault

    found = [find_secret_fault(), *map(find_fault, settings.ANYMAIL_WEBHOOKS)]
    return [fault for fault in found if fault]


def check_codes(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:
    """notifications.W008: nobody who serves text messages can carry a code for signing in, and Kannel is not set up.

    Nobody would sign in by phone: each would read that the message could not be sent.
    """
    serving = settings.SMS_PROVIDERS
    if not serving or any(map(carries_codes, serving)) or settings.KANNEL_USERNAME:
        return []
    return [
        checks.Warning(
            f"Codes for signing in cannot go by {', '.join(serving)}, and KANNEL_USERNAME is not set: nobody could "
            "sign in by phone.",
            hint="Have a template of the kind for codes approved, with the one variable ${code}, and name it in "
            "ALIYUN_CODE_TEMPLATES; or set KANNEL_URL, KANNEL_USERNAME and KANNEL_PASSWORD.",
            id="notifications.W008",
        )
    ]


def _supplier_fault(name: str) -> str:
    try:
        suppliers_for(name)
    except ChannelMisconfiguredError as error:
        return str(error)
    return ""
