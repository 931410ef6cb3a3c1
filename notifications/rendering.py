"""Wording + facts -> message. The stored facts and the same words give exactly the message that was sent."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from notifications.models import Delivery, Prompt
from notifications.wording.facts import Facts
from notifications.wording.letter import require_letter, write_letter
from notifications.wording.source import FALLBACK_LANGUAGE, LANGUAGES, Wording, WordingError, read_wordings
from notifications.wording.text_message import write_call_words, write_text_message
from notifications.wording.values import one_line

CHANNELS: Final = tuple(Delivery.Channel.values)


class Rendered(NamedTuple):
    """One message in the reader's language. `wording` is the version of the words that it was filled from.

    `text` is the whole message as plain text. `html` is the same for mail and empty elsewhere. `subject` is for mail
    and notices; `heading`, `paragraphs`, `button` are for mail and the portal: plain text, to be escaped where shown.
    """

    wording: str
    text: str
    subject: str = ""
    html: str = ""
    heading: str = ""
    paragraphs: tuple[str, ...] = ()
    button: str = ""


def render(
    kind: str,
    stage: int,
    channel: str,
    facts: Facts,
    action_url: str,
    reply_code: str = "",
    words: Wording | None = None,
) -> Rendered:
    """The message that tells `facts` on `channel` ("email", "sms", "voice", "in_app", "push").

    `stage` is the prompt's; the words are those of the nearest stage at or below it. `action_url` is secret to its
    reader and therefore no fact: it stands in the message and is not stored. So is `reply_code`, for a text message.
    `words` are those of before, where the message is shown as it was sent.

    Raises WordingError where there is no such wording, and ValueError (FactMissingError, MoneyError) where the facts do
    not fit it. Neither text holds personal data.
    """
    wording = words or find_wording(kind, stage, facts.language, facts.decision)
    if channel == Delivery.Channel.EMAIL:
        return _render_email(wording, facts, one_line(action_url))
    if channel == Delivery.Channel.SMS:
        return Rendered(
            wording=wording.version, text=write_text_message(wording, facts, one_line(action_url), reply_code)
        )
    if channel == Delivery.Channel.VOICE:
        return Rendered(wording=wording.version, text=write_call_words(wording, facts))
    if channel == Delivery.Channel.IN_APP:
        return _render_in_app(wording, facts)
    if channel == Delivery.Channel.PUSH:
        return _render_push(wording, facts)
    raise WordingError(f"There is no wording for the channel {channel!r}: it must be one of {', '.join(CHANNELS)}.")


def version_to_read(kind: str, stage: int, facts: Facts) -> str:
    """The version of the words in which the portal shows these facts whenever they are looked at.

    Raises what `render` would raise then.
    """
    wording = find_wording(kind, stage, facts.language, facts.decision)
    require_letter(wording, facts)
    return wording.version


@lru_cache(maxsize=1024)
def find_wording(kind: str, stage: int, language: str, decision: str = "") -> Wording:
    """The words for a prompt; English where the language is not one of ours. Raises WordingError."""
    if kind not in Prompt.Kind.values:
        raise WordingError(f"There is no wording for {kind!r}: a prompt is one of {', '.join(Prompt.Kind.values)}.")
    wordings = read_wordings(kind, language if language in LANGUAGES else FALLBACK_LANGUAGE)
    section = _section(wordings.keys(), stage, decision)
    if section not in wordings:
        raise WordingError(f"{kind} has no section for the decision {decision!r}: it has {', '.join(wordings)}.")
    return wordings[section]


def available_wordings() -> Iterator[tuple[str, str, str, str]]:
    """Every (kind, section, channel, language) that has words. Raises WordingError for the first that is broken."""
    for kind in Prompt.Kind.values:
        for language in LANGUAGES:
            for section in read_wordings(kind, language):
                for channel in CHANNELS:
                    yield kind, section, channel, language


def _section(names: Collection[str], stage: int, decision: str) -> str:
    stages = sorted(int(name) for name in names if name.isdecimal())
    if stages:
        return str(max((one for one in stages if one <= stage), default=stages[0]))
    return "" if "" in names else decision


def _render_email(wording: Wording, facts: Facts, action_url: str) -> Rendered:
    letter = write_letter(wording, facts, action_url)
    action = f"{letter.button}\n{action_url}"
    return Rendered(
        wording=wording.version,
        # The preview comes first here as well: some programs show the first lines of the plain text on a locked screen.
        text="\n\n".join([letter.preview, letter.heading, *letter.body, action, *letter.about]) + "\n",
        subject=letter.subject,
        html=letter.html,
        heading=letter.heading,
        paragraphs=letter.body,
        button=letter.button,
    )


def _render_in_app(wording: Wording, facts: Facts) -> Rendered:
    letter = write_letter(wording, facts)
    return Rendered(
        wording=wording.version,
        text="\n\n".join([letter.heading, *letter.body]) + "\n",
        heading=letter.heading,
        paragraphs=letter.body,
        button=letter.button,
    )


def _render_push(wording: Wording, facts: Facts) -> Rendered:
    """No more than mail shows on a locked screen: who speaks and by when, and that there is something to read."""
    letter = write_letter(wording, facts)
    return Rendered(wording=wording.version, text=letter.preview, subject=letter.subject)
