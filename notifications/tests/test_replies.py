import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.replies import (
    POLITE_WORDS,
    STOP_SENTENCES,
    STOP_WORDS,
    YES_WORDS,
    Acknowledge,
    Other,
    Start,
    Stop,
    classify,
    normalize,
)

BY_LAW = ("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe")
"""47 CFR 64.1200(a)(10)."""

FULL_WIDTH = {ord(letter): ord(letter) + 0xFEE0 for letter in map(chr, range(0x21, 0x7F))}
around = st.text(st.sampled_from(" \t\n.,!?;:'\"()[]*-~。，！？、…【】「」“”　😀👍"), max_size=4)
codes = st.text("0123456789", min_size=4, max_size=4)


@st.composite
def as_people_type(draw: st.DrawFn, words: st.SearchStrategy[str]) -> str:
    """In any case and width, with signs around it and any space within."""
    typed = "".join(draw(st.sampled_from([letter, letter.upper()])) for letter in draw(words))
    typed = typed.replace(" ", draw(st.sampled_from([" ", "  ", "\n", "　"])))
    if draw(st.booleans()):
        typed = typed.translate(FULL_WIDTH)
    return draw(around) + typed + draw(around)


# Stop ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [*BY_LAW, "退订", "退訂", "T", "TD", "N", "停止", "取消"])
def test_each_word_of_the_law_and_of_the_country_stops(word: str) -> None:
    assert classify(word) == Stop()


@given(as_people_type(st.sampled_from(sorted(STOP_WORDS | STOP_SENTENCES))))
def test_case_width_signs_and_spaces_make_no_difference(text: str) -> None:
    assert classify(text) == Stop()


@given(st.sampled_from(sorted(STOP_WORDS | STOP_SENTENCES)), st.sampled_from(sorted(POLITE_WORDS)), st.booleans())
def test_politeness_makes_no_difference(word: str, polite: str, before: bool) -> None:
    assert classify(f"{polite}, {word}!" if before else f"{word}, {polite}.") == Stop()


@pytest.mark.parametrize(
    "text",
    [
        "please stop", "Stop please!!", "Please stop texting me, thank you", "STOP NOW", "opt-out", "Opt-Out.",
        "don’t text me", "请退订", "退订，谢谢", "麻烦退订了", "【退订】", "请不要再发短信", "ＳＴＯＰ",
        "stop\u200b", "Ｔ",
    ],
)  # fmt: skip
def test_these_can_mean_nothing_else(text: str) -> None:
    assert classify(text) == Stop()


@pytest.mark.parametrize(
    "text",
    [
        "退订回T", "退訂回T", "退订，回T", "退订请回复T", "回复T退订", "回覆T退訂", "回T退订", "T退订",
        "TD退订", "T 退订", "退订T",
        "退 订", "退 訂", "退订。", "拒收请回复R", "请回复TD退订，谢谢", "【退订回T】", "不要 再发", "Ｔ退订",
        "Reply STOP to opt out", "STOP to opt out", "Reply STOP",
    ],
)  # fmt: skip
def test_our_own_invitation_sent_back_stops(text: str) -> None:
    assert classify(text) == Stop()


@pytest.mark.parametrize(
    "text",
    [
        "怎么退订", "退订回T是什么意思", "不退订", "不要退订", "T恤退订", "回复T", "t d",
        "我不想回复T退订", "退订后还款怎么办",
        "how do I reply STOP to opt out", "退订 0417",
    ],
)  # fmt: skip
def test_what_only_speaks_of_the_invitation_is_for_a_person(text: str) -> None:
    assert classify(text) == Other()


# I know --------------------------------------------------------------------------------------------------------------


@given(
    as_people_type(codes),
    st.sampled_from(["", *YES_WORDS]),
    st.sampled_from(["", " ", ": ", "，", "。", "-", "!", "！", "~ "]),
)
def test_four_digits_alone_or_after_a_yes_are_an_answer(typed: str, yes: str, between: str) -> None:
    code = "".join(letter for letter in unicodedata.normalize("NFKC", typed) if letter.isdecimal())
    assert classify(typed) == Acknowledge(code)
    assert classify(f"{yes}{between}{code}") == Acknowledge(code)


@pytest.mark.parametrize(
    "text",
    [
        "0417 ok", "0417 OK!", "0417ok", "0417, yes", "0417 I know", "0417 got it", "0417 ok, thanks", "Noted 0417",
        "好的0417", "好的，0417", "0417好的", "0417 收到", "0417知道了", "我知道了0417", "0417 收到，谢谢", "明白 0417",
        "0417 收到，謝謝", "知道了，0417。", "已收到 0417", "０４１７ ｏｋ",
    ],
)  # fmt: skip
def test_the_code_and_a_yes_are_an_answer_in_either_order(text: str) -> None:
    assert classify(text) == Acknowledge("0417")


@pytest.mark.parametrize(
    "text",
    [
        "0417 no", "no 0417", "0417 not ok", "0417 ok?", "0417 ok but when", "is 0417 ok", "I don't know 0417",
        "0417 stop",
        "不知道0417", "0417不知道", "不好0417", "0417 好吗", "0417 收到？", "没收到0417", "0417 未收到",
        "好像是0417", "0417 好贵",
        "還沒收到0417", "0417 不明白", "04171 ok", "0417 0418 ok", "0417 1",
    ],
)  # fmt: skip
def test_the_code_with_anything_else_is_for_a_person(text: str) -> None:
    assert classify(text) == Other()


@given(codes, st.sampled_from([" ", "  ", ",", ", ", ":", "：", "，", "-", ". ", "。", "\n"]))
def test_after_a_one_there_must_be_a_gap(code: str, gap: str) -> None:
    assert classify(f"1{gap}{code}") == Acknowledge(code)
    assert classify(f"1{code}") == Other()


@pytest.mark.parametrize(
    "text", ["123", "12345", "1 123", "1.2345", "12 34", "N 1234", "1234 1234", "ok", "1", "٤٨٢١", "¥1234.00"]
)
def test_these_are_no_answer_that_names_a_message(text: str) -> None:
    assert classify(text) == Other()


# For a person --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "?", "👍", "please", "thank you", "谢谢", "no", "stop it's paid", "how do I cancel my dispute",
        "when does it end", "I will pay at the end of the month", "取消还款计划可以吗", "不取消", "别取消",
        "don't stop", "please do not cancel", "T恤", "已经还了", "unsubscribe from what?", "stop or continue",
    ],
)  # fmt: skip
def test_a_word_within_something_longer_is_for_a_person(text: str) -> None:
    assert classify(text) == Other()


unrelated = st.text(st.sampled_from("abcdefghijkl还款日期金额"), min_size=4, max_size=12)


@given(unrelated, st.sampled_from(sorted(BY_LAW)), unrelated)
def test_any_longer_sentence_is_for_a_person(before: str, word: str, after: str) -> None:
    assert classify(f"{before} {word} {after}") == Other()


@given(st.text())
def test_anything_is_one_of_the_four_and_its_width_makes_no_difference(text: str) -> None:
    said = classify(text)
    assert isinstance(said, Stop | Start | Acknowledge | Other)
    assert classify(unicodedata.normalize("NFKC", text)) == said


@given(st.text())
def test_what_is_normal_stays_so(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)
