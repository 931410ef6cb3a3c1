"""Where to hand mail over, and the way in."""

import smtplib
import socket
import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A submission server or relay. `use_tls` is STARTTLS, then required; `use_ssl` is TLS from the first byte.

    `local_hostname` is the name we greet with, by default the bounce domain; `timeout`, in seconds, is for each answer.
    """

    host: str
    port: int
    username: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False
    timeout: float = 20.0
    local_hostname: str | None = None

    def connect(self) -> smtplib.SMTP:
        """A greeted, logged-in connection. Raises OSError, SMTPException, or ValueError for a login outside ASCII."""
        server = self._open()
        try:
            if server.sock:
                # All that we send is whole: the end of one write need not wait for word of the write before.
                server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.use_tls:
                server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
            if self.username:
                server.login(self.username, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _open(self) -> smtplib.SMTP:
        if self.use_ssl:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, self.local_hostname, timeout=self.timeout, context=context)
        return smtplib.SMTP(self.host, self.port, self.local_hostname, timeout=self.timeout)
