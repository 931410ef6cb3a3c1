"""Files for tests, made the way phones, printers and attackers make them."""

import struct
import zlib
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"


def picture(form: str = "JPEG", size: tuple[int, int] = (20, 10), mode: str = "RGB", **options: Any) -> bytes:
    """A picture whose upper left corner is red where the mode has colours."""
    drawn = Image.new(mode, size)
    if mode in {"RGB", "RGBA"}:
        drawn.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    file = BytesIO()
    drawn.save(file, form, **options)
    return file.getvalue()


def announced_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header announces any number of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def zip_archive() -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("run.html", "<script>alert(1)</script>")
    return file.getvalue()


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
