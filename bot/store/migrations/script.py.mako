"""${message}"""

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here; a batch on `event` drops its triggers: make them again."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Bring the schema back."""
    ${downgrades if downgrades else "pass"}
