"""Bytes on the wire per event: the signed envelope with its signature header, in batches of 500 and of 50."""

from __future__ import annotations

import base64
import random
from statistics import mean
from typing import Final

from sync.protocol import MEDIA_TYPE, SYNC_PATH, pack
from tests.bench._shift import scan
from tests.handheld import DAY, Chain

DEVICE_NO: Final = 245_446_279_566_197
EPOCH: Final = 6_218_284_854_441_278
BATCHES: Final = 20
SIZES: Final = (500, 50)
SIGNATURE: Final = base64.urlsafe_b64encode(bytes(64)).decode()


def request_bytes(body: bytes) -> tuple[int, int]:
    """Size of the body with the signature's header, and of the whole request as it goes out."""
    signature = f"Authorization: Ed25519 {DEVICE_NO} {SIGNATURE}\r\n"
    rest = (
        f"POST {SYNC_PATH} HTTP/1.1\r\nHost: 192.168.1.20:8000\r\nAccept-Encoding: identity\r\n"
        f"Content-Length: {len(body)}\r\nUser-Agent: python-urllib3/2.8.0\r\nContent-Type: {MEDIA_TYPE}\r\n\r\n"
    )
    return len(body) + len(signature), len(body) + len(signature) + len(rest)


def main() -> None:
    chain = Chain(DEVICE_NO, epoch=EPOCH, boot="5f6c2a90")
    now = scan(chain, max(SIZES) * BATCHES, random.Random(1), begun_ms=DAY)
    print(f"canonical line: {mean(map(len, chain.lines)):.1f} bytes an event")
    for size in SIZES:
        bodies = [
            pack(*chain.push(first, first + size - 1, now_ms=now, cursor="4f21:88213", incarnation="e78377222cb3ee12"))
            for first in range(1, len(chain.lines), size)
        ]
        signed, whole = (mean(sizes) / size for sizes in zip(*map(request_bytes, bodies), strict=True))
        print(f"batches of {size}: {signed:.1f} bytes an event with the signature, {whole:.1f} with all HTTP headers")


if __name__ == "__main__":
    main()
