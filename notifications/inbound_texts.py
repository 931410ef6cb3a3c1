"""What borrowers write back by SMS: "I know" with its code, "no more SMS", "SMS again", or what a person has to read.

"Stop" is always obeyed (47 CFR 64.1200(a)(10)), also where SMS is the last channel that reaches somebody: their
prompts then go to a person, and the answer says so. It is confirmed once, in the answer to that very message where its
provider brings answers back, and to everybody at the head of their messages in the portal (`stopped`).

Four digits can be guessed, and a number can be forged: after a few codes that name nothing what comes next is looked at
by a person alone.

A message that its provider brings again does nothing, and nothing is kept of it: "stop" may have been taken back since,
and a task about it finished. Where nothing but its words tells it from another, it is known again as the same place of
the same bytes, but only until the call that brought it has been done to its end: whoever has heard that all was taken
brings nothing again, and the same words are then another message.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Consent, ContactPoint, User
from notifications.acknowledgement import LINK_LIVES, acknowledge_delivery
from notifications.channels.inbound import InboundText as Words
from notifications.events import record
from notifications.models import Acknowledgement, Callback, Delivery, InboundText, NoticeEvent, Prompt
from notifications.preferences import MACHINES, stop_machines
from notifications.reach import all_reached_without
from notifications.replies import Acknowledge, Other, Reply, Start, Stop, classify
from notifications.signatures import reply_codes
from notifications.started import LETS_THROUGH, is_heard, start
from notifications.written import FOR_A_PERSON, hand_over

logger = logging.getLogger(__name__)
Meaning = InboundText.Meaning

_OF_A_PLACE: Final = "place:"
"""Begins the fingerprint of a text that has none of its own, while its call is being done."""
UNKNOWN_CODE: Final = "code names nothing"
MOST_UNKNOWN: Final = 5
"""Within UNKNOWN_COUNT. In the 45 days that a code lives so many tries meet it once in three hundred times."""
UNKNOWN_COUNT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a message: a word for the desk, the telling it answers, and what its sender is told (or nothing)."""

    outcome: str
    delivery_id: int | None = None
    answer: str = ""

    @property
    def is_for_a_person(self) -> bool:
        return self.outcome == FOR_A_PERSON


def receive(texts: Sequence[Words], raw: bytes, *, now: datetime) -> str:
    """Keep what one authenticated call brought, do what each of its messages asks for, and give the answers for their
    senders, empty for none.

    Each is done in a transaction of its own: what it locks is let go before the next one, so that of two calls about
    the same people none waits for the other. What was done before a fault is known when the call is repeated.
    """
    placed = _placed(texts, raw)
    kept: Callback | None = None
    answers = []
    for words in placed or texts:
        with transaction.atomic():
            callback = kept or _keep(words, raw, now)
            answer = _receive_one(words, callback, now)
            if answer is None:  # brought before: nothing was done, and of the call nothing is kept for it
                transaction.set_rollback(True)
                continue
        kept = callback
        answers.append(answer)
    if placed:
        _forget_places(placed)
    return " ".join(filter(None, answers))


def _placed(texts: Sequence[Words], raw: bytes) -> list[Words]:
    """These with a fingerprint of where they stand in their call for each that has none; empty where each has one, or
    where there is but one, of which nothing can be left half done.
    """
    if len(texts) < 2 or all(words.fingerprint for words in texts):
        return []
    whole = sha256(raw).hexdigest()
    places = (f"{_OF_A_PLACE}{sha256(f'{whole} {place}'.encode()).hexdigest()[:40]}" for place in range(len(texts)))
    return [replace(words, fingerprint=words.fingerprint or at) for words, at in zip(texts, places, strict=True)]


def _forget_places(texts: Sequence[Words]) -> None:
    """All of their call is done: what says the same again is another message."""
    places = [words.fingerprint for words in texts if words.fingerprint.startswith(_OF_A_PLACE)]
    InboundText.objects.filter(provider=texts[0].provider, fingerprint__in=places).update(fingerprint="")


def _keep(words: Words, raw: bytes, now: datetime) -> Callback:
    return Callback.objects.create(provider=f"{words.provider}_in", raw=raw, received_at=now, applied_at=now)


def _receive_one(words: Words, callback: Callback, now: datetime) -> str | None:
    """One that our own fault keeps from being done is read by a person: the others of its call must not wait for it."""
    try:
        with transaction.atomic():
            return _do_one(classify(words.text), words, callback, now)
    except (OperationalError, InterfaceError):
        raise  # the database is away or another was first: the provider brings the call once more
    except Exception:
        logger.exception("a text message of callback %s could not be done", callback.pk)
        return _do_one(Other(), words, callback, now)


def _do_one(reply: Reply, words: Words, callback: Callback, now: datetime) -> str | None:
    """The answer for its sender; None for a message that was brought before, which does nothing."""
    text = InboundText(callback=callback, provider=words.provider, meaning=_meaning(reply), received_at=now)
    if words.fingerprint and not _is_new(text, words.fingerprint):
        return None
    if isinstance(reply, Start) and not is_heard(words.provider, words.text):
        reply = Other()  # messages would be held back all the same
    answers = []
    for borrower, done in _done_for_all(reply, words.senders, now):
        text.borrower, text.outcome, text.delivery_id = borrower, done.outcome, done.delivery_id
        text.save()
        answers.append(hand_over(text, borrower, now=now) if borrower and done.is_for_a_person else done.answer)
        text = InboundText(callback=callback, provider=words.provider, meaning=_meaning(reply), received_at=now)
    if isinstance(reply, Start) and words.provider in LETS_THROUGH:
        return ""  # that one confirms it: once is enough
    return next(filter(None, answers), "")


def _is_new(text: InboundText, fingerprint: str) -> bool:
    """Whether nobody was first to keep this one. Its row is there before anything is done: of two calls at once, one
    waits here for the other.
    """
    text.fingerprint = fingerprint
    try:
        with transaction.atomic():
            text.save()
    except IntegrityError:
        return False
    return True


def _done_for_all(reply: Reply, senders: Sequence[str], now: datetime) -> list[tuple[User | None, Done]]:
    """What is done for each whose phone this is: firms may have named it for several. A code is of one of them."""
    done: list[tuple[User | None, Done]] = []
    phones = _phones(senders, now)
    if isinstance(reply, Acknowledge) and phones and _are_guesses(phones[0].user, now):
        return [(phones[0].user, Done(FOR_A_PERSON))]
    for phone in phones:
        with translation.override(phone.user.locale):
            done.append((phone.user, _do(reply, phone.user, phone.address, now)))
    answered = [(borrower, one) for borrower, one in done if one.delivery_id]
    return answered or (done[:1] if isinstance(reply, Acknowledge) else done) or [(None, Done("sender not known"))]


def _are_guesses(borrower: User, now: datetime) -> bool:
    """Whether their number has sent too many codes that name nothing. Of a phone of several people, all such are kept
    with the first of them. Others that come at once wait here, so that each sees the one before.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=borrower.pk)
    unknown = InboundText.objects.filter(borrower=borrower, outcome=UNKNOWN_CODE, received_at__gt=now - UNKNOWN_COUNT)
    return unknown.count() >= MOST_UNKNOWN


def _phones(senders: Sequence[str], now: datetime) -> list[ContactPoint]:
    """The live phones of this number. Where both readings of it are somebody's, those of the one that we wrote to last:
    that one had something to answer. In the order in which people are locked.
    """
    live = ContactPoint.objects.live().filter(kind=ContactPoint.Kind.PHONE, address__in=senders)
    phones = list(live.select_related("user").order_by("user_id"))
    found = [address for address in senders if any(phone.address == address for phone in phones)]
    if len(found) < 2:
        return phones
    told = Delivery.objects.filter(
        prompt__borrower__in=[phone.user_id for phone in phones],
        channel=Delivery.Channel.SMS,
        address__in=found,
        handed_at__gte=now - LINK_LIVES,
    )
    meant = told.order_by("-handed_at").values_list("address", flat=True).first() or found[0]
    return [phone for phone in phones if phone.address == meant]


def _meaning(reply: Reply) -> InboundText.Meaning:
    match reply:
        case Stop():
            return Meaning.STOP
        case Start():
            return Meaning.START
        case Acknowledge():
            return Meaning.ACKNOWLEDGE
        case Other():
            return Meaning.OTHER


def _do(reply: Reply, borrower: User, address: str, now: datetime) -> Done:
    match reply:
        case Stop():
            return _stop(borrower, address, now)
        case Start():
            return _start(borrower, address, now)
        case Acknowledge(code):
            return _acknowledge(borrower, address, code, now)
        case Other():
            return Done(FOR_A_PERSON)


def _stop(borrower: User, address: str, now: datetime) -> Done:
    if not stop_machines(borrower, now=now, source=Consent.Source.REPLY, address=address):
        return Done("switched off before")
    if all_reached_without(MACHINES, borrower.pk):
        return Done("switched off", answer=gettext("You get no more SMS from us. We use your other channels."))
    answer = gettext(
        "You get no more SMS from us. As nothing else reaches you, a person calls before a payment is due."
    )
    return Done("switched off, a person calls", answer=answer)


def _start(borrower: User, address: str, now: datetime) -> Done:
    match start(borrower, address, now=now):
        case None:
            return Done(FOR_A_PERSON)
        case False:
            return Done("switched on before")
        case _:
            return Done("switched on", answer=gettext("You get our SMS again. Answer STOP to end them."))


def _acknowledge(borrower: User, address: str, code: str, now: datetime) -> Done:
    """The code names a telling that went to this very number, or may have: of many whose provider did not answer nobody
    else knows that they arrived.
    """
    asked = Delivery.objects.filter(
        prompt__borrower=borrower,
        prompt__kind__in=Prompt.ASKING,
        channel=Delivery.Channel.SMS,
        address=address,
        handed_at__gte=now - LINK_LIVES,
    )
    found = next((pk for pk in asked.order_by("-pk").values_list("pk", flat=True) if code in reply_codes(pk)), None)
    if found is None or not acknowledge_delivery(found, method=Acknowledgement.Method.REPLY, now=now):
        return Done(UNKNOWN_CODE, answer=gettext("This code is not known here. Please open the link instead."))
    record(NoticeEvent.Kind.REPLIED, borrower_id=borrower.pk, at=now, delivery_id=found)
    return Done("acknowledged", found, gettext("Thank you. We noted that you know."))
