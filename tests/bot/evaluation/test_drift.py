"""The configured model is tried on a schedule, and its fall is an incident about the bot."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.agent.exchange import LanguageModel, ModelError, ModelReply, Prompt
from bot.agent.llm_settings import LlmSettings
from bot.agent.prompt_files import read_prompts
from bot.app.bot import Bot
from bot.evaluation import drift
from bot.evaluation.choosers import Models, Outfit
from bot.evaluation.drift import Evaluating, due_at, duties
from bot.evaluation.minds import LooseBook
from bot.incident.drift import Standard
from bot.incident.fact import HOUSE
from bot.incident.facts_house import BotPaused, ModelEvaluated
from bot.ports import Draft
from bot.settings import SHIPPED_RUNBOOKS
from tests.bot.app.scene import Place, Scene, gauge, process
from tests.bot.evaluation.suites import EVALS, KNOWLEDGE, write
from tests.evals.author import Author
from tests.fakes import T0, FakeClock
from tests.waiting import until


class Mute:
    """A model that says nothing usable, or is away."""

    name = "cassette:sensible"
    window: int | None = 200_000

    def __init__(self, *, away: bool = False) -> None:
        self._away = away

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        if self._away:
            raise ModelError("connection refused", "unreachable")
        raise ModelError("it answered nothing that can be read", "invalid")


def suite(folder: Path) -> Path:
    """Two scenarios that rules cannot solve and a model can."""
    names = ("noisy-healthy", "dependency-down")
    texts = {
        f"{name}/scenario.yaml": (EVALS / name / "scenario.yaml").read_text() for name in names
    }
    shared = {f"knowledge/{path.name}": path.read_text() for path in KNOWLEDGE.glob("*.yaml")}
    return write(folder, {**texts, **shared})


def models(model: LanguageModel | None = None) -> Models:
    outfit = Outfit(read_prompts(), LooseBook(), FakeClock(), LlmSettings())
    return Models(Author if model is None else lambda _name: model, "cassette:sensible", outfit)


def scheduled(bot: Bot, folder: Path, schedule: str = "24h") -> None:
    more = {"eval_schedule": schedule, "evals": folder, "runbooks": SHIPPED_RUNBOOKS}
    object.__setattr__(bot.world, "settings", bot.world.settings.model_copy(update=more))


async def evaluated(scene: Scene) -> list[ModelEvaluated]:
    events = await scene.bot.store.log.load(HOUSE)
    return [event.body for event in events if isinstance(event.body, ModelEvaluated)]


async def test_a_fall_below_its_best_opens_an_incident_and_a_recovery_resolves_it(
    tmp_path: Path,
) -> None:
    place, folder = Place(tmp_path), suite(tmp_path / "evals")
    async with process(place) as scene:
        scheduled(scene.bot, folder)
        duty = Evaluating(scene.bot)
        await duty.try_once(models())
        await scene.look()
        assert gauge("triage_eval_pass_ratio", "cassette:sensible") == 1
        assert await scene.titles() == []
        await duty.try_once(models(Mute()))
        await scene.look()
        assert gauge("triage_eval_pass_ratio", "cassette:sensible") == 0
        (title,) = await scene.titles()
        assert title == "triagebot's model decides worse than it did"
    async with process(place) as scene:  # what it did best is in the log
        scheduled(scene.bot, folder)
        await scene.beat()
        await scene.look()
        assert await scene.titles() == [title]
        await Evaluating(scene.bot).try_once(models())
        await scene.look(1)
        await scene.beat()
        await scene.look(60)
        assert await scene.titles("resolved") == [title]


async def test_a_model_that_is_away_is_not_judged(tmp_path: Path) -> None:
    async with process(Place(tmp_path)) as scene:
        scheduled(scene.bot, suite(tmp_path / "evals"))
        assert await Evaluating(scene.bot).try_once(models(Mute(away=True))) is not None
        assert await evaluated(scene) == []


async def test_nothing_is_tried_while_the_bot_is_paused(tmp_path: Path) -> None:
    async with process(Place(tmp_path)) as scene:
        scheduled(scene.bot, suite(tmp_path / "evals"))
        await scene.bot.store.log.record(HOUSE, lambda _: Draft("t:x", (BotPaused(by="dana"),)))
        await scene.bot.household.refresh()
        assert await Evaluating(scene.bot).try_once(models()) is None


@pytest.mark.parametrize(("schedule", "folder"), [("", True), ("24h", False)])
async def test_without_a_schedule_and_a_folder_there_is_no_such_duty(
    tmp_path: Path, schedule: str, folder: bool
) -> None:
    async with process(Place(tmp_path)) as scene:
        more = {"eval_schedule": schedule, "evals": tmp_path if folder else None}
        settings = scene.bot.world.settings.model_copy(update=more)
        object.__setattr__(scene.bot.world, "settings", settings)
        assert duties(scene.bot) == {}


async def test_without_a_model_the_duty_waits_for_its_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with process(Place(tmp_path)) as scene:
        scheduled(scene.bot, suite(tmp_path / "evals"))
        over = asyncio.Event()
        running = asyncio.ensure_future(duties(scene.bot)["evaluating"](over))
        await until(lambda: "LLM_MODEL names no model to try" in caplog.text)
        over.set()
        await running
        assert await evaluated(scene) == []


@pytest.mark.parametrize(
    ("judged_s", "tried_s", "due_s"),
    [
        (None, None, 60),
        (None, 60, 660),
        (-10, None, 86390),
        (-90000, None, 60),
        (60, 60, 86460),
        (-90000, 60, 660),
    ],
)
def test_a_try_is_due_a_schedule_after_the_last_judgement_and_never_at_once(
    judged_s: int | None, tried_s: int | None, due_s: int
) -> None:
    last = ModelEvaluated(model="m", scenarios=1, passed=1)
    judged = None if judged_s is None else Standard(T0 + timedelta(seconds=judged_s), last, 1)
    tried = None if tried_s is None else T0 + timedelta(seconds=tried_s)
    assert due_at(judged, timedelta(days=1), T0, tried) == T0 + timedelta(seconds=due_s)


async def test_the_duty_tries_when_it_is_due_and_outlives_a_broken_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def opened(*_words: object) -> Models:
        return models()

    monkeypatch.setattr(drift, "open_choosers", opened)
    monkeypatch.setattr(drift, "FIRST_S", 0)
    monkeypatch.setattr(drift, "AGAIN_S", 0)
    folder = suite(tmp_path / "evals")
    broken = write(folder, {"a-broken-one/scenario.yaml": "title: ["}) / "a-broken-one"
    async with process(Place(tmp_path)) as scene:
        scheduled(scene.bot, folder)
        over = asyncio.Event()
        running = asyncio.ensure_future(Evaluating(scene.bot).run(over))
        await until(lambda: "could not be tried on the scenarios" in caplog.text)
        broken.joinpath("scenario.yaml").unlink()
        await until(lambda: scene.bot.household.house.standard is not None)
        over.set()
        await running
        (judged,) = await evaluated(scene)
    assert (judged.scenarios, judged.passed, judged.failed) == (2, 2, ())
