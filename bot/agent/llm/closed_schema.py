"""Whether a schema is one that every provider enforces; a bug of ours when it is not.

Strict decoding takes an object at the root, whose objects list every property as required and
allow no other, and no `oneOf`: OpenAI answers 400, and a local server may drop the schema and let
the model chat (it fails open), which nobody would notice.
"""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue


def check_closed(schema: Mapping[str, JsonValue]) -> None:
    """Do nothing when a schema is strict.

    Raises:
        ValueError: It is not; the message says where and why. This is a bug, not a setting.
    """
    faults = [] if schema.get("type") == "object" else ["the root is no object"]
    faults += _faults(schema, "the root")
    if faults:
        raise ValueError(f"the schema of a model's answer is not strict: {'; '.join(faults)}")


def _faults(node: Mapping[str, JsonValue], where: str) -> Iterator[str]:
    for word in ("oneOf", "discriminator", "default"):
        if word in node:
            yield f"{where} has {word}"
    if node.get("type") == "object" or "properties" in node:
        names = node.get("properties")
        required = node.get("required")
        given = set(names) if isinstance(names, dict) else set[str]()
        if node.get("additionalProperties") is not False:
            yield f"{where} allows other properties"
        if given != (set(required) if isinstance(required, list) else set()):
            yield f"{where} has properties that are not required"
    for name, child in _children(node):
        yield from _faults(child, name)


def _children(node: Mapping[str, JsonValue]) -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
    for word in ("properties", "$defs"):
        named = node.get(word)
        if isinstance(named, dict):
            yield from ((name, child) for name, child in named.items() if isinstance(child, dict))
    for word in ("anyOf", "allOf", "prefixItems"):
        several = node.get(word)
        if isinstance(several, list):
            yield from ((word, child) for child in several if isinstance(child, dict))
    items = node.get("items")
    if isinstance(items, dict):
        yield "items", items
