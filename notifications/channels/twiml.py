"""What is said in a call, or written back, in Twilio's markup.

The reader's language decides the voice; the words themselves come from the caller of these functions.
"""

from typing import Final
from xml.sax.saxutils import escape, quoteattr

VOICES: Final = {"en": "en-US", "zh-hans": "zh-CN", "zh-hant": "zh-TW"}
"""Our languages as Twilio's voices know them; any other is read in English."""
TIMES: Final = 2
"""How often all is said: whoever answers first hears where the phone is."""
WAIT_SECONDS: Final = 5

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'


def write_call(text: str, language: str, pressed_url: str) -> str:
    """Says the text twice, and takes one key at any moment.

    Twilio posts the key to `pressed_url`, read by `voice_reports`; where none was pressed by the end of it all, it
    posts without a key, which proves that all was said.
    """
    said = f'{_say(text, language)}<Pause length="1"/>' * TIMES
    how = f'input="dtmf" numDigits="1" timeout="{WAIT_SECONDS}" actionOnEmptyResult="true" method="POST"'
    gather = f"<Gather {how} action={quoteattr(pressed_url)}>{said}</Gather>"
    return f"{_HEAD}<Response>{gather}<Hangup/></Response>"


def write_words(text: str, language: str) -> str:
    """Says one thing and ends the call."""
    return f"{_HEAD}<Response>{_say(text, language)}<Hangup/></Response>"


def write_nothing() -> str:
    """Ends the call without a word."""
    return f"{_HEAD}<Response><Hangup/></Response>"


def write_text_answer(text: str) -> str:
    """Answers a text message; an empty text answers nothing."""
    clean = "".join(letter for letter in text if letter.isprintable())
    message = f"<Message>{escape(clean)}</Message>" if clean else ""
    return f"{_HEAD}<Response>{message}</Response>"


def _say(text: str, language: str) -> str:
    # XML has no place for control characters, not even escaped.
    clean = "".join(letter for letter in text if letter in "\n\t" or letter.isprintable())
    return f'<Say language="{VOICES.get(language, VOICES["en"])}">{escape(clean)}</Say>'
