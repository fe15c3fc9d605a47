"""All routes, one file per room."""

from fastapi import APIRouter

from comfytavern.api.routes import accounts, files, graphs, health, models, projects, reports, runs, status, trash, workflows

ROUTERS: list[APIRouter] = [
    module.router for module in (health, accounts, projects, workflows, trash, graphs, runs, models, files, status, reports)
]
