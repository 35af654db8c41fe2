"""Brings the queue to the server and the reference data back, until nothing waits.

A push is signed and idempotent, so whatever is not clearly answered is sent again. Only a reply that is signed by the
server which this handheld was enrolled with releases anything from the queue.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from scanner_client import carried, picture_sending
from scanner_client.carried import Envelope
from scanner_client.device import is_signed
from scanner_client.handheld import Handheld
from scanner_client.outbox import Run, damage
from scanner_client.pictures import Pictures
from scanner_client.site_map import Cursor
from scanner_client.transport import Answer, Transport, TransportError
from scanner_client.unread_telling import UnreadTelling
from scanner_client.wording import say
from sync.enrolment import ADDRESSES_MAX, server_message
from sync.protocol import (
    EVENTS_PER_PUSH_MAX,
    MEDIA_TYPE,
    SERVER_PATH,
    SYNC_PATH,
    ProtocolError,
    Reply,
    read_reply,
    read_signature,
    write_signature,
)

PUSHES_MAX: Final = 100_000
"""Pushes in one go: fifty million events. A server that never says that it is done is left alone for a while."""

NOT_OUR_SERVER: Final = frozenset({301, 302, 307, 308, 404, 405, 502, 503, 504})
"""What a router's page, a captive portal or a proxy without its server answers."""


class SyncError(Exception):
    """The server could not be reached or would not answer; nothing was consumed. The message says why."""

    def __init__(self, reason: str, *, code: str, status: int | None = None, retry_after_ms: int | None = None) -> None:
        super().__init__(reason)
        self.code = code
        """The server's own word for it, or ours: not_enrolled, unreachable, unbelieved, stuck, damaged, untold."""
        self.status = status
        self.retry_after_ms = retry_after_ms

    @property
    def is_elsewhere(self) -> bool:
        """Whether that was perhaps not our server, so that another address is worth a try."""
        return self.code in ("unreachable", "unbelieved") or self.status in NOT_OUR_SERVER

    @property
    def is_wordless(self) -> bool:
        """Whether that bore no word of our server's, as the page of a printer that has its old address by now."""
        return self.code == str(self.status) and self.status != 413  # a proxy's: half as much is sent then


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one push brought."""

    events: int
    exceptions: int
    changes: int
    more: bool
    """Whether another push has something to do at once."""
    untold: bool = False
    """Whether the server cannot say what changed, through a fault of its own."""
    revoked: bool = False
    """Whether the server trusts this handheld no more."""
    altered: Run | None = None
    """What was sent of an event that was altered in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    body: bytes
    signature: bytes
    device_no: int


class Uploader:
    """Sync of one handheld; one thread at a time."""

    def __init__(self, handheld: Handheld, transport: Transport, *, discover: Callable[[], list[str]] = list) -> None:
        self._handheld = handheld
        self._transport = transport
        self._discover = discover
        self._limit = EVENTS_PER_PUSH_MAX
        self._pictures = Pictures(handheld.home)
        self._unread = UnreadTelling(handheld, transport)

    def drain(self) -> Iterator[Sent]:
        """Push until nothing waits here and nothing is left to pull; one step for each push.

        Raises:
            SyncError: it cannot go on now; what was answered for so far is done with.
        """
        untold = revoked = False
        altered: list[Run] = []
        for _ in range(PUSHES_MAX):
            sent = self.push_once()
            yield sent
            untold, revoked = sent.untold, sent.revoked
            altered += [sent.altered] if sent.altered else []
            if not sent.more:
                break
        yield from self.forward_carried()
        self.send_pictures()
        self._unread.tell()
        # Last: whatever waits here goes out all the same.
        if altered:
            raise SyncError(damage(altered), code="damaged")
        if untold:
            raise SyncError(say("status.untold"), code="untold")
        if revoked:
            raise SyncError(say("status.revoked"), code="revoked")

    def send_pictures(self) -> int:
        """Hand on the pictures that wait, now that the events which they belong to are there; how many were taken."""
        device = self._handheld.device
        return picture_sending.send(self._pictures, device, self._transport, lambda: self._handheld.device.addresses)

    def push_once(self) -> Sent:
        """Send the next run of events and take over the reply.

        Raises:
            SyncError: nothing was consumed.
        """
        run, asked_ms = self._handheld.outbox.next_run(self._limit), self._handheld.clock.boot_ms()
        try:
            reply = self._exchange(self._sign(run))
        except SyncError as error:
            if error.status != 413:
                raise
            self._halve(len(run.lines))
            return Sent(events=0, exceptions=0, changes=0, more=True)
        return self._apply(run, reply, asked_ms)

    def forward_carried(self) -> Iterator[Sent]:
        """Hand on the envelopes of other handhelds; one that is refused stays, and the others go first.

        Raises:
            SyncError: the server cannot be reached, or would take none of those that were tried.
        """
        for no, envelope in carried.waiting(self._handheld.database):
            signed = _Signed(body=envelope.body, signature=envelope.signature, device_no=envelope.device_no)
            try:
                reply = self._exchange(signed)
            except SyncError as error:
                if error.is_elsewhere or error.status in (None, 408, 429):
                    raise
                carried.refused(self._handheld.database, no, str(error))
                continue
            if reply.incarnation != self._handheld.site_map.cursor().incarnation:
                # The same bytes were sent before, so that their answer can be played again by whoever heard it.
                raise SyncError(say("sync.restored"), code="unbelieved")
            carried.delivered(self._handheld.database, no, reply.server_ms)
            yield _sent_carried(envelope, reply)

    def _sign(self, run: Run) -> _Signed:
        body, signature = self._handheld.envelope(run, carried=False)
        return _Signed(body=body, signature=signature, device_no=run.epoch.device_no)

    def _exchange(self, signed: _Signed) -> Reply:
        """Our server's reply, from whichever address it answers at: the known ones, then what the network names."""
        if self._handheld.device.server_key is None:
            raise SyncError(say("sync.not_enrolled"), code="not_enrolled")
        failed = SyncError(say("sync.no_address"), code="unreachable")
        for address in self._addresses():
            try:
                reply = self._believe(signed, self._post(signed, address))
            except TransportError as error:
                failed = SyncError(str(error), code="unreachable")
            except SyncError as error:
                failed = error
                if not (error.is_elsewhere or error.is_wordless):
                    break
            else:
                self._works(address)
                return reply
        raise failed

    def _addresses(self) -> Iterator[str]:
        yield from self._handheld.device.addresses
        found = self._rediscover()
        if found:
            yield found

    def _post(self, signed: _Signed, address: str) -> Answer:
        authorization = f"Ed25519 {signed.device_no} {write_signature(signed.signature)}"
        headers = {"Content-Type": MEDIA_TYPE, "Authorization": authorization}
        return self._transport.post(address, SYNC_PATH, signed.body, headers)

    def _rediscover(self) -> str | None:
        """Another address where our own server answers; None where none is found.

        It is not remembered yet. Who passes on the server's word there may still not pass on what is sent, and a few of
        these would drive out the addresses that are true.
        """
        known = self._handheld.device.addresses
        return next((a for a in self._discover() if a not in known and self._is_our_server(a)), None)

    def _is_our_server(self, address: str) -> bool:
        nonce = secrets.token_bytes(16)
        try:
            row = self._transport.get(address, f"{SERVER_PATH}?nonce={nonce.hex()}").json()
            signature = read_signature(str(row["signature"]))
            message = server_message(nonce, str(row["incarnation"]), [str(a) for a in row["addresses"]])
        except (TransportError, KeyError, TypeError, ProtocolError):
            return False
        return is_signed(self._handheld.device.server_key or b"", signature, message)

    def _believe(self, signed: _Signed, answer: Answer) -> Reply:
        """The reply in an answer, if our own server signed it for this very request."""
        if answer.status != 200:
            code, reason = answer.error()
            raise SyncError(reason, code=code, status=answer.status, retry_after_ms=answer.retry_after_ms())
        if not answer.is_signed_by(self._handheld.device.server_key, signed.signature):
            raise SyncError(say("sync.stranger"), code="unbelieved")
        try:
            return read_reply(answer.body)
        except ProtocolError as error:
            raise SyncError(say("sync.not_understood", reason=error), code="unbelieved") from error

    def _halve(self, count: int) -> None:
        if count <= 1:
            raise SyncError(say("sync.too_large"), code="too_large", status=413)
        self._limit = count // 2

    def _apply(self, run: Run, reply: Reply, asked_ms: int) -> Sent:
        handheld = self._handheld
        self._limit = min(EVENTS_PER_PUSH_MAX, self._limit * 2)
        is_another = reply.incarnation != handheld.site_map.cursor().incarnation
        if is_another:
            # Before the reply is taken over: after a kill in between, the doubt is only raised once more.
            handheld.outbox.doubt()
            carried.doubt(handheld.database)
        diverged = handheld.outbox.acknowledge(run, reply)
        if run.epoch.epoch == handheld.outbox.epoch:
            if diverged:
                handheld.renew("the server has other scans under this queue's names: it was copied or restored")
            elif reply.acked_through < run.epoch.base_seq:
                # Its mark waits for ever, and so nothing would ever again be safe in a backup and be let go.
                handheld.renew("the server was restored from before what this queue has let go")
        now = Cursor(cursor=reply.cursor, incarnation=reply.incarnation)
        handheld.site_map.apply(
            reply.changes, now, more=reply.more, clock=handheld.clock, asked_ms=asked_ms, server_ms=reply.server_ms
        )
        if not reply.more:  # only now: until then what was scanned here stands in no page of the map
            handheld.outbox.map_is_whole()
        self._learn(tuple(reply.addresses))
        if reply.revoked != handheld.device.revoked:
            handheld.change(replace(handheld.device, revoked=reply.revoked))
        more_changes = reply.more and not (reply.untold or reply.revoked)
        more = more_changes or any(e.waiting or not e.confirmed for e in handheld.outbox.epochs())
        if more and not (is_another or diverged or reply.changes or self._moved(run)):
            raise SyncError(say("sync.stuck", seq=reply.acked_through), code="stuck")
        return Sent(
            events=len(run.lines),
            exceptions=len(reply.exceptions),
            changes=len(reply.changes),
            more=more,
            untold=reply.untold is not None,
            revoked=reply.revoked,
            altered=run if run.altered else None,
        )

    def _moved(self, run: Run) -> bool:
        """Whether the last reply said anything new of this epoch."""
        now = self._handheld.outbox.state(run.epoch.epoch)
        return now.acked_through != run.epoch.acked_through or not run.epoch.confirmed

    def _works(self, address: str) -> None:
        if address not in self._handheld.device.addresses:
            self._learn((address,))

    def _learn(self, addresses: tuple[str, ...]) -> None:
        """Remember where the server says that it can be reached; an address that worked is not forgotten for it."""
        known = self._handheld.device.addresses
        merged = tuple(dict.fromkeys((*addresses, *known)))[:ADDRESSES_MAX]
        if merged != known:
            self._handheld.change(replace(self._handheld.device, addresses=merged))


def _sent_carried(envelope: Envelope, reply: Reply) -> Sent:
    return Sent(events=envelope.events, exceptions=len(reply.exceptions), changes=0, more=False)
