"""Borrowers who look at their first page, one after another: it must be theirs, and as new as the last change."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from benchmarks.history import FACTS, WORDING
from benchmarks.measure import Trial, expect
from benchmarks.product import DELIVERIES, change_for, first_page, page_again
from benchmarks.tables import execute, rows, settle
from benchmarks.web.client import Answer, ask_all, write_request

CONNECTIONS: Final = 8
KEPT: Final = 25
"""Requests a connection, then it is opened anew: which process got it is luck, and with eight for good it was most of
what one trial differed from the next by.
"""
PLAIN: Final = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


class Readers:
    """So many signed-in borrowers, by their cookies, and what their pages must show."""

    def __init__(self, port: int, cookies: Mapping[int, str]) -> None:
        self.port = port
        self.cookies = cookies

    def look(self, path: str = "") -> tuple[list[Answer], float]:
        """Everybody asks for the page once; returns the answers and how long it took."""
        requests = [write_request(path or first_page(), headers={"Cookie": one}) for one in self.cookies.values()]
        started = time.monotonic()
        answers = ask_all(self.port, requests, connections=CONNECTIONS, kept=KEPT)
        seconds = time.monotonic() - started
        expect("pages that were not shown", 0, sum(answer.status != 200 for answer in answers))
        return answers, seconds

    def look_at_news(self, rounds: int) -> tuple[Trial, list[Answer]]:
        """Something of each changes, then everybody looks; only the looking is timed."""
        seen: list[Answer] = []
        total = 0.0
        for _ in range(rounds):
            change_for(list(self.cookies))
            answers, seconds = self.look()
            check_news(self.cookies, answers)
            seen += answers
            total += seconds
        return Trial(len(seen), total), seen

    def look_again(self, rounds: int) -> Trial:
        """Nothing has changed since each has seen the page, and their browsers ask whether it has."""
        before, _seconds = self.look()
        asked = [page_again(answer.body, answer.head) for answer in before]
        requests = [
            write_request(path, headers={"Cookie": cookie, **headers})
            for cookie, (path, headers) in zip(self.cookies.values(), asked, strict=True)
        ] * rounds
        started = time.monotonic()
        answers = ask_all(self.port, requests, connections=CONNECTIONS, kept=KEPT)
        trial = Trial(len(answers), time.monotonic() - started)
        expect("answers that were not 'nothing new'", 0, sum(one.status not in (204, 304) for one in answers))
        return trial


def check_news(borrower_ids: Sequence[int] | Mapping[int, str], answers: Sequence[Answer]) -> None:
    """Each page names its own borrower's loan and the amount that is owed now."""
    owed = dict(
        rows(
            "SELECT loan.borrower_id, min(loan.external_id || ' ' || round(installment.outstanding, 2))"
            " FROM loans_loan AS loan JOIN loans_installment AS installment ON installment.loan_id = loan.id"
            " WHERE loan.borrower_id = ANY(%s) AND installment.state = 'open' GROUP BY 1",
            [list(borrower_ids)],
        )
    )
    wrong = 0
    for borrower_id, answer in zip(borrower_ids, answers, strict=True):
        number, amount = owed[borrower_id].encode().split()
        wrong += number not in answer.body or amount not in answer.body
    expect("pages that are old or another's", 0, wrong)


def place_messages() -> None:
    """Let the portal's messages lie there, worded, as after a sending."""
    execute(
        f"UPDATE {DELIVERIES} SET status = 'sent', sent_at = next_attempt_at, attempts = 1, facts = %s::jsonb,"
        " wording = %s WHERE channel = 'in_app'",
        [FACTS, WORDING],
    )
    settle(DELIVERIES)


def count_queries(cookie: str) -> int:
    """How many queries one page costs, session and user included."""
    client = Client(headers={"cookie": cookie, "host": "127.0.0.1"})
    rest = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]  # it would look for collected files
    with override_settings(STORAGES=PLAIN, MIDDLEWARE=rest), CaptureQueriesContext(connection) as queries:
        expect("status of the page", 200, client.get(first_page()).status_code)
    return len(queries)
