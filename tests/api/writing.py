"""A flow that goes on for ever: `writing.py URL COMMITS_PER_S`.  Killed and started again, it goes on where it was."""

import itertools
import sys
import time
from typing import Final

from operators.rebuilding import state_of
from sinks.plan_reader import states_of
from tests.api.happening import Flow

PLANS: Final = tuple(f"{symbol}-{number}" for symbol in ("aig", "ibm", "spy") for number in range(4))
TOGETHER: Final = 3


def main() -> None:
    """Write, some events in a commit, until killed."""
    flow, pause_s = Flow(sys.argv[1]), 1 / float(sys.argv[2])
    with flow.engine.connect() as connection:
        flow.states = {plan_id: state_of(row) for plan_id, row in states_of(connection, PLANS).items()}
    flow.at_ns = max((state.updated_ns for state in flow.states.values()), default=flow.at_ns)
    for first in itertools.count(0, TOGETHER):
        flow.happen(*(PLANS[each % len(PLANS)] for each in range(first, first + TOGETHER)))
        time.sleep(pause_s)


if __name__ == "__main__":
    main()
