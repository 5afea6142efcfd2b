"""What a worker knows before its tape begins: histories and plans of its symbols, and what concerns all of them."""

from collections import defaultdict

from flows.addressing import Addressing
from flows.items import Commands, History, TapeItem, ToAll
from flows.replayed import Replay
from operators.records import Command, Register


def opening(replayed: Replay, addressing: Addressing) -> list[TapeItem]:
    """Return it, by symbol; nothing where a run goes on: it is part of the symbols' states."""
    if replayed.reader.resume is not None:
        return []
    calendar = ToAll(addressing.symbols, addressing.calendar)
    return [*_histories(replayed, addressing), *_plans(replayed, addressing), calendar]


def _histories(replayed: Replay, addressing: Addressing) -> list[TapeItem]:
    past, splits, chains = replayed.history, replayed.splits, replayed.chains
    known_of = [each for each in addressing.symbols if each in past or each in splits or each in chains]
    return [History(each, past.get(each, {}), splits.get(each, ()), chains.get(each)) for each in known_of]


def _plans(replayed: Replay, addressing: Addressing) -> list[TapeItem]:
    commands, symbols = defaultdict[str, list[Command]](list), dict[str, str]()
    for plan in replayed.plans:
        symbols[plan.plan_id] = plan.symbol
        commands[plan.symbol].append(Register(plan.valid_from_ns, plan))
    for cancel in replayed.cancels:
        commands[symbols[cancel.plan_id]].append(cancel)
    return [Commands(symbol, tuple(commands[symbol])) for symbol in addressing.symbols if symbol in commands]
