import pytest

from lab.errors import LabError
from lab.telemetry.settings import Settings


def test_defaults(tmp_path) -> None:
    settings = Settings.from_environment({"STATE_DIR": str(tmp_path)})
    assert (settings.host, settings.port, settings.ops_port) == ("127.0.0.1", 8409, 8459)
    assert (settings.retention, settings.max_bytes) == (4 * 3600, 512 * 1024 * 1024)


@pytest.mark.parametrize(
    "wrong",
    [
        {"PORT": "0"},
        {"PORT": "http"},
        {"PORT": "²"},
        {"OPS_PORT": "70000"},
        {"STORAGE_PORT": "-1"},
        {"RETENTION": "-1"},
        {"MAX_BYTES": "1e9"},
    ],
)
def test_what_makes_no_sense_is_named(tmp_path, wrong: dict[str, str]) -> None:
    with pytest.raises(LabError, match=f"{next(iter(wrong))} is .* give a whole number from"):
        Settings.from_environment({"STATE_DIR": str(tmp_path)} | wrong)


def test_the_token_may_be_in_a_file(tmp_path) -> None:
    (tmp_path / "token").write_text("secret\n")
    told = {"STATE_DIR": str(tmp_path), "WRITE_TOKEN_FILE": str(tmp_path / "token")}
    assert Settings.from_environment(told).write_token == "secret"
    with pytest.raises(LabError, match="WRITE_TOKEN_FILE cannot be read"):
        Settings.from_environment(told | {"WRITE_TOKEN_FILE": str(tmp_path / "none")})
    (tmp_path / "token").write_text("\n")
    with pytest.raises(LabError, match="token is empty: write the token into it"):
        Settings.from_environment(told)


def test_the_folder_must_be_given() -> None:
    with pytest.raises(LabError, match="STATE_DIR is not set"):
        Settings.from_environment({})
