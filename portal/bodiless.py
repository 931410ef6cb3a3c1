"""Answers HEAD as GET, without the body: neither Django nor its views leave it out."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse


class BodilessMiddleware:
    """Stands before all others, since each of them may answer.

    Mail scanners ask so for each link, and of each body that it has to drop the web server writes a warning.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse | StreamingHttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        answer = self.get_response(request)
        if request.method != "HEAD":
            return answer
        if isinstance(answer, StreamingHttpResponse):
            answer.streaming_content = ()
        else:
            answer.headers.setdefault("Content-Length", str(len(answer.content)))
            answer.content = b""
        return answer
