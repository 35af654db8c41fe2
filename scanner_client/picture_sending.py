"""Sends the pictures that wait, after the events that they belong to: signed, one at a time, on the sync's timer.

What an answer says of a picture is believed only where our server has signed it: anyone on the Wi-Fi could else say
that it has the only copy there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from scanner_client.device import Device
from scanner_client.pictures import Pictures, Waiting
from scanner_client.transport import Answer, Transport, TransportError
from scanner_client.wording import say
from sync.event import EventError, parse_name
from sync.picture import EVENT_HEADER, NEVER, PICTURES_PATH, media_type, message
from sync.protocol import write_signature

PER_ROUND_MAX: Final = 20
"""Then scans come first again."""
LATER: Final = frozenset({401, 408, 429})
"""What the next picture would be told as well, like a fault of the server's."""

Addresses = Callable[[], tuple[str, ...]]


class _UnsendableError(Exception):
    """The picture can be sent by no try; the message says why."""


def send(pictures: Pictures, device: Device, transport: Transport, addresses: Addresses) -> int:
    """Send what waits, as far as the server takes it now; returns how many it has.

    What cannot be read or sent, or is refused for good, is set aside with its reason, and the others go on. Whatever
    else goes wrong with one leaves it where it is, for the next round.
    """
    done = 0
    for picture in pictures.waiting()[:PER_ROUND_MAX]:
        try:
            answer, told = _post(picture, device, transport, addresses())
        except _UnsendableError as error:
            pictures.refused(picture, str(error))
            continue
        if "known" in told:
            pictures.sent(picture)
            done += 1
        elif told.get("code") in NEVER:
            pictures.refused(picture, str(told.get("message")))
        elif answer is None or answer.status in LATER or answer.status >= 500:
            break
    return done


def _post(
    picture: Waiting, device: Device, transport: Transport, addresses: tuple[str, ...]
) -> tuple[Answer | None, dict[str, Any]]:
    """The last answer that came, and what our server says in it; nothing where it is not signed."""
    content = _content(picture, device)
    signature = device.sign(message(picture.event, content))
    headers = {
        "Authorization": f"Ed25519 {device.device_no} {write_signature(signature)}",
        "Content-Type": media_type(content) or "image/jpeg",
        EVENT_HEADER: picture.event,
    }
    answer = None
    for address in addresses:
        try:
            answer = transport.post(address, PICTURES_PATH, content, headers)
        except TransportError:
            continue
        if answer.is_signed_by(device.server_key, signature):
            return answer, answer.json()
    return answer, {}


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
