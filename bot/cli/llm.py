"""Commands about the language model: llm check."""


def llm_check() -> int:
    """Ask each model of LLM_MODEL for one tiny step: does it answer, how fast, for how much.

    Exit code 0 when all answered by the schema, or when there is no model; 1 otherwise.
    """
    from bot.app.llm_check import check_model as run

    lines, sound = run()
    for line in lines:
        print(line)
    return 0 if sound else 1
