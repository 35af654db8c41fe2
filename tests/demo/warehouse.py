"""The demo's warehouse: what the papers say, what truly stands there, and what must therefore be found.

The server gets the papers and the handhelds get videos of what stands there. Neither ever sees `TRUTH`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sync.check_digits import mod10_digit
from sync.identity import container_key, item_key, unit_key
from tests.rendering import Bay, Box, Kind, LabelSpec, Shelf


def _checked(body: str) -> str:
    return body + str(mod10_digit(body))


PHONE, WATCH, DROPS, CABLE = (_checked(f"0950600013{n}") for n in ("435", "436", "437", "438"))
SSCC: Final = {n: _checked(f"3950600013435200{n}") for n in (1, 2)}
LOT, EXPIRY = "L2406", "2027-12-31"

Row = Mapping[str, str | int]

PRODUCTS: Final[list[Row]] = [
    {"gtin": PHONE, "name": "Aurora P5 phone", "mode": "serial", "serial_pattern": "AP5[0-9]{6}"},
    {"gtin": WATCH, "name": "Tempo watch", "mode": "serial"},
    {"gtin": DROPS, "name": "Vitamin D drops", "mode": "lot"},
    {"gtin": CABLE, "name": "USB-C cable", "mode": "quantity"},
]
LOCATIONS: Final[list[Row]] = [
    {"code": "DOCK", "zone": "receiving"},
    {"code": "A-01", "zone": "picking"},
    {"code": "A-02", "zone": "picking"},
]


def watch(n: int) -> str:
    return f"TW{n:05d}"


def phone(n: int) -> str:
    return f"AP5{n:06d}"


# The papers.

ASN: Final[list[Row]] = [
    *({"sscc": SSCC[1], "gtin": WATCH, "serial": watch(n)} for n in range(101, 106)),
    {"sscc": SSCC[1], "gtin": DROPS, "lot": LOT, "expiry": EXPIRY, "quantity": 3},
    *({"sscc": SSCC[2], "gtin": PHONE, "serial": phone(n)} for n in range(201, 205)),
    {"sscc": SSCC[2], "gtin": CABLE, "quantity": 3},
]
STOCK: Final[list[Row]] = [
    *({"gtin": WATCH, "serial": watch(n), "location": "A-01"} for n in range(1, 7)),
    {"gtin": CABLE, "quantity": 3, "location": "A-01"},
    *({"gtin": PHONE, "serial": phone(n), "location": "A-02"} for n in range(1, 6)),
    {"gtin": DROPS, "lot": LOT, "expiry": EXPIRY, "quantity": 2, "location": "A-02"},
]


# What truly stands there, as boxes with their labels.


def watch_box(n: int) -> Box:
    """Product and serial in one GS1 DataMatrix."""
    spec = LabelSpec(kind=Kind.GS1_DATAMATRIX, content=f"(01){WATCH}(21){watch(n)}")
    return Box(name="Tempo watch", labels=(spec,))


def phone_box(n: int) -> Box:
    """The product in an EAN-13 and the serial in a Code 128, as on most phone boxes."""
    ean = LabelSpec(kind=Kind.EAN13, content=PHONE[1:])
    return Box(name="Aurora P5", labels=(ean, LabelSpec(kind=Kind.CODE128, content=phone(n))))


def drops_box() -> Box:
    spec = LabelSpec(kind=Kind.GS1_DATAMATRIX, content=f"(01){DROPS}(17)271231(10){LOT}")
    return Box(name="Vitamin D drops", labels=(spec,))


def cable_box() -> Box:
    return Box(name="USB-C cable", labels=(LabelSpec(kind=Kind.EAN13, content=CABLE[1:]),))


def _carton(n: int, boxes: Iterable[Box]) -> Shelf:
    sign = LabelSpec(kind=Kind.GS1_128, content=f"(00){SSCC[n]}")
    return Shelf(bays=(Bay(location=sign, boxes=tuple(boxes)),))


def _bay(code: str, boxes: Iterable[Box]) -> Bay:
    sign = LabelSpec(kind=Kind.QR, content=f"LOC:{code}", human_text=code)
    return Bay(location=sign, boxes=tuple(boxes))


CARTONS: Final = {
    # Watch 104 slipped out of it, and the count finds it.
    # Phone 204 belongs in the other carton. Watch 900 was not announced.
    "carton-1": _carton(
        1,
        [*map(watch_box, (101, 102, 103, 105)), phone_box(204), watch_box(900), *(drops_box() for _ in range(3))],
    ),
    # Watch 101 again: two boxes bear one number. One cable too many.
    "carton-2": _carton(2, [*map(phone_box, (201, 202, 203)), watch_box(101), *(cable_box() for _ in range(4))]),
}
SHELVES: Final = {
    # Watch 5 is gone. Phone 3 belongs in A-02. Watch 777 is not on any list. One cable is gone.
    # Watch 104, which was not in its carton, is here.
    "shelf-A-01": Shelf(
        bays=(
            _bay(
                "A-01",
                [
                    *map(watch_box, (1, 2, 3, 4, 6)),
                    phone_box(3),
                    watch_box(777),
                    watch_box(104),
                    *(cable_box() for _ in range(2)),
                ],
            ),
        )
    ),
    # Watch 2 stands here as well: two boxes bear one number. Everything else of A-02 is in its place.
    "shelf-A-02": Shelf(bays=(_bay("A-02", [*map(phone_box, (1, 2, 4, 5)), watch_box(2), drops_box(), drops_box()]),)),
}


# What must be found.


def watch_key(n: int) -> str:
    return unit_key(WATCH, watch(n))


def phone_key(n: int) -> str:
    return unit_key(PHONE, phone(n))


DROPS_KEY: Final = f"{item_key(DROPS)}/10/{LOT}"
CABLE_KEY: Final = item_key(CABLE)

TRUTH: Final[dict[str, dict[str, set[str]]]] = {
    "ASN-1001": {
        "matched": {*map(watch_key, (102, 103, 104, 105)), *map(phone_key, (201, 202, 203)), DROPS_KEY},
        "misplaced": {phone_key(204)},
        "unexpected": {CABLE_KEY},
        "unknown": {watch_key(900)},
        "duplicate": {watch_key(101)},
    },
    "COUNT-1": {
        "matched": {*map(watch_key, (1, 3, 4, 6)), *map(phone_key, (1, 2, 4, 5)), DROPS_KEY},
        "missing": {watch_key(5), CABLE_KEY},
        "misplaced": {phone_key(3), watch_key(104)},
        "unknown": {watch_key(777)},
        "duplicate": {watch_key(2)},
    },
}
CASES: Final[set[tuple[str, str]]] = {
    ("duplicate", watch_key(101)),
    ("wrong_carton", phone_key(204)),
    ("unexpected_receipt", watch_key(900)),
    ("missing", watch_key(5)),
    ("pieces_missing", CABLE_KEY),
    ("misplaced", phone_key(3)),
    ("misplaced", watch_key(2)),
    ("unknown", watch_key(777)),
    ("misplaced", watch_key(104)),  # its carton's label had brought it in
}
"""Cases that must be open at the end, by rule and unit."""
TRAILS: Final = {"duplicate": watch_key(101), "misplaced": phone_key(3), "missing": watch_key(5)}
"""Units whose trails are printed."""
CARTON_KEYS: Final = {n: container_key(code) for n, code in SSCC.items()}
