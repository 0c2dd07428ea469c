"""FileCredentials: a user and a password that is read again for each connection, so that it may be rotated."""

from collections.abc import Callable

from redis.credentials import CredentialProvider


class FileCredentials(CredentialProvider):
    """The credentials of new connections; open connections stay authenticated."""

    def __init__(self, user: str, read_password: Callable[[], str]) -> None:
        """Accept a user; empty for a server without access control lists.

        Args:
            read_password: returns the current password; an exception fails the connection.
        """
        self._user = user
        self._read_password = read_password

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Return the user, if there is one, and the password."""
        password = self._read_password()
        return (self._user, password) if self._user else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """Return the same: reading a file of a few bytes is faster than starting a thread for it."""
        return self.get_credentials()
