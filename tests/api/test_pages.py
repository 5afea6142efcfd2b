"""The pages, in a real browser over a real server: what they show is what the API says, and they hear what happens."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.keys import ApiKey, Scope, digest_of
from api.routes.pages import PAGES, PARTS
from operators.data_gaps import DataGap
from operators.times import iso, parse_instant
from tests.api.conftest import Demo
from tests.api.processes import free_port
from tests.api.serving import PATIENCE_S, Flow, Server, serving
from tests.api.test_readme_examples import CHROMIUM_FLAGS, program

ELEVEN: Final = "2026-06-17T11:00"
PLANS_AT_ELEVEN: Final = 25
expect.set_options(timeout=PATIENCE_S * 1_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all pages."""
    with sync_playwright() as playwright:
        path = program("chromium", "chromium-browser", "google-chrome")
        yield playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose own errors fail the test."""
    page, errors = browser.new_page(), list[str]()
    page.set_default_timeout(PATIENCE_S * 1_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


@pytest.fixture
def demo_url(demo: Demo, tmp_path: Path) -> str:
    """A copy of the demo's database, to be written to."""
    shutil.copy(demo.url.removeprefix("sqlite:///"), tmp_path / "demo.db")
    return f"sqlite:///{tmp_path / 'demo.db'}"


@contextmanager
def board(page: Page, url: str, *, again_at: int | None = None) -> Iterator[Server]:
    """Serve a database, and look at its board, which stays where it is when its server is started again."""
    with serving(url, again_at or free_port()) as server:
        if again_at is None:
            page.goto(f"http://127.0.0.1:{server.port}/")
        expect(page.locator("#line")).to_have_text("live")
        yield server


def test_the_board_shows_every_plan_and_why_it_stands_there(page: Page, demo_url: str) -> None:
    with board(page, demo_url):
        expect(page.locator("#count")).to_have_text("30 of 30 plans")
        page.get_by_role("button", name="stopped 10").click()
        expect(page.locator("#plans tbody tr")).to_have_count(10)
        page.get_by_role("button", name="stopped 10").click()
        page.locator("#find").fill("swing-waiting")
        row = page.locator("#plans tbody tr")
        expect(row).to_have_count(1)
        row.click()
        expect(page.locator("#explained")).to_contain_text("waits for a price at or below 113.92")
        expect(page.locator("#events li")).not_to_have_count(0)


@pytest.mark.parametrize("held", ["#plans tbody tr", "#phases button"])
def test_news_take_neither_the_focus_nor_a_click_that_is_under_way(page: Page, demo_url: str, held: str) -> None:
    """Prices and events come in between a button's press and its release, too."""
    flow, one, chosen = (
        Flow(demo_url),
        page.locator(held).first,
        page.locator(f"{held}.chosen, {held}[aria-pressed=true]"),
    )
    with board(page, demo_url):
        one.focus()
        one.hover()
        page.mouse.down()
        flow.happen("zzz-1")
        expect(page.locator("#count")).to_have_text("31 of 31 plans")
        page.mouse.up()
        expect(chosen).to_be_focused()
        flow.happen("aaa-1")
        expect(page.locator("#count")).to_contain_text("of 32 plans")
        expect(chosen).to_be_focused()
    flow.close()


def test_a_phase_that_the_board_is_narrowed_to_keeps_its_button_without_any_plan(page: Page, demo_url: str) -> None:
    with board(page, demo_url):
        page.get_by_role("button", name="stopped 10").click()
        page.locator("#find").fill("swing-waiting")
        expect(page.locator("#count")).to_have_text("0 of 30 plans")
        page.get_by_role("button", name="stopped 0").click()
        expect(page.locator("#count")).to_have_text("1 of 30 plans")


def test_a_plan_from_the_end_of_a_long_board_is_explained_in_sight_under_named_columns(
    page: Page, demo_url: str
) -> None:
    """On a screen, and on a telephone."""
    with board(page, demo_url):
        for width, height in ((1280, 480), (390, 780)):
            page.set_viewport_size({"width": width, "height": height})
            row = page.locator("#plans tbody tr").last
            row.click()
            expect(page.locator("#plan h2")).to_have_text("sim8-hedge-short")
            for seen in (row, page.locator("#plan h2"), page.locator("#plans th").first):
                expect(seen).to_be_in_viewport()


def test_the_board_goes_back_to_an_instant_and_returns(page: Page, demo_url: str) -> None:
    with board(page, demo_url):
        page.locator("#when").fill(ELEVEN)
        expect(page.locator("#count")).to_have_text(f"{PLANS_AT_ELEVEN} of {PLANS_AT_ELEVEN} plans")
        expect(page.locator("#session")).to_have_text("Regular session until 16:00 ET")
        page.get_by_role("button", name="Back to now").click()
        expect(page.locator("#count")).to_have_text("30 of 30 plans")


def test_the_board_hears_what_happens_once_also_over_a_restart_of_the_server(page: Page, demo_url: str) -> None:
    flow, news = Flow(demo_url), page.locator("#news li")
    with board(page, demo_url) as server:
        flow.happen("sim1-new")
        expect(page.locator("#count")).to_have_text("31 of 31 plans")
        expect(news).to_have_count(1)
    flow.happen("sim1-new", "sim2-new")
    with board(page, demo_url, again_at=server.port):
        expect(page.locator("#count")).to_have_text("32 of 32 plans")
        expect(news).to_have_count(3)
    flow.close()


def test_what_the_board_could_not_read_is_said_until_it_can(page: Page, demo_url: str) -> None:
    """Of a board that is read again while its server is away, and of a plan that is chosen then."""
    said = page.locator("#said")
    page.clock.install()
    with board(page, demo_url) as server:
        pass
    page.clock.run_for(61_000)
    expect(said).to_have_text("Failed to fetch")
    page.locator("#plans tbody tr").first.click()
    expect(said).to_have_text(re.compile("Failed to fetch; sim1-.*: Failed to fetch"))
    with serving(demo_url, server.port):
        page.clock.run_for(16_000)
        expect(page.locator("#line")).to_have_text("live")
        expect(said).to_have_text(re.compile("^sim1-.*: Failed to fetch"))
        page.locator("#plans tbody tr").last.click()
        expect(said).to_be_hidden()


def test_a_board_as_of_an_instant_shows_nothing_of_later(page: Page, demo_url: str) -> None:
    """Neither what was being read when it was asked for, nor what was heard, nor a chosen plan that is not there."""
    flow, then = Flow(demo_url), page.locator("#when")
    flow.at_ns = parse_instant("2026-06-17T15:30:00Z")
    with board(page, demo_url):
        flow.happen(*(f"new-{number}" for number in range(40)))
        page.locator("tr:has-text('new-39')").click()
        expect(page.locator("#events li")).to_have_count(1)
        flow.happen(*(f"new-{number}" for number in range(40)))
        expect(page.locator("#news li").first).to_contain_text("gated")
        then.fill(ELEVEN)
        expect(page.locator("#line")).to_contain_text("as of an instant")
        expect(page.locator("#said")).to_contain_text("new-39")
        expect(page.locator("#plan")).to_be_hidden()
        page.wait_for_timeout(500)  # what was being read has come by now
        expect(page.locator("#count")).to_have_text(f"{PLANS_AT_ELEVEN} of {PLANS_AT_ELEVEN} plans")
        expect(page.locator("#news li")).to_have_count(0)
    flow.close()


def test_a_gap_that_opens_or_is_mended_is_on_the_board_after_a_minute(page: Page, demo_url: str) -> None:
    """It makes no event."""
    flow = Flow(demo_url)
    flow.happen("sim1-new")
    page.clock.install()
    with board(page, demo_url):
        row = page.locator("#plans tbody tr:has-text('sim1-new') td").first
        for number, mark in enumerate((DataGap("g", "open", 1, 1), None)):
            flow.move("sim1-new", 100.0 + number, mark)
            page.clock.run_for(61_000)
            expect(row).to_have_text("sim1-new (gap in its data)" if mark else "sim1-new")
    flow.close()


def test_of_a_plan_with_very_many_events_the_newest_are_shown(page: Page, demo_url: str) -> None:
    flow = Flow(demo_url)
    flow.happen(*["sim1-new"] * 1_003)
    with board(page, demo_url):
        page.locator("tr:has-text('sim1-new')").click()
        expect(page.locator("#events li")).to_have_count(1_000)
        expect(page.locator("#events li time").first).to_have_attribute("datetime", iso(flow.at_ns))
    flow.close()


def test_a_board_of_a_thousand_plans_finds_a_symbol_beyond_them(page: Page, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'many.db'}"
    flow = Flow(url)
    flow.happen(*(f"aaa-{number}.{'x' * 55}"[:64] for number in range(1_000)), "zzz-1")
    with board(page, url):
        expect(page.locator("#count")).to_contain_text("1000 of 1000 plans; the server has more")
        page.locator("#find").fill("ZZZ")
        page.locator("#find").press("Enter")
        expect(page.locator("#count")).to_have_text("1 of 1 plans")
        expect(page.locator("#line")).to_have_text("live")
        flow.happen("zzz-2", "aaa-1000")
        expect(page.locator("#count")).to_have_text("2 of 2 plans")
        expect(page.locator("#news li")).to_have_count(1)
    flow.close()


def test_a_symbol_in_small_letters_or_a_plan_is_found_beyond_a_thousand_and_what_is_not_there_is_called_so(
    page: Page, tmp_path: Path
) -> None:
    """Whatever stood on the board before."""
    url = f"sqlite:///{tmp_path / 'many.db'}"
    flow, find, count = Flow(url), page.locator("#find"), page.locator("#count")
    flow.happen(*(f"aaa-{number}.{'x' * 55}"[:64] for number in range(1_000)), "zzz-1", "zzz-2")
    flow.close()
    with board(page, url):
        for typed, told in (
            ("zzz", "2 of 2 plans"),
            ("zzz-2", "1 of 1 plans"),
            ("no such plan", "No plan has the symbol or the id no such plan"),
            ("Zzz", "2 of 2 plans"),
        ):
            find.fill(typed)
            expect(count).to_contain_text("; the server has more: Enter finds a symbol or a plan there")
            find.press("Enter")
            expect(count).to_have_text(told)
            expect(page.locator("#line")).to_have_text("live")
            expect(page.locator("#said")).to_be_hidden()
        find.fill("")
        find.press("Enter")
        expect(count).to_contain_text("1000 of 1000 plans; the server has more")


def test_a_chart_shows_the_plans_own_prices_and_says_that_no_bars_are_stored(page: Page, demo_url: str) -> None:
    with serving(demo_url) as server:
        page.goto(f"http://127.0.0.1:{server.port}/chart?symbol=SIM1&plan_id=sim1-orb-long")
        expect(page.locator("#lines tr")).to_have_text(
            ["T2 121.94121.94", "T1 121.40121.40", "stop entry 120.86120.86", "stop 120.32120.32"]
        )
        expect(page.locator("#said")).to_contain_text("No 1m bars of SIM1 are stored")
        expect(page.locator("#events li").last).to_contain_text("completed: all 2 targets hit")


@pytest.mark.parametrize("asked", ["banana", "1371234567000000000"])
def test_a_chart_as_of_what_no_browser_reads_has_its_title_and_says_what_the_server_says_of_it(
    page: Page, demo_url: str, asked: str
) -> None:
    with serving(demo_url) as server:
        page.goto(f"http://127.0.0.1:{server.port}/chart?symbol=SIM1&as_of={asked}")
        expect(page.locator("#title")).to_have_text(f"SIM1 · as of {asked}")
        said = "No 1m bars of SIM1 are stored by then" if asked.isdigit() else "as_of: "
        expect(page.locator("#said")).to_contain_text(said)


def test_a_plans_chart_url_leads_to_its_bars_and_levels(page: Page, scan_url: str) -> None:
    with serving(scan_url) as server:
        asked = f"http://127.0.0.1:{server.port}/gpt/plan"
        found = httpx2.post(asked, json={"symbol": "AIG"}, timeout=PATIENCE_S).json()
        page.goto(f"http://127.0.0.1:{server.port}{found['chart_url']}")
        layers = found["structured"]["layers"]
        lines = 1 + len(layers["targets"]) + len(layers["levels"]) + (layers["stop"] is not None)
        expect(page.locator("#lines tr")).to_have_count(lines)
        bars = int(page.locator("#canvas").get_attribute("data-bars") or 0)
        page.locator("#interval").select_option("5m")
        expect(page.locator("#canvas")).not_to_have_attribute("data-bars", str(bars))
        assert bars > 300
        page.locator("#canvas").hover()
        expect(page.locator("#bar")).to_contain_text("O 4")


def test_a_server_with_keys_asks_for_one_and_the_board_is_served(page: Page, demo_url: str) -> None:
    with serving(demo_url, keys=(ApiKey("look", digest_of("secret"), Scope.READ),)) as server:
        page.goto(f"http://127.0.0.1:{server.port}/")
        for given in ("wrong", "secret"):
            page.locator("dialog input").fill(given)
            page.locator("dialog button").click()
        expect(page.locator("#count")).to_have_text("30 of 30 plans")
        expect(page.locator("#line")).to_have_text("live")


def test_the_documentation_is_whole_and_tries_requests_without_asking_any_other_server(
    page: Page, demo_url: str
) -> None:
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    with serving(demo_url) as server:
        page.goto(f"http://127.0.0.1:{server.port}/docs")
        listing = page.locator("#operations-plans-list_plans")
        listing.locator(".opblock-summary-control").click()
        listing.get_by_role("button", name="Try it out").click()
        listing.get_by_role("button", name="Execute").click()
        expect(listing.locator(".live-responses-table tbody .response-col_status")).to_contain_text("200")
        assert [url for url in asked if not url.startswith((f"http://127.0.0.1:{server.port}/", "data:"))] == []


@pytest.mark.parametrize("path", [*PAGES, *(f"/pages/{part}" for part in PARTS)])
def test_a_pages_file_allows_nothing_from_elsewhere_and_is_sent_once(client: httpx2.Client, path: str) -> None:
    first = client.get(path)
    assert (first.status_code, first.headers["x-content-type-options"]) == (200, "nosniff")
    assert first.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
