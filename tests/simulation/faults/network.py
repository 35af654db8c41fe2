"""The way between a handheld and the server: it loses, doubles, delays, cuts and garbles, and may be slow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from greenlet import getcurrent

from scanner_client.transport import CONNECT_SECONDS_MAX, READ_SECONDS_MAX, Answer, Transport, TransportError
from tests.simulation.faults.plan import Fault
from tests.simulation.station import ADDRESS

FAST_S: Final = 0.02
SLOW_S: Final = 1.0
SLOW_BYTES_A_SECOND: Final = 50_000 / 8
LATE_S_MAX: Final = 600
ONE_SHOT: Final = frozenset(
    {Fault.DROPPED, Fault.LOST_REPLY, Fault.DUPLICATED, Fault.LATE, Fault.CUT_OFF, Fault.GARBLED, Fault.PORTAL,
     Fault.REFUSED}
)  # fmt: skip
SPELLS: Final = frozenset({Fault.OUTAGE, Fault.HALF_OPEN, Fault.ONE_WAY, Fault.SLOW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a handheld sends."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    sent_s: float = 0.0
    """Seconds that it took to arrive."""


class Far(Protocol):
    """The other end."""

    def handle(self, request: Request) -> Answer:
        """Answer. Raises TransportError: it is not there, or died of it."""


def wait(seconds: float) -> None:
    """The request is on its way for so long: whoever drives the handheld lets others go on meanwhile."""
    getcurrent().parent.switch(seconds)


class Link(Transport):
    """One handheld's way to the server."""

    def __init__(self, far: Far, later: Callable[[float, Request], None]) -> None:
        """`later(delay_s, request)` brings a request to the other end when nobody waits for its answer any more."""
        super().__init__()
        self.spells: set[Fault] = set()
        self.under_way = 0
        """Requests that have not arrived yet."""
        self._far, self._later = far, later
        self._next: deque[tuple[Fault, Random]] = deque()
        self.seen: Callable[[Request, Answer], None] = lambda _, __: None
        """Told of each answer that the server gave."""
        self.arrives: Callable[[Request], None] = lambda _: None
        """Told of each request that reaches the server, whatever becomes of it there."""

    def arm(self, fault: Fault, chance: Random) -> None:
        """This befalls the next request."""
        self._next.append((fault, chance))

    def mend(self) -> None:
        """Nothing is wrong with it any more."""
        self._next.clear()
        self.spells.clear()

    def _request(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        if Fault.OUTAGE in self.spells:
            wait(CONNECT_SECONDS_MAX)
            raise TransportError("There is no network.")
        request = Request(
            method=method, path=url.removeprefix(ADDRESS), body=body or b"", headers=headers,
            sent_s=self._seconds(len(body or b"")),
        )  # fmt: skip
        self.under_way += 1
        try:
            wait(request.sent_s)
        finally:  # the handheld may be killed meanwhile
            self.under_way -= 1
        if Fault.HALF_OPEN in self.spells:
            wait(READ_SECONDS_MAX)
            raise TransportError("The server does not answer.")
        if Fault.ONE_WAY in self.spells:
            self._deliver(request)
            wait(READ_SECONDS_MAX)
            raise TransportError("Nothing comes back.")
        answer = _FATE[self._next[0][0]](self, request) if self._next else self._deliver(request)
        wait(self._seconds(len(answer.body)))
        return answer

    def _seconds(self, size: int) -> float:
        return SLOW_S + size / SLOW_BYTES_A_SECOND if Fault.SLOW in self.spells else FAST_S

    def _deliver(self, request: Request) -> Answer:
        self.arrives(request)
        answer = self._far.handle(request)
        self.seen(request, answer)
        return answer

    def _draw(self) -> Random:
        return self._next.popleft()[1]

    def _dropped(self, _request: Request) -> Answer:
        self._draw()
        wait(READ_SECONDS_MAX)
        raise TransportError("Nothing came back.")

    def _lost_reply(self, request: Request) -> Answer:
        self._draw()
        self._deliver(request)
        wait(READ_SECONDS_MAX)
        raise TransportError("The reply was lost.")

    def _duplicated(self, request: Request) -> Answer:
        first = self._draw().random() < 0.5
        answers = [self._deliver(request), self._deliver(request)]
        return answers[0 if first else 1]

    def _late(self, request: Request) -> Answer:
        self._later(READ_SECONDS_MAX + self._draw().random() * LATE_S_MAX, request)
        wait(READ_SECONDS_MAX)
        raise TransportError("Nothing came back in time.")

    def _cut_off(self, request: Request) -> Answer:
        kept = int(self._draw().random() * len(request.body))
        cut = Request(method=request.method, path=request.path, body=request.body[:kept], headers=request.headers)
        self._deliver(cut)
        raise TransportError("The connection broke.")

    def _garbled(self, request: Request) -> Answer:
        chance = self._draw()
        answer = self._deliver(request)
        body = bytearray(answer.body)
        for _ in range(chance.randint(1, 3)):
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        return Answer(status=answer.status, headers=answer.headers, body=bytes(body))

    def _portal(self, _request: Request) -> Answer:
        self._draw()
        return Answer(status=200, headers={"Content-Type": "text/html"}, body=b"<html>Welcome to the hotel</html>")

    def _refused(self, _request: Request) -> Answer:
        chance = self._draw()
        status = chance.choice((408, 413, 429, 502, 503))
        headers = {"Retry-After": str(chance.randint(1, 20))} if status in (429, 503) else {}
        return Answer(status=status, headers=headers, body=b"")


_FATE: Final[Mapping[Fault, Callable[[Link, Request], Answer]]] = {
    Fault.DROPPED: Link._dropped,
    Fault.LOST_REPLY: Link._lost_reply,
    Fault.DUPLICATED: Link._duplicated,
    Fault.LATE: Link._late,
    Fault.CUT_OFF: Link._cut_off,
    Fault.GARBLED: Link._garbled,
    Fault.PORTAL: Link._portal,
    Fault.REFUSED: Link._refused,
}
