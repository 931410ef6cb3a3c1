"""Reports of providers of one's own, each at an address that has its name and its secret."""

from django.http import HttpRequest, HttpResponse

from notifications import receipts
from notifications.channels.own import own_providers
from notifications.webhooks.door import PLAIN, is_secret, is_too_long, nothing_here, refuse, webhook


@webhook("own", "GET", "POST")
def own_report(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """The report is the body of a POST, the query of a GET. Whoever knows the secret may report."""
    own = own_providers().get(provider)
    if own is None or not is_secret(token, own.secret):
        return nothing_here()
    if is_too_long(request, own.longest_report):
        return refuse(413, "A report of this length is not this provider's.")
    raw = request.body if request.method == "POST" else request.META["QUERY_STRING"].encode("utf-8", "replace")
    if not any(record.reference for record in own.parse(raw)):
        return refuse(400, "A report names the reference of a message.")
    receipts.store(provider=own.name, raw=raw)
    return HttpResponse("ok", content_type=PLAIN)
