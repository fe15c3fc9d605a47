"""The agent `ctd`: runs on a host with nothing but the standard library, and does every change of state there."""
