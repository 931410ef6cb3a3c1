"""How many text messages a text costs (3GPP TS 23.038 for the letters, 23.040 for joining parts).

The default alphabet holds 160 septets in one message and 153 in each part of a longer one; any letter outside it turns
the whole text into UCS-2, with 70 code units in one message and 67 in each part.
"""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPED = frozenset("\f^{}\\[~]|€")
"""Letters of the extension table: two septets each, which a part's end never separates."""
ALPHABET = BASIC | ESCAPED

SEPTETS_ALONE, SEPTETS_JOINED = 160, 153
UNITS_ALONE, UNITS_JOINED = 70, 67


def is_gsm(text: str) -> bool:
    """Whether the default alphabet can write the text, so that no letter of it is lost in seven bits."""
    return ALPHABET.issuperset(text)


def segments(text: str) -> int:
    """Parts that the text is sent and charged as; an empty text is one."""
    if is_gsm(text):
        widths = [2 if letter in ESCAPED else 1 for letter in text]
        return _count_parts(widths, SEPTETS_ALONE, SEPTETS_JOINED)
    widths = [2 if ord(letter) > 0xFFFF else 1 for letter in text]
    return _count_parts(widths, UNITS_ALONE, UNITS_JOINED)


def fits(text: str, limit: int) -> bool:
    """Whether the text goes out in at most `limit` parts."""
    return segments(text) <= limit


def _count_parts(widths: list[int], alone: int, joined: int) -> int:
    if sum(widths) <= alone:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > joined:
            parts, used = parts + 1, 0
        used += width
    return parts
