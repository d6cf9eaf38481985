from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.agent.prompt import LEFT_OUT_MOST, render
from bot.agent.tokens import safe
from bot.agent.window import NoRoomError, Room
from bot.incident.context import Context, Remark
from bot.incident.facts_run import LeftOut
from bot.incident.steps import AskHuman, CallTools, Conclude, ProposeAction, Step, ToolCall
from tests.bot.agent.prompting import (
    DEPLOYS,
    FAILED,
    LARGE,
    LOOK,
    OFFERS,
    PROBED,
    PROMPTS,
    SCHEMA,
    asked,
    denied,
    everything,
    fresh,
    midway,
    prompt,
    refused,
)
from tests.bot.incident.making import alert, at


def text(context: Context, room: Room = LARGE) -> str:
    made = prompt(context, room)
    return made.stable + made.volatile


def test_factor_3_what_stays_the_same_comes_first_and_is_the_same_in_every_step() -> None:
    steps = [prompt(one) for one in (fresh(), midway(), denied())]
    assert len({one.stable for one in steps}) == 1
    assert len({one.volatile for one in steps}) == 3
    assert len({one.system for one in steps}) == 1


def test_factor_3_events_stand_in_the_order_they_happened() -> None:
    told = prompt(denied()).volatile
    order = ("1f0c5b7a9d3e2468", "dana:", "ab12cd34ef560798", "Is^the^sale^on?", "status=denied")
    places = [told.index(one) for one in order]
    assert places == sorted(places)


def test_factor_9_an_error_that_was_resolved_leaves_no_trace() -> None:
    made = prompt(midway())
    assert "no^answer" not in made.volatile
    assert [one.what for one in made.receipt.left_out] == [
        "an error of http_probe that a later call resolved"
    ]


def test_factor_9_an_error_that_stands_is_told_once() -> None:
    again = replace(FAILED, error="no answer in 10 s", at=at(30))
    told = text(replace(fresh(), results=(FAILED, again)))
    assert told.count("failed=yes") == 1
    assert "no^answer^in^10^s" in told


def test_an_error_with_other_arguments_is_not_resolved_by_it() -> None:
    other = replace(FAILED, key="", args={**LOOK, "probe": "other"})
    assert "failed=yes" in text(replace(fresh(), results=(other, PROBED)))


def test_a_result_that_was_asked_for_again_is_a_stub_that_names_its_evidence() -> None:
    newer = replace(PROBED, evidence="ffff000011112222", summary="all is well", at=at(60))
    made = prompt(replace(fresh(), results=(PROBED, newer)))
    assert "<stub tool=http_probe evidence=ab12cd34ef560798 key=state at=+21s/>\n" in made.volatile
    assert "pool^exhausted" not in made.volatile
    what = "an older result of http_probe, asked for again since"
    assert made.receipt.left_out == (LeftOut(what=what, evidence=PROBED.evidence),)


def test_the_same_result_twice_is_shown_once_and_nothing_is_missing() -> None:
    made = prompt(replace(fresh(), results=(PROBED, replace(PROBED, at=at(60)))))
    assert made.volatile.count("pool^exhausted") == 1
    assert made.receipt.left_out == ()


def test_evidence_is_typed_facts_with_an_id_never_a_raw_body() -> None:
    told = prompt(midway()).volatile
    assert "source=tool.http_probe evidence=ab12cd34ef560798 key=state at=+21s>" in told
    assert '\n{"probe":"state","service":"checkout"}\n' in told
    assert "\nstatus=500\ntook_ms=31^ms\n" in told


def test_e40_a_denial_is_told_with_its_role_as_data_and_its_state_as_ours() -> None:
    told = prompt(denied()).volatile
    assert "source=proposal tool=job_run template=rollback status=denied at=+40s>" in told
    assert "source=human.denial>\nnot^during^the^sale,^ends^at^5\nrole=oncall\n" in told


def test_a_question_stands_at_the_end_and_once() -> None:
    told = prompt(asked()).volatile
    assert told.count("what^changed^since^noon?") == 1
    assert told.index("A human asks this") > told.index("status=denied")


def test_how_the_incident_stands_is_told_to_whoever_answers_a_question() -> None:
    told = prompt(asked()).volatile
    assert told.startswith("<standing status=open firing=1 alerts=2 judged=right/>\n")
    assert "source=standing>\nacknowledged=dana\ncalled=level^1:^dana\n</" in told
    assert (
        "source=conclusion>\nby=planner\nv42^broke^the^totals;^rolling^back^was^denied.\n" in told
    )
    assert "\nmedium=errors^began^with^v42^[1f0c5b7a9d3e2468]\n" in told
    assert "<standing" not in prompt(denied()).volatile


def test_a_tool_that_rests_is_named() -> None:
    told = prompt(replace(midway(), resting=("http_probe", "two words"))).volatile
    assert "<standing resting=http_probe/>\n" in told


def test_the_last_step_and_a_repair_are_said() -> None:
    told = prompt(refused()).volatile
    assert "This is the last step" in told
    assert "source=refusal>\nstep.calls:^1^to^4^reads^at^once,^not^6\n" in told
    assert "Steps left with this one: 10." in prompt(fresh()).volatile


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (CallTools(calls=(ToolCall(tool="http_probe", args=LOOK),)), "call_tools^http_probe^{"),
        (ProposeAction(tool="job_run", args={"n": 1}, reason="x y"), '^job_run^{"n":1}:^x^y'),
        (AskHuman(question="Is it?", options=("yes", "no")), "ask_human^Is^it?^yes/no"),
        (Conclude(summary="not enough"), "conclude^not_enough_evidence:^not^enough"),
    ],
)
def test_what_the_planner_would_do_is_one_line(step: Step, line: str) -> None:
    told = prompt(replace(fresh(), suggestion=step)).volatile
    (said,) = [one for one in told.splitlines() if line in one]
    assert f"source=planner>\n{said}\n</" in told


def test_tools_and_names_that_the_schema_explains_are_not_said_again() -> None:
    told = prompt(fresh()).stable
    assert "Lists recent deploys, config and flag changes." in told
    assert "source=inventory>\nversions=v42,^v41\n" in told
    said: list[JsonValue] = ["v42", "v41", *(one.description for one in OFFERS)]
    explained = {**SCHEMA, "description": said}
    shorter = render(fresh(), PROMPTS.style("generalist"), explained, LARGE).stable
    assert "Tools:" not in shorter
    assert "inventory" not in shorter


def test_a_further_alert_is_told_by_what_differs_from_the_first() -> None:
    assert "since=+0s>\nlabel.instance=web-2\n</" in prompt(fresh()).stable


def test_times_are_told_from_the_opening_on() -> None:
    told = text(midway())
    assert "source=change kind=deploy at=-42m>" in told
    assert "incident=INC-2 at=-3d>" in told
    assert "Now it is +22s." in told
    assert "Now it is" not in text(replace(midway(), at=None))
    assert "at=2026-01-05T03:00:21Z" in text(replace(midway(), opened_at=None))


SMALL = st.builds(Room, st.integers(5000, 30_000), st.floats(0.8, 2))


@given(
    room=SMALL,
    alerts=st.integers(0, 20),
    results=st.integers(0, 12),
    said=st.lists(st.text(max_size=600), max_size=6),
    note=st.text(max_size=3000),
)
def test_factor_ii_whatever_the_context_it_is_under_the_share_or_refused(
    room: Room, alerts: int, results: int, said: list[str], note: str
) -> None:
    fired = [alert("firing", f"f{n}", n=str(n), text=note[:300]) for n in range(alerts)]
    seen = [
        replace(PROBED, args={"n": n}, key="", evidence=f"{n:016x}", summary=note[:400])
        for n in range(results)
    ]
    context = replace(
        denied(),
        alerts=tuple(fired),
        results=tuple(seen),
        messages=tuple(Remark("dana", one) for one in said),
    )
    try:
        made = prompt(context, room)
    except NoRoomError:
        with pytest.raises(NoRoomError):
            prompt(context, room)
        return
    assert made.estimated_tokens * room.ratio + 50 <= 0.40 * room.window_tokens
    assert made.receipt.estimated_tokens == room.expected(made.estimated_tokens)
    assert prompt(context, room) == made
    whole = prompt(context, Room(10**9, 1))
    if (made.stable, made.volatile) != (whole.stable, whole.volatile):
        assert made.receipt.left_out != whole.receipt.left_out


def test_in_a_small_window_what_matters_most_is_kept() -> None:
    room = next(
        one for one in (Room(n, 1.0) for n in range(3000, 20_000, 50)) if _fits(everything(), one)
    )
    told = text(everything(), room)
    for kept in (
        "state=firing",
        "label.alertname=CheckoutErrorRateHigh",
        "what^changed^since^noon?",
        "evidence=ab12cd34ef560798",
        "status=denied",
        "source=refusal>\nmend^it",
    ):
        assert kept in told
    for gone in ("source=similar", "source=human.message", "source=change", "source=planner"):
        assert gone not in told


def _fits(context: Context, room: Room) -> bool:
    try:
        prompt(context, room)
    except NoRoomError:
        return False
    return True


def test_a_schema_larger_than_the_room_is_said_with_what_to_do() -> None:
    with pytest.raises(NoRoomError, match=r"schema are \d+, and only 800 may .* fewer tools"):
        prompt(fresh(), Room(2000, 1.3))


def test_a_receipt_counts_what_does_not_fit_on_it() -> None:
    labels = {f"l{n}": "x" * 3000 for n in range(LEFT_OUT_MOST + 5)}
    left = prompt(
        replace(fresh(), alerts=(alert().model_copy(update={"labels": labels}),))
    ).receipt.left_out
    assert len(left) == LEFT_OUT_MOST
    assert left[0] == LeftOut(what="part of alert.label.l0")
    assert left[-1] == LeftOut(what="6 more pieces")


def test_what_the_receipt_estimates_is_what_is_sent() -> None:
    made = prompt(denied())
    sent = sum(safe(one) for one in (made.system, made.stable, made.volatile))
    assert sent < made.estimated_tokens
    assert made.receipt.window_tokens == 200_000
    assert made.digest == PROMPTS.style("generalist").digest
    assert made.schema is SCHEMA


def test_what_was_cut_before_is_on_the_receipt() -> None:
    left = prompt(replace(fresh(), cuts=("alert.label.a b",))).receipt.left_out
    assert left == (LeftOut(what="part of alert"),)


def test_a_context_with_nothing_in_it_is_still_a_prompt() -> None:
    bare = Context("INC-1", "", "unknown", (), None, None, (), (), (), (), {}, {})
    made = prompt(bare)
    assert made.stable.startswith("<incident id=INC-1 severity=unknown>\n")
    assert made.volatile == "Steps left with this one: 10.\nChoose the next step.\n"
    assert DEPLOYS.evidence not in made.volatile
