"""Kinds of goods, and what the adviser assumes of each until the shop's own records know better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from server.adviser import regulations as law
from server.adviser.assumptions import Figure
from server.adviser.regulations import Regulation

_NRF: Final = "NRF and Appriss Retail 2023: 17.6 % of online sales come back"
_APPAREL: Final = "Coresight Research 2023: 24.4 % of apparel sold online comes back"
_SHRINK: Final = "NRF National Retail Security Survey 2023: shrink of 1.6 % of sales"
_FRAUD: Final = "assumption: of the 13.7 % of returns that NRF and Appriss call fraudulent, most were worn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One kind of goods."""

    name: str
    title: str
    why: str
    """What speaks for and against serial numbers here, in a sentence."""
    figures: Mapping[str, Figure]
    laws: tuple[Regulation, ...] = ()


def _assumed(value: float) -> Figure:
    return Figure(value=value, source="assumption for this kind of goods")


def _figures(
    *,
    margin: float,
    returns: Figure,
    swap: float,
    fake: float,
    shrink: float = 1.6,
    recall: tuple[float, float] = (0, 0),
    warranty: float = 0,
    defect: float,
    ageing: tuple[float, float],
    maker_serial: bool = False,
    has_lot: bool = False,
) -> Mapping[str, Figure]:
    """The figures of a preset. `recall`: % of products a year, times the price; `ageing`: % of units, % of the cost."""
    return {
        "margin": _assumed(margin),
        "return_rate": returns,
        "swap_share": Figure(value=swap, source=_FRAUD),
        "fake_share": _assumed(fake),
        "shrink_rate": Figure(value=shrink, source=_SHRINK) if shrink == 1.6 else _assumed(shrink),
        "recalls_year": _assumed(recall[0]),
        "recall_times": _assumed(recall[1]),
        "warranty_rate": _assumed(warranty),
        "defect_rate": _assumed(defect),
        "ageing_rate": _assumed(ageing[0]),
        "ageing_loss": _assumed(ageing[1]),
        "maker_serial": _assumed(float(maker_serial)),
        "has_lot": _assumed(float(has_lot)),
    }


_ONLINE: Final = Figure(value=17.6, source=_NRF)
_FASHION: Final = Figure(value=24.4, source=_APPAREL)

_ALL: Final = (
    Preset(
        name="general",
        title="General goods",
        why="Nothing special is assumed: the price and the shop's own records decide.",
        figures=_figures(margin=35, returns=_ONLINE, swap=0.5, fake=0.1, recall=(0.2, 0.2), defect=1, ageing=(0.5, 30)),
    ),
    Preset(
        name="electronics",
        title="Consumer electronics",
        why="Dear, small, returned and claimed under warranty, and the maker prints a serial anyway: scan it.",
        figures=_figures(
            margin=12, returns=_ONLINE, swap=2, fake=1, recall=(1, 0.5), warranty=5, defect=2, ageing=(3, 30),
            maker_serial=True,
        ),
    ),
    Preset(
        name="luxury",
        title="Luxury fashion",
        why="The margin is the counterfeiter's prize, and what comes back is not always what was sent.",
        figures=_figures(
            margin=55, returns=_FASHION, swap=3, fake=3, recall=(0.1, 0.5), warranty=1, defect=1, ageing=(3, 30),
            maker_serial=True,
        ),
    ),
    Preset(
        name="jewellery",
        title="Jewellery",
        why="A fortune in a pocket: each piece is known by its own number or it is not known at all.",
        figures=_figures(
            margin=25, returns=_assumed(8), swap=3, fake=2, warranty=1, defect=0.5, ageing=(2, 5), maker_serial=True
        ),
        laws=(law.HUID,),
    ),
    Preset(
        name="medicines",
        title="Medicines",
        why="The law asks for the serial of each pack, and a recall by lot has to find every one.",
        figures=_figures(
            margin=20, returns=_assumed(1), swap=0.5, fake=0.5, shrink=0.5, recall=(3, 3), defect=0.2,
            ageing=(2, 100), maker_serial=True, has_lot=True,
        ),
        laws=(law.FMD, law.DSCSA),
    ),
    Preset(
        name="supplements",
        title="Supplements and OTC",
        why="Lot and expiry find a recalled batch and what spoils first; most bear no serial, and no law asks for one. "
        "Serial only for OTC packs that bear a unique identifier, or where fakes are about.",
        figures=_figures(
            margin=40, returns=_assumed(3), swap=0.3, fake=0.3, recall=(2, 1.5), defect=0.5, ageing=(3, 100),
            has_lot=True,
        ),
        laws=(law.FOOD_EU, law.FOOD_IN),
    ),
    Preset(
        name="cosmetics",
        title="Cosmetics",
        why="As supplements: skin reacts to a batch, so lot and expiry for both. Serial where counterfeiting demands "
        "it: raise the share of fakes for dear perfume and watch the advice change.",
        figures=_figures(
            margin=50, returns=_assumed(5), swap=0.3, fake=0.5, recall=(1, 1), defect=0.5, ageing=(3, 100),
            has_lot=True,
        ),
        laws=(law.COSMETICS_EU,),
    ),
    Preset(
        name="food",
        title="Perishable food",
        why="It spoils before it is stolen: the lot with its date earns its scan, a label on each piece never does.",
        figures=_figures(
            margin=25, returns=_assumed(0.5), swap=0, fake=0, recall=(2, 1.5), defect=1, ageing=(5, 100), has_lot=True
        ),
        laws=(law.FOOD_EU, law.FOOD_US, law.FOOD_IN),
    ),
    Preset(
        name="devices",
        title="Medical devices",
        why="A harmed patient has to be found by the unit: the UDI says which, and the law asks for it.",
        figures=_figures(
            margin=30, returns=_assumed(3), swap=1, fake=0.5, shrink=0.5, recall=(3, 3), warranty=3, defect=1,
            ageing=(1, 100), maker_serial=True, has_lot=True,
        ),
        laws=(law.MDR, law.UDI_RULE),
    ),
    Preset(
        name="fast_fashion",
        title="Fast fashion",
        why="Cheap, and returned because it does not fit: a serial does not show that it was worn. A season comes in "
        "one receipt, so its age is known without one.",
        figures=_figures(
            margin=50, returns=_FASHION, swap=0.3, fake=0.05, recall=(0.1, 0.1), defect=1, ageing=(0.2, 30)
        ),
    ),
    Preset(
        name="books",
        title="Books and media",
        why="Every copy is like the next, few come back, none expires; the ISBN is enough.",
        figures=_figures(margin=40, returns=_assumed(5), swap=0.1, fake=0.1, shrink=1, defect=0.5, ageing=(0.2, 30)),
    ),
    Preset(
        name="home",
        title="Low-cost home goods",
        why="The label costs more than what it would find.",
        figures=_figures(
            margin=45, returns=_assumed(8), swap=0.2, fake=0.05, recall=(0.2, 0.1), defect=1.5, ageing=(0.1, 20)
        ),
    ),
    Preset(
        name="toys",
        title="Toys",
        why="Cheap, with a short season; makers mark a batch for safety recalls, and the receipt date finds it well "
        "enough.",
        figures=_figures(
            margin=40, returns=_assumed(6), swap=0.2, fake=0.2, recall=(0.2, 0.1), defect=1, ageing=(0.2, 30)
        ),
    ),
    Preset(
        name="collectibles",
        title="Collectibles",
        why="Unlike other toys: only worth something if genuine, so each piece needs a name that proves it is ours.",
        figures=_figures(
            margin=40, returns=_assumed(8), swap=3, fake=4, defect=1, ageing=(0.5, 10), maker_serial=False
        ),
    ),
)  # fmt: skip
PRESETS: Final[Mapping[str, Preset]] = {preset.name: preset for preset in _ALL}
DEFAULT: Final = "general"
