"""Where a webhook may go: every way to write an address inside, and why it is none."""

from ipaddress import ip_address

import pytest

from rules.webhooks import WebhookUrlRefused, check_address, target

FINE = {
    "https://shop.example/hook": ("shop.example", 443, "/hook"),
    "HTTPS://Shop.Example": ("shop.example", 443, ""),
    "https://shop.example:8443/a/b?c=d&e=%20": ("shop.example", 8443, "/a/b?c=d&e=%20"),
    "https://shop.example?token=x": ("shop.example", 443, "?token=x"),
    "https://xn--fiqs8s.example/": ("xn--fiqs8s.example", 443, "/"),
    "https://[2606:4700::1111]/hook": ("2606:4700::1111", 443, "/hook"),
    "https://93.184.216.34/": ("93.184.216.34", 443, "/"),
}
REFUSED = [
    "",
    "shop.example",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "gopher://shop.example/",
    "https://",
    "https:///hook",
    "https://user@shop.example/",
    "https://user:word@shop.example/",
    "https://shop.example@10.0.0.1/",
    "https://shop.example/#part",
    "https://shop.example\\@10.0.0.1/",
    "https://shop.example/a b",
    "https://shop.example/\r\nhost: other",
    "https://shop.example/\x00",
    "https://店.example/",
    "https://shop。example/",
    "https://ⓢhop.example/",
    "https://shop.example:22/",
    "https://shop.example:80/",
    "https://shop.example:1023/",
    "https://shop.example:65536/",
    "https://shop.example:+443/",
    "https://shop.example:/",
    "https://-shop.example/",
    "https://shop_example/",
    "https://%31%30.0.0.1/",
    "https://[fe80::1%25eth0]/",
    "http://shop.example:80/",
    f"https://shop.example/{'a' * 1_000}",
    f"https://{'a' * 254}/",
]
INSIDE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::10.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:a00:1::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
OUTSIDE = ["93.184.216.34", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("url", FINE)
def test_a_url_is_taken_apart_in_one_way(url: str) -> None:
    found = target(url)
    assert (found.host, found.port, found.rest) == FINE[url]


@pytest.mark.parametrize("url", REFUSED)
def test_what_two_readers_could_read_differently_is_no_url_for_a_webhook(url: str) -> None:
    with pytest.raises(WebhookUrlRefused):
        target(url)


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_connected_to(address: str) -> None:
    with pytest.raises(WebhookUrlRefused):
        check_address(ip_address(address), "https", may_loop=False)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_of_the_internet_is(address: str) -> None:
    check_address(ip_address(address), "https", may_loop=False)
    with pytest.raises(WebhookUrlRefused):
        check_address(ip_address(address), "http", may_loop=True)


def test_in_development_this_machine_is_reached_and_nothing_else_inside() -> None:
    for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        check_address(ip_address(address), "http", may_loop=True)
    for address in ("10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "0.0.0.0"):
        with pytest.raises(WebhookUrlRefused):
            check_address(ip_address(address), "https", may_loop=True)


def test_the_name_is_told_to_the_server_and_the_address_is_connected_to() -> None:
    found = target("https://Shop.Example:8443/hook")
    assert found.authority == "shop.example:8443"
    assert found.at(ip_address("93.184.216.34")) == "https://93.184.216.34:8443/hook"
    assert found.at(ip_address("2606:4700::1111")) == "https://[2606:4700::1111]:8443/hook"
    assert target("https://shop.example").authority == "shop.example"
    assert target("https://[2606:4700::1111]").authority == "[2606:4700::1111]"
