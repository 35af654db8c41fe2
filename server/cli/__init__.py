"""What an administrator types: `flask --app server COMMAND`. Each command reads, calls one function, and prints."""

from __future__ import annotations

from flask import Flask

from server.cli import (
    backups,
    counts,
    customers,
    documents,
    handhelds,
    keys,
    labels,
    orders,
    people,
    recalls,
    receiving,
    reparse,
    reports,
    roles,
    serve,
    setup,
    sites,
    stolen,
    upkeep,
    warranty,
    webhooks,
)


def register(app: Flask) -> None:
    """Give this app its commands."""
    for module in (
        setup,
        serve,
        people,
        roles,
        sites,
        documents,
        orders,
        handhelds,
        keys,
        labels,
        counts,
        customers,
        reports,
        receiving,
        recalls,
        stolen,
        warranty,
        upkeep,
        reparse,
        backups,
        webhooks,
    ):
        for command in module.COMMANDS:
            app.cli.add_command(command)
