"""What tests ask of a page."""

import re


def without_tokens(page: str) -> str:
    """The page as everybody gets it: without what is drawn anew for each request."""
    return re.sub(r'(name="csrfmiddlewaretoken" value|nonce)="[^"]*"', "", page)
