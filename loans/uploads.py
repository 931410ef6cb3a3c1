"""Bounds on what one form may send, so that too much of it is answered and not met by a bare error.

Django reads a form before the view runs, for its CSRF token; so the bounds are set first, and CSRF is checked within.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from loans.files import MAX_FILE_BYTES, MAX_FILES

MAX_REQUEST_BYTES: Final = 100 * 1024 * 1024
"""Above this a form is not read at all. Below, a file that is too large is read and dropped, and the words are kept."""

View = Callable[..., HttpResponse]
Marked = TypeVar("Marked", bound=View)


class BoundedUpload(FileUploadHandler):
    """Lets `MAX_FILES` files of `MAX_FILE_BYTES` through to the next handler and drops the rest as it comes in.

    `chosen` are the names of all files sent, `too_large` of those dropped for their size.
    """

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.chosen: list[str] = []
        self.too_large: list[str] = []

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, file_name, *args, **kwargs)
        self.chosen.append(file_name)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        # Not in new_file: there the handlers behind this one still hold the file before, and would close it.
        if len(self.chosen) > MAX_FILES:
            raise SkipFile
        if start + len(raw_data) > MAX_FILE_BYTES:
            self.too_large.append(self.chosen[-1])
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        return None


def upload_of(request: HttpRequest) -> BoundedUpload:
    """The bounds that `bound_upload` set on this request."""
    return next(handler for handler in request.upload_handlers if isinstance(handler, BoundedUpload))


def bound_upload(view: View) -> View:
    """Make a view answer with a page of its own (413) what no bound of its form can hold, and nobody else before it."""
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def bounded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if announced_bytes(request) > MAX_REQUEST_BYTES:
            return _too_much(request)
        request.upload_handlers.insert(0, BoundedUpload(request))
        try:
            return protected(request, *args, **kwargs)
        except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
            return _too_much(request)

    vars(bounded)["bounds_its_forms"] = True
    return bounded


def takes_forms_of(most_bytes: int) -> Callable[[Marked], Marked]:
    """Let whoever is signed in send a view longer forms than the portal takes elsewhere."""

    def marked(view: Marked) -> Marked:
        vars(view)["most_bytes"] = most_bytes
        return view

    return marked


def announced_bytes(request: HttpRequest) -> int:
    """How long the body is by its own word; Django reads no further. 0 where it says nothing: then none is read."""
    announced = request.headers.get("Content-Length", "")
    return int(announced[:20]) if announced.isdecimal() else 0  # more digits do not make it smaller


def _too_much(request: HttpRequest) -> HttpResponse:
    facts = {"max_files": MAX_FILES, "max_megabytes": MAX_FILE_BYTES // 1024**2}
    return render(request, "disputes/too_much.html", facts, status=413)
