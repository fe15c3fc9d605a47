"""How a graph runs. The engine knows kinds, never what they are about. Door: runner.py."""
