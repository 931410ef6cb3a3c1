"""Alibaba Cloud's delivery reports (SmsReport): a POST of a JSON array to an address that holds a secret.

It pushes again after 1, 5 and 10 minutes unless it is answered with 200 and a number as `code`.
"""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from notifications import receipts
from notifications.channels.aliyun_reports import read_batch
from notifications.webhooks.door import is_secret, is_too_long, nothing_here, refuse, webhook

LONGEST_BATCH: Final = 1_000_000


@webhook("aliyun", "POST")
def aliyun_report(request: HttpRequest, token: str) -> HttpResponse:
    """A batch of reports. Nothing is signed: whoever knows the secret may report."""
    if not is_secret(token, settings.ALIYUN_CALLBACK_TOKEN):
        return nothing_here()
    if is_too_long(request, LONGEST_BATCH):
        return refuse(413, "A batch of this length is not Alibaba Cloud's.")
    batch = read_batch(request.body)
    if batch is None:
        return refuse(400, "A push is a JSON array of reports.")
    if batch:  # refused, an empty one would come again three times
        receipts.store(provider="aliyun", raw=request.body)
    return JsonResponse({"code": 0, "msg": "ok"})
