"""What people name on the pages reaches services at public addresses, no file, log or machine of the house."""

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
        *(
            "template=/etc/passwd",
            "Template=file:///etc/passwd",
            "redirect=yes",
            "pgp=yes",
            "pgpkey=/etc/ssh/key",
        ),
        "pgpprvkey=http://127.0.0.1/",
    ],
)
def test_what_reads_files_or_goes_elsewhere_may_not(more):
    for address in (SLACK.replace("/#brand", f"?{more}"), f"mailto://u:p@192.0.9.1?to=a@example.com&{more}"):
        with pytest.raises(AddressError):
            named_on_a_page(address, "")
