"""How Alembic runs our revisions: on the connection it is given, never by itself."""

from alembic import context

from bot.store.search import owns_table
from bot.store.tables import Stored


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out what the text index keeps for itself."""
    return not (kind == "table" and name is not None and owns_table(name))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Stored.metadata,
    include_name=include_name,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
