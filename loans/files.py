"""Files that a borrower hands in: known by what they hold, never by what they are called.

Pictures are decoded and drawn anew, so that nothing but the picture is kept. PDFs are stored as they came and never
parsed: a parser that meets hostile bytes inside a web process is the risk, not the remedy.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from loans.pictures import BrokenPictureError, HugePictureError, redraw

MAX_FILES: Final = 3
MAX_FILE_BYTES: Final = 5 * 1024 * 1024
MAX_NAME: Final = 120  # characters, the column's length

_CLAIM: Final = re.compile(r"\.([A-Za-z][A-Za-z0-9]{0,4})$")
_NOT_IN_NAMES: Final = re.compile(r'[<>:"|?*]')
_START: Final = 4096
# A ZIP is found from its end: the last record is 22 bytes long and carries a comment of up to 65,535.
_ZIP_TAIL: Final = 22 + 65_535
_FOREIGN: Final = re.compile(rb"<(?:!doctype|html|head|body|script|iframe|svg|\?php)|PK\x03\x04", re.IGNORECASE)


class FileRefusedError(ValidationError):
    """A file that is not kept. The text names the file and says why and what to do; it is for its owner's eyes."""


class FileKind(Enum):
    """What a file holds: its usual ending, its content type, its first bytes, and the endings it may have."""

    JPEG = ("jpg", "image/jpeg", b"\xff\xd8\xff", frozenset({"jpg", "jpeg", "jpe", "jfif"}))
    PNG = ("png", "image/png", b"\x89PNG\r\n\x1a\n", frozenset({"png"}))
    PDF = ("pdf", "application/pdf", b"%PDF-", frozenset({"pdf"}))

    def __init__(self, ending: str, content_type: str, signature: bytes, endings: frozenset[str]) -> None:
        self.ending = ending
        self.content_type = content_type
        self.signature = signature
        self.endings = endings


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that may be kept. `content` is what is stored: for a picture, the one that was drawn anew."""

    name: str
    content_type: str
    content: bytes

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)

    @property
    def digest(self) -> str:
        """SHA-256 of `content`, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def check_file(uploaded: "UploadedFile[Any]") -> CheckedFile:
    """Return the file as it may be kept: JPEG, PNG or PDF of at most `MAX_FILE_BYTES`. Raises FileRefusedError."""
    name = clean_name(uploaded.name or "")
    content = uploaded.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise too_large(name)
    if not content:
        raise _refused(_("“%(name)s” is empty. Open it once to see that it was saved, then choose it again."), name)
    kind = _recognise(content, name)
    ended = name if _CLAIM.search(name) else f"{name}.{kind.ending}"
    return CheckedFile(ended, kind.content_type, _kept(content, kind, name))


def clean_name(name: str) -> str:
    """The name without path, control and direction characters, at most `MAX_NAME` long, its ending kept."""
    # Category C holds controls, overrides of the reading direction, lone surrogates and what has no meaning yet.
    visible = "".join(
        " " if unicodedata.category(letter)[0] == "Z" else letter
        for letter in unicodedata.normalize("NFC", name)
        if unicodedata.category(letter)[0] != "C"
    )
    last = re.split(r"[/\\]", visible)[-1]
    tidy = " ".join(_NOT_IN_NAMES.sub("_", last).split()).strip(". ")
    claim = _CLAIM.search(tidy)
    ending = claim.group() if claim else ""
    stem = tidy.removesuffix(ending)[: MAX_NAME - max(len(ending), 4)].strip(". ")
    return (stem or "file") + ending


def too_large(name: str) -> FileRefusedError:
    """The refusal of a file above the limit, whether it was read to its end or not."""
    return _refused(
        _("“%(name)s” is larger than %(limit)s MB. A screenshot, or a photo in a smaller size, is enough."),
        name,
        limit=MAX_FILE_BYTES // 1024**2,
    )


def _recognise(content: bytes, name: str) -> FileKind:
    kind = next((kind for kind in FileKind if content.startswith(kind.signature)), None)
    if kind is None:
        raise _refused(_("“%(name)s” is not a JPG or PNG picture and not a PDF. Save it as one of these."), name)
    claim = _CLAIM.search(name)
    if claim and claim.group(1).lower() not in kind.endings:
        raise _refused(
            _("“%(name)s” ends in .%(claim)s but holds a %(kind)s file. Save it as what it is and choose it again."),
            name,
            claim=claim.group(1),
            kind=kind.name,
        )
    return kind


def _kept(content: bytes, kind: FileKind, name: str) -> bytes:
    if kind is FileKind.PDF:
        return _check_pdf(content, name)
    try:
        return redraw(content, kind.name)
    except HugePictureError:
        reason = _("“%(name)s” has too many pixels. Save it in a smaller size and choose it again.")
    except BrokenPictureError:
        reason = _("“%(name)s” cannot be opened as a picture: it is damaged. Choose another copy.")
    raise _refused(reason, name)


def _check_pdf(content: bytes, name: str) -> bytes:
    if b"%%EOF" not in content[-1024:]:
        raise _refused(_("“%(name)s” has no end: it is damaged. Choose another copy."), name)
    if _FOREIGN.search(content[:_START]) or b"PK\x05\x06" in content[-_ZIP_TAIL:]:
        raise _refused(_("“%(name)s” holds something else besides a PDF. Print it to a new PDF and choose that."), name)
    return content


def _refused(reason: Any, name: str, **facts: Any) -> FileRefusedError:
    return FileRefusedError(reason, code="file_refused", params={"name": name, **facts})
