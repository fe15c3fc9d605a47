"""What watches an installation from outside: rules and alerts for Prometheus, a dashboard for Grafana. Pure: values in, text out."""
