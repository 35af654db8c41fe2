import pytest

from sync.pin import check_pin, hash_pin, weakness

SALT = bytes(range(16))
CHEAP = 4


@pytest.mark.parametrize("pin", ["7391", "83614", "40921756"])
def test_a_pin_without_a_pattern_will_do(pin: str) -> None:
    assert weakness(pin) is None


@pytest.mark.parametrize(
    "pin", ["1234", "0000", "9876", "4321", "8901", "1212", "121212", "77777777", "2580", "12341234", "123123"]
)
def test_a_pin_that_anyone_would_try_first_is_refused(pin: str) -> None:
    assert "anyone would try" in (weakness(pin) or "")


@pytest.mark.parametrize("pin", ["", "739", "739173917", "73 1", "73a1", "७३९१", "-739"])
def test_a_pin_is_four_to_eight_digits(pin: str) -> None:
    assert "4 to 8 digits" in (weakness(pin) or "")


def test_a_pin_that_stands_on_the_badge_is_refused() -> None:
    assert weakness("7391", "P-7391") == "This PIN stands on the badge: take another one."


def test_no_sentence_repeats_the_pin() -> None:
    assert all(pin not in (weakness(pin, "B-4711") or "") for pin in ("1234", "0000", "4711", "12"))


def test_only_the_right_pin_matches() -> None:
    stored = hash_pin("7391", SALT, cost=CHEAP)
    assert check_pin("7391", stored)
    assert not check_pin("7392", stored)
    assert not check_pin("", stored)
    assert stored != hash_pin("7391", bytes(16), cost=CHEAP), "two people with one PIN do not look alike"


@pytest.mark.parametrize("stored", ["", "scrypt", "scrypt$x$AA$AA", "scrypt$63$AAAA$AAAA", "plain$1$7391$7391"])
def test_what_is_no_hash_matches_nothing(stored: str) -> None:
    assert not check_pin("7391", stored)
