"""The commands table on both engines: asked for in order, applied once."""

import sqlalchemy as sa

from sinks.commands import (
    CANCEL,
    REGISTER,
    added_symbols,
    append_watch,
    ask,
    mark_applied,
    symbol_of_plan,
    unapplied,
    watches,
)

PLAN = {"plan_id": "P1", "symbol": "BRK.A", "targets": [1.5]}


def test_commands_wait_in_the_order_of_their_ids(engine: sa.Engine) -> None:
    ids = ask(engine, [(REGISTER, "P1", PLAN), (CANCEL, "P1", None)], 7)
    ids += ask(engine, [(CANCEL, "P2", None)], 8)
    assert ids == sorted(set(ids))
    with engine.begin() as connection:
        rows = unapplied(connection, 10)
        assert [(row.id, row.kind, row.plan_id, row.created_ns) for row in rows] == [
            (ids[0], REGISTER, "P1", 7),
            (ids[1], CANCEL, "P1", 7),
            (ids[2], CANCEL, "P2", 8),
        ]
        assert rows[0].plan == PLAN
        assert [row.id for row in unapplied(connection, 2)] == ids[:2]
        mark_applied(connection, ids[:2], 9)
    with engine.connect() as connection:
        assert [row.id for row in unapplied(connection, 10)] == ids[2:]


def test_a_plan_that_was_asked_for_has_a_symbol(engine: sa.Engine) -> None:
    ask(engine, [(REGISTER, "P1", PLAN)], 7)
    with engine.connect() as connection:
        assert symbol_of_plan(connection, "P1") == "BRK.A"
        assert symbol_of_plan(connection, "P2") is None


def test_symbols_that_were_added_are_known_once_they_are_applied_and_as_of_an_instant(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        first, second, third = (append_watch(connection, each, at).id for each, at in (("B", 5), ("A", 6), ("B", 7)))
        assert added_symbols(connection) == []
        mark_applied(connection, [first, second, third], 9)
    ask(engine, [(REGISTER, "P1", PLAN)], 8)
    with engine.connect() as connection:
        assert added_symbols(connection) == ["B", "A"]
        assert [(each.id, each.symbol) for each in watches(connection)] == [(first, "B"), (second, "A"), (third, "B")]
        assert [(each.id, each.applied_ns) for each in watches(connection, 6)] == [(first, None), (second, None)]
