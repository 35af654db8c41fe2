"""A server in processes of its own, as `serve` starts it, on a database that this process may look into."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from server import create_app
from server.database import db
from sync.protocol import MEDIA_TYPE
from tests.bench._databases import database
from tests.end_to_end.site import Site
from tests.server.running import Handheld


@contextmanager
def served(kind: str) -> Iterator[tuple[Site, Flask]]:
    """The server, and an app on its database whose context is open."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with database(kind, folder) as url:
            os.environ["SCAN_REQUESTS_PER_MINUTE"] = "0"  # one address speaks for everybody here
            site = Site(folder=folder, database_url=url)
            site.start()
            try:
                site.wait_until_ready()
                settings = {"DATABASE_URL": url, "INSTANCE": folder / "instance", "ADDRESSES": (site.address,)}
                app = create_app(settings)
                with app.app_context():
                    yield site, app
                    db.engine.dispose()
            finally:
                site.kill()


def signed(device: Handheld, body: bytes) -> dict[str, str]:
    """The headers of a push."""
    signature = base64.urlsafe_b64encode(device.sign(body)).decode().rstrip("=")
    return {"Authorization": f"Ed25519 {device.chain.device_no} {signature}", "Content-Type": MEDIA_TYPE}
