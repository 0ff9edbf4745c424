"""Names and specs to objects, and back: one grammar for every spec."""

from neuronet.core import Population
from neuronet.registry.environment_spec import URI_SCHEMES, parse_environment, split_table_path, with_absolute_path
from neuronet.registry.grammar import Call, parse_call, split_list, split_prefix, syntax_error
from neuronet.registry.networks import build_network
from neuronet.registry.option_specs import (
    as_channels,
    format_channel,
    format_option,
    parse_channel,
    parse_optimizer,
    parse_update_schedule,
    parse_wiring,
)
from neuronet.registry.plug_ins import BASELINE, known_environments, known_policies, parse_policy, spec_of
from neuronet.registry.population_spec import (
    Policies,
    UnresolvedPopulation,
    describe_population,
    format_population,
    is_mixture,
    parse_population,
    parse_recorded_population,
    short_name,
)
from neuronet.registry.spec import build_spec, format_spec, format_value, parse_function, parse_spec

__all__ = [
    "BASELINE",
    "URI_SCHEMES",
    "Call",
    "Policies",
    "Population",
    "UnresolvedPopulation",
    "as_channels",
    "build_network",
    "build_spec",
    "describe_population",
    "format_channel",
    "format_option",
    "format_population",
    "format_spec",
    "format_value",
    "is_mixture",
    "known_environments",
    "known_policies",
    "parse_call",
    "parse_channel",
    "parse_environment",
    "parse_function",
    "parse_optimizer",
    "parse_policy",
    "parse_population",
    "parse_recorded_population",
    "parse_spec",
    "parse_update_schedule",
    "parse_wiring",
    "short_name",
    "spec_of",
    "split_list",
    "split_prefix",
    "split_table_path",
    "syntax_error",
    "with_absolute_path",
]
