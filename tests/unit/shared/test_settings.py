"""Settings: where values come from, what is refused and with which sentence, and that no secret is shown."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from shared.settings import Settings, SettingsError, host_slug, load_settings
from shared.settings_loading import read_tree, variables


@pytest.fixture
def toml(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "jobwire.toml"
        path.write_text(text)
        return path

    return write


def test_without_anything_there_is_one_virtual_printer_on_its_link() -> None:
    settings = load_settings({"JOBWIRE_DATA": "/data"})
    (printer,) = settings.printer
    assert (printer.id, printer.name, printer.port) == ("virtual", "Virtual printer", "/data/run/virtual-printer")
    assert settings.uses_virtual_printer


def test_the_environment_wins_over_the_file(toml) -> None:
    config = toml('[gateway]\nport = 9000\nhost = "0.0.0.0"\n')
    settings = load_settings({"JOBWIRE_GATEWAY_PORT": "9001"}, config)
    assert (settings.gateway.port, settings.gateway.host) == (9001, "0.0.0.0")


def test_the_file_can_be_named_by_the_environment(toml) -> None:
    assert load_settings({"JOBWIRE_CONFIG": str(toml("[gateway]\nport = 9000\n"))}).gateway.port == 9000


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("JOBWIRE_BROKER_EXPOSE", "yes", True),
        ("JOBWIRE_BROKER_EXPOSE", "OFF", False),
        ("JOBWIRE_GATEWAY_ASK_WITHIN", "2.5", 2.5),
        ("JOBWIRE_GATEWAY_TRUSTED_PROXIES", "10.0.0.1, ::1", ["10.0.0.1", "::1"]),
        ("JOBWIRE_GATEWAY_TRUSTED_PROXIES", "", []),
        ("JOBWIRE_BROKER_ANONYMOUS", "true", True),
        ("JOBWIRE_DATABASE_SYNCHRONOUS", "NORMAL", "NORMAL"),
    ],
)
def test_variables_become_values_of_their_settings_type(name: str, text: str, expected: object) -> None:
    settings = load_settings({name: text})
    _, section, field = name.lower().split("_", 2)
    assert getattr(getattr(settings, section), field) == expected


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"JOBWIRE_GATEWAY_PROT": "1"}, "'JOBWIRE_GATEWAY_PROT'; did you mean 'JOBWIRE_GATEWAY_PORT'?"),
        ({"JOBWIRE_ADMIN_KEY_FIEL": "x"}, "did you mean 'JOBWIRE_ADMIN_KEY_FILE'?"),
        ({"JOBWIRE_ZZZ": "1"}, "unknown environment variable 'JOBWIRE_ZZZ'"),
        ({"JOBWIRE_GATEWAY_PORT_FILE": "/x"}, "unknown environment variable"),
        ({"JOBWIRE_GATEWAY_PORT": "http"}, "JOBWIRE_GATEWAY_PORT: expected a number, got 'http'"),
        ({"JOBWIRE_GATEWAY_PORT": "70000"}, "JOBWIRE_GATEWAY_PORT: expected a whole number <= 65535"),
        ({"JOBWIRE_GATEWAY_PORT": ""}, "JOBWIRE_GATEWAY_PORT is empty"),
        ({"JOBWIRE_BROKER_EXPOSE": "maybe"}, "JOBWIRE_BROKER_EXPOSE: expected true or false, got 'maybe'"),
        ({"JOBWIRE_ADMIN_KEY": "short"}, "JOBWIRE_ADMIN_KEY: expected text of length >= 8"),
        ({"JOBWIRE_ADMIN_KEY": ""}, "JOBWIRE_ADMIN_KEY is empty"),
        ({"JOBWIRE_DATABASE_SYNCHRONOUS": "off"}, "JOBWIRE_DATABASE_SYNCHRONOUS: expected one of FULL, NORMAL"),
        ({"JOBWIRE_LOG_FORMAT": "xml"}, "JOBWIRE_LOG_FORMAT: expected one of auto, json, text"),
        ({"JOBWIRE_LOG_LEVEL": "loud"}, "JOBWIRE_LOG_LEVEL: log_level must be one of"),
        ({"JOBWIRE_INSTANCE": "a/b"}, "JOBWIRE_INSTANCE: instance 'a/b' must be letters"),
        ({"JOBWIRE_BROKER_URL": "tcp://host"}, "JOBWIRE_BROKER_URL: url must look like mqtt://"),
        ({"JOBWIRE_BROKER_BASE": "a/#"}, "JOBWIRE_BROKER_BASE: base must be"),
        ({"JOBWIRE_DATABASE_URL": "mysql://h/d"}, "JOBWIRE_DATABASE_URL: url must begin with postgresql://"),
        ({"JOBWIRE_ADMIN_KEY": "k" * 8, "JOBWIRE_ADMIN_KEY_FILE": "/x"}, "are both set"),
        ({"JOBWIRE_ADMIN_KEY_FILE": "/does/not/exist"}, "JOBWIRE_ADMIN_KEY_FILE: the file cannot be read"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_one_sentence_that_names_it(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[gateway]\nprot = 1", "line 2: unknown setting 'gateway.prot'; did you mean 'port'?"),
        ("[gatway]\nport = 1", "unknown setting 'gatway'; did you mean 'gateway'?"),
        ("[printer.gcode]\npauze = []", "unknown setting 'printer.gcode.pauze'; did you mean 'pause'?"),
        ('[gateway]\nport = "x"', "gateway.port: expected a whole number, got text"),
        ("[gateway]\nport = true", "gateway.port: expected a whole number, got true or false"),
        ("gateway = 3", "gateway: expected a table, got 3"),
        ("[printer]\nid = 'a'", "printer: expected [[printer]] tables"),
        ("[[printer]]\nname = 'a'", "line 1: printer[1]: id is missing"),
        ("[[printer]]\nid = 'a'\n[[printer]]\nid = 'b/c'", "line 3: printer[2]: id 'b/c' must be letters"),
        ("[[printer]]\nid = 'api'", "printer[1]: id 'api' is a word in the addresses of the APIs"),
        ("[[printer]]\nid = 'Plugin'", "printer[1]: id 'Plugin' is a word in the addresses of the APIs"),
        ("[[printer]]\nid = 'a'\n[[printer]]\nid = 'a'", "printer id 'a' is used twice"),
        (
            "[[printer]]\nid='a'\nport='/dev/x'\n[[printer]]\nid='b'\nport='/dev/x'",
            "printer port '/dev/x' is used twice",
        ),
        (
            "[[printer]]\nid='a'\n[printer.timeouts]\nsilence = 0",
            "line 4: printer[1].timeouts.silence: expected a number > 0",
        ),
        ("[[printer]]\nid='a'\n\n[[printer]]\nid='b'\nname = 3", "line 6: printer[2].name: expected text, got a whole"),
        ("gateway.port = 'x'", "line 1: gateway.port: expected a whole number, got text"),
        ("gateway = {host = 'x', port = 'y'}", "line 1: gateway.port: expected a whole number, got text"),
        ("[gateway]\nport = x\n", "is not valid TOML (Invalid value (at line 2"),
        ("[[pri", "is not valid TOML"),
    ],
)
def test_a_wrong_file_is_one_sentence_that_names_file_and_setting(toml, text: str, sentence: str) -> None:
    config = toml(text)
    with pytest.raises(SettingsError) as refused:
        load_settings({}, config)
    assert str(refused.value).startswith(str(config))
    assert sentence in str(refused.value)
    assert "`" not in str(refused.value)


def test_a_value_of_the_file_is_not_blamed_on_a_variable_or_the_other_way_round(toml) -> None:
    config = toml('[broker]\nurl = "tcp://host"\n')
    with pytest.raises(SettingsError, match=r"jobwire\.toml line 1: broker: url must look like"):
        load_settings({"JOBWIRE_BROKER_PORT": "1900"}, config)
    with pytest.raises(SettingsError, match=r"^JOBWIRE_BROKER_BASE: base must be"):
        load_settings({"JOBWIRE_BROKER_BASE": "a/#"}, toml("[broker]\nport = 1900\n"))


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: cannot be read"):
        load_settings({}, tmp_path / "nowhere.toml")


def test_a_printer_of_the_file_is_read_with_its_tables(toml) -> None:
    config = toml(
        "[[printer]]\nid = 'mk4'\nport = '/dev/ttyACM0'\nrx_buffer = 128\n"
        "[printer.gcode]\npause = ['M600']\n[printer.volume]\nwidth = 250\nform_factor = 'circular'\n"
    )
    (printer,) = load_settings({}, config).printer
    assert (printer.name, printer.rx_buffer, printer.gcode.pause) == ("mk4", 128, ["M600"])
    assert (printer.volume.width, printer.volume.depth, printer.volume.form_factor) == (250.0, 200.0, "circular")
    assert printer.gcode.cancel == ["M104 S0", "M140 S0", "M107", "M84"]


def test_several_printers_may_look_for_their_port(toml) -> None:
    assert len(load_settings({}, toml("[[printer]]\nid = 'a'\n[[printer]]\nid = 'b'\n")).printer) == 2


def test_a_secret_is_read_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("very secret\n")
    assert load_settings({"JOBWIRE_ADMIN_KEY_FILE": str(tmp_path / "key")}).admin_key == "very secret"


def test_no_secret_is_ever_shown() -> None:
    settings = load_settings(
        {
            "JOBWIRE_ADMIN_KEY": "key-hidden",
            "JOBWIRE_ADMIN_PASSWORD": "pw-hidden",
            "JOBWIRE_BROKER_URL": "mqtt://me:mq-hidden@host:1884",
            "JOBWIRE_DATABASE_URL": "postgresql://me:db-hidden@host/jobwire",
        }
    )
    for shown in (repr(settings), str(settings), str(settings.public()), repr(settings.broker), f"{settings.database}"):
        assert "hidden" not in shown
    assert settings.public()["broker"]["url"] == "mqtt://me:********@host:1884"
    assert settings.broker.url == "mqtt://me:mq-hidden@host:1884"


def test_a_wrong_secret_is_not_repeated_in_the_sentence() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"JOBWIRE_DATABASE_URL": "mysql://me:db-hidden@host/x"})
    assert "hidden" not in str(refused.value)


def test_variables_of_the_tests_and_of_others_are_left_alone() -> None:
    load_settings({"JOBWIRE_TEST_BROKER_URL": "x", "PATH": "/bin", "WIRE_PORT": "x"})


def test_only_what_was_given_stands_in_the_tree(toml) -> None:
    tree = read_tree(Settings, {"JOBWIRE_BROKER_PORT": "1999"}, toml("[gateway]\nport = 1234\n"))
    assert tree == {"broker": {"port": 1999}, "gateway": {"port": 1234}}


@pytest.mark.parametrize(
    ("expose", "anonymous", "lets_in"),
    [(False, None, True), (True, None, False), (True, True, True), (False, False, False)],
)
def test_clients_without_a_name_are_let_in_on_this_machine_alone_unless_said(
    expose: bool, anonymous: bool | None, lets_in: bool
) -> None:
    broker = msgspec.structs.replace(Settings().broker, expose=expose, anonymous=anonymous)
    assert broker.lets_anonymous_in is lets_in


@pytest.mark.parametrize(
    ("host", "slug"), [("mill.example.org", "mill"), ("a b!", "a-b-"), ("", "host"), ("x" * 99, "x" * 64)]
)
def test_a_host_name_becomes_one_level_of_a_topic(host: str, slug: str) -> None:
    assert host_slug(host) == slug


ROOT = Path(__file__).parents[3]


def example(*marks: str) -> dict[str, object]:
    """The example file with the lines uncommented that stand behind one of the marks."""
    text = (ROOT / "docs" / "jobwire.example.toml").read_text()
    for mark in marks:
        text = re.sub(rf"^{mark}(?=[\[a-z])", "", text, flags=re.MULTILINE)
    return tomllib.loads(text)


def test_the_example_file_changes_nothing_as_it_is(tmp_path: Path) -> None:
    assert load_settings({}, ROOT / "docs" / "jobwire.example.toml") == Settings()


def test_the_example_file_shows_the_defaults() -> None:
    assert msgspec.convert(example("#"), Settings) == Settings()


def test_the_example_file_shows_every_setting() -> None:
    shown = msgspec.convert(example("## ", "#"), Settings)
    assert shown.broker.url == "mqtt://user:password@host:1883"
    tree = example("## ", "#")
    assert tree.keys() == {field.name for field in msgspec.structs.fields(Settings)}
    for name, section in tree.items():
        for part in section if isinstance(section, list) else [section]:
            if isinstance(part, dict):
                value = getattr(shown, name)
                of = value[0] if isinstance(value, list) else value
                assert part.keys() == {field.name for field in msgspec.structs.fields(of)}


def test_the_settings_page_lists_every_variable() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert [variable.name for variable in variables(Settings) if f"`{variable.name}`" not in page] == []
