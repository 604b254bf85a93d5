"""Credentials: resolved once, all that are missing named at once, none ever shown."""

from __future__ import annotations

import pytest

from loadtests.auth import resolve_credentials
from loadtests.wires.credentials import Credentials
from scenarios.errors import DeclarationError
from scenarios.target import Auth, SecretRef
from tests.loadtests.builders import target

AUTH = Auth(rest_api_key=SecretRef(env="KEY"), basic_user=SecretRef(env="USER_NAME"))


def test_every_secret_that_is_named_is_resolved_and_the_others_are_empty() -> None:
    made = resolve_credentials(target(auth=AUTH), {"KEY": "k", "USER_NAME": "joe", "OTHER": "x"})
    assert made == Credentials(rest_api_key="k", basic_user="joe")


def test_a_target_without_credentials_needs_none() -> None:
    assert resolve_credentials(target(), {}) == Credentials()


def test_all_missing_secrets_are_named_at_once() -> None:
    with pytest.raises(DeclarationError) as caught:
        resolve_credentials(target(auth=AUTH), {"USER_NAME": "j\u00f6e"})
    assert str(caught.value) == (
        "target local: 2 problems\n"
        "  auth.rest_api_key: environment variable KEY is not set\n"
        "  auth.basic_user: holds a character that no HTTP header can carry"
    )


@pytest.mark.parametrize(
    ("user", "password", "header"),
    [
        pytest.param("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", id="as-in-RFC-7617"),
        pytest.param("", "", "Basic Og==", id="nobody"),
    ],
)
def test_the_basic_header_is_that_of_the_standard(user: str, password: str, header: str) -> None:
    assert Credentials(basic_user=user, basic_password=password).basic_header() == header
