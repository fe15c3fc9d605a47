"""Data types, tags, and the one rule that says which wire may be drawn."""

from enum import StrEnum


class Type(StrEnum):
    """The type of what travels on a wire."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"
    BINARY = "binary"
    IMAGE = "image"
    AUDIO = "audio"
    MESSAGE = "message"
    MESSAGES = "messages"
    ANY = "any"
