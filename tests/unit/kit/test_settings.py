import pytest
from kit.settings import Settings, explain
from pydantic import ValidationError


class ShopSettings(Settings):
    inventory_url: str
    promotions_url: str = "https://promotions.example"
    workers: int = 4


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERVICE", "PORT", "OPS_PORT", "DATABASE_URL", "INVENTORY_URL", "WORKERS", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


def test_reads_unprefixed_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SERVICE": "shop",
        "PORT": "8403",
        "INVENTORY_URL": "http://127.0.0.1:8404",
        "WORKERS": "",
        "LOG_LEVEL": "debug",
    }.items():
        monkeypatch.setenv(name, value)
    settings = ShopSettings()
    assert (settings.service, settings.port, settings.workers, settings.log_level) == ("shop", 8403, 4, "DEBUG")
    assert settings.host == "127.0.0.1"


def test_peers_are_the_url_fields_by_address() -> None:
    settings = ShopSettings(service="shop", inventory_url="http://127.0.0.1:8404", database_url="postgresql://h/db")
    assert settings.peers() == {("127.0.0.1", 8404): "inventory", ("promotions.example", 443): "promotions"}


def test_says_in_one_sentence_what_is_missing_and_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "99999")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318")
    with pytest.raises(ValidationError) as caught:
        ShopSettings(service="shop")
    sentence = explain(caught.value)
    assert "INVENTORY_URL is not set" in sentence
    assert "PORT is '99999'" in sentence
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is 'localhost:4318', but: must be an http:// or https:// address" in sentence
    assert "\n" not in sentence
    assert sentence.endswith("set it in the environment and start again.")
