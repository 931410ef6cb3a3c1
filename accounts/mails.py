"""Mails for signing in, which are no prompts. EMAIL_BACKEND names who takes them: a floor above knows who serves."""

from django.core.mail import get_connection


class MailNotTakenError(OSError):
    """Nobody took a mail. The text names neither the address nor the wording."""


def check_mail_server() -> None:
    """Find out whether a mail could be handed over, and send nothing. Raises OSError."""
    connection = get_connection()
    connection.open()
    connection.close()
