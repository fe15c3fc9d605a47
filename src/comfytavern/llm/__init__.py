"""Models: who is asked, how, and what came of it.

The doors are gateway.py (asking) and channels.py (keeping channels). Behind them: routing and retry decide, pacing promises,
endpoint and vault open keys, provider.py is the port to wire formats, transport and sse carry them, profiles know services.
"""
