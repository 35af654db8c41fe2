"""One handheld or packing station: it reads labels, keeps every scan durably, judges it offline, and syncs.

Imports `sync`, never `server`: it installs without SQLAlchemy and marshmallow (``requirements.txt`` beside this).
"""

from typing import Final

VERSION: Final = "1.0.0"
"""What a push and an enrolment say of this software."""
