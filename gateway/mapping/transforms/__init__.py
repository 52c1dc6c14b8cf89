"""Transforms: the verbs of the mapping language, one family per module."""

from __future__ import annotations

from gateway.mapping.transforms.registry import (
    Noted,
    Transform,
    Unusable,
    find_transform,
    load_user_transforms,
    registry,
    transform,
)

__all__ = ["Noted", "Transform", "Unusable", "find_transform", "load_user_transforms", "registry", "transform"]
