"""AccessGroup: the settings of access: who may use the service, from where, and how fast."""

from functools import partial
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from foreseen.settings.groups.setting_group import SettingGroup, setting
from foreseen.settings.network_values import HostPatterns, Networks, Origins
from foreseen.settings.setting_values import RATE, Digests

_setting: Final = partial(setting, "Access")


class AccessGroup(SettingGroup):
    """The settings of access: who may use the service, from where, and how fast."""

    api_keys: Digests = _setting(
        (),
        "SHA-256 of each API key (see foreseen key); without any, requests need no key.",
        shown="HEX,HEX",
        secret=True,
    )
    admin_keys: Digests = _setting(
        (),
        "SHA-256 of each key that may also use /admin; without any, only this machine may, if api_keys is empty.",
        shown="HEX,HEX",
        secret=True,
    )
    allowed_hosts: HostPatterns | None = _setting(
        None,
        "Accepted values of Host: a.example, *.example, 10.0.0.0/8, or * for any. (default: on loopback its own "
        "names and addresses, elsewhere any)",
        shown="HOST,HOST",
    )
    allowed_origins: Origins = _setting(
        (),
        "Origins whose pages may read answers (CORS): https://a.example, https://*.a.example, or * for any.",
        shown="URL,URL",
    )
    trusted_proxies: Networks = _setting(
        (),
        "Addresses or networks of proxies whose X-Forwarded-For or Forwarded names the client.",
        shown="A,B",
    )
    rate_limit: str | None = _setting(
        None,
        "Maximum rate of requests per key, else per address, in one process: 100/second, 6000/minute. (default: any)",
        shown="N/UNIT",
        pattern=RATE,
    )
    tls_certificate: Path | None = _setting(
        None, "PEM file of the server's certificate chain; turns on https.", shown="FILE"
    )
    tls_key: Path | None = _setting(
        None, "PEM file of the private key. (default: the certificate's file)", shown="FILE"
    )
    tls_password: SecretStr = _setting(SecretStr(""), "Password of the private key.", shown="TEXT", secret=True)
