"""Labels in ZPL II, for thermal printers.

Symbols go as graphics (`^GFA`), not as the printer's own `^BX`, `^BC` or `^BQ`: what is printed is then bit by bit what
was checked here, on every firmware and on the many printers that imitate ZPL and know neither FNC1 nor square symbols.
With ZPL's run lengths it is half to one and a half kilobytes a label. Text is the printer's own scalable type: sharp,
and small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.printing.layout import Placed
from server.printing.media import DOTS_PER_MM, Roll

_UNITS: Final = "GHIJKLMNOPQRSTUVWXY"
"""ZPL's run lengths: G to Y stand for 1 to 19, g to z for 20 to 400."""
_TWENTIES: Final = "ghijklmnopqrstuvwxyz"
_COMMANDS: Final = "^~_\\"
"""What a field may hold only as `_` and its code: the prefixes of commands, and of codes."""


def labels(placed: Sequence[Placed], roll: Roll, dpi: int) -> str:
    """The labels, one format each."""
    return "".join(_format(one, roll, DOTS_PER_MM[dpi]) for one in placed)


def _format(label: Placed, roll: Roll, per_mm: float) -> str:
    # ^CI28: text is UTF-8. ^LH0,0 and ^PQ1: whatever the printer was set to before.
    lines = ["^XA", "^CI28", "^LH0,0", f"^PW{round(roll.width * per_mm)}", f"^LL{round(roll.height * per_mm)}"]
    lines.append(_graphic(label, per_mm))
    for text in label.texts:
        size = round(text.em * per_mm)
        lines.append(
            f"^FO{round(text.x * per_mm)},{round(text.y * per_mm)}^A0N,{size},{size}^FH_^FD{escaped(text.text)}^FS"
        )
    return "\n".join([*lines, "^PQ1", "^XZ", ""])


def escaped(text: str) -> str:
    """Text as a field may hold it after `^FH_`: nothing of it can be taken for a command."""
    return "".join(
        "".join(f"_{byte:02X}" for byte in c.encode()) if c in _COMMANDS or not c.isprintable() else c for c in text
    )


def _graphic(label: Placed, per_mm: float) -> str:
    module = round(label.module * per_mm)
    height = round(label.row_height * per_mm)
    bytes_a_row = -(-label.symbol.columns * module // 8)
    rows = []
    for row in label.symbol.rows:
        bits = "".join(("1" if dark else "0") * module for dark in row).ljust(bytes_a_row * 8, "0")
        packed = _packed(f"{int(bits, 2):0{bytes_a_row * 2}X}")
        rows.append(packed + ":" * (height - 1))  # a colon repeats the row above
    total = bytes_a_row * height * len(rows)
    at = f"^FO{round(label.x * per_mm)},{round(label.y * per_mm)}"
    return f"{at}^GFA,{total},{total},{bytes_a_row},{''.join(rows)}^FS"


def _packed(digits: str) -> str:
    """A row's hexadecimal digits with their repetitions counted; zeros or ones to its end have a sign of their own."""
    for digit, sign in (("0", ","), ("F", "!")):
        kept = digits.rstrip(digit)
        if len(digits) - len(kept) > 1:
            return _counted(kept) + sign
    return _counted(digits)


def _counted(digits: str) -> str:
    found, at = [], 0
    while at < len(digits):
        end = at
        while end < len(digits) and digits[end] == digits[at] and end - at < 400:
            end += 1
        length = end - at
        count = (_TWENTIES[length // 20 - 1] if length >= 20 else "") + (_UNITS[length % 20 - 1] if length % 20 else "")
        found.append(digits[at] if length == 1 else count + digits[at])
        at = end
    return "".join(found)
