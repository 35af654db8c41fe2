"""A site's own certificate authority, and the certificates of servers that it gives out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, generate_private_key
from cryptography.x509.oid import NameOID

HOUR: Final = dt.timedelta(hours=1)
_PEM: Final = serialization.Encoding.PEM


class Authority:
    """Signs for a while; all that it makes began to hold an hour ago."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "authority.pem"
        """Its own certificate, as handhelds are given it."""
        self._folder = folder
        self._key = generate_private_key(SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The site's authority")])
        made = self._begun(self._name, self._key.public_key(), HOUR).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(_PEM))

    def certificate(self, *, name: str = "localhost", lasts: dt.timedelta = HOUR) -> Path:
        """A server's key and the certificate for its name, in one file."""
        key = generate_private_key(SECP256R1())
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._begun(who, key.public_key(), lasts).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        file = self._folder / "server.pem"
        certificate = made.sign(self._key, hashes.SHA256()).public_bytes(_PEM)
        file.write_bytes(key.private_bytes(_PEM, form, secret) + certificate)
        return file

    def _begun(self, who: x509.Name, key: EllipticCurvePublicKey, lasts: dt.timedelta) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return x509.CertificateBuilder(self._name, who, key, x509.random_serial_number(), now - HOUR, now + lasts)
