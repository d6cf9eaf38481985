"""Bedrock's client, whose SDK has an HTTP of its own: watched by its events, not carried by us.

What `wire.OneServer` does for the others is done here as far as boto3 lets us: a request to any
server but the configured one is stopped before it is sent, proxies of the environment are not
used, and nothing is sent twice. Answers are *not* capped in size: boto3 reads them whole. Only
keys that are set are used: no profile, no role of the machine, no look at a metadata service.
"""

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

import boto3  # pyright: ignore[reportMissingTypeStubs]
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
from botocore.session import Session  # pyright: ignore[reportMissingTypeStubs]
from botocore.tokens import FrozenAuthToken  # pyright: ignore[reportMissingTypeStubs]
from pydantic_ai.models import Model
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.providers.bedrock import BedrockProvider

from bot.agent.llm.trace import current
from bot.agent.llm.wire import CONNECT_S, WHOLE_S, StrayError, note_stray
from bot.errors import ConfigError

SERVICE = "bedrock-runtime"


def bedrock_model(name: str, secret: Callable[[str], str]) -> tuple[Model[Any], tuple[str, ...]]:
    """Return the model and the secrets it is asked with.

    Raises:
        ConfigError: The region or the keys are not set.
    """
    region = secret("AWS_REGION") or secret("AWS_DEFAULT_REGION")
    token = secret("AWS_BEARER_TOKEN_BEDROCK")
    key, private = secret("AWS_ACCESS_KEY_ID"), secret("AWS_SECRET_ACCESS_KEY")
    lacks = [] if region else ["AWS_REGION"]
    if not token and not (key and private):
        lacks.append("AWS_BEARER_TOKEN_BEDROCK (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)")
    if lacks:
        raise ConfigError(f"LLM_MODEL names bedrock:{name}; set {' and '.join(lacks)}")
    config: dict[str, Any] = {
        "connect_timeout": CONNECT_S,
        "read_timeout": WHOLE_S,
        "retries": {"total_max_attempts": 1},
        "proxies": {},
    }
    if token:
        session: Any = boto3.Session(botocore_session=_TokenSession(token), region_name=region)
        config["signature_version"] = "bearer"
    else:
        session = boto3.Session(
            aws_access_key_id=key,
            aws_secret_access_key=private,
            aws_session_token=secret("AWS_SESSION_TOKEN") or None,
            region_name=region,
        )
    address = secret("AWS_ENDPOINT_URL_BEDROCK_RUNTIME")
    client: Any = session.client(SERVICE, config=Config(**config), endpoint_url=address or None)
    _watch(client)
    model = BedrockConverseModel(name, provider=BedrockProvider(bedrock_client=client))
    return model, tuple(word for word in (token, private, secret("AWS_SESSION_TOKEN")) if word)


class _Sent(Protocol):
    url: str
    body: bytes | None


class _Came(Protocol):
    status_code: int
    content: bytes


class _Events(Protocol):
    def register(self, event_name: str, handler: Callable[..., None]) -> None: ...


class _Meta(Protocol):
    endpoint_url: str
    events: _Events


class _Client(Protocol):
    """What is used of a boto3 client, which has no types."""

    meta: _Meta


class _TokenSession(Session):
    """A session whose only credential is a bearer token."""

    def __init__(self, token: str) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - botocore has no types
        self._token = token

    def get_auth_token(self, **_: object) -> FrozenAuthToken:
        return FrozenAuthToken(self._token)

    def get_credentials(self) -> None:
        return None


def _watch(client: _Client) -> None:
    only = urlsplit(client.meta.endpoint_url)

    def before(request: _Sent, **_: object) -> None:
        trace, url = current(), urlsplit(request.url)
        if (url.scheme, url.netloc) != (only.scheme, only.netloc):
            note_stray(trace, f"{url.scheme}://{url.hostname}")
            raise StrayError(trace.fault)
        trace.address = f"{url.scheme}://{url.netloc}{url.path}"
        trace.sent = bytes(request.body or b"")

    def after(http_response: _Came, **_: object) -> None:
        trace = current()
        trace.status, trace.came = http_response.status_code, bytes(http_response.content)

    client.meta.events.register(f"before-send.{SERVICE}", before)
    client.meta.events.register(f"after-call.{SERVICE}", after)
