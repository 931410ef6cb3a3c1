"""A mail's content in chunks of a told length (RFC 3030), which aiosmtpd does not know."""

import asyncio
import re
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope

SIZE: Final = re.compile(r"(\d{1,10})( +LAST)?", re.IGNORECASE)


class ChunkedEnvelope(Envelope):
    """An envelope with what has come of its content."""

    def __init__(self) -> None:
        super().__init__()
        self.chunks: list[bytes] = []


class ChunkingServer(SMTP):
    """Takes BDAT beside DATA, and asks the same hook of its handler what becomes of the mail."""

    async def smtp_BDAT(self, arg: str | None) -> None:  # noqa: N802  (aiosmtpd finds commands by their name)
        """Whatever is answered, the octets are read first: the next command begins behind them (RFC 3030, 2)."""
        asked = SIZE.fullmatch(arg or "")
        if asked is None:
            # Nobody knows where the next command begins.
            await self.push("501 5.5.4 Syntax: BDAT <octets> [LAST], closing")
            self._writer.close()
            return
        chunk = await self._read_chunk(int(asked[1]))
        if not isinstance(self.envelope, ChunkedEnvelope) or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        self.envelope.chunks.append(chunk)
        if self.data_size_limit and sum(map(len, self.envelope.chunks)) > self.data_size_limit:
            self._set_post_data_state()  # type: ignore[no-untyped-call]
            await self.push("552 5.3.4 Error: Too much mail data")
        elif asked[2] is None:
            await self.push(f"250 2.0.0 {len(chunk)} octets received")
        else:
            await self._finish(self.envelope)

    async def _finish(self, envelope: ChunkedEnvelope) -> None:
        envelope.content = envelope.original_content = b"".join(envelope.chunks)
        status = await self._call_handler_hook("DATA")
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(status)

    async def _read_chunk(self, octets: int) -> bytes:
        """No more of it than shows that it is too long."""
        kept = bytearray()
        limit = (self.data_size_limit or octets) + 1
        while octets:
            piece = await self._reader.read(min(octets, 65_536))
            if not piece:
                raise asyncio.CancelledError
            octets -= len(piece)
            if len(kept) < limit:
                kept += piece
        return bytes(kept)
