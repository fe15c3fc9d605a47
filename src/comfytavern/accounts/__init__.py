"""Who may come in: users, passwords, sessions, bearer tokens. Door: service.py."""
