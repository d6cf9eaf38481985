"""The rule table of redaction: what each kind of secret looks like; it replaces nothing itself.

Three laws keep redaction idempotent and linear. Placeholder brackets are in no character class,
and every boundary that refuses a neighbour refuses a placeholder too, so that replacing text
never makes a new match. Whatever may be rejected after matching is bounded in length. A
quantifier inside another is bounded or possessive.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.knowledge import redact_checks as checks
from bot.knowledge.redact_checks import Hit
from bot.knowledge.redact_keys import is_secret, is_word, key_kind

PLACEHOLDER = re.compile(r"‹secret:([a-z0-9_]{1,24})#([0-9]{1,6})›")
MAX_VALUE_CHARS = 512


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of secret: group 1 of `pattern`, or all of it when it has no group.

    `hint` is text that every match contains, empty when there is none; `check` has the last
    word and may name another kind or another end.
    """

    kind: str
    hint: str
    pattern: re.Pattern[str]
    check: Callable[[re.Match[str]], Hit | None] | None = None

    def hit(self, match: re.Match[str]) -> Hit | None:
        """Return what to replace, or None when the match only looked like a secret."""
        if self.check is not None:
            return self.check(match)
        return (self.kind, *match.span(self.pattern.groups))


_NAME_CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_REST = {
    "dq": re.compile(r'(?:[^"\\\r\n‹›]|\\[^\r\n‹›])*+'),
    "sq": re.compile(r"(?:[^'\\\r\n‹›]|\\[^\r\n‹›])*+"),
    "eq": re.compile(r"[^\\\r\n‹›]*+"),
    "bare": re.compile(r"(?:[^\s\"'`<>()\[\]{},;&|\\‹›]|&(?![\w.-]{1,40}=))*+"),
}
_PROSE = re.compile(r"[ \t]+[A-Za-z‹]")


def _quoted(group: str, value: str) -> bool:
    return group != "bare" and " " not in value


def _keyed(match: re.Match[str]) -> Hit | None:
    """Judge `name separator value`; the name reaches back from the keyword that was found."""
    text, group, separator = match.string, match.lastgroup or "bare", match["sep"]
    head = text[max(0, match.start() - 64) : match.end("key")]
    name = head[len(head.rstrip(_NAME_CHARS)) :]
    before = head[: -len(name)][-1:]
    blank = separator.isspace()
    if before in ("‹", "›") or (before in ("/", ":") and "=" not in separator):
        return None
    found = key_kind(match["key"] if " " in match["key"] else name)
    if found is None:
        return None
    (kind, strength), value = found, match[group]
    if blank and not (name.startswith("--") or (kind == "password" and _quoted(group, value))):
        return None
    tight = blank or group != "bare" or "=" in separator or ">" in separator
    prose = not tight and is_word(value) and _PROSE.match(text, match.end())
    if prose or not is_secret(name, strength, value, tight=tight):
        return None
    rest = _REST[group].match(text, match.end()) if len(value) == MAX_VALUE_CHARS else None
    return (kind, match.start(group), rest.end() if rest else match.end())


_KEYED = re.compile(
    r"""(?P<key>(?:(?:api|access|secret|private)[ ])?key|password|passwd|passphrase|pwd|pass|secret
      |token|credentials?|creds?|auth(?:orization)?|cookie|session(?:[_-]?id)?|sid|sig(?:nature)?)
    (?:\\{0,2}["'])?
    (?:,?\s{0,16}(?:\\{0,2}["'])?value(?:\\{0,2}["'])?)?
    (?P<sep>[ \t]{0,3}(?::=|=>|[:=])[ \t]{0,3}|>|[ \t]{1,3}(?!-))
    (?:(?:bearer|basic|token|apikey)[ \t]{1,3})?+
    (?:"(?P<dq>(?:[^"\\\r\n‹›]|\\[^\r\n‹›]){1,512}+)
      |'(?P<sq>(?:[^'\\\r\n‹›]|\\[^\r\n‹›]){1,512}+)
      |\\{1,2}["'](?P<eq>[^\\\r\n‹›]{1,512}+)
      |(?P<bare>(?!=)(?:[^\s"'`<>()\[\]{},;&|\\‹›]|&(?![\w.-]{1,40}=)){1,512}+))
    (?!‹)""",
    re.IGNORECASE | re.VERBOSE,
)


def _token(kind: str, hint: str, pattern: str, *, closed: bool = False) -> Pattern:
    """A token known by its prefix; a `closed` one has a fixed length and must end there."""
    end = "(?![A-Za-z0-9‹])" if closed else ""
    return Pattern(kind, hint, re.compile(rf"(?<![A-Za-z0-9›]){pattern}{end}"))


_PRIVATE_KEY = (
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-‹›]++|-(?!----))*+"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
)
_AWS_PAIR = r"‹secret:aws_key#\d{1,6}›[\"']?[\s,:;|/]{1,4}[\"']?([A-Za-z0-9/+]{40})(?![\w/+=‹])"
_WEBHOOK = (
    r"(?:hooks\.slack\.com/(?:services|workflows|triggers)"
    r"|discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks|webhook\.office\.com/webhookb2)"
    r"/([\w/@.-]{20,256}+)(?![\w‹])"
)
_PHONE = (
    r"(?<![\w›.+])\+[1-9](?:[0-9]{7,14}"
    r"|[0-9]{0,2}[ .-]?\(?[0-9]{1,5}\)?(?:[ .-][0-9]{2,8}){1,5})(?![\w‹])"
)
_DATABASE = r"://([^\s:/@\"'<>‹›]{0,64}:(?!\d{1,5}/)[^\s\"'<>,‹›]{1,256})@"
_CURL = r"(?<![\w›-])(?:-u|--user)[ =][\"']?[^\s:\"'‹›]{1,64}:([^\s\"'‹›]{1,128}+)(?!‹)"

RULES: tuple[Pattern, ...] = (
    Pattern("private_key", "-----BEGIN ", re.compile(_PRIVATE_KEY)),
    _token("aws_key", "A", r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}", closed=True),
    Pattern("aws_secret", "‹secret:aws_key#", re.compile(_AWS_PAIR)),
    _token("gcp_key", "AIza", r"AIza[\w-]{35}(?![\w-])", closed=True),
    _token("gcp_key", "GOCSPX-", r"GOCSPX-[\w-]{20,}+"),
    _token("gcp_key", "ya29.", r"ya29\.[\w-]{20,}+"),
    _token("azure_key", "Q~", r"[\w~.]{3}\dQ~[\w~.-]{31,34}+", closed=True),
    _token("jwt", "eyJ", r"eyJ[\w-]{8,1024}+\.[\w-]{8,}+(?:\.[\w-]*+){0,3}+"),
    _token("slack_token", "xox", r"xox[a-z](?:\.xox[a-z])?-[\w-]{10,}+"),
    _token("slack_token", "xapp-", r"xapp-\d-[\w-]{20,}+"),
    Pattern("webhook_url", "/", re.compile(_WEBHOOK)),
    _token("discord_token", ".", r"[MNO][\w-]{22,28}+\.[\w-]{6}\.[\w-]{27,45}+", closed=True),
    _token("github_token", "gh", r"gh[a-z]_[A-Za-z0-9]{30,}+"),
    _token("github_token", "github_pat_", r"github_pat_\w{22,}+"),
    _token(
        "gitlab_token",
        "gl",
        r"gl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|imt|oas|ffct)-[\w-]{20,}+(?:\.[\w-]{2,64}+){0,3}",
    ),
    _token("stripe_key", "k_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}+"),
    _token("stripe_key", "whsec_", r"whsec_[A-Za-z0-9+/]{20,}+={0,2}"),
    _token("anthropic_key", "sk-ant-", r"sk-ant-[\w-]{20,}+"),
    _token(
        "openai_key", "sk-", r"sk-(?:(?:proj|svcacct|admin|or|lf)-[\w-]{20}|[A-Za-z0-9]{20})[\w-]*+"
    ),
    _token("npm_token", "npm_", r"npm_[A-Za-z0-9]{30,}+"),
    _token("pypi_token", "pypi-", r"pypi-Ag[\w-]{40,}+"),
    _token("vendor_token", "SG.", r"SG\.[\w-]{16,64}+\.[\w-]{16,}+"),
    _token("vendor_token", "SK", r"SK[0-9a-f]{32}", closed=True),
    _token("vendor_token", "key-", r"key-[0-9a-f]{32}", closed=True),
    _token("vendor_token", "hv", r"hv[sbr]\.[\w-]{24,}+"),
    _token("vendor_token", ":AA", r"\d{8,10}:AA[\w-]{32,34}+", closed=True),
    _token("vendor_token", "dckr_pat_", r"dckr_pat_[\w-]{20,}+"),
    _token("vendor_token", "_", r"(?:hf|gsk|sbp|do[opr]_v1|shp[a-z]{2}|lin_api)_[A-Za-z0-9]{24,}+"),
    _token("vendor_token", "_", r"(?:glsa|glc|sntry[a-z])_[A-Za-z0-9]{16}[\w=+/-]{8,}+"),
    _token("vendor_token", "AK-", r"(?:NRAK|PMAK)-[\w-]{20,}+"),
    _token("vendor_token", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[A-Z0-9]{40,}+"),
    _token("vendor_token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}+"),
    Pattern("keyed", "", _KEYED, _keyed),
    Pattern("password", "curl", re.compile(_CURL)),
    Pattern(
        "authorization",
        " ",
        re.compile(r"(?<![\w›-])(?i:bearer|basic)[ \t]{1,3}([\w.~+/-]{8,}+={0,2})(?!‹)"),
        checks.scheme,
    ),
    Pattern("database_url", "@", re.compile(_DATABASE), checks.database),
    Pattern("url_userinfo", "@", re.compile(r"://([^\s\"'<>/?#‹›]{1,512})@"), checks.userinfo),
    Pattern(
        "email",
        "@",
        re.compile(
            r"(?<![\w.%+›-])[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
            r"(?![\w‹@-])(?!\.[\w‹])"
        ),
        checks.email,
    ),
    Pattern(
        "card",
        "",
        re.compile(
            r"(?<![\w›])(?<![0-9›][.-])(?:[0-9]{13,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}"
            r"|[0-9]{4}([ -])[0-9]{6}\2[0-9]{5})(?![\w‹])(?![.-][0-9‹])"
        ),
        checks.card,
    ),
    Pattern(
        "iban", "", re.compile(r"(?<![\w›])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}+"), checks.iban
    ),
    Pattern(
        "phone",
        "",
        re.compile(_PHONE),
        checks.phone,
    ),
    Pattern(
        "phone",
        "-",
        re.compile(
            r"(?<![\w›.-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)[0-9]{3}-[0-9]{4}"
            r"(?![\w‹-])(?!\.[\w‹])"
        ),
    ),
)

IPV4 = Pattern(
    "ipv4",
    ".",
    re.compile(r"(?<![\w.›])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w‹])(?!\.[\w‹])"),
    checks.ipv4,
)
