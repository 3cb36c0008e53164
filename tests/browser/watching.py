"""What a browser holds against a page: errors, broken requests, policy violations, inaccessible parts."""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Response

_GRAVE: Final = ("serious", "critical")
# Told through the console: a policy violation is no error of the script that caused it.
_TELL_VIOLATIONS: Final = """
    document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`policy ${event.violatedDirective}: ${event.blockedURI}`));
"""


class Watch:
    """Collects faults of all pages of the windows it is over; `expected` statuses are none."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.expected: set[int] = set()

    def over(self, window: BrowserContext) -> None:
        """Watch every page that is opened there."""
        window.add_init_script(_TELL_VIOLATIONS)
        window.on("page", self._page)

    def _page(self, page: Page) -> None:
        def told(message: ConsoleMessage) -> None:
            # Chromium's own line about an answer that is not 2xx; `answered` judges those.
            own = message.text.startswith("Failed to load resource")
            if message.type in ("error", "warning") and not own:
                self.faults.append(f"{page.url}: {message.type}: {message.text}")

        def answered(response: Response) -> None:
            if response.status >= 400 and response.status not in self.expected:
                self.faults.append(f"{page.url}: {response.status} for {response.url}")
            there, here = urlsplit(response.url), urlsplit(page.url)
            if there.scheme in ("http", "https") and here.netloc and there.netloc != here.netloc:
                self.faults.append(f"{page.url} fetched {response.url}")

        def asked(dialog: Dialog) -> None:
            self.faults.append(f"{page.url}: dialog {dialog.message!r}")
            dialog.dismiss()

        page.on("console", told)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("response", answered)
        page.on("dialog", asked)


def settle(page: Page) -> None:
    """Until every chart is drawn and every picture loaded, also those further down."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-chart]')].every((each) => each.querySelector('svg path'))"
    )
    page.evaluate("() => document.querySelectorAll('img').forEach((each) => (each.loading = 'eager'))")
    page.wait_for_function("() => [...document.images].every((each) => each.complete)")


def broken_pictures(page: Page) -> list[str]:
    """Addresses of pictures that did not load."""
    found: list[str] = page.evaluate(
        "() => [...document.images].filter((each) => !each.naturalWidth).map((each) => each.src)"
    )
    return found


def too_wide(page: Page) -> list[str]:
    """What sticks out of the window to the right, and is in nothing that scrolls."""
    found: list[str] = page.evaluate("""() => {
        const edge = document.documentElement.clientWidth + 1;
        if (document.documentElement.scrollWidth <= edge) return [];
        return [...document.querySelectorAll("body *")]
            .filter((each) => each.getBoundingClientRect().right > edge && !each.closest(".scroll, svg"))
            .map((each) => each.outerHTML.slice(0, 120));
    }""")
    return found


def grave_faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical, with the elements."""
    # What is half faded ("Loading ..." beside a request) would be measured half faded.
    page.wait_for_function("() => document.getAnimations().length === 0")
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{fault['id']}: {fault['help']}: "
        + json.dumps([[node["target"], node["failureSummary"]] for node in fault["nodes"][:4]])
        for fault in found["violations"]
        if fault["impact"] in _GRAVE
    ]
