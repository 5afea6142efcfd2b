"""The tables.  Times are ns since the epoch, UTC; prices are dollars; JSON is canonical (see `sinks.canonical`).

Texts that take part in keys compare byte by byte on both engines, so that both keep one order.  There are no
foreign keys: rows come in tape order, and checking them would cost more than writing them.
"""

from typing import Any, Final

import sqlalchemy as sa

metadata: Final = sa.MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)

NAME: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBERED: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _key(name: str, type_: Any = NAME) -> sa.Column[Any]:
    return sa.Column(name, type_, primary_key=True, autoincrement=False)


def _column(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def _bar() -> list[sa.Column[Any]]:
    """What a bar is, but for its revision."""
    return [
        _key("symbol"),
        _key("interval"),
        _key("start_ns", sa.BigInteger),
        _column("end_ns", sa.BigInteger),
        _column("open", sa.Double),
        _column("high", sa.Double),
        _column("low", sa.Double),
        _column("close", sa.Double),
        _column("volume", sa.Double),
        sa.Column("vwap", sa.Double),
        _column("trades", sa.BigInteger),
        _column("phase", NAME),
    ]


# Indexes of plans only, which are written once: an index of states would treble the time that a state takes.
plans: Final = sa.Table(
    "plans",
    metadata,
    _key("plan_id"),
    _key("version", sa.Integer),
    _column("symbol", NAME),
    _column("style", NAME),
    _column("direction", NAME),
    _column("registered_ns", sa.BigInteger),
    _column("body", sa.JSON),
    sa.Index("ix_plans_shown", "plan_id", "version", "registered_ns", "symbol", "style", "direction"),
    sa.Index("ix_plans_symbol", "symbol", "plan_id", "version", "style", "direction"),
)

plan_states: Final = sa.Table(
    "plan_states",
    metadata,
    _key("plan_id"),
    _column("version", sa.Integer),
    _column("symbol", NAME),
    _column("phase", NAME),
    sa.Column("health", NAME),
    _column("gate", NAME),
    sa.Column("fill_price", sa.Double),
    _column("effective_stop", sa.Double),
    sa.Column("trail_stop", sa.Double),
    sa.Column("best_price", sa.Double),
    _column("targets_hit", sa.Integer),
    _column("remaining_fraction", sa.Double),
    _column("realized_r", sa.Double),
    sa.Column("open_r", sa.Double),
    sa.Column("mfe_r", sa.Double),
    sa.Column("mae_r", sa.Double),
    sa.Column("last_price", sa.Double),
    sa.Column("rr_to_next_target", sa.Double),
    _column("last_seq", sa.Integer),
    _column("updated_ns", sa.BigInteger),
    sa.Column("data_gap", sa.JSON),
    # Neighbours of a page of the list lie together, and an id leads to its row without an index between.
    sqlite_with_rowid=False,
)

# Rewritten all the time, and no index holds what changes: a page with room takes the new row beside the old one.  As an
# argument of the table it would make everybody import the whole dialect.
_ROOM: Final = sa.DDL("ALTER TABLE plan_states SET (fillfactor = 50)").execute_if(dialect="postgresql")  # type: ignore[no-untyped-call]
sa.event.listen(plan_states, "after_create", _ROOM)

# No index on (symbol, at_ns): it would slow every insert by a fifth, and plan_id leads to the same rows.
plan_events: Final = sa.Table(
    "plan_events",
    metadata,
    _key("plan_id"),
    _column("version", sa.Integer),
    _key("seq", sa.Integer),
    _column("symbol", NAME),
    _column("kind", NAME),
    _column("at_ns", sa.BigInteger),
    sa.Column("price", sa.Double),
    _column("data", sa.JSON),
    _column("stream_seq", sa.BigInteger),
    sa.UniqueConstraint("stream_seq"),
)

bars: Final = sa.Table(
    "bars",
    metadata,
    *_bar(),
    _column("revision", sa.Integer),
)

# What a late print made of a bar stands in `bars`; here, what it had been `until_ns`, when that print became known.
bar_revisions: Final = sa.Table(
    "bar_revisions",
    metadata,
    *_bar(),
    _key("revision", sa.Integer),
    _column("until_ns", sa.BigInteger),
)

scan_results: Final = sa.Table(
    "scan_results",
    metadata,
    _key("symbol"),
    _key("strategy"),
    _key("direction"),
    _key("at_ns", sa.BigInteger),
    _column("session_date", NAME),
    sa.Column("ordinal", sa.Integer),
    sa.Column("plan_id", NAME),
    _column("actionable", sa.Boolean),
    _column("confidence", sa.Double),
    _column("profile", sa.JSON),
    _column("features", sa.JSON),
    _column("conditions", sa.JSON),
)

# Only quotes that decided an expected move: few, so that a look through all of an underlying's is cheap.
option_quotes: Final = sa.Table(
    "option_quotes",
    metadata,
    _key("contract"),
    _column("underlying", NAME),
    _column("expiry", NAME),
    _column("type", NAME),
    _column("strike", sa.Double),
    _key("at_ns", sa.BigInteger),
    _column("bid", sa.Double),
    _column("ask", sa.Double),
)

# As often as the tape told each, `revision` times before; `told_ns`: when, 0 for what was known before it.
market_events: Final = sa.Table(
    "market_events",
    metadata,
    _key("id"),
    _column("symbol", NAME),
    _column("kind", NAME),
    _column("severity", NAME),
    _column("at_ns", sa.BigInteger),
    _column("known_at_ns", sa.BigInteger),
    _column("label", sa.Text),
    _key("revision", sa.Integer),
    _column("told_ns", sa.BigInteger),
)

# As often as the tape told of each, `symbol` * for all: a plan's state says only what was told last.
data_gaps: Final = sa.Table(
    "data_gaps",
    metadata,
    _key("symbol"),
    _key("at_ns", sa.BigInteger),
    _key("name"),
    _key("state"),
    _column("from_ns", sa.BigInteger),
    sa.Column("to_ns", sa.BigInteger),
    _column("reason", sa.Text),
)

commands: Final = sa.Table(
    "commands",
    metadata,
    sa.Column("id", NUMBERED, primary_key=True, autoincrement=True),
    _column("kind", NAME),
    sa.Column("plan_id", NAME),
    _column("body", sa.JSON),
    _column("created_ns", sa.BigInteger),
    sa.Column("applied_ns", sa.BigInteger),
    sqlite_autoincrement=True,
)

dead_letters: Final = sa.Table(
    "dead_letters",
    metadata,
    _key("source"),
    _key("row", sa.BigInteger),
    _column("field", sa.Text),
    _column("reason", sa.Text),
    _column("raw", sa.Text),
)

progress: Final = sa.Table(
    "progress",
    metadata,
    _key("stream"),
    _key("symbol"),
    _column("tape_ns", sa.BigInteger),
    _column("records", sa.BigInteger),
    _column("eligible", sa.BigInteger),
    _column("late", sa.BigInteger),
    _column("corrected", sa.BigInteger),
    _column("unknown_condition", sa.BigInteger),
)

streams: Final = sa.Table(
    "streams",
    metadata,
    _key("name"),
    _column("last_stream_seq", sa.BigInteger),
    _column("divergences", sa.BigInteger),
    _column("inputs", sa.JSON),
    _column("complete", sa.Boolean),
)

# `sha256`: of the secret, hex.  A revoked key stays, so that its id is never given out again.
api_keys: Final = sa.Table(
    "api_keys",
    metadata,
    _key("id"),
    _column("name", NAME),
    _column("sha256", NAME),
    _column("scope", NAME),
    _column("created_ns", sa.BigInteger),
    sa.Column("revoked_ns", sa.BigInteger),
)

# The run that holds each stream, and why it ended if it failed.
runs: Final = sa.Table(
    "runs",
    metadata,
    _key("stream"),
    _column("token", sa.BigInteger),
    _column("owner", sa.Text),
    sa.Column("failure", sa.Text),
)

# One row.  `generation`: drawn when the database is made and again when a copy is put back; positions count within one.
identity: Final = sa.Table("identity", metadata, _key("generation"))
