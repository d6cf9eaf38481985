import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.agent.llm.named import EXTRAS, ModelName, model_names
from bot.errors import ConfigError

NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=9)


@given(
    st.lists(st.builds(ModelName, st.sampled_from(sorted(EXTRAS)), NAMES), unique=True, max_size=4)
)
def test_a_setting_reads_back_in_its_order(names: list[ModelName]) -> None:
    assert model_names(" , ".join(map(str, names))) == tuple(names)


def test_a_model_may_have_a_colon_of_its_own() -> None:
    assert model_names("ollama:qwen3:8b,") == (ModelName("ollama", "qwen3:8b"),)
    assert model_names("  ") == ()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("gpt-5", "write provider:name, not 'gpt-5'"),
        ("openai:", "write provider:name"),
        (":gpt-5", "write provider:name"),
        ("opnai:gpt-5", "no provider is called 'opnai'; did you mean openai"),
        ("acme:gpt-5", "there are openai, azure"),
        ("openai:a,openai:a", "openai:a stands there twice"),
    ],
)
def test_what_is_no_model_is_refused_with_the_mend(setting: str, words: str) -> None:
    with pytest.raises(ConfigError, match=f"LLM_MODEL: .*{words}"):
        model_names(setting)
