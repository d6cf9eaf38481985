"""Texts with a secret in them; every secret is put together here, at run time.

Nothing in this file is or was a credential: each is built from a prefix in pieces and filler drawn
from a hash, so that no scanner of repositories finds one either.
"""

from dataclasses import dataclass

from tests.bot.knowledge.redact_pieces import (
    ALNUM,
    BASE64,
    DIGITS,
    HEX,
    UPPER,
    URL_SAFE,
    card,
    filler,
    fours,
    iban,
    key_block,
    mixed,
)


@dataclass(frozen=True)
class Positive:
    """`secret` must not be in the redacted `text`; `kept` must."""

    family: str
    text: str
    secret: str
    kept: str = ""


def tokens(seed: int) -> list[tuple[str, str]]:
    """Return (family, secret) of everything that is known by its own shape."""

    def draw(size: int, alphabet: str) -> str:
        return filler(size, alphabet, seed * 1000 + size)

    return [
        ("aws_key", "AK" + "IA" + draw(16, UPPER + "234567")),
        ("aws_key", "AS" + "IA" + draw(16, UPPER + "234567")),
        ("gcp_key", "AI" + "za" + draw(35, URL_SAFE)),
        ("gcp_key", "GOC" + "SPX-" + draw(28, URL_SAFE)),
        ("azure_key", draw(3, ALNUM) + "8" + "Q~" + draw(34, ALNUM)),
        (
            "jwt",
            "ey" + "J" + draw(33, ALNUM) + ".ey" + "J" + draw(90, ALNUM) + "." + draw(43, URL_SAFE),
        ),
        (
            "slack_token",
            "xo" + "xb-" + draw(12, DIGITS) + "-" + draw(13, DIGITS) + "-" + draw(24, ALNUM),
        ),
        ("slack_token", "xo" + "xp-" + draw(11, DIGITS) + "-" + draw(32, HEX)),
        (
            "slack_token",
            "xa" + "pp-1-A" + draw(10, UPPER) + "-" + draw(13, DIGITS) + "-" + draw(64, HEX),
        ),
        ("discord_token", "MT" + draw(24, ALNUM) + "." + draw(6, ALNUM) + "." + draw(38, URL_SAFE)),
        ("github_token", "gh" + "p_" + draw(36, ALNUM)),
        ("github_token", "gh" + "s_" + draw(36, ALNUM)),
        ("github_token", "github" + "_pat_" + draw(22, ALNUM) + "_" + draw(59, ALNUM)),
        ("gitlab_token", "gl" + "pat-" + draw(20, URL_SAFE)),
        ("gitlab_token", "gl" + "rt-" + draw(20, ALNUM)),
        ("stripe_key", "sk" + "_live_" + draw(24, ALNUM)),
        ("stripe_key", "rk" + "_test_" + draw(40, ALNUM)),
        ("stripe_key", "wh" + "sec_" + draw(32, ALNUM)),
        ("openai_key", "sk" + "-" + draw(48, ALNUM)),
        ("openai_key", "sk" + "-proj-" + draw(100, URL_SAFE)),
        ("anthropic_key", "sk" + "-ant-api03-" + draw(93, URL_SAFE) + "AA"),
        ("npm_token", "np" + "m_" + draw(36, ALNUM)),
        ("pypi_token", "py" + "pi-AgEIcHlwaS5vcmc" + draw(100, URL_SAFE)),
        ("vendor_token", "S" + "G." + draw(22, URL_SAFE) + "." + draw(43, URL_SAFE)),
        ("vendor_token", "S" + "K" + draw(32, HEX)),
        ("vendor_token", "ke" + "y-" + draw(32, HEX)),
        ("vendor_token", "hv" + "s." + draw(28, ALNUM)),
        ("vendor_token", "h" + "f_" + draw(34, ALNUM)),
        ("vendor_token", "gl" + "sa_" + draw(32, ALNUM) + "_" + draw(8, HEX)),
        ("vendor_token", draw(10, "123456789") + ":A" + "A" + draw(33, URL_SAFE)),
    ]


_AROUND = (
    "upstream refused {} after 3 retries",
    '{{"level":"error","detail":"{}"}}',
    "GET /v1/items?cursor={}&page=2 401",
    "{}",
)
_PASSWORDS = (
    "hunter2",
    "Tr0ub4dor!3",
    "S3cure_Pa55",
    "correcthorse",
    "p4ss-w0rd.2024",
    "zq9$kL%2vR",
)
_PASSWORD_FORMS = (
    "password={}",
    "DB_PASSWORD={} ./run.sh",
    'spring.datasource.password="{}"',
    '{{"user":"bob","password":"{}"}}',
    "passwd: {}",
    "mysqlPwd={};Server=db",
    "Server=db;Uid=app;Pwd={};Port=3306",
    "login --password {} --host db",
    "smtp_pass={}",
    "<password>{}</password>",
    "PGPASSWORD='{}' psql -h db",
    r"body={{\"passphrase\":\"{}\"}}",
    "- name: ADMIN_PASSWORD\n  value: {}",
)
_TOKEN_FORMS = (
    "token={}",
    "api_key={}&limit=5",
    "apiKey: {}",
    "X-Api-Key: {}",
    "client_secret={}",
    '"secret": "{}"',
    "refresh_token={}",
    "Authorization: Bearer {}",
    "curl -H 'authorization: bearer {}' https://api.example.com",
    "Authorization: Basic {}",
    "AWS_SECRET_ACCESS_KEY={}",
    "AccountKey={};EndpointSuffix=core.example.net",
    "Endpoint=sb://bus.example.net/;SharedAccessKey={}",
    "https://acct.blob.example.net/c/b?sv=2022-11-02&sig={}&se=2030",
    "_authToken={}",
    "secret={}",
    "--token={} apply",
    "the retry used bearer {} and failed",
    "DD_APP_KEY={}",
    "session_key: {}",
    "encryption_key = '{}'",
    "Cookie: session={}; theme=dark",
)


def _shaped() -> list[Positive]:
    cases = [
        Positive(family, around.format(secret), secret)
        for seed, around in enumerate(_AROUND)
        for family, secret in tokens(seed)
    ]
    for seed, label in enumerate(
        ("RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PRIVATE KEY")
    ):
        for newline in ("\n", "\r\n", "\\n"):
            block = key_block(label, seed * 50, newline=newline)
            body = block.split(newline)[3]
            cases.append(Positive("private_key", f"loaded {block} from disk", body, "from disk"))
    cut = key_block("ENCRYPTED PRIVATE KEY", 900)[:200]
    cases.append(Positive("private_key", f"dump: {cut}", cut[-40:], "dump: "))
    pair = "AK" + "IA" + filler(16, UPPER, 5), mixed(40, BASE64, 6)
    cases.append(Positive("aws_secret", f"{pair[0]}:{pair[1]}", pair[1]))
    path = "T" + filler(9, UPPER, 7) + "/B" + filler(9, UPPER, 8) + "/" + filler(24, ALNUM, 9)
    cases.append(
        Positive(
            "webhook_url",
            f"post to https://hooks.slack.com/services/{path} failed",
            path,
            "hooks.slack.com",
        )
    )
    path = filler(18, "123456789", 10) + "/" + filler(68, URL_SAFE, 11)
    cases.append(
        Positive("webhook_url", f"https://discord.com/api/webhooks/{path}", path, "discord.com")
    )
    return cases


def _keyed() -> list[Positive]:
    cases = [
        Positive("password", form.format(secret), secret)
        for n, form in enumerate(_PASSWORD_FORMS)
        for secret in (_PASSWORDS[n % 6], _PASSWORDS[(n + 3) % 6])
    ]
    for n, form in enumerate(_TOKEN_FORMS):
        drawn = (mixed(32, ALNUM, 40 + n), mixed(44, BASE64, 80 + n))
        cases += [Positive("keyed", form.format(secret), secret) for secret in drawn]
    return cases


def _urls() -> list[Positive]:
    schemes = (
        "postgres",
        "postgresql+psycopg",
        "mysql",
        "mongodb+srv",
        "redis",
        "amqps",
        "https",
        "ftp",
    )
    users = ("app:s3cr3t", "app:p%40ss", ":justpass9", "root:a.b-c_d~e", "svc:p@ss1")
    cases = [
        Positive(
            "url",
            f"dial {scheme}://{user}@db.example.com:5432/shop?ssl=on",
            user,
            "db.example.com:5432/shop",
        )
        for scheme in schemes
        for user in users
    ]
    dsn = filler(32, HEX, 12)
    cases.append(
        Positive(
            "url", f"dsn https://{dsn}@o1.ingest.example.io/42", dsn, "o1.ingest.example.io/42"
        )
    )
    cases.append(Positive("url", "postgres://app:pa/ss@db/shop", "pa/ss", "db/shop"))
    return cases


def _personal() -> list[Positive]:
    names = ("dana", "dana.ops", "d.ops+alerts", "o_brien-x", "müller", "DANA", "team%sre")
    hosts = ("example.com", "mail.example.co.uk", "xn--bcher-kva.example", "a-b.example.museum")
    cases = [
        Positive("email", f"page <{name}@{host}>, then retry", f"{name}@{host}")
        for name in names
        for host in hosts
    ]
    networks = (
        ("4", 16),
        ("51", 16),
        ("2221", 16),
        ("34", 15),
        ("37", 15),
        ("6011", 16),
        ("36", 14),
        ("3528", 16),
        ("62", 16),
        ("4", 19),
        ("4", 13),
    )
    for seed, (prefix, size) in enumerate(networks):
        number = card(prefix, size, 500 + seed)
        cases.append(Positive("card", f"charge {number} declined", number))
        cases.append(Positive("card", f'{{"pan":"{number}"}}', number))
        if size == 16:
            cases.append(Positive("card", f"card {fours(number)} 12/27", fours(number), "12/27"))
            cases.append(Positive("card", f"card={fours(number, '-')}.", fours(number, "-")))
    accounts = (
        ("DE", filler(18, DIGITS, 1)),
        ("GB", "NWBK" + filler(14, DIGITS, 2)),
        ("FR", filler(23, DIGITS, 3)),
        ("NL", "ABNA" + filler(10, DIGITS, 4)),
        ("NO", filler(11, DIGITS, 5)),
        ("CH", filler(17, DIGITS, 6)),
        ("ES", filler(20, DIGITS, 7)),
        ("PL", filler(24, DIGITS, 8)),
    )
    for country, account in accounts:
        number = iban(country, account)
        cases.append(Positive("iban", f"refund to {number} PAID", number, "PAID"))
        cases.append(Positive("iban", f"IBAN: {fours(number)} SENT", fours(number), "SENT"))
    phones = (
        "+49 30 1234567",
        "+14155550132",
        "+1 415-555-0132",
        "+44 20 7946 0958",
        "+33 1 23 45 67 89",
        "(415) 555-0132",
        "415-555-0132",
        "+31-6-12345678",
        "+1 (415) 555-0132",
    )
    return cases + [Positive("phone", f"call {phone}, please", phone, "please") for phone in phones]


def positives() -> list[Positive]:
    """Return every text that holds a secret."""
    return [*_shaped(), *_keyed(), *_urls(), *_personal()]
