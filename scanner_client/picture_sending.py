"""Sends the pictures that wait, after the events that they belong to: signed, one at a time, on the sync's timer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scanner_client.device import Device
from scanner_client.pictures import Pictures, Waiting
from scanner_client.transport import Answer, Transport, TransportError
from scanner_client.wording import say
from sync.event import EventError, parse_name
from sync.picture import EVENT_HEADER, PICTURES_PATH, media_type, message
from sync.protocol import write_signature

PER_ROUND_MAX: Final = 20
"""Then scans come first again."""
FOR_EVER: Final = frozenset({400, 403, 413, 415, 422})
"""What no second try changes."""
ANOTHER: Final = frozenset({404, 409})
"""The server does not have the event yet, or is an older one: the next picture may fare better."""

Addresses = Callable[[], tuple[str, ...]]


class _UnsendableError(Exception):
    """The picture can be sent by no try; the message says why."""


def send(pictures: Pictures, device: Device, transport: Transport, addresses: Addresses) -> int:
    """Send what waits, as far as the server takes it now; returns how many it has.

    What cannot be read or sent is set aside with its reason, and the others go on. Whatever else goes wrong with one
    leaves it where it is, for the next round.
    """
    done = 0
    for picture in pictures.waiting()[:PER_ROUND_MAX]:
        try:
            answer = _post(picture, device, transport, addresses())
        except _UnsendableError as error:
            pictures.refused(picture, str(error))
            continue
        if answer is None:
            break
        if answer.status in (200, 201):
            pictures.sent(picture)
            done += 1
        elif answer.status in FOR_EVER:
            pictures.refused(picture, answer.error()[1])
        elif answer.status not in ANOTHER:
            break
    return done


def _post(picture: Waiting, device: Device, transport: Transport, addresses: tuple[str, ...]) -> Answer | None:
    content = _content(picture, device)
    signature = write_signature(device.sign(message(picture.event, content)))
    headers = {
        "Authorization": f"Ed25519 {device.device_no} {signature}",
        "Content-Type": media_type(content) or "image/jpeg",
        EVENT_HEADER: picture.event,
    }
    for address in addresses:
        try:
            return transport.post(address, PICTURES_PATH, content, headers)
        except TransportError:
            continue
    return None


def _content(picture: Waiting, device: Device) -> bytes:
    try:
        maker = parse_name(picture.event)[0]
        content = picture.path.read_bytes()
    except EventError as error:
        raise _UnsendableError(say("picture.nameless", name=picture.path.name)) from error
    except OSError as error:
        raise _UnsendableError(
            say("picture.unreadable", name=picture.path.name, reason=error.strerror or error)
        ) from error
    if maker != device.device_no:
        raise _UnsendableError(say("picture.other_key", maker=maker, device_no=device.device_no))
    return content
