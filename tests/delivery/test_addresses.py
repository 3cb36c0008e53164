"""What people name on the pages reaches services at public addresses, no file and no machine of the house."""

import pytest

from monitor.delivery.addresses import AddressError, named_on_a_page

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#brand"


@pytest.mark.parametrize(
    "address",
    [
        SLACK,
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "jsons://user:secret@192.0.9.1/hook?+Authorization=Bearer%20x",
        "mailtos://reports:secret@192.0.9.1:465?from=reports@example.com&to=brand@example.com",
        "json://chat.corp/hook",
        "json://10.1.2.3:8065/hook",
    ],
)
def test_services_at_public_addresses_and_at_those_allowed_may_be_named(address):
    shown = named_on_a_page(address, "chat.corp, 10.1.0.0/16").name
    assert "secret" not in shown
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in shown


@pytest.mark.parametrize(
    "address",
    [
        *(
            "file:///etc/passwd",
            "syslog://",
            "syslog://local0",
            "rsyslog://192.0.9.1",
            "dbus://",
            "windows://",
        ),
        *("macosx://", "gnome://", "apprise://192.0.9.1/token", "mqtt://192.0.9.1/topic", "nonsense", ""),
        f"{SLACK} {SLACK}",
        f"{SLACK}\nfile:///etc/passwd",
    ],
)
def test_what_writes_to_the_server_itself_may_not(address):
    with pytest.raises(AddressError):
        named_on_a_page(address, "")


@pytest.mark.parametrize(
    "address",
    [
        *("json://127.0.0.1:5432/", "json://localhost/", "json://0x7f000001/", "json://0.0.0.0/"),
        *("json://[::1]/", "json://[::ffff:127.0.0.1]/", "json://169.254.169.254/latest", "json://10.0.0.1/"),
        *("json://192.168.1.1/", "json://100.64.0.1/", "json://224.0.0.1/", "json://[fe80::1]/"),
        "mailto://user:secret@gmail.com?smtp=127.0.0.1&to=a@example.com",
        "workflows://127.0.0.1:443/workflow/signature/",
        "json://there-is-no-such-host.invalid/",
    ],
)
def test_machines_that_only_the_server_reaches_may_not(address):
    with pytest.raises(AddressError) as fault:
        named_on_a_page(address, "10.1.0.0/16")
    assert "secret" not in str(fault.value)


@pytest.mark.parametrize(
    "more",
    [
        *("template=/etc/passwd", "Template=file:///etc/passwd", "redirect=yes", "port=22", "store=/tmp"),
        *("pgp=yes", "pgpkey=/etc/ssh/key", "pgpprvkey=http://127.0.0.1/", "wkd=yes", "attach=/etc/passwd"),
        # In whatever way it is written.
        *("%72edirect=yes", "REDIRECT=yes", "redirect", "redirect=", "+=1;redirect=yes", "&&redirect=yes"),
        *("%20redirect=yes", "redirect%20=yes", "redirect+=yes", "%09redirect=yes", "%C2%A0redirect=yes"),
        *("a;redirect=yes", "x=;template=/etc/passwd", "a=;%20template=/x", "#&redirect=yes"),
        *("format=text;redirect=yes", "redirect=no&redirect=yes", ";;template=/x", "%00redirect=yes"),
    ],
)
@pytest.mark.parametrize(
    "address",
    [
        SLACK.replace("/#brand", "?"),
        f"{SLACK}?format=text&",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?",
        "https://discord.com/api/webhooks/0000000000/AAAAAAAAAAAAAAAAAAAAAAAA?",
        "tgram://123456789:abcdefg_hijklmnop/12315544/?",
        "workflows://192.0.9.1:443/workflow/signature/?",
        "mailto://u:p@192.0.9.1?from=reports@example.com&to=a@example.com&",
        "jsons://192.0.9.1/hook?",
        "jsons://192.0.9.1/hook?+name=value;",
    ],
)
def test_what_reads_files_or_goes_elsewhere_may_not(address, more):
    named_on_a_page(f"{address}format=text", "")
    with pytest.raises(AddressError, match="an address on the pages takes no "):
        named_on_a_page(f"{address}{more}", "")


@pytest.mark.parametrize("inside", ["127.0.0.1", "localhost", "[::1]"])
@pytest.mark.parametrize("name", ["smtp", ";smtp", "%20smtp", "SMTP", "smtp+", "smtp=192.0.9.1&smtp"])
def test_a_mail_server_may_not_be_one_inside_however_it_is_written(name, inside):
    with pytest.raises(AddressError):
        named_on_a_page(
            f"mailto://u:p@192.0.9.1?from=reports@example.com&to=a@example.com&{name}={inside}", ""
        )
