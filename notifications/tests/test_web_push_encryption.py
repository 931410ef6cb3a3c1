"""What leaves for a browser: closed as RFC 8291 says, and signed as RFC 8292 says."""

import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from notifications.channels.base import ChannelMisconfiguredError
from notifications.channels.vapid import TOKEN_SECONDS, USED_SECONDS, Vapid, decode, encode, make_private_key
from notifications.channels.web_push_encryption import CURVE, MOST_TEXT, RECORD_SIZE, TooLongError, encrypt

# RFC 8291, appendix A.
TEXT = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)

KEY = "IQ9Ur0ykXoHS9gzfYX0aBjy9lvdrjx_PFUXmie9YRcY"
"""Some number of 32 octets."""


def test_the_example_of_the_standard_comes_out_octet_by_octet() -> None:
    sender = ec.derive_private_key(int.from_bytes(decode(SENDER)), CURVE)
    assert encode(encrypt(TEXT, decode(P256DH), decode(AUTH), salt=decode(SALT), sender=sender)) == BODY


def test_no_two_bodies_are_alike() -> None:
    assert encrypt(TEXT, decode(P256DH), decode(AUTH)) != encrypt(TEXT, decode(P256DH), decode(AUTH))


def test_the_longest_text_fills_what_every_push_service_takes() -> None:
    assert len(encrypt(b"x" * MOST_TEXT, decode(P256DH), decode(AUTH))) == RECORD_SIZE
    with pytest.raises(TooLongError, match="3994 octets are more than the 3993"):
        encrypt(b"x" * (MOST_TEXT + 1), decode(P256DH), decode(AUTH))


# Who pushes ----------------------------------------------------------------------------------------------------------


def make_vapid(now: float = 1_795_852_800.0, subject: str = "mailto:ops@portal.example") -> Vapid:
    return Vapid(KEY, subject, clock=lambda: now)


def read_token(header: str) -> tuple[dict[str, object], dict[str, object], str]:
    """Header and claims of the token, once its signature is found to be that of the key beside it."""
    assert header.startswith("vapid t=")
    token, _, key = header.removeprefix("vapid t=").partition(", k=")
    signed, _, signature = token.rpartition(".")
    numbers = decode(signature)
    assert len(numbers) == 64
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decode(key))
    der = encode_dss_signature(int.from_bytes(numbers[:32]), int.from_bytes(numbers[32:]))
    public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    head, _, claims = signed.partition(".")
    return json.loads(decode(head)), json.loads(decode(claims)), key


def test_a_token_says_to_whom_by_whom_and_until_when() -> None:
    head, claims, key = read_token(make_vapid().authorization("https://push.example"))
    assert head == {"typ": "JWT", "alg": "ES256"}
    assert claims == {
        "aud": "https://push.example",
        "exp": 1_795_852_800 + TOKEN_SECONDS,
        "sub": "mailto:ops@portal.example",
    }
    assert key == make_vapid().public_key


def test_another_key_cannot_have_signed_it() -> None:
    other = Vapid(make_private_key(), "https://portal.example").public_key
    token = make_vapid().authorization("https://push.example").partition(", k=")[0]
    with pytest.raises(InvalidSignature):
        read_token(f"{token}, k={other}")


def test_a_token_is_used_again_for_its_origin_alone_and_for_half_its_life() -> None:
    now = 1_795_852_800.0
    vapid = Vapid(KEY, "https://portal.example", clock=lambda: now)
    first, elsewhere = vapid.authorization("https://a.example"), vapid.authorization("https://b.example")
    now += USED_SECONDS - 1
    assert vapid.authorization("https://a.example") == first != elsewhere
    now += 1
    assert read_token(vapid.authorization("https://a.example"))[1]["exp"] == int(now) + TOKEN_SECONDS


def test_a_clock_that_was_set_back_gets_a_token_of_its_own() -> None:
    now = 1_795_852_800.0
    vapid = Vapid(KEY, "https://portal.example", clock=lambda: now)
    vapid.authorization("https://a.example")
    now -= 3600
    assert read_token(vapid.authorization("https://a.example"))[1]["exp"] == int(now) + TOKEN_SECONDS


def test_a_key_that_was_made_is_one_that_is_taken() -> None:
    key = make_private_key()
    public = decode(Vapid(key, "https://portal.example").public_key)
    assert len(decode(key)) == 32
    assert (len(public), public[0]) == (65, 4)


@pytest.mark.parametrize("key", ["", "short", "not base64!", SENDER + SENDER, encode(b"\0" * 32), encode(b"\xff" * 32)])
def test_what_is_no_key_is_refused_with_the_way_to_one(key: str) -> None:
    with pytest.raises(ChannelMisconfiguredError, match="make_vapid_key") as refusal:
        Vapid(key, "https://portal.example")
    assert not key or key not in str(refusal.value)


@pytest.mark.parametrize("subject", ["", "ops@portal.example", "http://portal.example"])
def test_a_subject_that_reaches_nobody_is_refused(subject: str) -> None:
    with pytest.raises(ChannelMisconfiguredError, match="VAPID_SUBJECT"):
        make_vapid(subject=subject)


@pytest.mark.parametrize("text", ["a+/b", "a", "AB", "ä", "A=A", "AA A"])
def test_only_base64url_is_read(text: str) -> None:
    with pytest.raises(ValueError):
        decode(text)


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\xfb\xff", b"\xff" * 16])
def test_octets_come_back_with_and_without_padding(octets: bytes) -> None:
    assert decode(encode(octets)) == octets
    assert decode(encode(octets) + "=" * (-len(encode(octets)) % 4)) == octets
