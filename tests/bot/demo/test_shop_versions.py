import pytest

from bot.demo.shop_versions import Versions
from bot.errors import ConfigError, ConflictError, NotFoundError


def versions() -> Versions:
    return Versions(("v40", "v41"), ("v42",))


def test_it_starts_on_the_last_version_of_its_history() -> None:
    assert (versions().current, versions().previous) == ("v41", "v40")


def test_a_shop_without_a_version_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="--history"):
        Versions((), ())


def test_a_single_version_has_no_previous() -> None:
    assert Versions(("v1",), ()).previous == ""


def test_a_good_version_fails_nothing() -> None:
    shop = versions()
    assert all(shop.serve_one() for _ in range(100))


def test_a_bad_version_fails_exactly_seven_of_twenty_in_the_same_pattern() -> None:
    shop = versions()
    shop.switch("deploy", "v42", "dana", 1.0)
    first = [shop.serve_one() for _ in range(40)]
    shop.switch("deploy", "v42", "dana", 2.0)
    again = [shop.serve_one() for _ in range(40)]
    assert first.count(False) == 14
    assert first[:20] == first[20:]
    assert first == again


def test_going_back_stops_the_failures_and_swaps_previous() -> None:
    shop = versions()
    shop.switch("deploy", "v42", "dana", 1.0)
    run = shop.switch("rollback", "v41", "lee", 2.0)
    assert (run.number, run.version, run.previous) == (2, "v41", "v42")
    assert (shop.current, shop.previous) == ("v41", "v42")
    assert all(shop.serve_one() for _ in range(20))
    assert shop.run(2) == run


def test_a_deployed_version_can_be_gone_back_to() -> None:
    shop = versions()
    shop.switch("deploy", "v42", "dana", 1.0)
    shop.switch("deploy", "v43", "dana", 2.0)
    shop.check_rollback("checkout", "v42")
    with pytest.raises(ConflictError, match=r"never ran v44; .* v40, v41, v42, v43"):
        shop.check_rollback("checkout", "v44")


def test_going_back_to_what_runs_is_refused() -> None:
    with pytest.raises(ConflictError, match="runs v41 already"):
        versions().check_rollback("checkout", "v41")


def test_another_service_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="no service 'billing'"):
        versions().check_rollback("billing", "v40")


@pytest.mark.parametrize("wanted", [0, 1, -1])
def test_a_run_that_was_not_is_not_found(wanted: int) -> None:
    with pytest.raises(NotFoundError, match="no run"):
        versions().run(wanted)
