import pytest
from pydantic import SecretStr

from monitor.delivery.recipients import Message, Outcome, Recipient, as_people_write_it, read_recipients
from monitor.errors import SetupError

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7F{}/#brand"


def test_addresses_stand_apart_by_spaces_and_lines():
    found = read_recipients(SecretStr("ntfys://127.0.0.1/a  ntfys://127.0.0.1/b\nntfys://127.0.0.1/c"), "X")
    assert [each.name for each in found] == [f"ntfys://127.0.0.1/{name}" for name in "abc"]
    assert read_recipients(None, "X") == ()


def test_addresses_that_differ_in_their_secrets_only_are_told_apart():
    found = read_recipients(SecretStr(f"{SLACK.format('Q')} {SLACK.format('Z')[:-7]}Q/#brand"), "X")
    assert len({each.name for each in found}) == 2
    assert "dnlazkcO" not in " ".join(each.name for each in found)


@pytest.mark.parametrize("kind", ["json", "jsons", "xml", "xmls", "form", "forms"])
def test_the_path_of_a_web_hook_is_no_part_of_its_name(kind):
    addresses = (
        f"{kind}://u:p@127.0.0.1:81/hooks/topsecret/ {kind}://u:p@127.0.0.1:81/h/topsecret?+x=topsecret"
    )
    names = [each.name for each in read_recipients(SecretStr(addresses), "X")]
    assert names == [f"{kind}://u:****@127.0.0.1:81/h...t", f"{kind}://u:****@127.0.0.1:81/h...t (2)"]
    assert Recipient(f"{kind}://127.0.0.1/").name == f"{kind}://127.0.0.1/"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mailto://127.0.0.1:2525?to=boss@example.com&from=us@example.com", "boss@example.com"),
        ("mailtos://u:p@smtp.example.com?to=ann@x.example,bob@y.example", "ann@x.example, bob@y.example"),
        ("mailtos://u:p@example.com?smtp=mail.example.com", "mailtos://u:****@example.com/"),
        ("ntfys://127.0.0.1/a", "ntfys://127.0.0.1/a"),
    ],
)
def test_an_e_mail_address_is_shown_as_people_write_it(address, shown):
    (known,) = read_recipients(SecretStr(address), "X")
    assert as_people_write_it(known.name) == shown
    assert as_people_write_it(f"{known.name} (2)") == f"{shown} (2)"
    assert as_people_write_it(shown) == shown


@pytest.mark.parametrize("wrong", ["nonsense", "quack://secret", "mailto://secret"])
def test_a_wrong_address_names_the_setting_and_not_the_secret(wrong):
    with pytest.raises(SetupError, match="MONITOR_REPORT_TO") as fault:
        read_recipients(SecretStr(wrong), "MONITOR_REPORT_TO")
    assert "secret" not in str(fault.value)


def test_the_same_address_twice_is_a_mistake():
    with pytest.raises(SetupError, match="twice"):
        read_recipients(SecretStr("json://127.0.0.1/a json://127.0.0.1/a"), "X")


def test_a_service_that_is_away_is_a_failure_with_its_reason(web_hook):
    web_hook.status = 500
    receipt = Recipient(web_hook.url).send(Message("title", "body"))
    assert receipt.outcome is Outcome.FAILED
    assert "500" in receipt.detail
    assert "secret" not in receipt.detail
