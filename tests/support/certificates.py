"""Certificates of an authority that lives as long as a test."""

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)


@dataclass(frozen=True)
class Certificates:
    """Files of one server on loopback.

    Attributes:
        authority: what a client trusts.
        certificate: of the server.
        key: of that certificate.
        both: certificate and key in one file.
    """

    authority: Path
    certificate: Path
    key: Path
    both: Path


def certificates(folder: Path, *names: str) -> Certificates:
    """Make an authority and a certificate for names, or else for 127.0.0.1 and localhost, in a folder."""
    authority = trustme.CA()
    issued = authority.issue_cert(*names or ("127.0.0.1", "localhost"))
    made = Certificates(folder / "ca.pem", folder / "cert.pem", folder / "key.pem", folder / "both.pem")
    authority.cert_pem.write_to_path(made.authority)
    issued.cert_chain_pems[0].write_to_path(made.certificate)
    issued.private_key_pem.write_to_path(made.key)
    issued.private_key_and_cert_chain_pem.write_to_path(made.both)
    return made


def encrypted(key: Path, password: str) -> Path:
    """Return a copy of a private key that takes a password to read."""
    read = load_pem_private_key(key.read_bytes(), password=None)
    protected = key.with_suffix(".encrypted.pem")
    protected.write_bytes(
        read.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))
    )
    return protected
