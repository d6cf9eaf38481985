import pytest
from starlette.requests import Request

from bot.demo.shop_requests import flag, refusal, refuse
from bot.errors import ConflictError, InputError, NotFoundError, OversizeError, SignatureError


def asked(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


@pytest.mark.parametrize(
    ("query", "value"),
    [("", False), ("dry_run=0", False), ("dry_run=false", False), ("dry_run=1", True)],
)
def test_a_flag_is_one_or_nothing(query: str, value: bool) -> None:
    assert flag(asked(query), "dry_run") is value


@pytest.mark.parametrize("query", ["dry_run=", "dry_run=2", "dry_run=True", "dry_run=no"])
def test_a_flag_that_may_mean_either_is_refused(query: str) -> None:
    with pytest.raises(InputError, match="dry_run must be 1 or 0"):
        flag(asked(query), "dry_run")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("why"), 400),
        (SignatureError("why"), 401),
        (NotFoundError("why"), 404),
        (ConflictError("why"), 409),
        (OversizeError("why"), 413),
    ],
)
def test_each_refusal_has_its_status_and_says_why(error: InputError, status: int) -> None:
    assert refusal(error) == (status, {"ok": False, "error": "why"})


async def test_a_bug_is_not_dressed_up_as_a_refusal() -> None:
    with pytest.raises(ValueError, match="a bug"):
        await refuse(asked(""), ValueError("a bug"))
