import pytest

from tests.handheld import CARTON_1, DOCK
from tests.server.rules.story import Quiet, Story, fact, said

RECEIVED = fact(1, "receive", document="ASN-1", container=CARTON_1)
STRANGE = Quiet(stranger="It came from Acme, and only Zenith delivers this product.")


@pytest.mark.parametrize("story", [[fact(1, "receive", location=DOCK)], [fact(1, "inspect", location=DOCK)]])
def test_it_says_nothing(story: Story) -> None:
    assert said("wrong_supplier", story, STRANGE) == []


def test_what_is_of_its_supplier_is_no_case() -> None:
    assert said("wrong_supplier", [RECEIVED]) == []


def test_it_says_this() -> None:
    assert said("wrong_supplier", [RECEIVED], STRANGE) == [("open", None, CARTON_1)]
