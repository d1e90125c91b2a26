"""Pieces of input: what is read, and what is said about the rest."""

import pytest

from interp_claims.explore.inputs import (
    InputError,
    read_channels,
    read_choice,
    read_decimal,
    read_square,
    read_whole,
    shown,
    write_channels,
    write_decimal,
)


def message(read, *arguments, **options):
    with pytest.raises(InputError) as error:
        read(*arguments, **options)
    return str(error.value)


def test_an_error_says_what_was_got_what_was_wanted_and_what_to_do():
    error = InputError("maze size", "4", "an odd number", "choose another size")
    assert str(error) == "maze size: got 4, wanted an odd number; choose another size"
    assert error.as_dict() == {
        "what": "maze size",
        "got": "4",
        "wanted": "an odd number",
        "remedy": "choose another size",
        "message": str(error),
    }


def test_long_input_is_not_quoted_whole():
    assert shown("a" * 1000) == "'" + "a" * 59 + "... (1002 characters)"
    assert "\n" not in shown("two\nlines")


@pytest.mark.parametrize("text", ["0", "7", "30"])
def test_whole_numbers_are_read(text):
    assert read_whole("it", text, 0, 30) == int(text)


@pytest.mark.parametrize("text", ["", "-1", "31", "1.0", "07", "1e1", " 1", "1\n", "٣", "9" * 40])
def test_other_than_whole_numbers_in_range_are_refused(text):
    expected = f"it: got {shown(text)}, wanted a whole number from 0 to 30; enter one of these"
    assert message(read_whole, "it", text, 0, 30) == expected


@pytest.mark.parametrize("value", [0.0, 1.5, -2.0, 0.000001, -19.999999, 1000.0])
def test_decimals_come_back(value):
    assert read_decimal("it", write_decimal(value), -1000, 1000) == value


def test_minus_zero_is_zero():
    assert str(read_decimal("it", "-0", -1, 1)) == "0.0"
    assert write_decimal(-0.0) == "0"


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "1e3", "2.5", "-2.5", "0.1234567", "1.", ".5", "+1", "--1", "٣", "1_0"]
)
def test_other_than_decimals_in_range_are_refused(text):
    expected = f"it: got {shown(text)}, wanted a number from -2 to 2 with at most 6 decimal places, such as 0.5; "
    assert message(read_decimal, "it", text, -2, 2) == expected + "enter one of these"


def test_squares_are_read():
    assert read_square("mouse", "0.24") == (0, 24)


@pytest.mark.parametrize("text", ["", "1", "1.2.3", "25.0", "0.25", "-1.2", "a.b", "1,2"])
def test_other_than_squares_are_refused(text):
    expected = (
        f"mouse: got {shown(text)}, wanted row.column, both from 0 to 24, such as 12.7; click a square of the maze"
    )
    assert message(read_square, "mouse", text) == expected


@pytest.mark.parametrize("channels", [(), (5,), (3, 4), (3, 4, 5), (9, 8, 7), (0, 1, 2, 7, 40, 41, 42, 43, 6)])
def test_channels_come_back_in_their_order(channels):
    assert read_channels("it", write_channels(channels), 12) == channels


def test_runs_of_channels_are_written_as_spans():
    assert write_channels(range(128)) == "0-127"
    assert read_channels("it", "0-127", 128) == tuple(range(128))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.x", "it: got 'x', wanted channel numbers such as 3 or 40-43; correct it or leave it out"),
        ("-1", "it: got '-1', wanted channel numbers such as 3 or 40-43; correct it or leave it out"),
        ("3.4.3", "it: got channel 3 more than once, wanted each channel once; leave it out"),
        ("1.2.3.4.5", "it: got 5 channels, wanted at most 4; name fewer channels"),
        ("0-99999", "it: got '0-99999', wanted at most 4 channels; name fewer channels"),
    ],
)
def test_other_than_channels_are_refused(text, expected):
    assert message(read_channels, "it", text, 4) == expected


def test_choices_are_listed_up_to_twelve():
    assert read_choice("view", "a", ("a", "b")) == "a"
    assert message(read_choice, "view", "c", ("a", "b")) == "view: got 'c', wanted one of a, b; choose one"
    many = [f"n{i}" for i in range(20)]
    assert message(read_choice, "it", "x", many).endswith("n10, n11 and others; choose one")
