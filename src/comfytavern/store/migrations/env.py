"""What Alembic runs: the connection is given by store/migrate.py, which owns the transaction."""

from alembic import context

from comfytavern.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
)
context.run_migrations()
