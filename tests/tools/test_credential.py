"""What proves who we are."""

from tools.credential import basic, bearer


def test_without_a_token_nothing_is_sent() -> None:
    assert bearer("", "A_TOKEN").header == ""


def test_a_short_secret_does_not_hide_half_of_every_text() -> None:
    assert bearer("a", "A_TOKEN").scrub("a banana") == "a banana"


def test_a_pair_is_hidden_in_every_form_it_can_take() -> None:
    credential = basic("me:pa55word", "A_PAIR")
    told = credential.scrub("Basic bWU6cGE1NXdvcmQ= is me:pa55word, with pa55word")
    assert told == "Basic [secret] is [secret], with [secret]"
    assert "pa55word" not in repr(credential)
