"""`python -m benchmarks.peers.post_office_mail N PAYLOAD`: create and send N mails by django-post-office.

In its best configuration: created by `send_many`, sent by two processes of two threads, each with a kept connection.
"""

import json
import sys
import time
from pathlib import Path
from typing import Final

import django

from benchmarks.children import answer

PORTION: Final = 1000


def main() -> None:
    django.setup()
    from post_office import mail
    from post_office.models import STATUS, Email

    n, payload = int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    wording = {"subject": payload["subject"], "message": payload["text"], "html_message": payload["html"]}
    Email.objects.all().delete()
    started = time.monotonic()
    for first in range(0, n, PORTION):
        last = min(first + PORTION, n)
        mail.send_many([{"recipients": f"peer{one}@example.test", **wording} for one in range(first, last)])
    mail.send_queued_mail_until_done(processes=2)
    answer(seconds=time.monotonic() - started, sent=Email.objects.filter(status=STATUS.sent).count())


if __name__ == "__main__":
    main()
