"""D-09: symptoms over time become alarms, each told once and taken back once."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from bot.incident.alarms import ALARMS_AN_HOUR, SELF, Alarms, noted, restored, settle
from bot.incident.model import Alert
from bot.incident.symptom import Symptom
from tests.bot.incident.making import at

HURT = Symptom("channel:slack", "TriagebotChannelBroken", "high", "503", "slack", None, 300, 60)


@dataclass
class Watch:
    """A watcher whose intake accepts, unless it is told not to."""

    alarms: Alarms = field(default_factory=Alarms)
    accepts: bool = True
    told: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    last: Alert | None = None

    def look(self, now: float, *symptoms: Symptom) -> list[str]:
        self.alarms, news = settle(self.alarms, symptoms, at(now))
        for alert, calm_s in news:
            if self.accepts:
                self.alarms = noted(self.alarms, alert, calm_s, at(now))
                self.told.append((alert.fingerprint, alert.status))
                self.last = alert
        return [alert.status for alert, _ in news]


def plain(key: str, patience_s: float = 0) -> Symptom:
    return Symptom(key, "TriagebotTest", "warning", key, "", None, patience_s, 60)


def test_a_symptom_is_told_once_it_lasted_and_not_again() -> None:
    watch = Watch()
    assert watch.look(0, HURT) == []
    assert watch.look(299, HURT) == []
    assert watch.look(300, HURT) == ["firing"]
    assert watch.look(301, HURT) == []
    assert watch.look(99_999, HURT) == []


def test_a_symptom_that_was_gone_for_a_moment_begins_anew() -> None:
    watch = Watch()
    watch.look(0, HURT)
    watch.look(200)
    assert watch.look(300, HURT) == []
    assert watch.look(600, HURT) == ["firing"]


def test_it_is_taken_back_once_it_was_gone_long_enough() -> None:
    watch = Watch()
    watch.look(0, HURT)
    watch.look(300, HURT)
    assert watch.look(310) == []
    assert watch.look(330, HURT) == []
    assert watch.look(340) == []
    assert watch.look(399) == []
    assert watch.look(400) == ["resolved"]
    assert watch.look(401) == []


def test_a_symptom_without_patience_or_calm_turns_at_once() -> None:
    watch = Watch()
    quick = Symptom("silent:a/b", "TriagebotSourceSilent", "high", "s", "a/b", at(-9), 0, 0)
    assert watch.look(0, quick) == ["firing"]
    assert watch.last is not None
    assert watch.last.starts_at == at(-9)
    assert watch.look(3) == ["resolved"]


def test_what_was_not_accepted_is_told_at_the_next_look() -> None:
    watch = Watch(accepts=False)
    assert watch.look(0, plain("a")) == ["firing"]
    assert watch.look(3, plain("a")) == ["firing"]
    watch.accepts = True
    assert watch.look(6, plain("a")) == ["firing"]
    assert watch.look(9, plain("a")) == []
    watch.accepts = False
    assert [watch.look(9), watch.look(80), watch.look(90)] == [[], ["resolved"], ["resolved"]]
    watch.accepts = True
    assert [watch.look(95), watch.look(99)] == [["resolved"], []]


def test_the_alert_says_what_is_meant_and_has_the_same_name_when_it_is_over() -> None:
    watch = Watch()
    watch.look(0, HURT)
    watch.look(300, HURT)
    fired = watch.last
    watch.look(301)
    watch.look(361)
    over = watch.last
    assert fired is not None
    assert over is not None
    assert (fired.title, fired.source, fired.service) == (
        "triagebot cannot post to slack", SELF, SELF,
    )  # fmt: skip
    assert fired.labels["alertname"] == "TriagebotChannelBroken"
    assert fired.annotations["summary"] == "503"
    assert (over.fingerprint, over.starts_at) == (fired.fingerprint, fired.starts_at) == (
        "channel:slack", at(0),
    )  # fmt: skip
    assert (over.status, over.ends_at) == ("resolved", at(361))


def test_after_a_restart_what_was_said_stands_and_what_is_over_is_taken_back() -> None:
    watch = Watch()
    watch.look(0, plain("a"), plain("b"))
    firing = [told.alert for told in watch.alarms.told.values()]
    again = Watch(restored(firing))
    assert again.look(100, plain("a")) == []
    assert again.look(161, plain("a")) == ["resolved"]
    assert again.told == [("b", "resolved")]


def test_there_is_a_bound_on_alarms_an_hour_and_none_is_forgotten() -> None:
    watch = Watch()
    many = [plain(f"k{n}") for n in range(20)]
    assert len(watch.look(0, *many)) == ALARMS_AN_HOUR
    assert watch.look(3599, *many) == []
    assert len(watch.look(3600, *many)) == 20 - ALARMS_AN_HOUR


KEYS = st.sets(st.sampled_from(["a", "b", "c"]))
STEPS = st.lists(st.tuples(st.integers(1, 200), KEYS, st.booleans(), st.booleans()), max_size=40)


@given(STEPS, st.sampled_from([0, 30, 300]))
def test_each_cause_fires_and_resolves_in_turn_whatever_happens(
    steps: list[tuple[int, set[str], bool, bool]], patience_s: int
) -> None:
    watch, now = Watch(), 0
    for pause, keys, accepts, restart in steps:
        now += pause
        watch.accepts = accepts
        if restart:
            watch.alarms = restored(told.alert for told in watch.alarms.told.values())
        watch.look(now, *(plain(key, patience_s) for key in sorted(keys)))
    for key in "abc":
        mine = [status for name, status in watch.told if name == key]
        assert mine == ["firing", "resolved"] * (len(mine) // 2) + ["firing"] * (len(mine) % 2)
        assert (key in watch.alarms.told) == bool(len(mine) % 2)


@given(STEPS)
def test_when_all_is_well_for_good_nothing_stands(
    steps: list[tuple[int, set[str], bool, bool]],
) -> None:
    watch, now = Watch(), 0
    for pause, keys, accepts, _ in steps:
        now += pause
        watch.accepts = accepts
        watch.look(now, *map(plain, sorted(keys)))
    watch.accepts = True
    for _ in range(3):
        now += 61
        watch.look(now)
    assert watch.alarms.told == {}
    assert watch.look(now + 9999) == []
