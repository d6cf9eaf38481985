"""The moves of the machine: who, what and when, to be drawn by chance."""

from typing import Literal, get_args

from hypothesis import strategies as st

from tests.story.trust.oracle import JOBS
from tests.story.trust.scene import MEMBERS, Interruption

FORGED = {"stranger": "web:zed", "tenant": "slack:T2/U1", "name": "slack:dana"}
Forgery = Literal[
    "digest", "short digest", "revision", "stranger", "tenant", "name", "nobody", "other card"
]
WHICH = st.integers(0, 3)
"""Which of the proposals there are."""
INTERRUPTIONS = st.none() | st.builds(
    Interruption,
    st.sampled_from(
        ["pause", "pause", "crash before", "crash after", "resolve", "remove", "redeclare", "wait"]
    ),
    st.sampled_from([1, 1, 1, 2, 3]),
)
Meanwhile = Literal[
    "", "people", "job", "deploy", "pause", "resolve", "die", "long", "longer", "away"
]
MEANWHILE = st.sampled_from(["", "", *get_args(Meanwhile)])
Death = Literal["", "in the call", "after the call"]
DEATHS: tuple[Death, ...] = ("", "", "in the call", "after the call")
JOB = st.sampled_from(list(JOBS))
VERSION = st.sampled_from(["v40", "v41", "v43"])
BY = st.sampled_from(["", "", *(f"person:{name}" for name in MEMBERS)])
"""Who wants it; nobody, then it is the bot."""
EDITOR = st.sampled_from(["", "", "web:dana", "slack:T1/U2"])
"""Who changes its arguments between the proposing and the approving; nobody, when empty."""
