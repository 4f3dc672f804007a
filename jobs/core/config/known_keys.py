"""The keys that a document can have at each path."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def keys_at(schema: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys of the mapping at a path.

    Args:
        schema: of the document.
        path: keys and positions on the way there, as pydantic tells them: a discriminator's value is one.
    """
    found: list[Any] = [schema]
    for step in path:
        found = [inner for each in found for inner in _below(each, step)]
    models = [model for each in found for model in _forms(each) if _is_model(model)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _forms(annotation: Any) -> Iterator[Any]:  # noqa: ANN401  (an annotation)
    """What an annotation allows, each by itself."""
    if get_origin(annotation) is Annotated:
        yield from _forms(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, types.UnionType}:
        for part in get_args(annotation):
            yield from _forms(part)
    else:
        yield annotation


def _is_model(form: Any) -> bool:  # noqa: ANN401  (an annotation)
    return isinstance(form, type) and issubclass(form, BaseModel)


def _below(annotation: Any, step: int | str) -> Iterator[Any]:  # noqa: ANN401  (an annotation)
    """What is found one step further."""
    for form in _forms(annotation):
        if _is_model(form):
            for name, field in form.model_fields.items():
                if step in {name, field.alias}:
                    yield field.annotation
                elif step in get_args(field.annotation):  # the value of a discriminator
                    yield form
        elif get_origin(form) is dict:
            yield get_args(form)[1]
        elif get_origin(form) in {list, tuple}:
            yield get_args(form)[0]
