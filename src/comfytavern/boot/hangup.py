"""What SIGHUP means: read the settings again for a service, the end for a program whose terminal was closed."""

import os
import signal
from typing import Final

TERMINAL: Final = "/dev/tty"


class Hangup:
    """Tells the two apart. Made at the start, before anybody changes what the signal does."""

    def __init__(self) -> None:
        """Look whether there is a terminal whose closing would be meant; `nohup` says that it would not."""
        self._bound = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and has_terminal()

    def means_the_end(self) -> bool:
        """Tell whether the terminal that was there at the start is gone."""
        return self._bound and not has_terminal()


def has_terminal() -> bool:
    """Tell whether this process has a terminal that still exists."""
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
