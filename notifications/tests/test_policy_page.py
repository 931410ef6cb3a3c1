"""docs/policies.md says what the files say."""

from datetime import date
from pathlib import Path

import pytest
from django.conf import settings as project

from notifications.policy import in_force
from notifications.policy_files import rules_of
from notifications.policy_tables import as_markdown

CODES = ["cn", "eu", "uk", "us"]
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("code", CODES)
def test_the_page_of_policies_shows_the_figures_as_they_are(code: str) -> None:
    page = (Path(project.BASE_DIR) / "docs" / "policies.md").read_text("utf-8")
    assert f"(`{code}`)\n\n{as_markdown(rules_of(code))}\n" in page, f"Put the table of `show_policies {code}` there."


def test_the_pages_example_is_a_figure_that_holds() -> None:
    assert next(in_force([rule for rule in rules_of("cn") if rule.subject == "cn/collection/hours"], TODAY)).id == (
        "cn/collection/hours/2025-02-28"
    )
