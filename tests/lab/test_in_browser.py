"""The lab in a real browser, from start to Ctrl-C: `pytest -m browser`; skipped where something is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from queue import Queue
from threading import Thread

import pytest

from neuronet.lab import REQUIRED_MODULES
from neuronet.lab.cards.figure_sizes import sizes_for

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
MISSING = next((f"the library {name}" for name in (*REQUIRED_MODULES, "selenium") if find_spec(name) is None), None)
if MISSING is None and (CHROMIUM is None or DRIVER is None):
    MISSING = "chromium with its chromedriver"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        MISSING is not None, reason=f"{MISSING} is not installed: pip install -e '.[browser]', apt install chromium-driver"
    ),
    pytest.mark.filterwarnings("ignore"),  # of the libraries that drive the browser
]

TIMEOUT = 60
"""Longest time to wait for anything, in seconds."""

LEFT, RIGHT = "\ue012", "\ue014"
"""Arrow keys, as WebDriver calls them."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address, with the token, of a lab with a network 64-12-10; Ctrl-C ends it without output."""
    command = [sys.executable, "-m", "neuronet", "lab", "digits", "--hidden", "12", "--port", "0", "--no-browser"]
    unreachable_proxy = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    folder = tmp_path_factory.mktemp("lab")
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, env={**os.environ, **unreachable_proxy})
    stderr_lines: Queue[str] = Queue()
    reader = Thread(target=lambda: [stderr_lines.put(line) for line in server.stderr], daemon=True)
    reader.start()
    try:
        line = stderr_lines.get(timeout=TIMEOUT)
        address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\w+", line)
        assert address, line
        yield address[0]
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=TIMEOUT) == 0
        reader.join(timeout=TIMEOUT)
        assert list(stderr_lines.queue) == []
    finally:
        server.kill()


class Page:
    """Actions and expectations of a reader; each waits until it is fulfilled."""

    def __init__(self, driver):
        self.driver = driver

    def until(self, what, why):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, TIMEOUT).until(lambda _: what(), why)

    def find(self, selector):
        return self.driver.find_elements("css selector", selector)

    def text(self, selector):
        return self.driver.execute_script(
            "const e = document.querySelector(arguments[0]); return e ? e.textContent : ''", selector
        )

    def click(self, selector):
        """Click an element, which may be replaced in between."""
        from selenium.common.exceptions import WebDriverException

        def clicked():
            try:
                self.find(selector)[0].click()
            except (WebDriverException, IndexError):
                return False
            return True

        self.until(clicked, f"nothing to click at {selector}")

    def expect_text(self, selector, text):
        self.until(lambda: text in self.text(selector), f"'{text}' is not at {selector}: {self.text(selector)}")

    def choose(self, selector, item):
        self.click(f"{selector} .v-select__selections")
        items = "[...document.querySelectorAll('.menuable__content__active .v-list-item')]"
        script = f"const e = {items}.find(e => e.textContent.trim() === arguments[0]); if (e) e.click(); return !!e"
        self.until(lambda: self.driver.execute_script(script, item), f"no item '{item}'")

    def push(self, selector, times, key=RIGHT):
        for _ in range(times):
            self.until(lambda: self.find(f"{selector} [role=slider]"), f"no slider {selector}")
            self.find(f"{selector} [role=slider]")[0].send_keys(key)

    def count_neurons(self, policy):
        """Return the number of hidden neurons whose tooltip names a policy."""
        titles = self.driver.execute_script("return [...document.querySelectorAll('circle title')].map(e => e.textContent)")
        return sum(f": {policy}," in title for title in titles)

    def figure_source(self, name):
        return self.driver.execute_script("return document.querySelector(`img[alt='${arguments[0]}']`).src", name)


def make_driver():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    quiet = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
    for argument in (*quiet, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))


@pytest.fixture(scope="module")
def page(lab):
    driver = make_driver()
    try:
        driver.set_page_load_timeout(TIMEOUT)
        window = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
        driver.get(lab)
        found = Page(driver)
        found.until(lambda: found.find("img[alt='Learning']"), "the page does not load")
        yield found
        events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
        addresses = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        addresses += [event["params"]["url"] for event in events if event["method"] == "Network.webSocketCreated"]
        assert len(addresses) > 5
        own = lab.partition("/?")[0]
        allowed = (own, own.replace("http:", "ws:"), "data:", "blob:")
        assert [address for address in addresses if not address.startswith(allowed)] == []
        errors = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert errors == []
    finally:
        driver.quit()


def test_play_inspect_intervene_and_reset(page):
    page.expect_text(".lab-round", "round 0 ")
    size = page.driver.execute_script("return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size[0] <= 1280
    assert size[1] <= 900

    before = page.figure_source("Learning")
    for number in (1, 2, 3):
        page.click(".lab-step")
        page.expect_text(".lab-round", f"round {number} ")
    page.until(lambda: page.figure_source("Learning") != before, "the curves are not drawn again")

    page.choose(".lab-other", "greedy")
    page.push(".lab-share", 5)
    page.until(lambda: page.count_neurons("greedy") == 3, "three of twelve do not follow greedy")
    assert page.count_neurons("attention") == 9

    page.click("[data-name='1/7']")
    page.expect_text(".lab-row .lab-card:last-child .lab-title", "Hidden 7: ")
    page.click("[data-name='0/image']")
    page.expect_text(".lab-row .lab-card:last-child .lab-title", "Input ")
    page.choose(".lab-layer", "hidden")
    page.expect_text(".lab-row .lab-card:last-child .lab-title", "Hidden 0: ")
    page.click(".lab-silence")
    page.expect_text(".lab-row .lab-card:last-child .lab-title", "Hidden 0 (silent)")

    page.push(".lab-delay", 1)
    page.expect_text(".lab-controls", "demands delayed by: 1 round")
    page.click(".lab-play")
    page.until(lambda: int(re.search(r"round (\d+)", page.text(".lab-round"))[1]) > 5, "it does not play")
    page.click(".lab-play")
    page.expect_text(".lab-play", "Play")

    page.click(".lab-reset")
    page.expect_text(".lab-round", "round 0 ")
    page.expect_text(".lab-row .lab-card:last-child .lab-title", "Hidden 0: ")
    assert page.count_neurons("greedy") == 3  # settings stay


@pytest.mark.parametrize("width", [390, 768, 1024, 1440, 1920])
def test_page_fits_a_window_of_any_width(page, width):
    window = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
    try:
        drawn = sizes_for(width // 20 * 20).network[0]
        shown = "const e = document.querySelector('img[alt=\\'The layered network\\']'); return e ? e.width : 0"
        page.until(lambda: page.driver.execute_script(shown) == drawn, "the network is not drawn for this width")
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**window, "width": 1280})


def test_errors_are_shown_on_the_page(page):
    page.push(".lab-rate", 6)
    page.expect_text(".lab-controls", "learning rate: 1")
    page.choose(".lab-rounds", "100")
    page.click(".lab-play")  # a hundred rounds per step, until the network diverges
    page.expect_text(".lab-error", "choose a smaller learning rate and reset")
    page.expect_text(".lab-play", "Play")
    page.choose(".lab-rounds", "1")
    page.push(".lab-rate", 6, LEFT)
    page.click(".lab-reset")
    page.expect_text(".lab-round", "round 0 ")
    assert page.text(".lab-error") == ""


def test_windows_have_separate_models(page, lab):
    first = page.driver.current_window_handle
    page.click(".lab-reset")
    page.expect_text(".lab-round", "round 0 ")
    page.click(".lab-step")
    page.expect_text(".lab-round", "round 1 ")
    page.driver.switch_to.new_window("tab")
    page.driver.get(lab)
    page.until(lambda: page.find("img[alt='Learning']"), "the second page does not load")
    page.expect_text(".lab-round", "round 0 ")
    assert page.count_neurons("greedy") == 0
    page.driver.close()
    page.driver.switch_to.window(first)
    page.expect_text(".lab-round", "round 1 ")


FOREIGN = """
const [own, done] = arguments;
const kernel = own.replace("http:", "ws:") + "/jupyter/api/kernels/k/channels?session_id=s";
const socket = new Promise(resolve => {
    const opened = new WebSocket(kernel);
    opened.onopen = () => resolve("open");
    opened.onerror = () => resolve("refused");
});
const request = fetch(own + "/", {credentials: "include"}).then(answer => answer.text(), () => "refused");
const blind = fetch(own + "/", {credentials: "include", mode: "no-cors"}).then(answer => answer.type, () => "refused");
Promise.all([socket, request, blind]).then(done);
"""


def test_page_of_another_origin_cannot_connect(lab):
    """The browser has the cookie, and the other page is on this machine, too: the same site, but not the same origin."""
    stranger = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    stranger.RequestHandlerClass.log_message = lambda *words: None
    Thread(target=stranger.serve_forever, daemon=True).start()
    own = lab.partition("/?")[0]
    driver = make_driver()
    try:
        driver.get(own)
        assert "token" in driver.page_source
        driver.get(lab)
        Page(driver).until(lambda: Page(driver).find("img[alt='Learning']"), "the page does not load")
        assert driver.current_url == f"{own}/"  # the token is no longer in the address bar
        driver.get(f"http://127.0.0.1:{stranger.server_address[1]}/")
        socket, request, blind = driver.execute_async_script(FOREIGN, own)
        assert (socket, request, blind) == ("refused", "refused", "refused")
        driver.get(own)  # the owner is still let in
        Page(driver).until(lambda: Page(driver).find("img[alt='Learning']"), "the page does not load")
    finally:
        driver.quit()
        stranger.shutdown()
        stranger.server_close()
