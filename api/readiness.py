"""Whether the API can answer, and how fresh its answers are.  Rule: late is degraded; unanswerable or given up is down.

Texts name no file and no host: probes carry no key.
"""

from api.relay.hub import Hub
from api.settings import ApiSettings
from api.shapes.health import CheckOut
from api.shapes.session import SessionOut
from api.store import Store
from operators.times import SECOND_NS
from sinks.errors import SchemaError
from sinks.pulse_reader import Pulse, pulse_of
from sinks.schema import HEAD, revision


def pulse(store: Store) -> Pulse:
    """Read how the flow is doing.  Raises SchemaError for tables of another revision, DatabaseError for worse."""
    with store.read() as connection:
        found = revision(connection)  # each time: it may have been changed under a server that has the database open
        if found != HEAD:
            msg = f"tables of revision {found}, not {HEAD}"
            raise SchemaError(msg)
        return pulse_of(connection)


def flow_check(found: Pulse, now_ns: int, session: SessionOut | None, settings: ApiSettings) -> CheckOut:
    """Hold the flow's tape time against the clock; outside market hours silence is fine."""
    if not found.running:
        return CheckOut(name="flow", status="ok", detail="no run is under way")
    if found.tape_ns is None:
        age_s, detail = None, "the run has read nothing yet"
    else:
        age_s = max(0.0, (now_ns - found.tape_ns) / SECOND_NS)
        detail = f"tape time is {age_s:.1f} s behind"
    if session is not None and session.status != "open":
        return CheckOut(name="flow", status="ok", detail=f"{detail}; the market is closed", age_s=age_s)
    late = age_s is None or age_s > settings.flow_stale_s
    return CheckOut(name="flow", status="degraded" if late else "ok", detail=detail, age_s=age_s)


def relay_check(hub: Hub, now_s: float, settings: ApiSettings) -> CheckOut:
    """Hold the relay's last look at the database against the clock (monotonic)."""
    if hub.epoch is None or not hub.looked_s:
        return CheckOut(name="relay", status="degraded", detail="the relay has not read the database")
    age_s = max(0.0, now_s - hub.looked_s)
    late = age_s > settings.relay_stale_s
    detail = f"looked at the database {age_s:.1f} s ago"
    return CheckOut(name="relay", status="degraded" if late else "ok", detail=detail, age_s=age_s)
