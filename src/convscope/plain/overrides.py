"""Settings with some fields said otherwise."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from convscope.errors import UnknownName

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")


def with_overrides(settings: Settings, overrides: Mapping[str, Any]) -> Settings:
    """A frozen dataclass with other values in some fields; raises UnknownName for a field that it does not have."""
    known = [field.name for field in fields(settings)]
    for name in overrides:
        if name not in known:
            raise UnknownName("setting", name, known)
    return replace(settings, **overrides)
