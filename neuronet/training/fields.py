"""Types of configuration fields: validation turns a spec into its object, once; serialisation writes the spec again.

Both take a context. With {"recorded": True}, as for the configuration file of a run, specs are written with all parameters, so
that their meaning does not change with a default; when they are read, a policy that cannot be found is accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, FiniteFloat, InstanceOf, PlainSerializer, SerializationInfo, ValidationInfo

from neuronet.channels import ChannelAt
from neuronet.core import MAX_SEED, Optimizer, Population, UpdateSchedule, Wiring, parse_activation
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


def _written(write: Callable[..., Any], return_type: Any = str) -> PlainSerializer:
    def serialise(value: Any, info: SerializationInfo) -> Any:
        return write(value, all_parameters=_is_recorded(info))

    return PlainSerializer(serialise, return_type=return_type)


def _written_list(write: Callable[..., str]) -> PlainSerializer:
    def write_list(items: tuple[Any, ...], *, all_parameters: bool) -> tuple[str, ...]:
        return tuple(write(item, all_parameters=all_parameters) for item in items)

    return _written(write_list, tuple[str, ...])


def _as_written(scheduled: Any, *, all_parameters: bool) -> str:
    return str(scheduled)  # an intervention keeps its text, which its events repeat


def _is_recorded(info: SerializationInfo | ValidationInfo) -> bool:
    return bool((info.context or {}).get("recorded"))


def _parse_interventions(given: Any) -> tuple[Any, ...]:
    if given in ((), []):
        return ()
    from neuronet.interventions import is_timed, schedule_intervention  # imports the engines

    return tuple(schedule_intervention(item) for item in ((given,) if is_timed(given) else _items(given)))


def _parse_policy(given: Any, info: ValidationInfo) -> Population:
    return parse_recorded_population(given) if _is_recorded(info) else parse_population(given)


MAX_COUNT = 10**15
Count = Annotated[int, Field(ge=1, le=MAX_COUNT, strict=True)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)]
PositiveFloat = Annotated[FiniteFloat, Field(gt=0, strict=True)]
ActivationName = Annotated[str, BeforeValidator(lambda name: parse_activation(name).name)]
PopulationField = Annotated[
    InstanceOf[Population],
    BeforeValidator(_parse_policy),
    _written(format_population, str | tuple[str, ...]),
]
OptimizerField = Annotated[InstanceOf[Optimizer], _parsed(parse_optimizer), _written(format_option)]
WiringField = Annotated[InstanceOf[Wiring], _parsed(parse_wiring), _written(format_option)]
UpdateScheduleField = Annotated[InstanceOf[UpdateSchedule], _parsed(parse_update_schedule), _written(format_option)]
Channels = Annotated[tuple[InstanceOf[ChannelAt], ...], BeforeValidator(as_channels), _written_list(format_channel)]
Interventions = Annotated[tuple[Any, ...], BeforeValidator(_parse_interventions), _written_list(_as_written)]
Traces = Annotated[tuple[InstanceOf[TraceSpec], ...], BeforeValidator(_parse_traces), _written_list(TraceSpec.spec)]
