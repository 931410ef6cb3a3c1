"""What a text message to us says: no more of these, these again, "I know", or something that a person must read. Pure.

In the United States a consumer may revoke consent in any reasonable way; a text with one of the words stop, quit, end,
revoke, opt out, cancel or unsubscribe is one by definition (47 CFR 64.1200(a)(10)). In mainland China the words are
退订, T, TD, N and R. START and UNSTOP are the words by which carriers know that somebody wants them again; nothing else
may stand beside such a word but politeness, and YES is none here: it says that somebody knows.

How much else may stand beside such a word is decided here, narrowly: politeness ("please stop"), and a few whole
sentences that can mean nothing else ("stop texting me"), our own invitation among them ("退订回T"). A word inside a
longer sentence is Other: "how do I cancel my dispute" must not silence the one channel that would have told of a due
date. A person reads it, for whom the rule leaves ten business days.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Stop:
    """No more text messages to this number."""


@dataclass(frozen=True, slots=True)
class Start:
    """Text messages to this number again."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The reader knows; `code` is four ASCII digits and names the message that is meant."""

    code: str


@dataclass(frozen=True, slots=True)
class Other:
    """For a person to read."""


Reply = Stop | Start | Acknowledge | Other

STOP_WORDS: Final = frozenset(
    {
        *("stop", "stopall", "stop all", "quit", "end", "revoke", "opt out", "optout", "cancel", "unsubscribe"),
        *("退订", "退訂", "停止", "取消", "拒收", "取消订阅", "取消訂閱", "t", "td", "n", "r"),
    }
)
STOP_SENTENCES: Final = frozenset(
    {
        *("stop texting", "stop texting me", "stop messaging me", "stop sending me texts", "stop sending me messages"),
        *("stop texts", "stop messages", "stop all messages", "stop all texts", "cancel all messages", "no more texts"),
        *("no more messages", "do not text me", "don't text me", "dont text me", "unsubscribe me", "opt me out"),
        *("i opt out", "i want to opt out", "i revoke my consent", "revoke consent", "end all messages"),
        *("reply stop", "stop to opt out", "reply stop to opt out", "stop to end", "reply stop to end"),
        *("退订短信", "退訂短信", "退訂簡訊", "我要退订", "我要退訂", "停止发送", "停止發送", "不要再发", "不要再發"),
        *("不要再发短信", "不要再發短訊", "不要再發簡訊", "别再发了", "別再發了", "别发了", "別發了", "拒收短信"),
    }
)
START_WORDS: Final = frozenset(
    {
        *("start", "unstop", "resume", "opt in", "optin", "opt-in", "subscribe", "resubscribe"),
        *(
            "开始",
            "開始",
            "恢复",
            "恢復",
            "订阅",
            "訂閱",
            "重新订阅",
            "重新訂閱",
            "恢复短信",
            "恢復短信",
            "恢復簡訊",
            "恢復短訊",
        ),
    }
)
POLITE_WORDS: Final = frozenset({"please", "pls", "plz", "now", "thanks", "thank", "you", "thx", "just"})
POLITE_SIGNS: Final = ("麻烦", "麻煩", "谢谢", "謝謝", "请", "請", "谢", "謝", "了", "吧")

TOLD_TO_REPLY: Final = re.compile(
    r"退[订訂]请?請?回[复復覆]?(?:td|[tnr])|回[复復覆]?(?:td|[tnr])退[订訂]|拒收请?請?回[复復覆]?r|td?退[订訂]|退[订訂]td?"
)
"""The invitation at the end of a message, sent back as it stands there or in part; without signs and spaces."""

YES_WORDS: Final = (
    *("ok", "okay", "yes", "i know", "got it", "noted", "知道了", "我知道了", "知道", "收到", "已收到", "收到了"),
    *("好", "好的", "明白", "明白了", "了解"),
)
_YES: Final = "|".join(YES_WORDS)
_GAP: Final = r"[\s,.:;!~、。-]*"
CODE: Final = re.compile(
    # A bare 1 needs a gap: 11234 is five digits, and 1.2345 an amount.
    rf"(?:(?:{_YES}){_GAP}|1\.?[\s,:;、。-]+)?([0-9]{{4}})"
)
CODE_THEN_YES: Final = re.compile(rf"([0-9]{{4}}){_GAP}(?:{_YES})(?:{_GAP}(?:thanks|thank you|thx|谢谢|謝謝))?")


def classify(text: str) -> Reply:
    """What the text says. Width, case, surrounding signs and spaces make no difference; never raises."""
    said = normalize(text)
    if found := CODE.fullmatch(said):
        return Acknowledge(found[1])
    # "0417 ok?" asks.
    if (found := CODE_THEN_YES.fullmatch(said)) and "?" not in unicodedata.normalize("NFKC", text):
        return Acknowledge(found[1])
    if _says_stop(said):
        return Stop()
    return Start() if _is_one_of(STARTS, said) else Other()


def normalize(text: str) -> str:
    """One width (NFKC), one case, single spaces, no hyphen within "opt-out", and no signs around it all."""
    flat = unicodedata.normalize("NFKC", text).casefold()
    # A phone's keyboard may set marks that nobody sees, and writes an apostrophe in two ways.
    seen = "".join(letter for letter in flat if not _is_unseen(letter))
    words = " ".join(seen.replace("’", "'").replace("opt-out", "opt out").split())
    return _strip_signs(words)


def _says_stop(said: str) -> bool:
    joined = _strip_polite("".join(letter for letter in _rest(said) if not _is_sign(letter)))
    return _is_one_of(STOPS, said) or TOLD_TO_REPLY.fullmatch(joined) is not None


def _is_one_of(forms: frozenset[str], said: str) -> bool:
    rest = _rest(said)
    if said in forms or _strip_polite(rest) in forms:
        return True
    # Chinese has no spaces, so one between its signs says nothing; "t d" is not a word.
    spaced = "".join(rest.split())
    return not spaced.isascii() and _strip_polite(spaced) in forms


def _rest(said: str) -> str:
    """Without words of politeness."""
    words = [_strip_signs(word) for word in said.split()]
    return " ".join(word for word in words if word and word not in POLITE_WORDS)


def _strip_polite(said: str) -> str:
    """Without the politeness that Chinese writes before and after, with no space between."""
    while True:
        shorter = _strip_signs(said)
        for sign in POLITE_SIGNS:
            shorter = _strip_signs(shorter.removeprefix(sign).removesuffix(sign))
        if shorter == said:
            return said
        said = shorter


def _strip_signs(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_sign(text[start]):
        start += 1
    while end > start and _is_sign(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "CM" and not letter.isspace()


def _is_sign(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "PSZ"


STOPS: Final = frozenset(form for one in STOP_WORDS | STOP_SENTENCES for form in (one, _strip_polite(one)))
STARTS: Final = frozenset(form for one in START_WORDS for form in (one, _strip_polite(one)))
