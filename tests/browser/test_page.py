"""The page in a browser, opened from the disk, with no way out."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from harmonium.report.html import to_html
from hostile import a_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="chromium is not installed (in CI it must be)"
)
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    assert CHROMIUM is not None, "CI must install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Opened:
    """A page, with everything it asked for or complained of."""

    def __init__(self, browser, path, size):
        self.asked, self.complaints = [], []
        self.page = browser.new_page(viewport=size)
        address = path.as_uri()

        def answer(route):
            if route.request.url == address:
                route.continue_()
            else:
                route.abort()

        self.page.route("**/*", answer)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)
        self.page.evaluate("document.fonts.ready.then(() => true)")
        self.address = address


@pytest.fixture(scope="module", params=[DESK, PHONE], ids=["desk", "phone"])
def opened(request, browser, reproduced):
    opened = Opened(browser, reproduced.report / "harmonium.html", request.param)
    yield opened
    opened.page.close()


def test_it_asks_for_nothing_but_itself_and_complains_of_nothing(opened):
    assert opened.asked == [opened.address]
    assert opened.complaints == []


def test_what_asks_or_complains_would_be_noticed(browser, tmp_path):
    path = tmp_path / "bad.html"
    path.write_text('<img src="https://example.org/a.png"><script>throw Error("oh")</script>')
    bad = Opened(browser, path, DESK)
    bad.page.close()
    assert bad.asked == [bad.address, "https://example.org/a.png"]
    assert [complaint for complaint in bad.complaints if "oh" in complaint]


def test_no_name_in_a_page_runs_or_asks(browser, tmp_path):
    path = tmp_path / "hostile.html"
    path.write_text(to_html(a_report()), encoding="utf-8")
    hostile = Opened(browser, path, DESK)
    links = hostile.page.evaluate("document.querySelectorAll('a, script, [onerror], [onmouseover]').length")
    hostile.page.close()
    assert (hostile.asked, hostile.complaints, links) == ([hostile.address], [], 0)


@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "without it"])
def test_what_would_run_in_a_page_all_the_same_is_stopped_by_its_policy(browser, tmp_path, policy):
    html = to_html(a_report()).replace("<body>", "<body><script>ran = 1</script><img src=data:, onerror='ran = 1'>")
    path = tmp_path / "injected.html"
    path.write_text(html if policy else html.replace("Content-Security-Policy", "x"), encoding="utf-8")
    injected = Opened(browser, path, DESK)
    # what asks by `evaluate` is the test, which no policy binds
    ran = injected.page.evaluate("typeof ran !== 'undefined'")
    injected.page.close()
    assert ran is not policy


def test_every_image_is_drawn(opened, notebook_figures):
    widths = opened.page.evaluate(
        "Promise.all([...document.images].map(image => image.decode().then(() => image.naturalWidth)))"
    )
    assert len(widths) == notebook_figures
    assert min(widths) > 0


def test_the_fonts_of_the_formulas_are_loaded(opened):
    faces = opened.page.evaluate("[...document.fonts].map(face => [face.family.replaceAll('\"', ''), face.status])")
    assert all(status != "error" for _, status in faces)
    assert {"KaTeX_Main", "KaTeX_Math", "KaTeX_Size1"} <= {family for family, status in faces if status == "loaded"}


def test_nothing_is_wider_than_the_window(opened):
    assert opened.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    # and nothing that is clipped could be what kept it so
    clipped = """[...document.querySelectorAll("body *")].filter(element => {
        const box = element.getBoundingClientRect();
        return box.right > window.innerWidth + 1 && box.width > 0
            && !element.closest(".math, .scroll, pre, .highlight, .katex-mathml, svg");
    }).map(element => element.outerHTML.slice(0, 120))"""
    assert opened.page.evaluate(clipped) == []


@pytest.fixture
def notebook_figures(reproduced):
    return len(list((reproduced.report / "figures").glob("figure*.svg")))
