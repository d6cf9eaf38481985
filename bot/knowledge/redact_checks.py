"""The last word on what a pattern found: check digits, lengths, and names that only look alike."""

import re

from bot.knowledge.redact_keys import names_something

Hit = tuple[str, int, int]
"""Kind of secret, and where it starts and ends in the text."""


def luhn(digits: str) -> bool:
    """Tell whether the last of the decimal `digits` is their Luhn check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) << (place & 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


# First digits and lengths of the card networks; without them one random number in ten is a card.
_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|62\d{14,17}|(?:50(?:18|20|38)|5893|6304|6759|676[123])\d{8,15}"
)


def card(match: re.Match[str]) -> Hit | None:
    """A payment card of a known network, with a right check digit."""
    digits = match[0].replace(" ", "").replace("-", "")
    return ("card", *match.span()) if _CARD.fullmatch(digits) and luhn(digits) else None


_IBAN_CHARS = (
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18"
    "FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21"
    "LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27"
    "TN24TR26UA29VA22VG24XK20"
)


def iban(match: re.Match[str]) -> Hit | None:
    """An account number of its country's length and with right check digits; it ends there."""
    country = _IBAN_CHARS.find(match[0][:2])
    size = int(_IBAN_CHARS[country + 2 : country + 4]) if country >= 0 else 99
    end, seen = match.start(), 0
    while seen < size and end < match.end():
        seen += match.string[end] != " "
        end += 1
    after = match.string[end : end + 1]
    if seen < size or after == "‹" or after.isalnum():
        return None
    compact = match.string[match.start() : end].replace(" ", "")
    number = "".join(str(int(char, 36)) for char in compact[4:] + compact[:4])
    return ("iban", match.start(), end) if int(number) % 97 == 1 else None


_NOT_A_HOST = re.compile(
    r"(?i)device|mount|scope|service|slice|socket|swap|target|timer|png|jpe?g|svg|gif|webp"
)


def email(match: re.Match[str]) -> Hit | None:
    """An address at a host; systemd's `user@1000.service`, `grpc@v1.59.0` and `git@` are none."""
    local, _, domain = match[0].rpartition("@")
    last = domain.rpartition(".")[2]
    if not last.isalpha() or len(last) < 2 or _NOT_A_HOST.fullmatch(last) or local == "git":
        return None
    return None if re.match(r"v?\d+\.\d", domain) else ("email", *match.span())


def phone(match: re.Match[str]) -> Hit | None:
    """A telephone number of at least eight digits; a date that a diff added is none."""
    if sum(map(str.isdigit, match[0])) < 8 or re.match(r"\+\d{4}-\d\d-\d\d", match[0]):
        return None
    return ("phone", *match.span())


def ipv4(match: re.Match[str]) -> Hit | None:
    """Four numbers under 256."""
    fits = all(int(part) < 256 for part in match[0].split("."))
    return ("ipv4", *match.span()) if fits else None


_DATABASES = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|clickhouse|oracle"
    r"|cockroachdb|nats|kafka|influxdb|ldaps?)(?:\+\w{1,16})?$",
    re.IGNORECASE,
)


def userinfo(match: re.Match[str]) -> Hit | None:
    """What stands between `://` and the last `@` before the path; the host stays."""
    if match[1] == "git":
        return None
    scheme = match.string[max(0, match.start() - 32) : match.start()]
    kind = "database_url" if _DATABASES.search(scheme) else "url_userinfo"
    return (kind, *match.span(1))


def database(match: re.Match[str]) -> Hit | None:
    """The same for databases, whose passwords also hold slashes."""
    hit = userinfo(match)
    return hit if hit is not None and hit[0] == "database_url" else None


def scheme(match: re.Match[str]) -> Hit | None:
    """What follows Bearer or Basic, unless it is a word or a name."""
    value = match[1]
    mixed = any(map(str.isdigit, value)) or "=" in value or value[1:] != value[1:].lower()
    return ("authorization", *match.span(1)) if mixed and not names_something(value) else None
