"""The page as it is served: under which policy, from where, and what its files may not hold."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from warroom.app import Settings, create_app
from warroom.page import PAGE, VIEWS

Get = Callable[..., httpx.Response]
MODULES = sorted(path for path in PAGE.rglob("*.js") if path.name != "theme.js")
TOPICS = PAGE.parent / "topics.py"
NAMES = [str(path.relative_to(PAGE)) for path in MODULES]
IMPORT = re.compile(r"""^import (?:[^"';]* from )?["']([^"']+)["'];|\bimport\(["']([^"']+)["']\)""", re.M)


@pytest.fixture(scope="module")
def get(tmp_path_factory: pytest.TempPathFactory) -> Get:
    tmp_path = tmp_path_factory.mktemp("warroom")
    for name in ("webhook", "team", "instructor"):
        (tmp_path / name).write_text(name[0] * 48)
    tokens = {f"{name}_token_file": tmp_path / name for name in ("webhook", "team", "instructor")}
    app = create_app(Settings(**tokens, state_dir=tmp_path / "state"))

    def get(path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(base_url="http://warroom", transport=transport) as client:
                return await client.get(path, headers={name.replace("_", "-"): text for name, text in headers.items()})

        return asyncio.run(ask())

    return get


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_an_address(get: Get, view: str) -> None:
    answer = get(re.sub(r"{\w+}", "some-thing", view))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<script type="module" src="/page/js/app.js">' in answer.text


def test_the_server_and_the_page_know_the_same_views() -> None:
    routes = re.findall(r'^  \["(/[^"]*)", "', (PAGE / "js" / "routes.js").read_text(), re.M)
    assert sorted(re.sub(r":\w+", "*", one) for one in routes) == sorted(re.sub(r"{\w+}", "*", one) for one in VIEWS)


def test_the_page_listens_to_every_topic_of_the_stream() -> None:
    listed = re.search(r"const TOPICS = \[(.*)\];", (PAGE / "js" / "live.js").read_text())[1]
    told = re.findall(r'"(\w+)": ', re.search(r"stream = Live\((.*?)\n    \)", TOPICS.read_text(), re.S)[1])
    assert sorted([*re.findall(r'"(\w+)"', listed), "history"]) == sorted(told)


def test_nothing_runs_or_is_fetched_but_what_the_lab_serves(get: Get) -> None:
    answer = get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r'(src|href)="(https?:)?//', answer.text)
    assert not re.search(r"<script>|<style|\son\w+=|style=", answer.text), "the policy would keep it from working"


@pytest.mark.parametrize(
    ("name", "kind"), [("js/app.js", "text/javascript"), ("css/tokens.css", "text/css"), ("icon.svg", "image/svg+xml")]
)
def test_a_file_has_its_type_and_is_sent_once(get: Get, name: str, kind: str) -> None:
    answer = get(f"/page/{name}")
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = get(f"/page/{name}", if_none_match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert get(f"/page/{name}", if_none_match='"another"').status_code == 200


@pytest.mark.parametrize("name", ["", "js", "js/nothing.js", "../app.py", "%2e%2e/app.py", "js/..%2f..%2fapp.py", "é"])
def test_only_the_page_s_files_are_served(get: Get, name: str) -> None:
    assert get(f"/page/{name}").status_code == 404


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_is_small_checked_and_makes_no_markup_of_text(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("// @ts-check\n")
    assert len(text.splitlines()) <= 360
    made = re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(", text)
    assert made is None, f"{path.name} makes markup of text"
    assert not re.search(r"""["'`]https?://(?!www\.w3\.org/2000/svg)[a-z]""", text), "nothing comes from elsewhere"


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_what_a_module_imports_is_there(path: Path) -> None:
    for found in IMPORT.findall(re.sub(r"/\*\*.*?\*/", "", path.read_text(), flags=re.S)):
        name = "".join(found)
        assert name.startswith("."), f"{name} is not the page's own"
        assert (path.parent / name).resolve().is_file(), f"{path.name} imports {name}, which is not there"


def test_styles_use_the_names_of_the_tokens() -> None:
    """A colour has one place, in which it has a dark and a light side."""
    tokens = (PAGE / "css" / "tokens.css").read_text()
    known = set(re.findall(r"(--[\w-]+):", tokens))
    known |= {name for path in MODULES for name in re.findall(r"""["'](--[\w-]+)["']""", path.read_text())}
    for path in PAGE.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        if path.name != "tokens.css":
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(", text), f"{path.name} has a colour of its own"
        used = set(re.findall(r"var\((--[\w-]+)", text))
        assert used <= known | set(re.findall(r"(--[\w-]+):", text)), f"{path.name} uses what is no token"
