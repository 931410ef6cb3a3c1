"""The person: one account, whatever number of loans and partners."""

import zoneinfo
from typing import Any, ClassVar, Final

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.zones import NOT_SAID, GuessedZone

DEFAULT_TIME_ZONE = "Asia/Shanghai"


class Jurisdiction(models.TextChoices):
    """Whose law decides when and how often a person may be told something; an operator's own files add countries."""

    CN = "cn", _("China")
    US = "us", _("United States")
    UK = "uk", _("United Kingdom")
    EU = "eu", _("European Union")


DEFAULT_JURISDICTION = Jurisdiction.CN


def validate_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` is a zone of the IANA database."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(zone)s” is not a known time zone."), params={"zone": value})


def zone_of(name: str) -> tuple[zoneinfo.ZoneInfo, bool]:
    """The zone of that IANA name and True; a GuessedZone and False where it is stored as one that nobody said, and the
    default one and False where this machine knows no such zone.
    """
    try:
        if name.endswith(NOT_SAID):
            return GuessedZone(name.removesuffix(NOT_SAID)), False
        return zoneinfo.ZoneInfo(name), True
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "America" is a folder of zones
        return zoneinfo.ZoneInfo(DEFAULT_TIME_ZONE), False


# From one place to the next by the index: the cost is that of the places, not of the people.
_PLACES: Final = """
WITH RECURSIVE place (jurisdiction, time_zone) AS (
    (SELECT jurisdiction, time_zone FROM accounts_user ORDER BY jurisdiction, time_zone LIMIT 1)
    UNION ALL
    SELECT next.jurisdiction, next.time_zone
    FROM place CROSS JOIN LATERAL (
        SELECT person.jurisdiction, person.time_zone FROM accounts_user AS person
        WHERE (person.jurisdiction, person.time_zone) > (place.jurisdiction, place.time_zone)
        ORDER BY person.jurisdiction, person.time_zone LIMIT 1) AS next
)
SELECT jurisdiction, time_zone FROM place
"""


class UserManager(BaseUserManager["User"]):
    """Creates people; an email is kept in lower case, a phone in E.164."""

    def create_user(self, email: str | None = None, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.lower() if email else None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())

    def places(self) -> list[tuple[str, str]]:
        """Each jurisdiction and time zone in which anybody lives, in that order."""
        with connection.cursor() as cursor:
            cursor.execute(_PLACES)
            return [(jurisdiction, time_zone) for jurisdiction, time_zone in cursor.fetchall()]


class User(AbstractBaseUser, PermissionsMixin):
    """A borrower or an agent. Signs in by email and password, or by phone and a code.

    `phone` is E.164; `locale` is one of settings.LANGUAGES; `time_zone` is an IANA name, in which "today" is the
    borrower's own calendar day, with a mark behind it where nobody said it (`accounts.zones`). `jurisdiction_said_at`
    is when a person said whose law holds, None while that is guessed (`accounts.jurisdictions`); who and why is in the
    record of events.
    """

    name = models.CharField(_("name"), max_length=120, blank=True)
    email = models.EmailField(_("email"), unique=True, null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=16, unique=True, null=True, blank=True)
    phone_verified = models.BooleanField(_("phone verified"), default=False)
    locale = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=DEFAULT_TIME_ZONE, validators=[validate_time_zone]
    )
    jurisdiction = models.CharField(_("jurisdiction"), max_length=2, default=DEFAULT_JURISDICTION, db_default="cn")
    jurisdiction_said_at = models.DateTimeField(_("jurisdiction said"), null=True, blank=True, editable=False)
    is_staff = models.BooleanField(_("works at the desk"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = [("say_law", _("Can say whose law holds for a borrower"))]
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower"),
            models.CheckConstraint(condition=models.Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"), name="user_phone_e164"),
            models.CheckConstraint(
                condition=models.Q(jurisdiction_said_at=None)
                | models.Q(is_staff=False, jurisdiction__regex=r"^[a-z]{2}$"),
                name="user_law_said_of_a_borrower",
            ),
        ]
        indexes = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="user_name_trigrams"),
            models.Index(fields=["jurisdiction", "time_zone"], name="user_places"),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """No email is NULL: forms and allauth write "", of which there could be only one."""
        self.email = self.email.lower() if self.email else None
        self.phone = self.phone or None
        super().save(*args, **kwargs)

    def get_short_name(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The person's zone; the default one where the stored name is unknown to this machine."""
        return zone_of(self.time_zone)[0]

    @property
    def zone_was_said(self) -> bool:
        """Whether somebody said their zone, and this machine knows it."""
        return zone_of(self.time_zone)[1]
