"""The first page, as tests read it."""

import re

from django.test import Client
from django.urls import reverse

HOME = reverse("home")


def read(page: Client) -> str:
    """What there is to read, in one line."""
    response = page.get(HOME)
    assert response.status_code == 200
    main = response.content.decode().split("<main", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def opening(page: Client) -> str:
    """What the slip at the top says."""
    return read(page).split("Your loans")[0].split("How to pay")[0]
