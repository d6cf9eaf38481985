"""HTTP clients of tests that talk to a bot now and then: each request has a connection of its own.

A server closes what was idle for five seconds, and a request that is on its way then gets no
answer. Nothing here is about that.
"""

from httpx import Limits

ONE_EACH = Limits(max_keepalive_connections=0)
