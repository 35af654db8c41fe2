"""What the page may ask for, and that nothing else passes for it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_client.assignment import menu
from scanner_client.page.protocol import hello
from scanner_client.page.requests import (
    NUMBER_MAX,
    REQUESTS,
    Answer,
    Asked,
    KeyedIn,
    Quantity,
    RequestError,
    Scanned,
    asked_of,
)
from scanner_client.sighting import Tone
from scanner_client.task import Assignment
from sync.event import BARCODE_BYTES_MAX

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["type", "number", "text", "first", "second", "pieces", "question", "keep", "last", "action", "document"]
)


@pytest.mark.parametrize(
    ("row", "request_"),
    [
        ({"type": "begin", "action": "pick"}, Assignment(action="pick")),
        (
            {"type": "begin", "action": "count", "document": "COUNT-1", "operator": None},
            Assignment(action="count", document="COUNT-1"),
        ),
        ({"type": "scanned", "text": "a\x1db"}, Scanned(text="a\x1db")),
        ({"type": "keyed", "first": "1", "second": "2"}, KeyedIn(first="1", second="2")),
        ({"type": "quantity", "pieces": 12}, Quantity(pieces=12)),
        ({"type": "answer", "question": 3, "keep": True}, Answer(question=3, keep=True)),
        ({"type": "answer", "question": 3, "keep": True, "last": 5}, Answer(question=3, keep=True, last=5)),
    ],
)
def test_request_is_read(row: dict[str, object], request_: object) -> None:
    assert asked_of(row | {"number": "p-1"}) == Asked(number="p-1", request=request_)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (None, "A request is an object"),
        ({}, "A request is an object"),
        ({"type": "dance"}, "whose type is one of begin, scanned"),
        ({"type": {}}, "A request is an object"),
        ({"type": "undo", "number": None}, "A request has a number of 1 to 64 printable"),
        ({"type": "undo", "number": ""}, "A request has a number"),
        ({"type": "undo", "number": "a b"}, "A request has a number"),
        ({"type": "undo", "number": "x" * (NUMBER_MAX + 1)}, "A request has a number"),
        ({"type": "scanned"}, "A request of type scanned takes text, by_wedge."),
        ({"type": "finish", "all": True}, "A request of type finish takes no field."),
        ({"type": "undo", "all": True}, "A request of type undo takes event, reason."),
        ({"type": "scanned", "text": 5}, "text cannot be 5."),
        ({"type": "quantity", "pieces": True}, "pieces cannot be True."),
        ({"type": "quantity", "pieces": 1.5}, "pieces cannot be 1.5."),
        ({"type": "quantity", "pieces": 10**30}, "pieces is too large."),
        ({"type": "quantity", "pieces": math.inf}, "pieces cannot be inf."),
        ({"type": "answer", "question": 1, "keep": 1}, "keep cannot be 1."),
        ({"type": "scanned", "text": "\ud800"}, "text holds half a character."),
        ({"type": "scanned", "text": "x" * (BARCODE_BYTES_MAX + 1)}, "at most"),
    ],
)
def test_what_is_no_request_is_named(row: object, sentence: str) -> None:
    with pytest.raises(RequestError) as refused:
        asked_of({"number": "p-1"} | row if isinstance(row, dict) else row)
    assert sentence in str(refused.value)


@given(st.one_of(JSON, st.dictionaries(FIELDS, st.sampled_from(list(REQUESTS)) | JSON)))
def test_any_json_is_a_request_or_refused(row: object) -> None:
    try:
        read = asked_of({"number": "p-1"} | row if isinstance(row, dict) else row).request
    except RequestError:
        return
    assert type(read) in REQUESTS.values()


def test_page_is_told_every_tone_and_every_action_that_can_be_chosen() -> None:
    said = json.loads(hello())
    assert set(said["signals"]) == {tone.value for tone in Tone}
    assert [row["name"] for row in said["actions"]] == [what.name for what in menu()]


def test_menu_offers_what_labels_and_a_reason_for_all_of_it_can_do() -> None:
    names = {what.name for what in menu()}
    assert {"receive", "put_away", "pick", "pack", "ship", "count", "inspect", "take_back", "link"} <= names
    assert names.isdisjoint(
        {"void", "reject", "short_pick", "unreadable", "open_bin", "finish_bin", "recall", "import"}
    )


def test_no_two_tones_shake_or_sound_alike() -> None:
    signals = json.loads(hello())["signals"].values()
    assert len({(tuple(s["pitches_hz"]), s["harsh"]) for s in signals}) == len(Tone)
    assert len({tuple(s["shakes_ms"]) for s in signals}) == len(Tone)
