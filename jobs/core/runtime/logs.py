"""Where logs lie: in a folder of the user, for nobody else to read, since Spark logs what it likes."""

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

_FOLDER = "customer-tiers"


def default_log_file() -> Path:
    """A log of this process in the user's folder for logs, which is made; else in a new private folder."""
    name = f"customer_tiers_{datetime.now(UTC):%Y%m%d_%H%M%S}_{os.getpid()}.log"
    try:
        folder = _folder_of_user()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder / name
    except (OSError, RuntimeError):  # no home, or none that can be written
        return Path(tempfile.mkdtemp(prefix=f"{_FOLDER}-")) / name


def _folder_of_user() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Logs" / _FOLDER
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".local" / "state") / _FOLDER


def make_log_file(path: Path) -> None:
    """Makes a log that the user alone can read, unless there is a file already.

    Raises:
        OSError: it can't be written, or a symbolic link is in its place: whoever put it there would choose
            which file is written to.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    if path.parent != Path("/dev"):  # /dev/stderr is a link
        flags |= os.O_NOFOLLOW
    try:
        os.close(os.open(path, flags, mode=0o600))
    except OSError as error:
        if path.is_symlink():
            raise OSError(error.errno, "it is a symbolic link, which could lead to any file") from None
        raise
