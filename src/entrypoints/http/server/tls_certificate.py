"""TLS: the server's certificate, checked before the service starts."""

import ssl
from pathlib import Path

from foreseen.settings import Settings, SettingsError


def check_tls(settings: Settings) -> None:
    """Load the certificate and its key, as the server will.

    Raises:
        SettingsError: a file is missing or invalid, the key is not that of the certificate, or the password is wrong.
    """
    if settings.tls_certificate is not None:
        server_context(settings)
    elif settings.tls_key is not None:
        raise SettingsError("tls_key: expected tls_certificate beside it, got none")


def server_context(settings: Settings) -> ssl.SSLContext:
    """Return the TLS context of the server: its certificate, and Python's default protocols and ciphers.

    Raises:
        SettingsError: as `check_tls` raises it.
    """
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None:
        raise SettingsError("tls_certificate: expected a PEM file, got none")
    _readable("tls_certificate", certificate)
    if key is not None:
        _readable("tls_key", key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Always a password, even if it is empty: otherwise OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, settings.tls_password.get_secret_value)
    except (ssl.SSLError, ValueError) as exc:
        raise SettingsError(_worded(exc, certificate, key)) from None
    return context


def _readable(name: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as exc:
        raise SettingsError(f"{name}: expected a PEM file, got {path}: {(exc.strerror or str(exc)).lower()}") from None


def _worded(exc: Exception, certificate: Path, key: Path | None) -> str:
    if getattr(exc, "reason", None) == "KEY_VALUES_MISMATCH":
        return f"tls_key: expected the private key of {certificate}, got another in {key or certificate}"
    if not _has(certificate, b"-----BEGIN CERTIFICATE-----"):
        return f"tls_certificate: expected a certificate in PEM, got none in {certificate}"
    held_by = key or certificate
    if not _has(held_by, b"PRIVATE KEY-----"):
        return f"tls_key: expected a private key in PEM, got none in {held_by}"
    if _has(held_by, b"ENCRYPTED"):
        return f"tls_password: expected the password of the private key in {held_by}, got another or none"
    return f"tls_certificate: expected a certificate and its key in PEM, got {certificate}: {exc}"


def _has(path: Path, mark: bytes) -> bool:
    return mark in path.read_bytes()
