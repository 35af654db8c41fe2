"""Rows that go to the driver in one piece."""

import pytest
import sqlalchemy as sa

from server.database import reading, writing
from server.tables import enrolment_codes
from server.upsert import load

ROW = ("digest", "main", "picker", 1, None)


@pytest.mark.usefixtures("warehouse")
def test_a_row_that_is_there_already_is_refused_as_by_any_other_statement_and_nothing_is_stored() -> None:
    with writing() as c:
        load(c, enrolment_codes, [ROW])
    with pytest.raises(sa.exc.IntegrityError), writing() as c:
        load(c, enrolment_codes, [("other", *ROW[1:]), ROW])
    with reading() as c:
        assert c.execute(sa.select(enrolment_codes)).all() == [ROW]
