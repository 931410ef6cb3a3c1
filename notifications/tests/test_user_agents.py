"""Names of browsers, by which people recognise their devices."""

import pytest

from notifications.models import PushSubscription
from notifications.user_agents import names_of

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("user_agent", "names"),
    [
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", ("Chrome", "Android")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", ("Firefox", "Linux")),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {SAFARI}", ("Safari", "iPhone")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/149.0.0.0", ("Edge", "Windows")),
        (
            f"Mozilla/5.0 (Linux; Android 14; SM-S921B) SamsungBrowser/28.0 {CHROME} Mobile Safari/537.36",
            ("Samsung Internet", "Android"),
        ),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Safari/537.36", ("Chrome", "Mac")),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", ("Chrome", "ChromeOS")),
        ("curl/8.14.1", ("", "")),
        ("", ("", "")),
        ("<script>alert(1)</script>" * 1000, ("", "")),
    ],
)
def test_a_browser_and_its_system_are_named(user_agent: str, names: tuple[str, str]) -> None:
    assert names_of(user_agent) == names


@pytest.mark.parametrize(
    ("names", "label"),
    [
        (("Chrome", "Android"), "Chrome on Android"),
        (("Chrome", ""), "Chrome"),
        (("", "Mac"), "Mac"),
        (("", ""), "a browser"),
    ],
)
def test_a_device_is_called_by_what_is_known_of_it(names: tuple[str, str], label: str) -> None:
    assert PushSubscription(browser=names[0], system=names[1]).label == label
