"""What the office takes in on such a day, in any order: lists, notices, orders, returns."""

from __future__ import annotations

from typing import Final

from tests.handheld import CABLE, CARTON_1, CARTON_2, LOC, PHONE, unit

TEA: Final = "https://id.gs1.org/01/09506000134369"
IMEI: Final = "urn:gsma:imei:49015420-323751-0"
PLATE: Final = "https://warehouse.example/21/LPN7"
PARCEL: Final = "https://warehouse.example/21/1Z999AA10123456784"
PALLET: Final = "https://id.gs1.org/00/395060001343520032"
QUARANTINE: Final = LOC + "QUA"
UNITS: Final = tuple(unit(f"S{n}") for n in range(5))
LOTS: Final = (f"{TEA}/10/L1", f"{TEA}/10/L2")
PIECES: Final = (CABLE, *LOTS)
BOXES: Final = (CARTON_1, CARTON_2, PALLET)


def _number(key: str) -> str:
    return key.rpartition("/")[2]


_PHONE, _CABLE, _TEA = map(_number, (PHONE, CABLE, TEA))
_BOX_1, _BOX_2, _PALLET = map(_number, BOXES)
_ASN_1 = (
    f"ASN-1,Acme,PO-1,{_BOX_1},{_PALLET},{_PHONE},S2,,LX",
    f"ASN-1,Acme,PO-1,{_BOX_1},,{_PHONE},S3,,LX",
    f"ASN-1,Acme,PO-1,{_BOX_1},,{_CABLE},,3,",
    f"ASN-1,Acme,PO-1,{_BOX_2},{_PALLET},{_TEA},,2,L2",
)
_PRODUCTS = (f"{_PHONE},P,Phone,serial", f"{_CABLE},C,Cable,quantity", f"{_TEA},T,Tea,lot")
_BINS = ("A-01,9506000134352,picking", "B-01,9506000134352,picking", "DOCK,9506000134352,inbound")
_QUARANTINED = ("QUA,9506000134352,Quarantine",)
_STOCK = "gtin,serial,lot,quantity,location"
_ORDER = "number,gtin,quantity,serial,lot,customer_key"


def _csv(*lines: str) -> str:
    return "\n".join((*lines, ""))


FILES: Final = (
    ("products", _csv("gtin,sku,name,mode", *_PRODUCTS)),
    ("locations", _csv("code,gln,zone", *_BINS, *_QUARANTINED)),
    ("locations", _csv("code,gln,zone", "C-01,9506000134352,Quarantine")),
    ("stock", _csv(_STOCK, f"{_PHONE},S0,,,A-01", f"{_CABLE},,,6,A-01", f"{_TEA},,L1,4,B-01")),
    ("stock", _csv(_STOCK, f"{_PHONE},S1,LX,,A-01", f"{_PHONE},S2,LY,,A-01")),
    ("asn", _csv("number,supplier,po,sscc,parent,gtin,serial,quantity,lot", *_ASN_1)),
    (
        "asn",
        _csv(
            "number,supplier,gtin,serial,quantity,lot",
            f"ASN-2,Bolt,{_PHONE},S4,,LY",
            f"ASN-2,Bolt,{_CABLE},,2,",
            f"ASN-2,Bolt,{_TEA},,3,L1",
        ),
    ),
    ("purchase_order", _csv("number,supplier,gtin,quantity", f"PO-1,Acme,{_PHONE},2", f"PO-1,Acme,{_CABLE},4")),
    ("order", _csv(_ORDER, f"SO-1,{_PHONE},1,,,K1", f"SO-1,{_CABLE},2,,,K1")),
    ("order", _csv(_ORDER, f"SO-2,{_PHONE},1,,,K2", f"SO-2,{_TEA},1,,L1,K2")),
    (
        "order",
        _csv("number,gtin,quantity,to_site", f"TRANSFER-1,{_PHONE},2,north", f"TRANSFER-1,{_CABLE},2,north"),
    ),
    ("rma", _csv("number,order,customer_key,gtin,reason", f"RMA-1,SO-1,K1,{_PHONE},defect")),
    ("rma", _csv("number,order,customer_key,gtin,serial,reason", f"RMA-2,SO-2,K2,{_PHONE},S1,fit")),
    ("warranty", _csv("gtin,months,starts", f"{_PHONE},24,sale")),
)
"""Kind and content."""
