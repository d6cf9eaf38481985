"""The tables of procrastinate, on PostgreSQL; SQLite needs none."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEX = """
CREATE INDEX procrastinate_jobs_lock ON procrastinate_jobs (lock) WHERE status IN ('todo', 'doing')
"""
"""Ours: a job is looked for by its lock with every write."""
DROP = """
DO $$ DECLARE one text; BEGIN
  FOR one IN SELECT oid::regprocedure::text FROM pg_proc
    WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = current_schema()::regnamespace LOOP
    EXECUTE 'DROP FUNCTION ' || one || ' CASCADE';
  END LOOP;
END $$;
DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs,
  procrastinate_workers;
DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_event_type, procrastinate_job_status;
"""


def upgrade() -> None:
    """Make what the installed procrastinate wants; the project's bound keeps it to this schema."""
    if op.get_bind().dialect.name == "postgresql":
        from procrastinate.schema import SchemaManager

        _run(SchemaManager.get_schema())
        _run(INDEX)


def downgrade() -> None:
    """Drop it all; no incident is lost with its jobs."""
    if op.get_bind().dialect.name == "postgresql":
        _run(DROP)


def _run(sql: str) -> None:
    """Run a script as it is: it has many statements, and percent signs."""
    op.get_bind().connection.cursor().execute(sql)
