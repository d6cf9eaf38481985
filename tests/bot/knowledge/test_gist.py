"""Errors compacted (factor 9): the part of a trace that matters, in one redacted line."""

import asyncio
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge.gist import GIST_CHARS, gist

TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3
PYTHON_LIBRARY = "\n".join(
    f'  File "/venv/lib/python3.11/site-packages/sqlalchemy/base_{n}.py", line {n}, in call_{n}'
    f"\n    return self.inner_{n}(*args, **kwargs)"
    for n in range(40)
)
PYTHON = f"""worker 7 died
Traceback (most recent call last):
  File "/srv/shop/checkout/db.py", line 40, in fetch
    row = self.pool.get(key)
{PYTHON_LIBRARY}
psycopg.OperationalError: connection refused

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/checkout/app.py", line 12, in handle
    total = price(cart)
  File "/srv/shop/checkout/cart.py", line 88, in price
    raise PriceError("no price for the cart") from error
checkout.cart.PriceError: no price for the cart
"""
JAVA_LIBRARY = "\n".join(
    f"\tat org.springframework.web.filter.Filter{n}.doFilter(Filter{n}.java:{n})" for n in range(70)
)
JAVA = f"""Exception in thread "main" org.springframework.web.NestedException: Request failed
{JAVA_LIBRARY}
\tat com.shop.checkout.Cart.total(Cart.java:42)
Caused by: com.shop.PaymentException: card declined
\tat com.shop.pay.Gateway.charge(Gateway.java:88)
\tSuppressed: java.lang.IllegalStateException: already closed
\t\tat com.shop.pay.Gateway.close(Gateway.java:99)
\t... 72 more
Caused by: java.net.SocketTimeoutException: Read timed out
\tat java.base/java.net.SocketInputStream.socketRead0(Native Method)
\tat com.shop.pay.Wire.read(Wire.java:19)
\t... 80 more
"""
GO_LIBRARY = "\n".join(
    f"net/http.(*conn).serve{n}(0xc0001{n})\n\t/usr/local/go/src/net/http/server.go:{n} +0x5f"
    for n in range(70)
)
GO = f"""panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x6a2b1c]

goroutine 1 [running]:
runtime.gopanic({{0x1, 0x2}})
\t/usr/local/go/src/runtime/panic.go:884 +0x212
main.(*Cart).Total(0x0)
\t/app/cmd/shop/cart.go:42 +0x1d
{GO_LIBRARY}
exit status 2
"""
NODE_LIBRARY = "\n".join(
    f"    at layer{n} (/app/node_modules/express/lib/router/layer.js:{n}:5)" for n in range(80)
)
NODE = f"""Error: could not price the cart
{NODE_LIBRARY}
    at price (/app/src/cart.js:12:11)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {{
  [cause]: TypeError: Cannot read properties of undefined (reading 'price')
      at lookup (/app/node_modules/db/index.js:8:20)
      at find (/app/src/db.js:9:3)
}}

Node.js v22.1.0
"""
PYTHON_GIST = (
    "worker 7 died: checkout.cart.PriceError: no price for the cart "
    "(at shop/checkout/cart.py:88 in price); root cause: psycopg.OperationalError: "
    "connection refused (at shop/checkout/db.py:40 in fetch)"
)
JAVA_GIST = (
    "org.springframework.web.NestedException: Request failed "
    "(at Cart.java:42 in com.shop.checkout.Cart.total); root cause: "
    "java.net.SocketTimeoutException: Read timed out "
    "(at Wire.java:19 in com.shop.pay.Wire.read)"
)
GO_GIST = (
    "panic: runtime error: invalid memory address or nil pointer dereference "
    "(at cmd/shop/cart.go:42 in main.(*Cart).Total)"
)
NODE_GIST = (
    "Error: could not price the cart (at app/src/cart.js:12 in price); root cause: "
    "TypeError: Cannot read properties of undefined (reading 'price') "
    "(at app/src/db.js:9 in find)"
)
TRACES = {
    "python": (PYTHON, PYTHON_GIST),
    "java": (JAVA, JAVA_GIST),
    "go": (GO, GO_GIST),
    "node": (NODE, NODE_GIST),
}


@pytest.mark.parametrize("name", TRACES)
def test_factor_9_a_trace_of_five_kilobytes_becomes_what_matters(name: str) -> None:
    trace, expected = TRACES[name]
    assert len(trace) > 5000
    assert gist(trace) == expected
    assert len(expected) <= GIST_CHARS


def inner() -> None:
    raise ExceptionGroup("many", [ValueError("a first one"), KeyError("b")])


def outer() -> None:
    try:
        inner()
    except ExceptionGroup as group:
        raise RuntimeError("outer") from group


def printed(call: Callable[[], object]) -> str:
    """Return what Python prints of the exception that `call` raises."""
    try:
        call()
    except Exception:  # noqa: BLE001 - printed, whatever it is
        return traceback.format_exc()
    return ""


def test_factor_9_of_a_group_within_a_cause_the_first_exception_is_the_root() -> None:
    said = gist(printed(outer))
    assert said.startswith("RuntimeError: outer (at bot/knowledge/test_gist.py:")
    assert said.endswith("root cause: ValueError: a first one")


async def looks() -> None:
    raise TimeoutError("no answer within 5 s")


async def together() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(looks())


def test_factor_9_a_failed_task_is_found_inside_its_group() -> None:
    said = gist(printed(lambda: asyncio.run(together())))
    assert "root cause: TimeoutError: no answer within 5 s (at " in said


def test_factor_9_a_secret_in_a_trace_is_taken_out_first() -> None:
    said = gist(PYTHON.replace("connection refused", f"token={TOKEN} was refused"))
    assert TOKEN[:20] not in said
    assert "was refused" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\t", ""),
        ("no such\n   job", "no such job"),
        ("ValueError: x", "ValueError: x"),
        ("exit status 1\nTypeError: x\n    at run (/a/b/c/d.js:1:2)", None),
        ("y" * 999, f"{'y' * 264} … {'y' * 133}"),
    ],
)
def test_factor_9_what_is_no_trace_is_one_line(text: str, expected: str | None) -> None:
    if expected is None:
        expected = "exit status 1: TypeError: x (at b/c/d.js:1 in run)"
    assert gist(text) == expected


def test_factor_9_a_placeholder_is_never_cut_in_half() -> None:
    for shift in range(420):
        said = gist(f"{'a ' * shift}token={TOKEN} {'b ' * 300}")
        assert said.count("‹") == said.count("›"), shift
        assert TOKEN[:12] not in said


LINES = [
    "Traceback (most recent call last):", '  File "/a/b.py", line 3, in f', "ValueError: x",
    "  + Exception Group Traceback (most recent call last):", "  | KeyError: 'k'",
    "panic: no", "goroutine 1 [running]:", "\t/app/x.go:1 +0x1", "Caused by: a.B: c",
    "\tat a.b.C.d(E.java:3)", "    at f (/x/y.js:1:2)", "  [cause]: Error: z", "plain words",
    "", "‹secret", "›", "x" * 500,
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=20))
def test_factor_9_any_text_becomes_one_short_line(lines: list[str]) -> None:
    said = gist("\n".join(lines))
    assert len(said) <= GIST_CHARS
    assert "\n" not in said
    assert said == " ".join(said.split())


def test_factor_9_of_a_huge_text_the_beginning_and_the_end_are_read() -> None:
    said = gist(f"it began\n{'noise ' * 100_000}\nit ended")
    assert said.startswith("it began")
    assert said.endswith("it ended")
