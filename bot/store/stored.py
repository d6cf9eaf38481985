"""What every table of ours shares: one MetaData with names Alembic can repeat."""

import re

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import declared_attr
from sqlmodel import SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Stored(SQLModel):
    """The parent of our tables: a row class names its table, and a docstring says what it keeps."""

    metadata = MetaData(naming_convention=NAMING)

    @declared_attr.directive
    def __tablename__(  # pyright: ignore[reportIncompatibleVariableOverride] - as SQLModel wants it
        cls,  # noqa: N805 - the directive makes it a class method
    ) -> str:
        """`OpenGroupTable` is stored in `open_group`."""
        return re.sub("(?<=[a-z])(?=[A-Z])", "_", cls.__name__.removesuffix("Table")).lower()


def table_of(row: type[Stored]) -> Table:
    """Return the table that keeps these rows."""
    return Stored.metadata.tables[str(row.__tablename__)]
