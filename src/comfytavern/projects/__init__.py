"""Where saved work lives: projects, workflows with versions, runs. Doors: service.py and runs.py."""
