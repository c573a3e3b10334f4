from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import UserError
from ivr.hooks import signing
from ivr.hooks.secrets import INBOUND, Secrets

NOW = 1_795_312_800.0


def test_a_signature_is_what_anybody_can_reckon() -> None:
    # printf '1795312800.{}' | openssl dgst -sha256 -hmac secret
    assert signing.signature("secret", 1_795_312_800, b"{}") == (
        "sha256=38df0d4383502d42d8840f68df8fcffcc0ee064a7a4db769f43e6cc11181568e"
    )


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40))
def test_what_was_signed_is_believed_and_nothing_else(body: bytes, secret: str) -> None:
    sent = signing.headers(secret, NOW, body)
    at, given_ = sent[signing.TIMESTAMP], sent[signing.SIGNATURE]
    assert signing.is_signed(secret, at, given_, body, NOW)
    assert not signing.is_signed(secret, at, given_, body + b" ", NOW)
    assert not signing.is_signed(secret + "x", at, given_, body, NOW)
    assert not signing.is_signed(secret, str(int(at) + 1), given_, body, NOW)


@pytest.mark.parametrize("later_s", [-299, 0, 299])
def test_clocks_may_differ_a_little(later_s: float) -> None:
    sent = signing.headers("s", NOW, b"x")
    assert signing.is_signed(
        "s", sent[signing.TIMESTAMP], sent[signing.SIGNATURE], b"x", NOW + later_s
    )


@pytest.mark.parametrize("later_s", [-302, 302, 86_400])
def test_an_old_message_is_not_believed(later_s: float) -> None:
    sent = signing.headers("s", NOW, b"x")
    at, given_ = sent[signing.TIMESTAMP], sent[signing.SIGNATURE]
    assert not signing.is_signed("s", at, given_, b"x", NOW + later_s)


@pytest.mark.parametrize("at", ["", "x", "-5", "1.5", "９", "9" * 400])
def test_a_time_that_is_none(at: str) -> None:
    assert not signing.is_signed("s", at, "sha256=00", b"x", NOW)


def test_secrets_are_made_once_and_kept_for_us_alone(tmp_path: Path) -> None:
    made = Secrets(tmp_path).of("erp")
    assert len(made) > 40
    assert Secrets(tmp_path).of(INBOUND) != made
    assert Secrets(tmp_path).of("erp") == made
    file = tmp_path / "hook-secrets.json"
    assert file.stat().st_mode & 0o077 == 0
    file.write_text("[")
    with pytest.raises(UserError, match="cannot be read"):
        Secrets(tmp_path).of("erp")
