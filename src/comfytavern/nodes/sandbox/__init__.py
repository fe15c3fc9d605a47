"""Where strangers' code runs: worker processes with limits of time and memory. Door: pool.py (`Sandbox`)."""
