"""Draws a picture anew, so that nothing is kept of the bytes that came but what can be seen."""

from contextlib import suppress
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

MAX_PIXELS: Final = 40_000_000
"""Above what a phone takes by default (12 to 24 million). Decoding costs up to 4 bytes a pixel, twice when turned."""


class BrokenPictureError(ValueError):
    """The bytes cannot be decoded to their end."""


class HugePictureError(ValueError):
    """The picture has more than `MAX_PIXELS`: too many to decode safely."""


def redraw(content: bytes, form: str) -> bytes:
    """Decode a picture of the format `form` ("JPEG" or "PNG") and encode it anew in the same format.

    Gone are EXIF (place, time, device), comments, further frames and whatever follows the picture; the picture is
    turned as its EXIF said. Raises HugePictureError before any pixel is decoded, and BrokenPictureError.
    """
    try:
        with Image.open(BytesIO(content), formats=[form]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise HugePictureError
            return _encode(_upright(picture), form)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise HugePictureError from None
    except HugePictureError:
        raise
    except Exception as error:  # decoders of hostile bytes raise OSError, SyntaxError, struct.error and more
        raise BrokenPictureError from error


def _upright(picture: Image.Image) -> Image.Image:
    picture.load()
    with suppress(Exception):  # a broken EXIF block is no reason to refuse the picture
        return ImageOps.exif_transpose(picture)
    return picture


def _encode(picture: Image.Image, form: str) -> bytes:
    if form == "JPEG":
        plain, options = picture if picture.mode in {"L", "RGB"} else picture.convert("RGB"), {"quality": 90}
    elif picture.has_transparency_data:
        plain, options = picture.convert("RGBA"), {}
    else:
        plain, options = picture if picture.mode in {"1", "L", "P", "RGB", "I;16"} else picture.convert("RGB"), {}
    plain.info = {}  # the encoders would carry colour profiles and comments over
    drawn = BytesIO()
    plain.save(drawn, form, **options)
    return drawn.getvalue()
