import logging
import traceback

import pytest

from reconciler.adapters.git.address import check_branch, moved, parse_address
from reconciler.adapters.git.credentials import Credentials
from reconciler.adapters.git.environment import git_environment
from reconciler.adapters.git.limits import GitLimits

CANARY = "c4n4ry+t0k/n"
ENCODED = "c4n4ry%2Bt0k%2Fn"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://github.com/org/fleet.git", "https://github.com/org/fleet.git"),
        ("https://user:pw@Git.Example.com:8443/a/b/", "https://git.example.com:8443/a/b"),
        ("https://token@github.com/org/fleet", "https://github.com/org/fleet"),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:9/x"),
        ("http://[::1]:9/x", "http://[::1]:9/x"),
        ("ssh://git@github.com/org/fleet", "ssh://git@github.com/org/fleet"),
        ("ssh://git@host:2222/~ann/fleet", "ssh://git@host:2222/~ann/fleet"),
        ("git@github.com:org/fleet.git", "git@github.com:org/fleet.git"),
        ("file:///srv/fleet%20one", "/srv/fleet one"),
        ("/srv/fleet:1", "/srv/fleet:1"),
    ],
)
def test_an_address_is_let_in_and_shown_without_its_credentials(url: str, shown: str) -> None:
    assert str(parse_address(url)[0]) == shown


@pytest.mark.parametrize(
    "url",
    [
        "",
        "-upload-pack=touch /tmp/x",
        "--upload-pack=x",
        "ext::sh -c touch% /tmp/x",
        "fd::17",
        "git://host/x",
        "ftp://host/x",
        "javascript://x",
        "http://example.com/x",
        "https://",
        "https:///x",
        "https://-oProxyCommand=x/y",
        "https://host/x?private_token=1",
        "https://host/x#y",
        "https://host:port/x",
        "https://host\\@evil/x",
        "https://host/x\ny",
        "https://host/x%0ay",
        "https://us%0d%0aer@host/x",
        "https://ho st/x",
        "ssh://-oProxyCommand=touch/x",
        "ssh://-l@host/x",
        "ssh://host/",
        "git@-oProxyCommand=touch:x",
        "git@host:-x",
        "-git@host:x",
        "file://otherhost/x",
        "C:\\repo",
        "/srv/x\x00y",
    ],
)
def test_a_dangerous_or_unknown_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|path|http"):
        parse_address(url)


def test_plain_http_beyond_this_machine_needs_consent() -> None:
    assert parse_address("http://example.com/x", plain_http=True)[0].scheme == "http"


@pytest.mark.parametrize("branch", ["main", "feature/x", "übung", "a.b", "release-1.0", "a@b"])
def test_a_branch_name_that_git_accepts_is_let_in(branch: str) -> None:
    assert check_branch(branch) == branch


@pytest.mark.parametrize(
    "branch",
    [
        *(
            "",
            "-x",
            "--upload-pack=x",
            "a..b",
            "a@{u}",
            "@",
            "HEAD",
            "x.lock",
            "x.lock/y",
            "a\nb",
            "a b",
            "a~1",
        ),
        *("a^", "a:b", "a?", "a*", "a[", "a\\b", "/a", "a/", "a//b", ".a", "a/.b", "a.", "\x7f", "a" * 300),
    ],
)
def test_a_branch_name_that_git_would_not_accept_is_refused(branch: str) -> None:
    with pytest.raises(ValueError, match="branch name"):
        check_branch(branch)


def test_a_redirect_is_followed_only_on_the_same_host_or_up_to_tls() -> None:
    here = parse_address("http://127.0.0.1:80/old")[0]
    ends = "/info/refs?service=git-upload-pack"
    assert str(moved(here, "http://127.0.0.1/new" + ends, suffix=ends)) == "http://127.0.0.1/new"
    assert str(moved(here, "/newer" + ends, suffix=ends)) == "http://127.0.0.1/newer"
    assert str(moved(here, "https://127.0.0.1/new" + ends, suffix=ends)) == "https://127.0.0.1/new"
    secure = parse_address("https://host/old")[0]
    for location in (
        "https://evil/new",
        "http://host/new",
        "https://host:444/new",
        "https://u:p@host/new",
        "//evil/x",
    ):
        assert moved(secure, location + ends, suffix=ends) is None
    assert moved(secure, "https://host/login", suffix=ends) is None


def test_a_token_in_a_url_that_is_refused_is_in_no_word_of_the_refusal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for url in (
        f"https://user:{CANARY}@host/x?y",
        f"https://{ENCODED}@ho st/x",
        f"http://{ENCODED}@example.com/x",
        f"https://u:{ENCODED}@host:port/x",
        f"https://u:{ENCODED}@[::1/x",
        f"ext::{ENCODED}",
    ):
        with pytest.raises(ValueError, match=r"URL|http|host") as caught:
            parse_address(url)
        told = "".join(traceback.format_exception(caught.value)) + caplog.text
        assert not any(form in told for form in (CANARY, ENCODED, "c4n4ry"))


def test_credentials_never_show_themselves_and_scrub_every_form_of_their_secret() -> None:
    address, credentials = parse_address(f"https://ann:{ENCODED}@host/x")
    assert credentials is not None
    assert credentials.secret == CANARY
    assert "c4n4ry" not in repr(credentials) + str(credentials) + repr(address)
    said = f"{CANARY} {ENCODED} {credentials.authorization} https://ann:other@host/ Bearer abcdefghijkl"
    scrubbed = credentials.scrub(said)
    assert "c4n4ry" not in scrubbed
    assert credentials.authorization.split()[1] not in scrubbed
    assert "other" not in scrubbed
    assert "abcdefghijkl" not in scrubbed


def test_a_token_without_a_password_is_a_secret_too() -> None:
    credentials = parse_address(f"https://{ENCODED}@host/x")[1]
    assert credentials is not None
    assert "c4n4ry" not in credentials.scrub(f"cannot read {CANARY} or {ENCODED}") + repr(credentials)


def test_the_environment_of_git_is_made_from_nothing(tmp_path) -> None:
    address, credentials = parse_address(f"https://ann:{ENCODED}@host/x")
    environment = git_environment(address, credentials or Credentials(), GitLimits(), tmp_path)
    assert environment["GIT_ALLOW_PROTOCOL"] == "https"
    assert environment["GIT_CONFIG_GLOBAL"] == "/dev/null"
    assert not {"GIT_SSH_COMMAND", "SSH_AUTH_SOCK", "PYTHONPATH", "GIT_EXEC_PATH"} & set(environment)
    assert "http.https://host/.extraHeader" in environment.values()
