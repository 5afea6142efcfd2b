"""Which prints a plan may act on: the profile against the sentences of the design."""

from itertools import chain, combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.conditions import ANY_LAST, CORRECTED, Flag, flags_of
from operators.eligibility import Profile, SymbolSlice, admission_table, admits_all, usable_flags
from operators.plans import Plan, SessionPhase
from operators.sessions import PHASE_CODES
from tests.operators.builders import START_NS, make_plan

PRE, REGULAR, POST, CLOSED = SessionPhase.PRE, SessionPhase.REGULAR, SessionPhase.POST, SessionPhase.CLOSED
TRADED = (PRE, REGULAR, POST)
SOME_SESSIONS = list(chain.from_iterable(combinations(TRADED, count) for count in (1, 2, 3)))
PROFILES = [
    Profile(frozenset(sessions), odd_lots, extended)
    for sessions, odd_lots, extended in product(SOME_SESSIONS, (False, True), (False, True))
]
LISTS = [[], [14, 41], [37], [12], [12, 37], [14, 12], [13], [2], [10], [15], [999], [37, 2]]


def profile_name(profile: Profile) -> str:
    """Name a profile for a test's id; the order of a set differs from process to process."""
    sessions = "+".join(sorted(profile.sessions))
    return f"{sessions}-odd_lots={profile.odd_lots}-extended_hours={profile.extended_hours}"


def admitted(profile: Profile, ids: list[int], phase: SessionPhase) -> bool:
    """The design: odd lots and, inside pre and post, Form T prints count for plans that ask; nothing else does."""
    forgiven = {37} if profile.odd_lots else set()
    if profile.extended_hours and phase in (PRE, POST):
        forgiven.add(12)
    rest = [each for each in ids if each not in forgiven]
    return phase in profile.sessions and all(each in (14, 41) for each in rest)


@pytest.mark.parametrize("profile", PROFILES, ids=profile_name)
def test_a_profile_admits_what_the_design_says(profile: Profile) -> None:
    """Every combination of conditions and phase; the table of codes and flags says the same."""
    table = admission_table(profile)
    assert table.shape == (4, 256)
    for ids, (code, phase) in product(LISTS, enumerate(PHASE_CODES)):
        flags = int(flags_of(ids))
        assert profile.admits(flags, phase) == admitted(profile, ids, phase), (ids, phase)
        assert not profile.admits(flags | Flag.LATE, phase)
        assert not profile.admits(0, phase)
        assert not profile.admits(CORRECTED, phase)
        assert table[code, flags] == profile.admits(flags, phase)
        assert not table[code, flags | Flag.LATE]


@pytest.mark.parametrize(
    ("plan", "profile"),
    [
        (make_plan(), Profile(frozenset({REGULAR}), odd_lots=False, extended_hours=False)),
        (
            make_plan(sessions=(POST, PRE), odd_lots=True, extended_hours=True),
            Profile(frozenset({PRE, POST}), odd_lots=True, extended_hours=True),
        ),
    ],
)
def test_a_plans_profile_is_its_own_choice(plan: Plan, profile: Profile) -> None:
    """Two plans that choose the same share one, however they order their sessions."""
    assert Profile.of(plan) == profile


PRINT_FLAGS = sorted({int(flags_of(ids)) | late for ids in LISTS for late in (0, int(Flag.LATE))} | {0})


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from(PRINT_FLAGS), st.integers(0, 3), st.integers(1, 9_999)), max_size=12),
    one_phase=st.booleans(),
    profile=st.sampled_from(PROFILES),
)
def test_a_view_holds_the_prints_that_the_profile_admits(
    rows: list[tuple[int, int, int]], one_phase: bool, profile: Profile
) -> None:
    """In tape order, with their extremes; looking again gives the same view."""
    if one_phase:
        rows = [(flags, rows[0][1], cents) for flags, _, cents in rows]
    sip_ns = np.arange(len(rows), dtype=np.int64) + START_NS
    price = np.array([cents / 100 for _, _, cents in rows], dtype=np.float64)
    flags, phase = (np.array([row[column] for row in rows], dtype=np.uint8) for column in (0, 1))
    cut = SymbolSlice(sip_ns, price, flags, phase, START_NS + len(rows))
    kept = [index for index, row in enumerate(rows) if profile.admits(row[0], PHASE_CODES[row[1]])]
    view = cut.view(profile)
    assert view.sip_ns.tolist() == sip_ns[kept].tolist()
    assert view.price.tolist() == price[kept].tolist()
    if kept:
        assert (view.low, view.high) == (price[kept].min(), price[kept].max())
    else:
        assert not view.low <= view.high
    assert cut.view(profile) is view


@pytest.mark.parametrize(
    ("plans", "needed"),
    [
        ([], Flag(0)),
        ([make_plan()], Flag.LAST),
        ([make_plan(odd_lots=True)], Flag.LAST_IF_ODD_LOTS),
        ([make_plan(extended_hours=True)], Flag.LAST | Flag.LAST_IF_EXTENDED),
        ([make_plan(), make_plan(odd_lots=True, extended_hours=True)], ANY_LAST & ~Flag.LAST_IF_EXTENDED),
    ],
)
def test_the_flags_that_some_plan_could_use_are_known(plans: list[Plan], needed: Flag) -> None:
    assert usable_flags(plans) == needed


@pytest.mark.parametrize("profile", PROFILES, ids=profile_name)
def test_no_print_that_a_profile_admits_is_left_out_as_useless(profile: Profile) -> None:
    """The bits kept for the run of one plan hold every print that the plan could act on."""
    plan = make_plan(sessions=tuple(profile.sessions), odd_lots=profile.odd_lots, extended_hours=profile.extended_hours)
    usable = usable_flags([plan])
    for ids, phase in product(LISTS, TRADED):
        flags = flags_of(ids)
        assert not profile.admits(int(flags), phase) or flags & usable


@pytest.mark.parametrize("profile", PROFILES, ids=profile_name)
@pytest.mark.parametrize("usable", [ANY_LAST, Flag.LAST, Flag.LAST_IF_ODD_LOTS, Flag.LAST | Flag.LAST_IF_EXTENDED])
def test_all_are_admitted_only_when_each_is(profile: Profile, usable: Flag) -> None:
    """What spares a look at every print never admits one that the look would refuse."""
    for code, phase in enumerate(PHASE_CODES):
        if admits_all(profile, code, usable):
            kept = [flags for flags in range(256) if flags & usable and not flags & Flag.LATE]
            assert all(profile.admits(flags, phase) for flags in kept)
