"""What a borrower hands in is known by what it holds."""

import hashlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from loans.files import MAX_FILE_BYTES, MAX_NAME, CheckedFile, FileRefusedError, check_file, clean_name
from loans.pictures import MAX_PIXELS
from loans.tests.pictures import PDF, announced_png, picture, upload, zip_archive

HTML = b"<html><script>alert(document.cookie)</script></html>"


def check(name: str, content: bytes) -> CheckedFile:
    return check_file(upload(name, content))


def reason(name: str, content: bytes) -> str:
    with pytest.raises(FileRefusedError) as refusal:
        check(name, content)
    return refusal.value.messages[0]


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.jpg", picture("JPEG"), "image/jpeg"),
        ("A.JPEG", picture("JPEG"), "image/jpeg"),
        ("a.png", picture("PNG"), "image/png"),
        ("a.pdf", PDF, "application/pdf"),
    ],
)
def test_the_three_kinds_are_kept(name: str, content: bytes, content_type: str) -> None:
    kept = check(name, content)
    assert (kept.name, kept.content_type) == (name, content_type)
    assert (kept.size, kept.digest) == (len(kept.content), hashlib.sha256(kept.content).hexdigest())


def test_a_pdf_is_kept_byte_for_byte() -> None:
    assert check("a.pdf", PDF).content == PDF


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bill.jpg", PDF, "ends in .jpg but holds a PDF file"),
        ("bill.pdf", picture("JPEG"), "ends in .pdf but holds a JPEG file"),
        ("bill.png", picture("JPEG"), "ends in .png but holds a JPEG file"),
        ("bill.exe", PDF, "ends in .exe but holds a PDF file"),
        ("bill.pdf", HTML, "is not a JPG or PNG picture and not a PDF"),
        ("bill.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "is not a JPG or PNG"),
        ("bill.jpg", picture("GIF"), "is not a JPG or PNG picture"),
        ("bill.pdf", HTML + PDF, "is not a JPG or PNG picture and not a PDF"),
        ("bill.pdf", b"", "is empty"),
        ("bill.pdf", b"%PDF-1.7\nnever ends", "has no end"),
        ("bill.pdf", PDF.replace(b"1 0 obj", HTML), "holds something else besides a PDF"),
        ("bill.pdf", PDF.replace(b"1 0 obj", b"<ScRiPt>"), "holds something else besides a PDF"),
        ("bill.pdf", PDF.replace(b"1 0 obj", b"%" * 5000) + zip_archive(), "holds something else besides a PDF"),
        ("bill.pdf", PDF.replace(b"1 0 obj", zip_archive()), "holds something else besides a PDF"),
        ("bill.pdf", zip_archive() + PDF, "is not a JPG or PNG picture and not a PDF"),
        ("bill.jpg", picture("JPEG")[:-40], "is damaged"),
        ("bill.jpg", b"\xff\xd8\xff" + HTML, "is damaged"),
        ("bill.png", picture("PNG")[:40], "is damaged"),
        ("bill.pdf", PDF + b"\n" * MAX_FILE_BYTES, "is larger than 5 MB"),
    ],
)
def test_what_is_not_what_it_says_is_refused_by_name_and_reason(name: str, content: bytes, words: str) -> None:
    said = reason(name, content)
    assert words in said
    assert name in said


def test_a_file_of_exactly_the_limit_is_kept() -> None:
    content = PDF[:-6].ljust(MAX_FILE_BYTES - 6, b"\n") + b"%%EOF\n"
    assert check("a.pdf", content).size == MAX_FILE_BYTES


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (12_000, 9_000), (8_000, 5_001)])
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    assert width * height > MAX_PIXELS
    assert "has too many pixels" in reason("bomb.png", announced_png(width, height))


def test_nothing_of_a_picture_is_kept_but_the_picture() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-MAKER"
    exif.get_ifd(0x8825)[1] = "N"
    taken = picture("JPEG", exif=exif, comment=b"SECRET-COMMENT", icc_profile=b"SECRET-PROFILE")
    assert b"SECRET-MAKER" in taken
    kept = check("photo.jpg", taken + HTML + zip_archive()).content
    for left in (b"SECRET", b"Exif", b"script", b"PK\x03\x04"):
        assert left not in kept
    assert Image.open(BytesIO(kept)).size == (20, 10)


def test_text_hidden_in_a_png_is_dropped() -> None:
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    told.add_text("Comment", "SECRET")
    kept = check("shot.png", picture("PNG", pnginfo=told, icc_profile=b"SECRET-PROFILE")).content
    assert b"SECRET" not in kept


def test_a_picture_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the right side is up
    kept = Image.open(BytesIO(check("photo.jpg", picture("JPEG", exif=exif)).content))
    assert kept.size == (10, 20)
    assert kept.getpixel((9, 0))[0] > 200  # type: ignore[index]
    assert not kept.getexif()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_exif_block_does_not_cost_the_picture() -> None:
    kept = check("photo.jpg", picture("JPEG", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff"))
    assert Image.open(BytesIO(kept.content)).size == (20, 10)


@pytest.mark.parametrize(
    ("form", "mode"),
    [("JPEG", mode) for mode in ("L", "CMYK")] + [("PNG", mode) for mode in ("1", "L", "LA", "P", "RGBA", "I;16")],
)
def test_every_mode_of_a_picture_is_drawn_anew(form: str, mode: str) -> None:
    ending = {"JPEG": "jpg", "PNG": "png"}[form]
    kept = check(f"a.{ending}", picture(form, mode=mode))
    assert Image.open(BytesIO(kept.content)).format == form


def test_what_is_see_through_stays_so() -> None:
    kept = Image.open(BytesIO(check("a.png", picture("PNG", mode="P", transparency=0)).content))
    assert kept.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("given_name", "kept_name"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\li\\bill.pdf", "bill.pdf"),
        ("invoice\u202efdp.jpg", "invoicefdp.jpg"),
        ("a\x00b\r\n.pdf", "ab.pdf"),
        ("  .hidden.pdf ", "hidden.pdf"),
        ('a"<b>|?.pdf', "a__b___.pdf"),
        ("还款 凭证.pdf", "还款 凭证.pdf"),
        ("", "file"),
        ("...", "file"),
        (f"{'x' * 300}.pdf", f"{'x' * 116}.pdf"),
    ],
)
def test_a_name_loses_what_could_mislead(given_name: str, kept_name: str) -> None:
    assert clean_name(given_name) == kept_name


@pytest.mark.parametrize("name", ["scan", "Screenshot 2026.11.22"])
def test_a_name_without_an_ending_gets_the_right_one(name: str) -> None:
    assert check(name, PDF).name == f"{name}.pdf"


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_name_becomes_one_that_is_safe_to_store_and_to_show(name: str) -> None:
    kept = clean_name(name)
    assert 0 < len(kept) <= MAX_NAME
    assert not set(kept) & set('/\\<>:"|?*\0\r\n\t\u202e\u2066\ufeff')
    assert kept.encode()
    assert kept.strip(". ") == kept
    assert clean_name(kept) == kept
    assert len(check_file(upload("x", PDF)).name) <= MAX_NAME


@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-", b""]), st.binary(max_size=2000))
def test_any_bytes_are_kept_or_refused_and_nothing_else_happens(start: bytes, rest: bytes) -> None:
    try:
        kept = check("any", start + rest)
    except FileRefusedError:
        return
    assert kept.content_type in {"image/jpeg", "image/png", "application/pdf"}


@given(st.data(), st.sampled_from(["JPEG", "PNG"]))
def test_a_damaged_picture_is_drawn_anew_or_refused(data: st.DataObject, form: str) -> None:
    content = bytearray(picture(form))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    try:
        kept = check("any", bytes(content))
    except FileRefusedError:
        return
    Image.open(BytesIO(kept.content)).load()
