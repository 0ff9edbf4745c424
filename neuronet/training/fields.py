"""Types of configuration fields: validation turns a spec into its object, once; serialisation writes the spec again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, FiniteFloat, InstanceOf, PlainSerializer, ValidationInfo

from neuronet.channels import ChannelAt
from neuronet.core import MAX_SEED, ConfigurationError, Optimizer, Population, UpdateSchedule, Wiring, parse_activation
from neuronet.recording.traces import TraceSpec, parse_trace
from neuronet.registry import (
    as_channels,
    format_channel,
    format_option,
    format_population,
    parse_optimizer,
    parse_population,
    parse_recorded_population,
    parse_update_schedule,
    parse_wiring,
)


def _parsed(parse: Callable[[str], Any]) -> BeforeValidator:
    return BeforeValidator(lambda given: parse(given) if isinstance(given, str) else given)


def _items(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def _parse_traces(given: Any) -> tuple[Any, ...]:
    return tuple(parse_trace(item) if isinstance(item, str) else item for item in _items(given))


def _written(write: Callable[[Any], str]) -> PlainSerializer:
    return PlainSerializer(write, return_type=str)


def _written_list(write: Callable[[Any], str]) -> PlainSerializer:
    return PlainSerializer(lambda items: tuple(write(item) for item in items), return_type=tuple[str, ...])


def _parse_interventions(given: Any) -> tuple[Any, ...]:
    items = _items(given)
    if not items:
        return ()
    from neuronet.interventions import ScheduledIntervention, parse_scheduled_intervention  # imports the engines

    parsed = tuple(parse_scheduled_intervention(item) if isinstance(item, str) else item for item in items)
    for item in parsed:
        if not isinstance(item, ScheduledIntervention):
            raise ConfigurationError(f"interventions must be texts such as '5: lesion(layer=1, share=0.2)', got {item!r}")
    return parsed


def _parse_policy(given: Any, info: ValidationInfo) -> Population:
    return parse_recorded_population(given) if (info.context or {}).get("recorded") else parse_population(given)


Count = Annotated[int, Field(ge=1, strict=True)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)]
PositiveFloat = Annotated[FiniteFloat, Field(gt=0, strict=True)]
ActivationName = Annotated[str, BeforeValidator(lambda name: parse_activation(name).name)]
PopulationField = Annotated[
    InstanceOf[Population],
    BeforeValidator(_parse_policy),
    PlainSerializer(format_population, return_type=str | tuple[str, ...]),
]
OptimizerField = Annotated[InstanceOf[Optimizer], _parsed(parse_optimizer), _written(format_option)]
WiringField = Annotated[InstanceOf[Wiring], _parsed(parse_wiring), _written(format_option)]
UpdateScheduleField = Annotated[InstanceOf[UpdateSchedule], _parsed(parse_update_schedule), _written(format_option)]
Channels = Annotated[tuple[InstanceOf[ChannelAt], ...], BeforeValidator(as_channels), _written_list(format_channel)]
Interventions = Annotated[tuple[Any, ...], BeforeValidator(_parse_interventions), _written_list(str)]
Traces = Annotated[tuple[InstanceOf[TraceSpec], ...], BeforeValidator(_parse_traces), _written_list(str)]
