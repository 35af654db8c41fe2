"""An undo that was itself undone has undone nothing, for whoever looks scans up."""

from __future__ import annotations

from server.counts.scans import scans_of
from server.database import reading
from server.undone import read_undone, standing_undos, undos_of
from sync.event import format_name
from tests.handheld import DAY, Chain, unit
from tests.server.site import SITE, enrol, push


def test_a_hand_over_stands_again_once_its_undo_was_undone(warehouse: str) -> None:
    enrol(1)
    chain = Chain(1)
    said = [format_name(chain.scan(DAY, "ship", unit("A1"), document="TRANSFER-1").name)]
    for second in (1, 2, 3):
        again = chain.scan(DAY + 1_000 * second, "void", None, voids=said[-1], reason="mistake", document="TRANSFER-1")
        said.append(format_name(again.name))
        push(chain, now_ms=DAY + 60_000) if second == 1 else push(chain, len(said), now_ms=DAY + 60_000)
        stands = second == 2
        with reading() as c:
            assert [format_name(f.name) for f in scans_of(c, SITE, "TRANSFER-1", actions=["ship"])] == said[
                : int(stands)
            ]
            assert (said[0] in read_undone(c, SITE, said[:1])) is not stands
            assert [format_name(f.name) for f in undos_of(c, SITE, said[:1])] == said[1:]
            assert [format_name(f.name) for f in standing_undos(c, SITE, said[0])] == said[1 : 1 + int(not stands)]
