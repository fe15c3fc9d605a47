"""Writes nginx, systemd, supervisord and PM2 configuration from values. Pure."""
