"""FileCredentials: a user and a password that is read again for each connection, so that it may be rotated."""

from collections.abc import Callable

from redis.credentials import CredentialProvider


class FileCredentials(CredentialProvider):
    """What a connection authenticates with; connections that are open stay as they are."""

    def __init__(self, user: str, read_password: Callable[[], str]) -> None:
        """Accept a user, which is empty for that of a server without access control lists.

        Args:
            read_password: returns the password as it is now; what it raises, the connection fails by.
        """
        self._user = user
        self._read_password = read_password

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Return the password, behind the user if there is one."""
        password = self._read_password()
        return (self._user, password) if self._user else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """Return the same: a file of a few bytes is read faster than a thread would take it over."""
        return self.get_credentials()
