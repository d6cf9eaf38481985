"""How Alembic runs our revisions: on the connection it is given, never by itself."""

from alembic import context

from bot.store.schema import is_declared
from bot.store.stored import Stored

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Stored.metadata,
    include_name=is_declared,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
