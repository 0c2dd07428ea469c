"""Certificates and keys that cannot be used stop the start, in words."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from foreseen.entrypoints.http.server.tls_certificate import check_tls
from foreseen.settings import Settings, SettingsError
from support.certificates import Certificates, certificates, encrypted


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


def rejection(**settings: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        check_tls(Settings(**settings))
    return str(caught.value)


def test_a_certificate_and_its_key_are_taken(files: Certificates, tmp_path: Path) -> None:
    secret = encrypted(files.key, "pass word")

    check_tls(Settings())
    check_tls(Settings(tls_certificate=files.both))
    check_tls(Settings(tls_certificate=files.certificate, tls_key=files.key))
    check_tls(Settings(tls_certificate=files.certificate, tls_key=secret, tls_password=SecretStr("pass word")))


def test_files_that_are_not_there_are_named(files: Certificates, tmp_path: Path) -> None:
    gone = tmp_path / "gone.pem"
    said = f"expected a PEM file, got {gone}: no such file or directory"

    assert rejection(tls_certificate=gone) == f"tls_certificate: {said}"
    assert rejection(tls_certificate=files.certificate, tls_key=gone) == f"tls_key: {said}"
    assert rejection(tls_certificate=tmp_path).endswith("is a directory")


def test_a_key_without_a_certificate_is_a_mistake(files: Certificates) -> None:
    assert rejection(tls_key=files.key) == "tls_key: expected tls_certificate beside it, got none"


def test_a_key_of_another_certificate_is_reported_as_such(files: Certificates, tmp_path: Path) -> None:
    other = certificates(tmp_path)

    said = rejection(tls_certificate=files.certificate, tls_key=other.key)

    assert said == f"tls_key: expected the private key of {files.certificate}, got another in {other.key}"


def test_a_non_certificate_and_a_missing_key_are_distinct_errors(files: Certificates, tmp_path: Path) -> None:
    noise = tmp_path / "noise.pem"
    noise.write_bytes(b"\x00noise")

    assert rejection(tls_certificate=noise) == f"tls_certificate: expected a certificate in PEM, got none in {noise}"
    assert rejection(tls_certificate=files.certificate, tls_key=noise) == (
        f"tls_key: expected a private key in PEM, got none in {noise}"
    )
    assert rejection(tls_certificate=files.certificate) == (
        f"tls_key: expected a private key in PEM, got none in {files.certificate}"
    )


@pytest.mark.parametrize("given", ["", "another"])
def test_a_wrong_password_is_neither_prompted_for_nor_shown(files: Certificates, given: str) -> None:
    secret = encrypted(files.key, "pass word")

    said = rejection(tls_certificate=files.certificate, tls_key=secret, tls_password=SecretStr(given))

    assert said == f"tls_password: expected the password of the private key in {secret}, got another or none"


def test_a_damaged_certificate_is_reported(files: Certificates, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.pem"
    lines = files.certificate.read_text().splitlines()
    damaged.write_text("\n".join([lines[0], *lines[2:]]))

    assert rejection(tls_certificate=damaged, tls_key=files.key).startswith("tls_certificate: expected a certificate")
