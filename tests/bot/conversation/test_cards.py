"""The root, finding, question, judgement and notice cards, as humans read them."""

from dataclasses import replace

import pytest

from bot.conversation.cards import draw
from bot.conversation.look import Look
from bot.incident import facts_action, facts_alerts, facts_run
from bot.incident.card import Card, Code, Items, Text, When
from bot.incident.events import Unknown
from bot.incident.model import Severity
from bot.incident.state import State
from bot.incident.steps import ProposeAction
from bot.incident.stepup import FOOTER
from tests.bot.conversation.situations import (
    DEPLOY,
    LOOK,
    asked_question,
    beginning,
    cards_of,
    concluded,
    done,
    facts_shown,
    loaded,
    root_of,
    state_of,
    text_of,
    whole_story,
)
from tests.bot.incident.making import alert, at, decided, opened, proposed, received

HOSTILE = "<!channel> <b>x</b> @everyone [a](http://evil) *bold* \u202egnp.exe \x1b[31m\x00 `${x}`"


def test_nothing_is_drawn_of_an_empty_stream() -> None:
    assert draw(State(), LOOK) == ()


def test_the_root_card_says_what_a_person_on_call_asks_first() -> None:
    card = root_of(*beginning())
    assert facts_shown(card) == {
        "Service": "checkout (Checkout) in demo",
        "Owner": "group:payments",
        "Tier": "1",
        "Runbook": "Bad deploy, because the alert's name matches",
        "Status": "open",
        "Investigation": "running, 0 steps so far",
    }
    assert card.fallback == "SEV2 checkout: CheckoutErrorRateHigh — investigating"
    text = text_of(card)
    assert "2 alerts firing" in text
    assert "CheckoutErrorRateHigh (x2) (critical) since 5 Jan 03:00:00 UTC" in text
    assert "checkout: deploy v42 (was v41) by dana, 1 min 35 s before it began" in text
    assert "INC-0 CheckoutErrorRateHigh, 4 Jan 02:00:00 UTC: a bad deploy" in text
    assert "Roll back: succeeded" in text
    assert When(at=at(0), title="Began") in card.blocks
    assert card.links[0].url == "https://bot.example/incidents/INC-1"


def test_g12_the_footer_names_version_incident_seq_and_a_correlation_id() -> None:
    version, incident, seq, correlation = root_of(*beginning()).footer.split(" · ")
    assert (version, incident, seq) == ("triagebot 0.1.0", "INC-1", "seq 3")
    assert len(correlation) == 12
    later = root_of(*beginning(), concluded()).footer
    assert later.endswith(correlation)
    assert "seq 4" in later


def test_e24_every_card_says_that_high_risk_is_accepted_from_chat_alone() -> None:
    look = replace(LOOK, chat_only_high=True)
    kinds: set[str] = set()
    for state in (*map(_state_at, range(1, len(whole_story()) + 1)), state_of(asked_question())):
        for card in draw(state, look):
            assert card.footer.startswith(f"{FOOTER} · "), card.key
            kinds.add(card.kind)
        assert not any(FOOTER in card.footer for card in draw(state, LOOK))
    assert kinds >= {"root", "finding", "proposal", "question", "notice", "result"}


def _state_at(length: int) -> State:
    return state_of(*whole_story()[:length])


def test_what_is_not_known_is_said_and_not_left_out() -> None:
    missing = loaded(None, runbook=None, changes=(), similar=(), missing=("no runbook matches",))
    card = root_of(opened(), received(), missing)
    shown = facts_shown(card)
    assert shown["Owner"] == "no owner in services.yaml"
    assert shown["Service"] == "checkout (not in services.yaml)"
    assert shown["Runbook"] == "no runbook matches"
    assert "no change recorded in the window" in text_of(card)
    assert "No earlier incident like this one." in text_of(card)


def test_the_bot_itself_is_no_unknown_service() -> None:
    about = opened().model_copy(update={"service": "triagebot"})
    shown = facts_shown(root_of(about, received(), loaded(None, runbook=None)))
    assert shown["Service"] == "triagebot (this bot)"
    assert shown["Owner"] == "whoever runs this bot"


def test_the_card_stands_before_anything_was_looked_up() -> None:
    card = root_of(opened(), received())
    assert facts_shown(card)["Service"] == "checkout (being looked up)"
    assert card.state == "gathering what is known"


def test_d08_a_truncated_group_says_how_many_were_not_delivered() -> None:
    card = root_of(opened(), received(alert(), alert(fingerprint="b"), truncated=38))
    assert "40 alerts, 38 not delivered by the source" in text_of(card)


def test_d07_flapping_is_one_line() -> None:
    turns = [received(alert("resolved" if n % 2 else "firing"), delivery=str(n)) for n in range(7)]
    assert "flapping: CheckoutErrorRateHigh" in text_of(root_of(opened(), *turns))


def test_forty_kinds_of_alert_are_ten_lines_and_a_count() -> None:
    many = [alert(fingerprint=str(n)).model_copy(update={"title": f"Alert{n}"}) for n in range(40)]
    text = text_of(root_of(opened(), received(*many)))
    assert "Alert9 " in text
    assert "Alert10" not in text
    assert "and 30 more kinds" in text


@pytest.mark.parametrize(
    ("severity", "word"),
    [("critical", "SEV1"), ("high", "SEV2"), ("warning", "SEV3"), ("info", "SEV4"),
     ("unknown", "SEV?")],
)  # fmt: skip
def test_a15_the_fallback_begins_with_the_severity(severity: Severity, word: str) -> None:
    assert root_of(opened(severity), received()).fallback.startswith(f"{word} checkout: ")


def test_a15_the_fallback_of_every_card_is_short_and_says_the_service() -> None:
    long = opened().model_copy(update={"title": "very long title " * 100, "service": "s" * 400})
    for card in draw(state_of(long, received(), *whole_story()[3:]), LOOK):
        assert len(card.fallback) <= 300
        assert card.fallback.startswith("SEV1 sss")
        assert "\n" not in card.fallback


def test_law10_a_read_only_bot_says_so_on_the_card() -> None:
    assert "READ-ONLY" not in text_of(root_of(*beginning()))
    assert "READ-ONLY" in text_of(root_of(*beginning(), look=Look(read_only=True)))
    assert "PAUSED by dana" in text_of(root_of(*beginning(), look=Look(paused_by="dana")))


def test_e35_a_card_of_a_paused_bot_says_so_in_its_title_and_its_lines() -> None:
    card = root_of(*beginning(), look=Look(paused_by="dana", queued="waits for a place"))
    assert card.state == "bot paused by dana"
    assert card.fallback.endswith(" — bot paused by dana")
    shown = facts_shown(card)["Investigation"]
    assert shown == "paused with the bot by dana, 0 steps so far"
    ended = root_of(*beginning(), concluded(), look=Look(paused_by="dana"))
    assert facts_shown(ended)["Investigation"].startswith("finished")
    assert "paused" not in ended.state


def test_without_a_public_address_there_are_no_links_of_ours() -> None:
    assert all(not card.links for card in draw(state_of(*whole_story()), Look()))


def test_pausing_and_resuming_are_offered_while_it_investigates() -> None:
    paused = facts_run.InvestigationPaused(by="dana")
    care = ["ack", "snooze", "escalate", "handoff"]
    assert [one.verb for one in root_of(*beginning()).controls] == [*care, "pause"]
    card = root_of(*beginning(), paused)
    assert [one.verb for one in card.controls] == [*care, "resume"]
    assert card.state == "paused by dana"
    assert [one.verb for one in root_of(*beginning(), concluded()).controls] == care


def test_a_broken_channel_and_a_rejected_action_are_on_the_root_card() -> None:
    broken = facts_alerts.ConversationBroken(channel="slack", why="the channel is archived")
    step = ProposeAction(tool="job_run", args={}, reason="errors")
    chosen = facts_run.StepChosen(effect_id="r1s1", step=step, by="planner")
    why = "no rule in policy.yaml enables job_run (READ-ONLY)"
    no = facts_run.ProposalRejected(effect_id="r1s1", tool="job_run", args={}, why=why)
    cards = cards_of(*beginning(), broken, chosen, no, concluded())
    shown = facts_shown(cards["root"])
    assert shown["Cannot post to"] == "slack: the channel is archived"
    assert shown["Not put before you"] == why
    assert why in text_of(cards["finding:r1"])


def test_an_event_of_a_newer_version_holds_and_says_so() -> None:
    state = state_of(*beginning())
    state.unknown.append(Unknown(type="Later", v=2, why="this version does not know it"))
    card = draw(state, LOOK)[0]
    assert card.state.startswith("on hold")
    assert "Later v2" in facts_shown(card)["Investigation"]


def test_a_finding_cites_its_evidence_and_a_rule_says_that_it_is_one() -> None:
    card = cards_of(*beginning(), concluded())["finding:r1"]
    text = text_of(card)
    assert "Rule-based, from the runbook; no model was used" in text
    assert "errors began with v42 (medium confidence; evidence eeeeee)" in text
    assert [link.url for link in card.links] == [f"https://bot.example/e/{'e' * 16}"]


def test_a_model_s_finding_is_labelled_and_not_verified() -> None:
    card = cards_of(*beginning(), concluded("some-model"))["finding:r1"]
    assert "By some-model; not verified" in text_of(card)
    trusts = {item.trust for block in card.blocks if block.kind == "list" for item in block.items}
    assert trusts == {"model"}


def test_a_conclusion_without_evidence_is_called_a_lead() -> None:
    bare = concluded().model_copy(update={"findings": ()})
    card = cards_of(*beginning(), bare)["finding:r1"]
    assert card.title == "Not enough evidence"
    assert "No claim is backed by evidence" in text_of(card)


def test_a_new_run_gets_a_finding_of_its_own() -> None:
    again = facts_alerts.MessageReceived(person="dana", text="?", conversation="w", question=True)
    first = cards_of(*beginning(), concluded(), again)
    assert "finding:r1" in first
    second = cards_of(*beginning(), concluded(), again, concluded())
    assert "finding:r2" in second


def test_resolved_alerts_are_counted_apart_from_those_that_fire() -> None:
    gone = received(alert("resolved", "a2"), delivery="d2")
    text = text_of(root_of(*beginning(), gone))
    assert "1 alert firing" in text
    assert "1 alert resolved" in text


def test_more_changes_than_fit_are_counted_and_later_ones_say_so() -> None:
    later = DEPLOY.model_copy(update={"at": at(30), "previous": "", "by": "", "service": ""})
    text = text_of(root_of(opened(), received(), loaded(changes=(later,) * 7)))
    assert "deploy v42, 30 s after it began" in text
    assert "and 2 more" in text


def test_an_incident_started_by_hand_says_by_whom() -> None:
    by_hand = opened().model_copy(update={"by": "person:dana"})
    assert "opened by person:dana" in text_of(root_of(by_hand, loaded()))


def test_a_closed_incident_leaves_its_summary_and_learnings() -> None:
    over = facts_alerts.IncidentResolved(reason="every alert resolved")
    learnings = facts_alerts.Learnings(context="c", solution="s", learning="l", impact="i")
    closed = facts_alerts.IncidentClosed(summary="v42 was rolled back.", learnings=learnings)
    card = cards_of(*beginning(), over, closed)["notice:closed"]
    [link] = card.links
    assert (link.title, link.url) == (
        "open the postmortem draft",
        "https://bot.example/incidents/INC-1/postmortem",
    )
    assert "v42 was rolled back." in text_of(card)
    assert "impact: i" in text_of(card)
    merged = facts_alerts.IncidentMerged(person="dana", into="INC-9")
    found = cards_of(*beginning(), merged)
    assert found["notice:merged"].title == "Merged into INC-9"
    assert found["root"].state == "merged into INC-9"


def test_an_unknown_outcome_is_what_the_root_card_shouts() -> None:
    asked = proposed()
    lost = facts_action.ActionUnknown(attempt="7F3KQ2AB-1", why="no answer")
    card = root_of(*done(asked)[:-1], lost)
    assert card.fallback.endswith("outcome unknown, somebody must look")
    assert facts_shown(card)["Outcome unknown"] == "P-7F3KQ2AB"


def test_hostile_text_survives_as_data_and_is_never_ours() -> None:
    bad = alert().model_copy(update={"title": HOSTILE, "labels": {"x": HOSTILE}})
    said = concluded("some-model").model_copy(update={"summary": HOSTILE})
    begin = opened().model_copy(update={"title": HOSTILE, "service": HOSTILE})
    asked = asked_question("text").model_copy(update={"question": HOSTILE})
    for card in draw(state_of(begin, received(bad), loaded(None), asked, said), LOOK):
        for line in card.facts:
            assert line.text.trust == "outside" or "evil" not in line.text.value
        for one in words_of(card):
            assert one.trust != "ours" or "evil" not in one.value


def words_of(card: Card) -> list[Text | Code]:
    found: list[Text | Code] = []
    for block in card.blocks:
        match block:
            case Text() | Code():
                found.append(block)
            case Items(items=items):
                found += items
            case _:
                continue
    return found


def test_a_second_approval_is_counted_on_the_card() -> None:
    asked = proposed()
    shown = facts_shown(cards_of(*beginning(), asked, decided(asked))["proposal:7F3KQ2AB:1"])
    assert shown["Approvals"] == "1 of 1 (dana)"
