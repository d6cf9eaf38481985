"""What is kept of each person's step-up."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "step_up_key",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.Column("wrong_at", sa.String(), nullable=False),
        sa.Column("locked_until", sa.String(), nullable=True),
        sa.Column("offered", sa.LargeBinary(), nullable=False),
        sa.Column("offered_to", sa.String(), nullable=False),
        sa.Column("offered_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("person", name="pk_step_up_key"),
    )


def downgrade() -> None:
    """Drop it; everybody sets their one-time codes up again."""
    op.drop_table("step_up_key")
