"""Imports: send a file, see row by row what is wrong with it, and only then take it in."""

from __future__ import annotations

import threading
from typing import Final

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from werkzeug import Response as Redirect

from server import context, documents, imported, uploads
from server.database import reading
from server.document_kinds import KINDS, template
from server.errors import Refusal
from server.gate import takes_bytes
from server.people import requires, signed_in
from server.roles import Task
from server.tabular import TableError
from server.uploads import Spool, Upload, UploadError
from server.web.navigation import Entry, Group
from server.web.pages import blueprint
from server.web.wording import line_word

NAV = Entry("Imports", "web.imports", Group.STOCK, order=40, task=Task.IMPORT)

FILE_BYTES_MAX: Final = 16 << 20
"""About 200,000 rows, as through the API; larger files are imported at the server's own command line."""


@blueprint.get("/imports")
@requires(Task.IMPORT)
def imports() -> str:
    """The form, what each kind of file holds, and the documents that are in."""
    kind = request.args.get("kind", "")
    if kind not in ("", *KINDS):
        raise Refusal(404, "not_found", f"There is no kind of document {kind!r:.80}.")
    with reading() as connection:
        found = imported.read_page(connection, signed_in().site, kind=kind or None, after=_after())
    last = found[-1] if len(found) == imported.PAGE else None
    following = f"{last['begun_ms']}~{last['digest']}" if last else None
    unfinished = any(row["folded_rows"] < row["rows"] for row in found)
    return render_template(
        "imports.html",
        kinds=KINDS,
        kind=kind,
        choices=[("", "every kind"), *((name, line_word(name)) for name in KINDS)],
        documents=found,
        next=following,
        unfinished=unfinished,
    )


def _after() -> imported.After | None:
    text = request.args.get("after")
    if text is None:
        return None
    moment, _, digest = text.partition("~")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 16):
        raise Refusal(400, "bad_request", f"after is {text!r:.80}: it takes what the link to the next page says.")
    return int(moment), digest


@blueprint.get("/imports/templates/<kind>.csv")
@requires(Task.IMPORT)
def import_template(kind: str) -> Response:
    """A file with the columns of a kind and one example row."""
    if kind not in KINDS:
        raise Refusal(404, "not_found", f"There is no kind of document {kind!r:.80}.")
    return _file(template(KINDS[kind]).encode("utf-8-sig"), f"{kind}.csv")


def _file(content: bytes, name: str) -> Response:
    response = Response(content, mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@blueprint.post("/imports")
@takes_bytes(FILE_BYTES_MAX)
@requires(Task.IMPORT)
def check_import() -> Redirect:
    """Check a file; nothing is taken in yet."""
    person, file = signed_in(), request.files.get("file")
    kind, number = request.form.get("kind", ""), request.form.get("number", "").strip() or None
    if kind not in KINDS or file is None or not file.filename:
        flash("Choose a file, and say what it holds.", "bad")
        return redirect(url_for("web.imports"))
    about = {"site": person.site, "kind": kind, "number": number, "operator": person.name}
    try:
        upload = _spool().check(file.read(), now_ms=context.now_ms(), filename=file.filename[-100:], **about)
    except (UploadError, TableError) as error:
        flash(f"{file.filename[-100:]} cannot be used. {error}", "bad")
        return redirect(url_for("web.imports"))
    return redirect(url_for("web.upload", token=upload.token), 303)


@blueprint.get("/imports/uploads/<token>")
@requires(Task.IMPORT)
def upload(token: str) -> str:
    """What was found in a file, or how far it is."""
    found = _find(token)
    with reading() as connection:
        done, rows = uploads.progress(connection, found)
    return render_template("upload.html", upload=found, done=done, rows=rows, kind=KINDS[found.kind])


@blueprint.get("/imports/uploads/<token>/problems.csv")
@requires(Task.IMPORT)
def upload_problems(token: str) -> Response:
    """Every fault of a file, a row each."""
    return _file(_spool().problems(_find(token).token), "problems.csv")


@blueprint.post("/imports/uploads/<token>")
@requires(Task.IMPORT)
def take_upload(token: str) -> Redirect:
    """Take the file in."""
    app, skip_bad = current_app._get_current_object(), request.form.get("skip_bad") == "yes"  # type: ignore[attr-defined]  # noqa: SLF001  # a thread outlives the proxy
    try:
        _spool().take(app, _find(token), operator=signed_in().name, now_ms=context.now_ms(), skip_bad=skip_bad)
    except UploadError as error:
        flash(str(error), "bad")
    return redirect(url_for("web.upload", token=token), 303)


def _find(token: str) -> Upload:
    found = _spool().find(token, signed_in().site, context.now_ms())
    if found is None:
        raise Refusal(404, "not_found", "This file is not kept any more; files wait for an hour. Send it again.")
    return found


def _spool() -> Spool:
    return Spool(context.settings().instance / "uploads")


@blueprint.post("/imports/resume")
@requires(Task.IMPORT)
def resume_imports() -> Redirect:
    """Go on with what was begun and not finished."""
    person, now_ms = signed_in(), context.now_ms()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # a thread outlives the proxy
    with reading() as connection:
        waiting = documents.unfinished(connection, person.site)
    short = [row for row in waiting if row.event is None and row.loaded < row.rows]
    for row in short[:5]:
        flash(f"{row.number}: {row.loaded:,} of {row.rows:,} rows are here. Send its file again.", "bad")
    if len(waiting) > len(short):

        def run() -> None:
            with app.app_context():
                documents.resume(person.site, operator=person.name, now_ms=now_ms)

        threading.Thread(target=run, name="resumed imports").start()
        flash("It goes on; this page says how far it is.", "good")
    return redirect(url_for("web.imports"), 303)
