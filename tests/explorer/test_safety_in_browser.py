"""The attacks of test_safety.py that need a real Chromium: DNS rebinding, other sites, names that try to be script."""

import pytest

from .conftest import running
from .test_live import Slow
from .visiting import visit

pytestmark = pytest.mark.browser


def test_s8_no_name_does_anything_in_a_browser(browser, hostile, tmp_path):
    with running(hostile) as address:
        for place in ("", "images/", "about/", "image/1/", "layer/relu1/?c=3"):
            with visit(
                browser, f"{address}{place}"
            ) as page:  # a dialog or a complaint of the policy fails it
                page.wait_for_timeout(100)


def test_s1_dns_rebinding_in_a_real_browser(launch, atlas):
    with running(atlas, live={"stack": Slow()}) as address:
        port = address.rsplit(":", 1)[1].strip("/")
        rules = f"--host-resolver-rules=MAP evil.test 127.0.0.1:{port}"
        chromium = launch(rules)
        page = chromium.new_page()
        seen = []
        page.on("response", lambda reply: seen.append(reply.status))
        with pytest.raises(Exception, match="ERR_HTTP_RESPONSE_CODE_FAILURE"):  # there is nothing to show
            page.goto(f"http://evil.test:{port}/")
        assert seen == [421]
        # and a page of another site may neither read ours nor send to it
        page.route(
            "http://other.test/**", lambda route: route.fulfill(body="<p>other</p>", content_type="text/html")
        )
        page.goto("http://other.test/")
        tried = page.evaluate(
            """async here => { const kind = async work => { try { return (await work()).type; } catch { return "refused"; } };
            return [await kind(() => fetch(here)), await kind(() => fetch(here + "live/wish", {method: "POST", body: "{}",
            headers: {"X-Convscope-Token": "0"}})), await new Promise(done => { const image = new Image();
            image.onload = () => done("seen"); image.onerror = () => done("refused"); image.src = here + "images/photo-1.png"; })]; }""",
            address,
        )
        assert tried == ["refused", "refused", "refused"]
        chromium.close()
