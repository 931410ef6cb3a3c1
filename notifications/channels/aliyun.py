"""Text messages through Alibaba Cloud's SendSms (dysmsapi, version 2017-05-25); its reports: `aliyun_reports`.

Alibaba Cloud sends no free text. Each of our languages needs a template that it has approved, for mainland China and
for all other countries apart (neither kind serves the other), with two variables:

    ${text} https://portal.example/${link}

`text` is the wording without its link, `link` the link without our address. The fixed address is its rule: no variable
may hold one (isv.PARAM_NOT_SUPPORT_URL). A variable holds 35 letters unless the limit was lifted for the template: ask
for that, as our wordings are longer (isv.PARAM_LENGTH_LIMIT).

All of it travels in the query, as the vendor's own client has it. It is encrypted on its way, and nothing here logs it.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit

from accounts.outside.posts import Request
from notifications.channels.aliyun_answers import judge_answer
from notifications.channels.aliyun_signature import sign_headers, write_query
from notifications.channels.base import ChannelMisconfiguredError, Message, Outcome, Result
from notifications.channels.posting import ANSWER_SECONDS, IN_FLIGHT, PostingChannel, require_https

ENDPOINT: Final = "https://dysmsapi.aliyuncs.com"
LANGUAGES: Final = ("en", "zh-hans")
"""In which there must be templates for the mainland: those take no traditional characters."""
MAINLAND: Final = "+86"


class AliyunChannel(PostingChannel):
    """Text messages from templates; our reference travels in OutId and comes back with each report."""

    name: ClassVar[str] = "sms"
    provider: ClassVar[str] = "aliyun"

    def __init__(
        self,
        *,
        key_id: str,
        key_secret: str,
        sign_name: str,
        templates: Mapping[str, str],
        abroad: Mapping[str, str],
        endpoint: str = ENDPOINT,
        in_flight: int = IN_FLIGHT,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`sign_name` is the approved signature, `templates` the code of a template by language for numbers of mainland
        China, `abroad` the same for all others, Hong Kong, Macao and Taiwan among them.

        Raises ChannelMisconfiguredError.
        """
        super().__init__(in_flight=in_flight, answer_seconds=answer_seconds)
        given = {
            "ALIYUN_ACCESS_KEY_ID": key_id,
            "ALIYUN_ACCESS_KEY_SECRET": key_secret,
            "ALIYUN_SIGN_NAME": sign_name,
        }
        if missing := [name for name, value in given.items() if not value]:
            raise ChannelMisconfiguredError(f"{missing[0]} is not set: copy it from Alibaba Cloud's console.")
        if missing := [language for language in LANGUAGES if not templates.get(language)]:
            raise ChannelMisconfiguredError(
                f"ALIYUN_TEMPLATES has no template for {', '.join(missing)}: give one for each language, as in "
                "'en=SMS_1,zh-hans=SMS_2'."
            )
        self._key_id, self._key_secret = key_id, key_secret
        self._sign_name, self._mainland, self._abroad = sign_name, dict(templates), dict(abroad)
        self._endpoint = urlsplit(require_https(endpoint, "ALIYUN_ENDPOINT"))

    def make_post(self, message: Message) -> Request | Outcome:
        # Under a template of the mainland eleven digits that begin with 1 are a number of the mainland: +1 310 555 1234
        # would be a stranger's.
        at_home = message.address.startswith(MAINLAND)
        template = (self._mainland if at_home else self._abroad).get(message.language)
        if not template:
            reason = f"no template of {message.language} for numbers {'in' if at_home else 'outside'} mainland China"
            return Outcome(message.reference, Result.PERMANENT, reason=reason, asked=False)
        fields = {
            "PhoneNumbers": message.address.removeprefix("+"),
            "SignName": self._sign_name,
            "TemplateCode": template,
            "TemplateParam": json.dumps(self.fill(message), ensure_ascii=False),
        }
        query = write_query(fields | ({"OutId": message.reference} if message.reference else {}))
        headers = {
            "x-acs-action": "SendSms",
            "x-acs-version": "2017-05-25",
            "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": uuid.uuid4().hex,
        }
        signed = sign_headers(
            host=self._endpoint.netloc,
            query=query,
            headers=headers,
            key_id=self._key_id,
            key_secret=self._key_secret,
        )
        url = f"{self._endpoint.scheme}://{self._endpoint.netloc}/?{query}"
        return Request(url, signed | {"Accept": "application/json"})

    def fill(self, message: Message) -> dict[str, str]:
        """The values of the template's variables."""
        return fill_template(message)

    def judge(self, reference: str, status: int, answer: str) -> Outcome:
        return judge_answer(reference, status, answer)


class AliyunCodes(AliyunChannel):
    """Codes for signing in, in templates of the kind for codes (验证码), which have the one variable `${code}`: a
    message's text is the code alone.
    """

    def fill(self, message: Message) -> dict[str, str]:
        return {"code": message.text}


def fill_template(message: Message) -> dict[str, str]:
    """The values of the template's two variables."""
    parts = urlsplit(message.action_url)
    link = parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
    return {"text": message.text.replace(message.action_url, "").strip(), "link": link}
