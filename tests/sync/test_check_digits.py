import pytest

from sync.check_digits import are_digits, check_pair, luhn_digit, mod10_digit, mod10_fault


@pytest.mark.parametrize("digits", ["", "12a", "\u0661\u0662", "\u2070\u00b2", "1 2", "-1"])
def test_only_the_ten_ascii_digits_are_digits(digits: str) -> None:
    assert not are_digits(digits)


def test_every_gtin_length_has_the_same_check_digit_rule() -> None:
    # Printed on real packs and in GS1 General Specifications, section 7.9.1 (629104150021 -> 3).
    assert [mod10_digit(body) for body in ("629104150021", "61414100003", "9501234")] == [3, 6, 6]


def test_a_wrong_check_digit_is_told_with_the_right_one() -> None:
    assert mod10_fault("6291041500214") == "The check digit of '6291041500214' is 4, and 3 was expected."
    assert mod10_fault("6291041500213") is None


def test_luhn_digit_of_the_imei_example_in_3gpp_ts_23_003() -> None:
    assert luhn_digit("26053179311383") == 7


def test_check_pair_of_the_gmn_example_in_the_general_specifications() -> None:
    assert check_pair("1987654Ad4X4bL5ttr2310c") == "2K"


@pytest.mark.parametrize("text", ["x" * 24, "a b", "\u00e9"])
def test_check_pair_of_what_a_gmn_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="character"):
        check_pair(text)
