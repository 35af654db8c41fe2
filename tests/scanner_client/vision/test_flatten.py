import cv2
import numpy as np
import pytest

from scanner_client.vision.decoder import STAGES
from scanner_client.vision.engine import AS_IT_STANDS, read
from scanner_client.vision.flatten import flattened
from scanner_client.vision.frame import Grey
from tests.rendering.labels import Kind, LabelSpec, symbol
from tests.scanner_client.vision.pages import patient, soft, still

LINKS = {
    25: "https://id.gs1.org/01/09506000134352",
    29: "https://id.gs1.org/01/09506000134352/21/W77",
    33: "https://id.gs1.org/01/09506000134352/21/W77?17=271231&10=L2406",
}


def on_cloth(content: str, *, waves_px: float) -> Grey:
    """A QR code on a shirt: folds along both directions."""
    flat = np.pad(symbol(LabelSpec(kind=Kind.QR, content=content)), 60, constant_values=235)
    large = cv2.resize(flat, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_NEAREST)
    y, x = np.mgrid[: large.shape[0], : large.shape[1]].astype(np.float32)
    bent_x = x + waves_px * np.sin(y / 38 + 0.4) + 0.5 * waves_px * np.sin(x / 53)
    bent_y = y + waves_px * np.sin(x / 46 + 1.1)
    return soft(np.asarray(cv2.remap(large, bent_x, bent_y, cv2.INTER_LINEAR), np.uint8), 0.9)


@pytest.mark.parametrize("content", LINKS.values(), ids=LINKS.keys())
def test_link_on_a_creased_shirt_is_read_where_the_engine_alone_fails(content: str) -> None:
    grey = on_cloth(content, waves_px=4.0)
    found = read(grey, formats=("QRCode",), effort=AS_IT_STANDS)
    assert found.readings == ()
    (failed,) = found.failed

    drawn = flattened(grey, failed.quad)

    assert [r.data for r in read(drawn, formats=("QRCode",)).readings] == [content.encode()]


def test_creased_link_is_read_by_its_own_stage() -> None:
    grey = on_cloth(LINKS[29], waves_px=5.0)
    without = patient(*(name for name in STAGES if name != "flatten"))

    assert without.look(still(grey)).readings == ()
    assert [r.data for r in patient().look(still(grey)).readings] == [LINKS[29].encode()]


def test_what_is_no_link_is_not_made_one() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (300, 300), dtype=np.uint8)
    drawn = flattened(noise, ((40, 40), (260, 40), (260, 260), (40, 260)))

    assert read(drawn).readings == ()
