"""Contracts and value types that everything else is built on; no torch and no Mesa.

Names are loaded on first use, so that the error classes need neither numpy nor networkx.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuronet.core.access import Access as Access
    from neuronet.core.access import check_import as check_import
    from neuronet.core.access import current_access as current_access
    from neuronet.core.access import may_import as may_import
    from neuronet.core.access import reading_record as reading_record
    from neuronet.core.access import record_access as record_access
    from neuronet.core.activation import ACTIVATIONS as ACTIVATIONS
    from neuronet.core.activation import LEAK as LEAK
    from neuronet.core.activation import Activation as Activation
    from neuronet.core.activation import parse_activation as parse_activation
    from neuronet.core.array_types import Array as Array
    from neuronet.core.array_types import Memory as Memory
    from neuronet.core.array_types import Namespace as Namespace
    from neuronet.core.array_types import reaches as reaches
    from neuronet.core.array_types import rounding as rounding
    from neuronet.core.culprits import check_signatures as check_signatures
    from neuronet.core.culprits import explained as explained
    from neuronet.core.culprits import own_classes as own_classes
    from neuronet.core.culprits import own_place as own_place
    from neuronet.core.culprits import plug_in_errors as plug_in_errors
    from neuronet.core.data.batches import Batches as Batches
    from neuronet.core.data.columns import Column as Column
    from neuronet.core.data.columns import Unseen as Unseen
    from neuronet.core.data.columns import encode_columns as encode_columns
    from neuronet.core.data.columns import unseen_categories as unseen_categories
    from neuronet.core.data.encoding import Encoding as Encoding
    from neuronet.core.data.encoding import Scaling as Scaling
    from neuronet.core.data.encoding import Standardisation as Standardisation
    from neuronet.core.data.foreign_arrays import as_array as as_array
    from neuronet.core.data.foreign_arrays import as_numbers as as_numbers
    from neuronet.core.data.frames import MISSING as MISSING
    from neuronet.core.data.frames import MISSING_NUMBERS as MISSING_NUMBERS
    from neuronet.core.data.frames import Place as Place
    from neuronet.core.data.frames import column_texts as column_texts
    from neuronet.core.data.frames import frame_numbers as frame_numbers
    from neuronet.core.data.frames import is_categorical as is_categorical
    from neuronet.core.data.frames import is_frame as is_frame
    from neuronet.core.data.frames import missing_values as missing_values
    from neuronet.core.data.frames import row_place as row_place
    from neuronet.core.data.sample_checks import check_samples as check_samples
    from neuronet.core.data.sample_checks import checked_samples as checked_samples
    from neuronet.core.data.texts import is_plain_number as is_plain_number
    from neuronet.core.data.texts import parse_integer as parse_integer
    from neuronet.core.data.texts import parse_json as parse_json
    from neuronet.core.data.texts import parse_toml as parse_toml
    from neuronet.core.delegating_policy import DelegatingPolicy as DelegatingPolicy
    from neuronet.core.environment import Environment as Environment
    from neuronet.core.environment import Samples as Samples
    from neuronet.core.environment import ValidationSplit as ValidationSplit
    from neuronet.core.errors import ConfigurationError as ConfigurationError
    from neuronet.core.errors import DataError as DataError
    from neuronet.core.errors import DataWarning as DataWarning
    from neuronet.core.errors import DivergedError as DivergedError
    from neuronet.core.errors import LockedError as LockedError
    from neuronet.core.errors import MissingExtraError as MissingExtraError
    from neuronet.core.errors import NeuroNetError as NeuroNetError
    from neuronet.core.errors import NonFiniteError as NonFiniteError
    from neuronet.core.errors import PlugInError as PlugInError
    from neuronet.core.errors import PolicyError as PolicyError
    from neuronet.core.errors import PolicyWarning as PolicyWarning
    from neuronet.core.errors import SpecError as SpecError
    from neuronet.core.errors import StateError as StateError
    from neuronet.core.errors import StudyMismatchError as StudyMismatchError
    from neuronet.core.errors import UndeclaredFieldError as UndeclaredFieldError
    from neuronet.core.errors import WorkerError as WorkerError
    from neuronet.core.errors import check_flag as check_flag
    from neuronet.core.errors import check_number as check_number
    from neuronet.core.errors import check_order as check_order
    from neuronet.core.errors import find_name as find_name
    from neuronet.core.errors import is_out_of_memory as is_out_of_memory
    from neuronet.core.errors import named_path as named_path
    from neuronet.core.errors import shortened as shortened
    from neuronet.core.errors import shown as shown
    from neuronet.core.errors import unknown_name_error as unknown_name_error
    from neuronet.core.errors import with_short_quotes as with_short_quotes
    from neuronet.core.feedback_form import FeedbackForm as FeedbackForm
    from neuronet.core.feedback_form import Projection as Projection
    from neuronet.core.learning.lr_schedules import LR_SCHEDULES as LR_SCHEDULES
    from neuronet.core.learning.lr_schedules import lr_factor as lr_factor
    from neuronet.core.learning.optimizers import OPTIMIZERS as OPTIMIZERS
    from neuronet.core.learning.optimizers import SGD as SGD
    from neuronet.core.learning.optimizers import Adam as Adam
    from neuronet.core.learning.optimizers import Momentum as Momentum
    from neuronet.core.learning.optimizers import Optimizer as Optimizer
    from neuronet.core.learning.optimizers import learning_rate_scale as learning_rate_scale
    from neuronet.core.learning.update_schedule import UPDATE_SCHEDULES as UPDATE_SCHEDULES
    from neuronet.core.learning.update_schedule import Inactive as Inactive
    from neuronet.core.learning.update_schedule import PartialUpdate as PartialUpdate
    from neuronet.core.learning.update_schedule import RandomSequential as RandomSequential
    from neuronet.core.learning.update_schedule import Synchronous as Synchronous
    from neuronet.core.learning.update_schedule import UpdateSchedule as UpdateSchedule
    from neuronet.core.learning.update_schedule import check_update_schedule as check_update_schedule
    from neuronet.core.observation import AXES as AXES
    from neuronet.core.observation import LATE_FIELDS as LATE_FIELDS
    from neuronet.core.observation import LAYER_FIELDS as LAYER_FIELDS
    from neuronet.core.observation import OPTIONAL_FIELDS as OPTIONAL_FIELDS
    from neuronet.core.observation import Birth as Birth
    from neuronet.core.observation import Observation as Observation
    from neuronet.core.payoff import PAYOFFS as PAYOFFS
    from neuronet.core.payoff import BalancedCrossEntropy as BalancedCrossEntropy
    from neuronet.core.payoff import CrossEntropy as CrossEntropy
    from neuronet.core.payoff import Payoff as Payoff
    from neuronet.core.payoff import SquaredError as SquaredError
    from neuronet.core.payoff import parse_payoff as parse_payoff
    from neuronet.core.policy import LinearPolicy as LinearPolicy
    from neuronet.core.policy import Policy as Policy
    from neuronet.core.policy import Scales as Scales
    from neuronet.core.policy import Wrapper as Wrapper
    from neuronet.core.policy_traits import Traits as Traits
    from neuronet.core.policy_traits import check_axes as check_axes
    from neuronet.core.policy_traits import form_of as form_of
    from neuronet.core.policy_traits import projection_of as projection_of
    from neuronet.core.policy_traits import shared_memory_names as shared_memory_names
    from neuronet.core.policy_traits import trait_rows as trait_rows
    from neuronet.core.policy_traits import traits_of as traits_of
    from neuronet.core.random_streams import MAX_SEED as MAX_SEED
    from neuronet.core.random_streams import LayerRandom as LayerRandom
    from neuronet.core.random_streams import Purpose as Purpose
    from neuronet.core.random_streams import RandomStream as RandomStream
    from neuronet.core.random_streams import check_seed as check_seed
    from neuronet.core.random_streams import generator as generator
    from neuronet.core.random_streams import pick as pick
    from neuronet.core.structure.edges import MAX_MASK_ENTRIES as MAX_MASK_ENTRIES
    from neuronet.core.structure.edges import first_values as first_values
    from neuronet.core.structure.edges import from_edges as from_edges
    from neuronet.core.structure.edges import from_matrices as from_matrices
    from neuronet.core.structure.graph import from_graph as from_graph
    from neuronet.core.structure.graph import to_graph as to_graph
    from neuronet.core.structure.graph_wirings import WIRINGS as WIRINGS
    from neuronet.core.structure.graph_wirings import FixedDegreeWiring as FixedDegreeWiring
    from neuronet.core.structure.graph_wirings import FixedInDegree as FixedInDegree
    from neuronet.core.structure.graph_wirings import Modular as Modular
    from neuronet.core.structure.graph_wirings import Patches as Patches
    from neuronet.core.structure.graph_wirings import ScaleFree as ScaleFree
    from neuronet.core.structure.graph_wirings import Spatial as Spatial
    from neuronet.core.structure.groups import Group as Group
    from neuronet.core.structure.groups import Layers as Layers
    from neuronet.core.structure.groups import check_policy_form as check_policy_form
    from neuronet.core.structure.groups import layer_groups as layer_groups
    from neuronet.core.structure.groups import parse_policies_with as parse_policies_with
    from neuronet.core.structure.groups import policies_by_layer as policies_by_layer
    from neuronet.core.structure.network import INITIALISATIONS as INITIALISATIONS
    from neuronet.core.structure.network import Bools as Bools
    from neuronet.core.structure.network import Floats as Floats
    from neuronet.core.structure.network import Ints as Ints
    from neuronet.core.structure.network import Network as Network
    from neuronet.core.structure.network import initial_values as initial_values
    from neuronet.core.structure.network import initial_weights as initial_weights
    from neuronet.core.structure.pattern import MAX_DENSE_ENTRIES as MAX_DENSE_ENTRIES
    from neuronet.core.structure.pattern import Pattern as Pattern
    from neuronet.core.structure.pattern import check_dense as check_dense
    from neuronet.core.structure.population import ByFunction as ByFunction
    from neuronet.core.structure.population import ByNode as ByNode
    from neuronet.core.structure.population import PerLayer as PerLayer
    from neuronet.core.structure.population import Population as Population
    from neuronet.core.structure.population import Shares as Shares
    from neuronet.core.structure.population import as_population as as_population
    from neuronet.core.structure.sampling import distinct_ranks as distinct_ranks
    from neuronet.core.structure.sampling import independent_pairs as independent_pairs
    from neuronet.core.structure.sparse_network import LAYOUTS as LAYOUTS
    from neuronet.core.structure.sparse_network import SparseNetwork as SparseNetwork
    from neuronet.core.structure.sparse_network import pattern_of as pattern_of
    from neuronet.core.structure.sparse_network import prefers_sparse as prefers_sparse
    from neuronet.core.structure.sparse_network import to_dense as to_dense
    from neuronet.core.structure.sparse_network import to_sparse as to_sparse
    from neuronet.core.structure.sparse_network import with_layout as with_layout
    from neuronet.core.structure.wiring import Dense as Dense
    from neuronet.core.structure.wiring import SmallWorld as SmallWorld
    from neuronet.core.structure.wiring import Sparse as Sparse
    from neuronet.core.structure.wiring import Wiring as Wiring
    from neuronet.core.trust_region import TrustRegionStep as TrustRegionStep
    from neuronet.core.trust_region import solve_trust_region as solve_trust_region
    from neuronet.core.utility import MEASURES as MEASURES
    from neuronet.core.utility import LogTotal as LogTotal
    from neuronet.core.utility import Measure as Measure
    from neuronet.core.utility import Power as Power
    from neuronet.core.utility import Saturating as Saturating
    from neuronet.core.utility import parse_measure as parse_measure

_MODULES = {
    "activation": "ACTIVATIONS LEAK Activation parse_activation",
    "array_types": "Array Memory Namespace reaches rounding",
    "data.batches": "Batches",
    "data.columns": "Column Unseen encode_columns unseen_categories",
    "data.encoding": "Encoding Scaling Standardisation",
    "delegating_policy": "DelegatingPolicy",
    "environment": "Environment Samples ValidationSplit",
    "errors": (
        "ConfigurationError DataError DataWarning DivergedError LockedError MissingExtraError NeuroNetError NonFiniteError "
        "PlugInError PolicyError PolicyWarning SpecError StateError StudyMismatchError UndeclaredFieldError WorkerError "
        "check_flag check_number check_order find_name is_out_of_memory named_path shortened shown unknown_name_error "
        "with_short_quotes"
    ),
    "data.foreign_arrays": "as_array as_numbers",
    "data.frames": ("MISSING MISSING_NUMBERS Place column_texts frame_numbers is_categorical is_frame missing_values row_place"),
    "feedback_form": "FeedbackForm Projection",
    "learning.lr_schedules": "LR_SCHEDULES lr_factor",
    "learning.optimizers": "OPTIMIZERS SGD Adam Momentum Optimizer learning_rate_scale",
    "learning.update_schedule": (
        "UPDATE_SCHEDULES Inactive PartialUpdate RandomSequential Synchronous UpdateSchedule check_update_schedule"
    ),
    "observation": "AXES LATE_FIELDS LAYER_FIELDS OPTIONAL_FIELDS Birth Observation",
    "payoff": "PAYOFFS BalancedCrossEntropy CrossEntropy Payoff SquaredError parse_payoff",
    "culprits": "check_signatures explained own_classes own_place plug_in_errors",
    "policy": "LinearPolicy Policy Scales Wrapper",
    "policy_traits": "Traits check_axes form_of projection_of shared_memory_names trait_rows traits_of",
    "random_streams": "MAX_SEED LayerRandom Purpose RandomStream check_seed generator pick",
    "access": "Access check_import current_access may_import reading_record record_access",
    "data.sample_checks": "check_samples checked_samples",
    "data.texts": "is_plain_number parse_integer parse_json parse_toml",
    "structure.graph": "from_graph to_graph",
    "structure.edges": "MAX_MASK_ENTRIES first_values from_edges from_matrices",
    "structure.graph_wirings": "WIRINGS FixedDegreeWiring FixedInDegree Modular Patches ScaleFree Spatial",
    "structure.network": "INITIALISATIONS Bools Floats Ints Network initial_values initial_weights",
    "structure.pattern": "MAX_DENSE_ENTRIES Pattern check_dense",
    "structure.sampling": "distinct_ranks independent_pairs",
    "structure.sparse_network": "LAYOUTS SparseNetwork pattern_of prefers_sparse to_dense to_sparse with_layout",
    "structure.wiring": "Dense SmallWorld Sparse Wiring",
    "structure.groups": "Group Layers check_policy_form layer_groups parse_policies_with policies_by_layer",
    "structure.population": "ByFunction ByNode PerLayer Population Shares as_population",
    "trust_region": "TrustRegionStep solve_trust_region",
    "utility": "MEASURES LogTotal Measure Power Saturating parse_measure",
}
_MODULE_OF = {name: f"neuronet.core.{module}" for module, names in _MODULES.items() for name in names.split()}

__all__ = [*_MODULE_OF]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'neuronet.core' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return value
