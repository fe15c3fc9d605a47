"""What Prometheus is told to read: our servers, and the rules."""

import json

from comfytavern.deploy.render.monitoring.values import RULES, Watching


def render(watching: Watching, targets: tuple[str, ...], *, scheme: str = "https") -> str:
    """Return a configuration that Prometheus starts with."""
    return f"""# For Prometheus, made by `comfytavern monitoring render`. METRICS_TOKEN of the servers is the content of the file below;
# on the same machine no token is needed.
global:
  scrape_interval: 15s
  evaluation_interval: 30s
rule_files: [{RULES}]
scrape_configs:
  - job_name: {watching.job}
    scheme: {scheme}
    authorization: {{credentials_file: /etc/prometheus/comfytavern.token}}
    static_configs:
      - targets: {json.dumps(list(targets))}
"""
