"""Tells people what became of a deployment: Slack, mail, a webhook. Imports kernel and deploy only."""
