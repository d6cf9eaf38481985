"""The signing key: made once, kept from others, refused with its mend; and what it seals."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app.check import configuration
from bot.app.key import Key, check_key, known_key, list_public, public_keys, signing_key
from bot.app.public_key import is_signed, listing_of, pem_of, read_public
from bot.errors import ConfigError
from bot.incident.events import decode, encode
from bot.incident.facts_action import DecisionMade
from bot.settings import Settings

A, B = Key(b"a" * 32), Key(b"b" * 32)
MADE = DecisionMade(
    proposal="7GQ2MZ4K",
    revision=1,
    digest="d" * 64,
    person="dana",
    actor="slack:T1/U1",
    verdict="approve",
    reason="",
    rule="rollback",
    policy_digest="p" * 64,
    groups_as_of=datetime(2025, 3, 1, 12, 0, 0, 123, tzinfo=UTC),
)
OTHERWISE: dict[str, object] = {
    "proposal": "7GQ2MZ4L",
    "revision": 2,
    "digest": "e" * 64,
    "person": "eve",
    "actor": "slack:T1/U2",
    "verdict": "deny",
    "reason": "because",
    "rule": "other",
    "policy_digest": "q" * 64,
    "groups_as_of": datetime(2025, 3, 1, 12, 0, 0, 124, tzinfo=UTC),
    "step_up": "totp",
    "shown": "f" * 64,
    "groups": ("sre",),
    "case": {"channel": "web"},
}


def kept_in(folder: Path) -> Settings:
    return Settings(signing_key_file=folder / "key")


def sealed(made: DecisionMade = MADE, key: Key = A) -> DecisionMade:
    return made.model_copy(update={"seal": key.seal(made)})


def test_the_first_start_makes_a_key_only_its_owner_can_read(tmp_path: Path) -> None:
    settings = kept_in(tmp_path)
    assert known_key(settings) is None
    key = signing_key(settings, makes=True)
    path = settings.signing_key_file
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(path.read_text().strip())) == 32
    assert signing_key(settings, makes=True).id == key.id
    assert signing_key(kept_in(tmp_path), makes=False).public == key.public


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "64 hex"),
        ("ab" * 31, "64 hex"),
        ("xy" * 32, "64 hex"),
        ("ab" * 33, "64 hex"),
        ("ab " * 32, "64 hex"),
    ],
    ids=["empty", "short", "no hex", "long", "spaced"],
)
def test_a_key_that_is_none_is_refused_with_its_mend(tmp_path: Path, text: str, why: str) -> None:
    settings = kept_in(tmp_path)
    settings.signing_key_file.touch(mode=0o600)
    settings.signing_key_file.write_text(text)
    with pytest.raises(ConfigError, match=rf"{why}.*move it away"):
        signing_key(settings, makes=True)
    if text:
        with pytest.raises(ConfigError, match=r"TRIAGE_SIGNING_KEY: .*openssl rand -hex 32"):
            known_key(Settings(signing_key=SecretStr(text)))


def test_a_key_others_may_read_is_refused_with_its_mend(tmp_path: Path) -> None:
    settings = kept_in(tmp_path)
    signing_key(settings, makes=True)
    settings.signing_key_file.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        signing_key(settings, makes=True)


def test_a_key_that_cannot_be_kept_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TRIAGE_SIGNING_KEY_FILE"):
        signing_key(kept_in(tmp_path / "none"), makes=True)


def test_a_key_from_the_environment_is_shared_and_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    settings = Settings(signing_key=SecretStr("ab" * 32), signing_key_file=path)
    key = signing_key(settings, makes=False)
    list_public(settings, key)
    assert key.id == Key(bytes.fromhex("ab" * 32)).id
    assert list(tmp_path.iterdir()) == []


def test_several_processes_need_one_key_that_they_share(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TRIAGE_SIGNING_KEY for all"):
        signing_key(kept_in(tmp_path), makes=False)
    with pytest.raises(ConfigError, match="TRIAGE_SIGNING_KEY for all"):
        check_key(kept_in(tmp_path), makes=False)
    check_key(kept_in(tmp_path), makes=True)
    assert list(tmp_path.iterdir()) == []
    signing_key(kept_in(tmp_path), makes=True)
    check_key(kept_in(tmp_path), makes=False)


@pytest.mark.parametrize("role", ["web", "worker"])
def test_check_demands_the_key_of_web_and_worker(
    role: str, postgresql_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", postgresql_url)
    monkeypatch.delenv("TRIAGE_SIGNING_KEY", raising=False)
    lines, sound = configuration(role)
    assert not sound
    assert any("set TRIAGE_SIGNING_KEY for all of them" in line for line in lines)
    assert configuration()[1]
    monkeypatch.setenv("TRIAGE_SIGNING_KEY", "5e" * 32)
    lines, sound = configuration(role)
    assert sound, lines
    assert "5e5e5e" not in "\n".join(lines)


def test_every_public_key_there_was_stays_listed(tmp_path: Path) -> None:
    settings = kept_in(tmp_path)
    first = signing_key(settings, makes=True)
    list_public(settings, first)
    list_public(settings, first)
    settings.signing_key_file.unlink()
    second = signing_key(settings, makes=True)
    list_public(settings, second)
    listed = listing_of(settings.signing_key_file)
    assert read_public(listed) == {first.id: first.public, second.id: second.public}
    assert listed.read_text().count("BEGIN PUBLIC KEY") == 2
    settings.signing_key_file.unlink()
    assert set(public_keys(settings)) == {first.id, second.id}


def test_a_key_beside_which_nothing_can_be_written_still_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = kept_in(tmp_path)
    key = signing_key(settings, makes=True)
    listing_of(settings.signing_key_file).symlink_to(tmp_path / "none" / "there")
    list_public(settings, key)
    assert "keep what `triagebot audit key` prints" in caplog.text
    assert set(public_keys(settings)) == {key.id}


def test_a_file_without_a_public_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.pem"
    with pytest.raises(ConfigError, match="cannot be read"):
        read_public(file)
    for text in ("", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        file.write_text(text)
        with pytest.raises(ConfigError, match="holds no Ed25519 public key"):
            read_public(file)
    file.write_text(f"a note\n{pem_of(A.public)}another\n{pem_of(B.public)}")
    assert set(read_public(file)) == {A.id, B.id}


def test_e43_a_signature_is_of_one_message_and_one_key() -> None:
    signature = A.sign(b"head")
    assert is_signed(A.public, b"head", signature)
    assert not is_signed(A.public, b"heaD", signature)
    assert not is_signed(B.public, b"head", signature)
    for other in ("", "AAAA", "not base64", signature[:-4], B.sign(b"head")):
        assert not is_signed(A.public, b"head", other)


def test_e42_a_seal_holds_after_the_way_through_the_log() -> None:
    stored = decode("DecisionMade", 1, encode(sealed()))
    assert isinstance(stored, DecisionMade)
    assert A.holds(stored)
    assert not B.holds(stored)
    assert not A.holds(MADE)


def test_every_field_of_a_decision_is_tried() -> None:
    assert set(OTHERWISE) | {"seal"} == set(DecisionMade.model_fields)


@pytest.mark.parametrize("field", OTHERWISE)
def test_e42_a_seal_covers_every_field(field: str) -> None:
    changed = sealed().model_copy(update={field: OTHERWISE[field]})
    assert not A.holds(changed)


@pytest.mark.parametrize("seal", ["", "0" * 64, "é", B.seal(MADE), A.seal(MADE)[:-1]])
def test_e42_another_seal_does_not_hold(seal: str) -> None:
    assert not A.holds(MADE.model_copy(update={"seal": seal}))


def test_e42_a_decision_without_a_canonical_form_has_no_seal_that_holds() -> None:
    assert not A.holds(MADE.model_copy(update={"revision": 2**60, "seal": "0" * 64}))
