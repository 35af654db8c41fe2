"""What the owner has set: the last word about each thing counts."""

from __future__ import annotations

from server.database import reading, writing
from server.owner_settings import keep, kept
from tests.handheld import DAY
from tests.server.site import SITE


def say(key: str, value: int | None) -> None:
    """All in one moment, so that only the number of the word tells which was last."""
    with writing() as c:
        said = None if value is None else {"days": value}
        keep(c, site=SITE, kind="limit", key=key, value=said, told="a limit", operator="Olga", now_ms=DAY)


def test_of_a_dozen_words_about_one_thing_the_last_counts_and_what_was_taken_back_is_gone(warehouse: str) -> None:
    for days in range(1, 13):
        say("returns", days)
    say("repairs", 5)
    say("repairs", None)
    with reading() as c:
        found = kept(c, SITE, "limit")
    assert {key: (one.value, one.by) for key, one in found.items()} == {"returns": ({"days": 12}, "Olga")}
