import pytest

from scanner_client.vision.engine import FORMATS
from scanner_client.vision.reading import Reading
from scanner_client.vision.wanted import FormatError, Wanted


def reading(name: str, data: bytes) -> Reading:
    return Reading(format=name, symbology="]C0", data=data, quad=((0, 0), (9, 0), (9, 9), (0, 9)))


def test_a_task_that_says_nothing_may_meet_everything() -> None:
    assert Wanted.parse([]) == Wanted()
    assert Wanted().formats == FORMATS


@pytest.mark.parametrize(
    ("asked", "data", "expected"),
    [
        ("ITF", b"1334", False),
        ("ITF", b"123456", True),
        ("ITF:14", b"123456", False),
        ("ITF:14", b"19506000134359", True),
        ("ITF:4", b"1334", True),
        ("Code128:8-20", b"ABCDEFG", False),
        ("Code128:8-20", b"ABCDEFGH", True),
        ("Code128:8-20", b"A" * 20, True),
        ("Code128:8-20", b"A" * 21, False),
        ("Code128", b"A", True),
    ],
)
def test_what_is_shorter_or_longer_than_the_task_allows_is_no_reading(
    asked: str, data: bytes, *, expected: bool
) -> None:
    assert Wanted.parse([asked]).admits(reading(asked.partition(":")[0], data)) is expected


def test_formats_may_be_written_in_small_letters_with_hyphens_and_twice() -> None:
    assert Wanted.parse(["ean13", "datamatrix", "EAN-13"]).formats == ("EAN13", "DataMatrix")


@pytest.mark.parametrize("word", ["EAN 13", "", ":14", "ITF 14", "Code129:8"])
def test_a_format_that_does_not_exist_is_named(word: str) -> None:
    with pytest.raises(FormatError, match=r"There is no format .*: write Code128, "):
        Wanted.parse([word])


@pytest.mark.parametrize("word", ["QRCode:7-3", "ITF:0", "ITF:", "ITF:14-", "ITF:-3", "ITF:x", "Code128:12345"])
def test_lengths_that_nothing_can_have_are_refused(word: str) -> None:
    with pytest.raises(FormatError, match=f"'{word}' allows no length"):
        Wanted.parse([word])
