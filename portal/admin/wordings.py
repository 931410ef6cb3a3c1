"""Every message as its readers get it, filled with invented facts, for the people who answer for the wording."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from loans.models import Dispute
from notifications.channels.segments import is_gsm, segments
from notifications.models import Delivery, Prompt
from notifications.policy import PURPOSES, Purpose
from notifications.rendering import CHANNELS, Rendered, render
from notifications.wording.samples import Case, Sample, samples_of
from notifications.wording.source import LANGUAGES, read_page, read_wordings
from portal.admin.borrower_page import Choice
from portal.admin.cells import language as spoken
from portal.admin.cells import stage_of

MOST_PARTS: Final = 2
"""Text messages that one text should cost at most."""
SAMPLE_CODE: Final = "0417"
_NAMES: Final = dict(settings.LANGUAGES)
_TAGS: Final = {"en": "en", "zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on one channel. `parts` counts text messages, 0 elsewhere; `fault` says why there is none."""

    channel: str
    words: str
    message: Rendered | None
    parts: int = 0
    is_short: bool = True
    fault: str = ""

    @property
    def letters(self) -> int:
        return len(self.message.text) if self.message else 0

    @property
    def alphabet(self) -> str:
        return "GSM 7-bit" if self.message and is_gsm(self.message.text) else "UCS-2"


@dataclass(frozen=True, slots=True)
class Entry:
    """One wording in one case, on every channel. `anchor` names its place on the page."""

    anchor: str
    kind: str
    rule: str
    case: str
    language: str
    tag: str
    version: str
    channels: list[Shown]


def wordings_view(site: AdminSite) -> Callable[[HttpRequest], HttpResponseBase]:
    """The page. It allows, beside our own styles, the one style that stands in every email, by its digest."""

    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        context = {**site.each_context(request), "title": _("Wordings"), **_page(request)}
        return TemplateResponse(request, "admin/desk/wordings.html", context)

    return csp_update({"style-src": [style_digest()]})(view)


def style_digest() -> str:
    """The style of the page around every email, as a source of the content security policy."""
    styles = re.findall(r"<style>(.*?)</style>", read_page(), re.DOTALL)
    digest = hashlib.sha256("".join(styles[:1]).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _page(request: HttpRequest) -> dict[str, Any]:
    kinds = {str(kind): str(Prompt.Kind(kind).label) for kind in Prompt.Kind.values}
    kind = request.GET.get("kind", Prompt.Kind.UPCOMING)
    language = request.GET.get("language", spoken())
    chosen = {"kind": kind if kind in {*kinds, "all"} else str(Prompt.Kind.UPCOMING)}
    chosen["language"] = language if language in {*LANGUAGES, "all"} else LANGUAGES[0]
    return {
        "kinds": _choices("kind", {**kinds, "all": _("every kind")}, chosen),
        "languages": _choices("language", {**_NAMES, "all": _("every language")}, chosen),
        "entries": list(read_entries(chosen["kind"], chosen["language"])),
        "most_parts": MOST_PARTS,
    }


def _choices(name: str, words: dict[str, str], chosen: dict[str, str]) -> list[Choice]:
    return [
        Choice(text, "?" + urlencode({**chosen, name: value}), chosen[name] == value) for value, text in words.items()
    ]


def read_entries(kind: str = "all", language: str = "all") -> Iterator[Entry]:
    """Every wording of a kind in a language, stage by stage, in each case that it speaks of."""
    for one_kind in Prompt.Kind.values if kind == "all" else [kind]:
        for section in read_wordings(one_kind, LANGUAGES[0]):
            for one_language in LANGUAGES if language == "all" else [language]:
                wording = read_wordings(one_kind, one_language)[section]
                for sample in samples_of(one_kind, section, wording):
                    yield _entry(one_kind, section, one_language, wording.version, sample)


def _entry(kind: str, section: str, language: str, version: str, sample: Sample) -> Entry:
    link = _link(kind)
    return Entry(
        anchor="-".join(filter(None, [kind, section, language, sample.case])),
        kind=str(Prompt.Kind(kind).label),
        rule=_rule(kind, section, sample.stage),
        case=_case_words(sample.case),
        language=_NAMES[language],
        tag=_TAGS[language],
        version=version,
        channels=[_shown(kind, channel, sample, link) for channel in CHANNELS],
    )


def _shown(kind: str, channel: str, sample: Sample, link: str) -> Shown:
    words = str(Delivery.Channel(channel).label)
    try:
        code = SAMPLE_CODE if kind in Prompt.ANSWERED_UNREAD and settings.SMS_INBOUND else ""
        stops = settings.SMS_INBOUND and PURPOSES[kind] is Purpose.COLLECTION
        message = render(kind, sample.stage, channel, sample.facts._replace(stops=stops), link, code)
    except ValueError as fault:
        return Shown(channel, words, None, fault=str(fault))
    parts = segments(message.text) if channel == Delivery.Channel.SMS else 0
    return Shown(channel, words, message, parts, parts <= MOST_PARTS)


def _link(kind: str) -> str:
    """As long as a real one."""
    asks = kind in Prompt.ASKING
    return settings.PUBLIC_URL + (
        reverse("acknowledge_link", args=["A" * 30]) if asks else reverse("message", args=[1])
    )


def _rule(kind: str, section: str, stage: int) -> str:
    if section in Dispute.Decision.values:
        return str(Dispute.Decision(section).label)
    return "" if kind == Prompt.Kind.PRIOR_NOTICE else stage_of(Prompt(kind=kind, stage=stage))


def _case_words(case: Case) -> str:
    words = {
        Case.USUAL: _("one payment"),
        Case.SEVERAL: _("several payments"),
        Case.CHANGED: _("changed figures"),
        Case.CHANGED_IN_PART: _("changed after a part was paid"),
        Case.BACK: _("was withdrawn, is back"),
        Case.INSTEAD: _("another in its place"),
        Case.PART: _("paid in part"),
        Case.PAID_OFF: _("the last payment"),
        Case.ON_ITS_WAY: _("a part is on its way"),
    }
    return words[case]
