"""The tables of what tenants have used: counts by the day, and what each purchase has set aside. Rows only."""

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel


class TenantUse(SQLModel, table=True):
    """How much of something a tenant has used, on a day (UTC; empty: not by the day)."""

    __tablename__ = "tenant_use"

    tenant: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    thing: str = Field(primary_key=True)
    used: int = Field(sa_column=Column(BigInteger(), nullable=False))


class TenantSpend(SQLModel, table=True):
    """What a purchase has set aside of its tenant's day; deleted when it ends without an order."""

    __tablename__ = "tenant_spend"

    intent_id: str = Field(primary_key=True)
    tenant: str
    day: str
    amount_minor: int = Field(sa_column=Column(BigInteger(), nullable=False))
    currency: str
