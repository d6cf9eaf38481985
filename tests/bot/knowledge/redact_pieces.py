"""What the corpus of redaction is made of: filler, key blocks, numbers with check digits."""

import hashlib

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
HEX = DIGITS + "abcdef"
ALNUM = UPPER + LOWER + DIGITS
URL_SAFE = ALNUM + "-_"
BASE64 = ALNUM + "+/"


def filler(size: int, alphabet: str, seed: int) -> str:
    """Return `size` characters of `alphabet`, the same for the same seed; both ends are plain."""
    plain = "".join(char for char in alphabet if char.isalnum())
    drawn = b"".join(hashlib.sha256(f"{seed}/{n}".encode()).digest() for n in range(size // 32 + 1))
    ends = (0, size - 1)
    return "".join(
        (plain if n in ends else alphabet)[byte % len(plain if n in ends else alphabet)]
        for n, byte in enumerate(drawn[:size])
    )


def mixed(size: int, alphabet: str, seed: int) -> str:
    """Return filler that surely holds upper case, lower case and digits."""
    return "Q7" + filler(size - 4, alphabet, seed) + "k3"


def key_block(label: str, seed: int, *, newline: str = "\n") -> str:
    """Return a PEM block whose body is filler."""
    lines = [filler(64, BASE64, seed + n) for n in range(6)]
    bar = "-" * 5
    return newline.join([f"{bar}BEGIN {label}{bar}", *lines, f"{bar}END {label}{bar}"])


def check_digit(stem: str) -> str:
    """Return the Luhn digit that completes `stem`."""
    doubled = [int(digit) * (2 - n % 2) for n, digit in enumerate(reversed(stem))]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def card(prefix: str, size: int, seed: int, *, valid: bool = True) -> str:
    """Return a card number of a network, or one whose last digit is wrong by one."""
    stem = prefix + filler(size - len(prefix) - 1, DIGITS, seed)
    digit = check_digit(stem)
    return stem + (digit if valid else str((int(digit) + 1) % 10))


def iban(country: str, account: str, *, valid: bool = True) -> str:
    """Return an IBAN with its check digits, or with check digits that are wrong by one."""
    number = "".join(str(int(char, 36)) for char in account + country) + "00"
    check = 98 - int(number) % 97
    return f"{country}{check if valid else (check + 1) % 90 + 2:02d}{account}"


def fours(text: str, separator: str = " ") -> str:
    """Return `text` in groups of four."""
    return separator.join(text[n : n + 4] for n in range(0, len(text), 4))
