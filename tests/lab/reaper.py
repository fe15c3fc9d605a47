"""Removes a fleet when the process that wanted it is gone, however it went: started by `Fleet`, waits for the end of its input."""

import signal
import sys

from tests.lab import ground

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdin.buffer.read()
    ground.remove(sys.argv[1])
