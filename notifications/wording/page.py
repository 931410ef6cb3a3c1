"""The page around every email: all that borrowers share is set into it once."""

from html import escape
from typing import Final

from notifications.wording.filling import fill_shared
from notifications.wording.source import PLACE, Wording

# Behind the preview, so that a mail program that shows more than its words shows blanks, not the amount that follows.
# As characters: as references to them the line was longer than a mail may have, and the page went as base64.
_PADDING: Final = "\u034f\u200c\u00a0" * 50
_LANGUAGE_TAGS: Final = {"en": "en", "zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}


def set_page(lines: dict[str, str], passages: dict[str, list[str]], choose: tuple[str, str], wording: Wording) -> str:
    """The words, with what is shared filled in, in the places of the wording's page that they are named after. `choose`
    is words and the address behind them; without an address they are left out.
    """
    markup = {name: as_markup(text) for name, text in lines.items()}
    markup |= {name: "\n".join(f"<p>{as_markup(text)}</p>" for text in texts) for name, texts in passages.items()}
    words, address = map(as_markup, choose)
    markup["choose"] = f'<p><a href="{address}">{words}</a></p>' if address else ""
    markup |= {
        "language": _LANGUAGE_TAGS[wording.language],
        "padding": _PADDING,
        "action_url": fill_shared("{action_url}", {}),
    }
    pieces = PLACE.split(wording.page)
    # A page of before may have a place that nothing goes to any more.
    pieces[1::2] = [markup.get(name, "") for name in pieces[1::2]]
    return "".join(pieces)


def escape_all(values: dict[str, str]) -> dict[str, str]:
    """The same values as markup, escaped in one go: no value holds the sign that divides them."""
    return dict(zip(values, as_markup("\x1f".join(values.values())).split("\x1f"), strict=True))


def as_markup(text: str) -> str:
    """The text as it may stand between tags and inside a quoted attribute."""
    return escape(text).replace("\n", "<br>")
