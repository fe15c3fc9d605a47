"""What validation looks at, topic by topic. Door: graph/validate.py."""
