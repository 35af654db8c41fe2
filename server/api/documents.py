"""Documents: products, locations, stock lists, purchase orders, ASNs and orders, as files."""

from __future__ import annotations

import io
from contextlib import closing
from typing import Any, Final

from flask import request
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from server import context, document_file, document_names, documents, tabular
from server.api.resource import Resource
from server.database import reading
from server.document_file import Draft
from server.document_kinds import KINDS
from server.documents import DocumentError
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import text
from server.tabular import TableError

resource = Resource("documents", __name__, description="Products, locations, stock, ASNs and orders, as files.")

FILE_BYTES_MAX: Final = 16 << 20
"""About 200,000 rows; larger files are imported at the server's own command line."""
ERRORS_SHOWN_MAX: Final = 100


class ImportQuerySchema(Schema):
    """What the file is."""

    kind = fields.String(required=True, validate=OneOf(sorted(KINDS)))
    number = text(
        load_default=None, validate=Length(1, 100), metadata={"description": "For a file without such a column"}
    )
    dry_run = fields.Boolean(load_default=False, metadata={"description": "Only say what is wrong with it"})


class RowErrorSchema(Schema):
    """What is wrong with one row."""

    row = fields.Integer()
    column = fields.String(allow_none=True)
    problem = fields.String()


class ImportedSchema(Schema):
    """One document that is in."""

    kind = fields.String()
    number = fields.String()
    digest = fields.String()
    rows = fields.Integer()
    known = fields.Boolean(metadata={"description": "Exactly this was imported before; nothing changed"})


class ImportSchema(Schema):
    """What became of the file."""

    documents = fields.List(fields.Nested(ImportedSchema))
    rows = fields.Integer(metadata={"description": "Rows without a fault"})
    faults = fields.Integer(metadata={"description": "Rows with one; where there are any, nothing was taken"})
    errors = fields.List(fields.Nested(RowErrorSchema), metadata={"description": f"The first {ERRORS_SHOWN_MAX}"})


@resource.post("/documents")
@resource.arguments(ImportQuerySchema, location="query")
@resource.response(200, ImportSchema)
@resource.alt_response(422, schema=ImportSchema, description="Rows are wrong; nothing was taken")
@resource.body(
    *tabular.MEDIA_TYPES,
    bytes_max=FILE_BYTES_MAX,
    description=f"The file, of at most {tabular.BOUNDS}; more is imported at the server's own command line.",
)
@requires(Task.IMPORT)
def take(query: dict[str, Any]) -> Any:
    """Import a file

    The body is the file itself: CSV, XLSX or JSON, told apart by its content.
    """
    person = signed_in()
    try:
        with reading() as connection:
            names = document_names.read(connection, person.site)
        draft = document_file.draft(
            io.BytesIO(request.get_data()), KINDS[query["kind"]], site=person.site, names=names, number=query["number"]
        )
        with closing(draft.spool):
            taken = []
            if not draft.errors and not query["dry_run"]:
                taken = documents.take(draft, operator=person.name, now_ms=context.now_ms())
    except TableError as error:
        raise Refusal(422, "not_a_table", str(error)) from None
    except DocumentError as error:
        raise Refusal(409, "conflict", str(error)) from None
    return _answer(draft, taken), 422 if draft.errors else 200


def _answer(draft: Draft, taken: list[documents.Imported]) -> dict[str, Any]:
    return {
        "documents": taken,
        "rows": draft.rows,
        "faults": len(draft.bad),
        "errors": draft.errors[:ERRORS_SHOWN_MAX],
    }
