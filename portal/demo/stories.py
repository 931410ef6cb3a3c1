"""The steps of the scenario. Each returns what it saw, in a few words, and raises where it saw something else."""

import re
import tempfile
from pathlib import Path
from typing import Any, Final

from loans.dates import day
from loans.money import format_money
from portal.demo.book import LOANS, PlannedLoan, book_day, write_book
from portal.demo.browsers import browser_of, person_with_browser
from portal.demo.loading import BANK_LOANS
from portal.demo.people import DEAD_PHONE, NOT_TOLD, PAID, TOLD, UNREACHABLE, Person
from portal.demo.sign_ins import NEXT_NOTIFICATION
from portal.demo.stage import Stage
from portal.demo.visitor import Page, UnexpectedPageError, Visitor

LINK: Final = re.compile(r"http://\S+/k/\S+")
STORY_PERIOD: Final = 3


def book_is_in(stage: Stage) -> str:
    page = stage.agent().get("/desk/loans/loan/").expect(str(LOANS))
    return f"{LOANS} loans on the desk" if page.status == 200 else str(page.status)


def same_file_again(stage: Stage) -> str:
    said = stage.run("import_loans", "--partner", "harbour", str(stage.folder / "book" / BANK_LOANS)).strip()
    if "already" not in said and "before" not in said:
        raise UnexpectedPageError(f"import_loans did not say that it knows the file: {said}")
    return said.splitlines()[-1]


# Told and acknowledged -----------------------------------------------------------------------------------------------


def told_by_sms(stage: Stage) -> str:
    message = stage.until(lambda: _with_word(stage, "sms", TOLD, "delivered"))
    return f"delivered, and the report was answered {message['receipts'][-1]['answer']}"


def link_only_shows(stage: Stage) -> str:
    page = stage.visitor().get(_link(stage))
    loan = _loan(TOLD)
    amount, due = format_money(loan.total, "CNY", TOLD.locale), _day(loan, TOLD)
    page.expect(amount, due)
    home = stage.signed_in(TOLD.email).get("/")
    home.form("next")
    return f"{amount}, {due}; the first page still asks"


def told_by_email_too(stage: Stage) -> str:
    message = stage.until(lambda: _with_word(stage, "email", TOLD, "delivered"))
    if format_money(_loan(TOLD).total, "CNY", TOLD.locale) in message["subject"]:
        raise UnexpectedPageError("the subject tells what is owed")
    return f"“{message['subject']}”, delivered"


def borrower_acknowledges(stage: Stage) -> str:
    visitor = stage.visitor()
    page = visitor.get(_link(stage))
    thanks = visitor.send(page)
    if thanks.status != 200 or any(form.method == "POST" for form in thanks.tree.forms):
        raise UnexpectedPageError("the page still asks after the button was pressed")
    _borrower_on_desk(stage.agent(), TOLD).expect("acknowledged")
    return "pressed once, on record at the desk"


# A device ------------------------------------------------------------------------------------------------------------


def told_on_a_device(stage: Stage) -> str:
    person = person_with_browser(book_day())
    notice = stage.until(lambda: _with_word(stage, "push", person, "delivered"))
    browser = Visitor(stage.sandbox)
    browser.send(browser.get(f"/browser/{browser_of(person)}"))
    stage.until(lambda: _borrower_on_desk(stage.agent(), person).expect("acknowledged"))
    return f"“{notice['subject']}”, shown and answered there"


# Dead phone ----------------------------------------------------------------------------------------------------------


def dead_phone_moves_to_email(stage: Stage) -> str:
    stage.until(lambda: _with_word(stage, "sms", DEAD_PHONE, "undelivered"))
    stage.until(lambda: _with_word(stage, "email", DEAD_PHONE, "delivered"))
    return "SMS undelivered, email delivered"


def desk_shows_dead_phone(stage: Stage) -> str:
    page = stage.until(lambda: _borrower_on_desk(stage.agent(), DEAD_PHONE).expect("not delivered", "delivered"))
    if DEAD_PHONE.phone in page.text or DEAD_PHONE.email in page.text:
        raise UnexpectedPageError("the desk shows contact data unmasked")
    return "failed SMS and delivered email on one timeline, contact data masked"


# Paid, not yet booked ------------------------------------------------------------------------------------------------


def paid_awaits_bank(stage: Stage) -> str:
    stage.signed_in(PAID.email).get("/").expect("Lantern Mall", "awaiting")
    told = [*stage.messages("sms", PAID), *stage.messages("email", PAID)]
    if any("overdue" in f"{message['subject']} {message['text']}".lower() for message in told):
        raise UnexpectedPageError("an overdue prompt went out for a payment that is on its way")
    return f"{len(told)} message(s) to this borrower, none about being overdue"


def bank_books_payment(stage: Stage) -> str:
    said = stage.run("import_statement", str(stage.folder / "book" / NEXT_NOTIFICATION)).strip().splitlines()[-1]
    loan_page = stage.signed_in(PAID.email)
    home = loan_page.get("/")
    stage.until(lambda: loan_page.get(home.link(r"/loans/\d+/$")).expect("Harbour Bank"))
    settled = loan_page.get(home.link(r"/loans/\d+/$"))
    if "awaiting" in settled.text.lower():
        raise UnexpectedPageError("the loan still awaits the bank")
    return said


def payment_is_confirmed(stage: Stage) -> str:
    confirmations = stage.until(lambda: [m for m in stage.messages("email", PAID) if "booked" in _all_text(m)])
    return f"“{confirmations[-1]['subject']}”"


# Unreachable ---------------------------------------------------------------------------------------------------------


def unreachable_goes_to_agent(stage: Stage) -> str:
    agent = stage.agent()
    page = stage.until(lambda: agent.get("/desk/notifications/agenttask/").expect(UNREACHABLE.name))
    return "on the queue" if page.status == 200 else str(page.status)


# "Nobody told me" ----------------------------------------------------------------------------------------------------


def borrower_disputes(stage: Stage) -> str:
    visitor = stage.signed_in(NOT_TOLD.email)
    message = stage.until(lambda: visitor.get(visitor.get("/messages/").link(r"/messages/\d+/$")))
    form_page = visitor.get(message.link(r"/disputes/new/\?"))
    words = "Nobody told me that this was due."
    done = visitor.send(form_page, "form_token", kind="not_told", words=words)
    number = re.search(r"D-[0-9A-Z]{4}-[0-9A-Z]{4}", done.text)
    if not number:
        raise UnexpectedPageError(f"{done.url} ({done.status}) shows no receipt number")
    return f"receipt {number.group()}"


def agent_decides(stage: Stage) -> str:
    agent = stage.agent()
    page = agent.get(agent.get("/desk/loans/dispute/").link(r"/desk/loans/dispute/\d+/"))
    page.expect("Nobody told me", "What we told them about it")
    decided = agent.send(
        page, press="decide", **{"decide-decision": "upheld", "decide-words": "You are right: nothing reached you."}
    )
    decided.expect("Decided")
    return "decided as upheld beside the record of prompts"


def decision_is_told(stage: Stage) -> str:
    found = stage.until(lambda: [m for m in stage.messages("email", NOT_TOLD) if "decision" in m["subject"]])
    stage.signed_in(NOT_TOLD.email).get("/disputes/").expect("You are right")
    return f"“{found[-1]['subject']}”"


# Strangers and broken files ------------------------------------------------------------------------------------------


def stranger_sees_nothing(stage: Stage) -> str:
    mine = stage.signed_in(TOLD.email).get("/").link(r"/loans/\d+/$")
    stranger = stage.signed_in(PAID.email).get(mine)
    nobody = stage.visitor().get(mine)
    if stranger.status != 404 or "/accounts/login" not in nobody.url:
        raise UnexpectedPageError(f"a stranger got {stranger.status}, a visitor {nobody.url}")
    return "another borrower gets 404, a visitor the sign-in"


def broken_file_is_refused(stage: Stage) -> str:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><Document>&a;</Document>'
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(bomb)
        file.flush()
        try:
            stage.run("import_statement", file.name)
        except UnexpectedPageError as refused:
            return str(refused).replace(str(Path(file.name).parent), "…")
    raise UnexpectedPageError("a file with entities was accepted")


def reports_give_the_state(stage: Stage) -> str:
    return stage.run("replay_reports", "--shuffled", "1").strip()


# What several steps need ---------------------------------------------------------------------------------------------


def _loan(person: Person) -> PlannedLoan:
    return write_book(book_day()).loan_of(person)


def _day(loan: PlannedLoan, person: Person) -> str:
    return day(loan.due_on(STORY_PERIOD), person.locale, book_day())


def _link(stage: Stage) -> str:
    for message in stage.messages("sms", TOLD):
        if found := LINK.search(message["text"]):
            return found.group()
    raise UnexpectedPageError("no SMS with a link")


def _with_word(stage: Stage, channel: str, person: Person, word: str) -> dict[str, Any] | None:
    """The first message of which the sandbox reported `word`."""
    for message in stage.messages(channel, person):
        if any(receipt["word"] == word for receipt in message["receipts"]):
            return message
    return None


def _all_text(message: dict[str, Any]) -> str:
    return f"{message['subject']} {message['text']}".lower()


def _borrower_on_desk(agent: Visitor, person: Person) -> Page:
    found = agent.get(f"/desk/accounts/user/?q={person.phone.removeprefix('+')}")
    return agent.get(found.link(r"/desk/accounts/user/\d+/change/"))
