"""What a zone's name says of what lies there. Pure.

>>> is_quarantine("Quarantine"), is_quarantine("hold "), is_quarantine("picking"), is_quarantine(None)
(True, True, False, False)
"""


def is_quarantine(zone: str | None) -> bool:
    """Whether a zone is where things are set apart."""
    return (zone or "").strip().casefold() in ("quarantine", "hold")
