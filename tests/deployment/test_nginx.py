"""The console behind Debian's nginx, with TLS, at the root and below a path, configured as the document says."""

from __future__ import annotations

import re
import ssl
from urllib.parse import urljoin, urlsplit

import httpx2

from tests.deployment.conftest import PASSWORD, Deployed

_ASSET = re.compile(r'(?:<link[^>]* href|<script[^>]* src|<img[^>]* src)="([^"#]+)"')
_CSS_URL = re.compile(r"url\(\"?'?([^)\"']+)")


def browser(deployed: Deployed) -> httpx2.Client:
    context = ssl.create_default_context(cafile=deployed.trusted)
    return httpx2.Client(
        verify=context, trust_env=False, follow_redirects=True, headers={"Referer": f"{deployed.url}/"}
    )


def assets_of(page: httpx2.Response) -> set[str]:
    return {urljoin(str(page.url), found) for found in _ASSET.findall(page.text)}


def check_assets(client: httpx2.Client, page: httpx2.Response, deployed: Deployed) -> None:
    """Every style, script and picture of a page is there, and what the styles name is too."""
    wanted = assets_of(page)
    assert len(wanted) >= 3
    for url in wanted:
        answer = client.get(url)
        assert (answer.status_code, str(answer.url)) == (200, url)
        assert urlsplit(url).path.startswith(f"{urlsplit(deployed.url).path}/")
        if "css" in answer.headers["Content-Type"]:
            named = {urljoin(url, each) for each in _CSS_URL.findall(answer.text) if not each.startswith("data:")}
            assert {each: client.head(each).status_code for each in named} == dict.fromkeys(named, 200)


def test_console_is_signed_in_to_and_used_over_tls(deployed: Deployed) -> None:
    path = urlsplit(deployed.url).path
    with browser(deployed) as client:
        login = client.get(f"{deployed.url}/")
        assert (login.status_code, urlsplit(str(login.url)).path) == (200, f"{path}/admin/login/")
        check_assets(client, login, deployed)

        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', login.text)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "username": "ada", "password": PASSWORD, "next": f"{path}/admin/"}
        home = client.post(str(login.url), data=form)
        assert (home.status_code, urlsplit(str(home.url)).path) == (200, f"{path}/admin/")
        check_assets(client, home, deployed)

        for page in ("/admin/integrations/run/", "/admin/integrations/integration/add/"):
            answer = client.get(f"{deployed.url}{page}")
            assert answer.status_code == 200
            check_assets(client, answer, deployed)
            links = re.findall(r'<a[^>]* href="(/[^"]*)"', answer.text)
            assert links
            assert all(link.startswith(f"{path}/") for link in links)


def test_cookies_are_secure_and_belong_to_the_path(deployed: Deployed) -> None:
    with browser(deployed) as client:
        client.get(f"{deployed.url}/admin/login/")

        cookies = list(client.cookies.jar)

    assert cookies
    for cookie in cookies:
        assert (cookie.secure, cookie.path) == (True, f"{urlsplit(deployed.url).path}/")


def test_probe_is_answered_by_address_over_plain_http(deployed: Deployed) -> None:
    with httpx2.Client(trust_env=False) as client:
        for probe in ("livez", "healthz"):
            answer = client.get(f"http://127.0.0.1:{deployed.port}/{probe}", headers={"Host": "10.42.8.201:8000"})
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

        # Everything else asks for HTTPS.
        assert client.get(f"http://127.0.0.1:{deployed.port}/admin/", headers={"Host": "localhost"}).status_code == 301
