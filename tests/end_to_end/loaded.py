"""What the fork server of `forked` loads: a server was made once, for that loads its pages, routes and commands.

What is made here knows of no settings; each start makes a server of its own.
"""

import tempfile

import flask.cli

import scanner_client.commands
import scanner_client.scan_command
import server

__all__ = ["flask", "scanner_client", "server"]

with tempfile.TemporaryDirectory() as _folder:
    server.create_app({"DATABASE_URL": "sqlite://", "INSTANCE": _folder, "SECRET_KEY": "test"})
