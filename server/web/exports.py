"""Lists as files, from the links beside each list."""

from __future__ import annotations

from flask import Response, request

from server.exported import answer
from server.people import requires
from server.roles import Task
from server.web.pages import blueprint


@blueprint.get("/exports/<name>.<any(csv, xlsx, json):form>")
@requires(Task.EXPORT)
def export(name: str, form: str) -> Response:
    """One list as a file, narrowed as its page was."""
    return answer(name, form, {key: value for key, value in request.args.items() if value})
