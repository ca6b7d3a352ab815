"""A page whose policy is a server's: where its time goes, and what is shown while the server is away."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from millwright.dashboard.server import start_dashboard
from tests.dashboard.toy_server import make_stage, serve
from tests.dashboard.toy_table import make_session

OpenPage = Callable[..., Page]
AWAY = {"timeout": 30_000}


def test_the_page_shows_a_servers_stages_says_when_it_went_and_goes_on_when_it_is_back(open_page: OpenPage) -> None:
    server = serve()
    port, address = int(server.addresses.grpc.rpartition(":")[2]), f"grpc://{server.addresses.grpc}"
    with start_dashboard(lambda: make_session(make_stage(address)), port=0) as dashboard:
        page = open_page(dashboard.url)
        expect(page.locator("#reach")).to_have_text(f"{address} serves")
        expect(page.locator("#latency-total")).to_have_text("no plan yet")
        page.locator("#run").click()
        expect(page.locator("#latency-stages dt")).to_have_count(7)
        assert page.locator("#latency-stages dt").all_text_contents()[1:4] == ["network", "decode there", "queue there"]
        expect(page.locator("#latency-total")).to_contain_text("ms")
        expect(page.locator("#latency-bars rect").nth(30)).to_be_attached()  # several plans, seven stages each
        server.close()
        expect(page.locator("#reach")).to_have_text(f"{address} does not answer", **AWAY)
        expect(page.locator("#message")).to_contain_text("does not answer; it can be run again when it is back")
        with serve(port):
            expect(page.locator("#reach")).to_have_text(f"{address} serves", **AWAY)
            expect(page.locator("#message")).not_to_contain_text("does not answer; it can be")
            expect(page.locator("#phase[data-phase=ready]")).to_be_attached()
            page.locator("#run").click()
            expect(page.locator("#phase")).to_have_attribute("data-phase", "running")
            expect(page.locator("#latency-total")).to_contain_text("ms")
