"""A message's text as HTML: nothing of it is markup, and its addresses are links, as a phone makes them."""

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

# Chinese text puts no space around an address, so its punctuation ends one too.
ADDRESS = re.compile(r"https?://[^\s<>\"'　-〿！-～“”‘’]+")
TRAILING = ".,;:!?)"


def show_text(text: str) -> SafeString:
    """Escaped, with links and line breaks."""
    pieces, end = [], 0
    for found in ADDRESS.finditer(text):
        address = found.group().rstrip(TRAILING)
        pieces += [escape(text[end : found.start()]), format_html('<a href="{0}" rel="noreferrer">{0}</a>', address)]
        end = found.start() + len(address)
    joined = "".join([*pieces, escape(text[end:])])
    return mark_safe(joined.replace("\r\n", "\n").replace("\n", "<br>"))  # noqa: S308  (every piece is escaped above)
