"""Picture of the lab in docs/lab.md, and with widths of a window the pictures by which its layout is judged.

    python docs/images/make_lab_image.py docs/images/lab.png
    python docs/images/make_lab_image.py lab.png 400 800 1400
    python docs/images/make_lab_image.py --policy "attention:0.5,budgeted(budget=0.1):0.5" docs/images/attention-budget-lab.png

It needs the extra [browser], chromium and chromedriver.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.support.ui import WebDriverWait

COMMAND = ("lab", "mnist5k", "--port", "0", "--no-browser")
POLICY = "attention:0.6,greedy:0.2,free-rider:0.2"
STEPS, ROUNDS_PER_STEP = 22, 20
NEURON = "1/20"
SIZE = (1280, 800)
TIMEOUT = 120


def main(file: str, widths: Sequence[str], policy: str) -> None:
    """Play 440 rounds in the lab, select a neuron, and write a picture of the page for each width of the window."""
    server = subprocess.Popen([sys.executable, "-m", "neuronet", *COMMAND, "--policy", policy], stderr=subprocess.PIPE, text=True)
    driver = open_browser()
    try:
        assert server.stderr is not None
        address = re.search(r"http://\S+", server.stderr.readline())
        assert address is not None, "the lab does not start"
        resize(driver, *SIZE)
        WebDriverWait(driver, TIMEOUT, ignored_exceptions=[WebDriverException]).until(lambda _: driver.get(address[0]) is None)
        play(driver)
        for width in widths or (str(SIZE[0]),):
            resize(driver, int(width), SIZE[1])
            target = Path(file)
            take_picture(driver, target.with_stem(f"{target.stem}-{width}") if widths else target, whole=bool(widths))
    finally:
        driver.quit()
        server.send_signal(signal.SIGINT)
        server.wait(timeout=TIMEOUT)


def open_browser() -> webdriver.Chrome:
    """Return a browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def resize(driver: webdriver.Chrome, width: int, height: int) -> None:
    """Give the page a size in pixels."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def play(driver: webdriver.Chrome) -> None:
    """Play the rounds, and select the neuron."""
    wait = WebDriverWait(driver, TIMEOUT, ignored_exceptions=[Exception])

    def text(selector: str) -> str:
        return str(driver.execute_script("return document.querySelector(arguments[0])?.textContent || ''", selector))

    def click(script: str) -> None:
        wait.until(lambda _: driver.execute_script(f"const e = {script}; if (e) e.click(); return !!e"))

    wait.until(lambda _: driver.find_elements("css selector", "img[alt='Learning']"))
    click("document.querySelector('.lab-rounds .v-select__selections')")
    items = "[...document.querySelectorAll('.menuable__content__active .v-list-item')]"
    click(f"{items}.find(e => e.textContent.trim() === '{ROUNDS_PER_STEP}')")
    for step in range(1, STEPS + 1):
        driver.find_element("css selector", ".lab-step").click()
        wait.until(lambda _, step=step: text(".lab-round").startswith(f"round {step * ROUNDS_PER_STEP} "))
    circle = f"document.querySelector(\"[data-name='{NEURON}']\")"
    wait.until(
        lambda _: driver.execute_script(f"const e = {circle}; if (e) e.dispatchEvent(new MouseEvent('click')); return !!e")
    )
    wait.until(lambda _: text(".lab-title").startswith("Network") and "Hidden 20" in text(".lab-row .lab-card:last-child"))
    driver.execute_script("document.activeElement.blur()")


def take_picture(driver: webdriver.Chrome, file: Path, *, whole: bool) -> None:
    """Write a picture of the window, or of the whole page."""
    sources = "return [...document.querySelectorAll('img')].map(e => e.src.length + e.width).join()"
    last, since = "", time.monotonic()
    while time.monotonic() < since + 8:  # until the figures are drawn for this width
        time.sleep(0.25)
        if (shown := driver.execute_script(sources)) != last:
            last, since = shown, time.monotonic()
    data = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})
    file.write_bytes(b64decode(data["data"]))
    width = driver.execute_script("return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    print(file, "page", *width)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("widths", nargs="*")
    parser.add_argument("--policy", default=POLICY)
    given = parser.parse_args()
    main(given.file, given.widths, given.policy)
