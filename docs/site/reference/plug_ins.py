"""Registries, and the reference pages of what is in them: policies, environments, channels, payoffs and everything else."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from docs.site.markdown import cell, python_role, table
from docs.site.reference.doors import modules, public_names, summary, value_of
from neuronet.core import NeuroNetError
from neuronet.registry import URI_SCHEMES


@dataclass(frozen=True)
class Registry:
    """Dictionary of plug-ins by name.

    Attributes:
        path: Module and name of the dictionary, such as "neuronet.policies.POLICIES".
        title: Title of its part of the reference.
        use: How its names are used, as Markdown.
        entries: Its entries.
    """

    path: str
    title: str
    use: str
    entries: Mapping[str, Any]

    @property
    def slug(self) -> str:
        """Name of its page."""
        return self.title.lower().replace(" ", "-")


KNOWN: dict[str, tuple[str, str]] = {
    "POLICIES": ("Policies", "`--policy NAME`, `neuronet.train(policy=...)`: see [Policies](../policies.md)."),
    "ENVIRONMENTS": ("Environments", "`neuronet run NAME`, `neuronet.train(NAME)`: see [Environments](../environments.md)."),
    "CHANNELS": ("Channels", "`--channel DIRECTION[@LAYER]:NAME`: see [Channels](../channels.md)."),
    "INTERVENTIONS": ("Interventions", "`--intervene WHEN:NAME`: see [Interventions](../interventions.md)."),
    "UPDATE_SCHEDULES": ("Update schedules", "`--update-schedule NAME`: see [Update schedules](../update-schedules.md)."),
    "PAYOFFS": ("Payoffs", "Losses by which an environment pays the output neurons, `payoff` of an environment."),
    "WIRINGS": ("Network builders", "`--connectivity NAME`, `build_network(connectivity=...)`."),
    "INITIALISATIONS": ("Initialisations", "`--init NAME`: numerators of the variance of initial weights."),
    "ACTIVATIONS": ("Activations", "`--activation NAME`."),
    "OPTIMIZERS": ("Optimizers", "`--optimizer NAME`."),
    "LR_SCHEDULES": (
        "Learning-rate schedules",
        "`--lr-schedule NAME`: factor of the learning rate by the share of training done.",
    ),
    "MEASURES": ("Measures of attention", "`attention(measure=NAME)`: utility of attention."),
    "METHODS": ("Continual methods", "`neuronet continual --policy NAME`: see [the benchmark](../continual-learning.md)."),
    "PROTOCOLS": ("Continual protocols", "`neuronet continual NAME`: see [the benchmark](../continual-learning.md)."),
    "PRESETS": ("Continual presets", "`neuronet continual --preset NAME`: see [the benchmark](../continual-learning.md)."),
    "METRICS": ("Continual metrics", "Columns of the tables of a continual study."),
    "DYNAMICS": ("Population dynamics", "`neuronet game meta`: see [Games](../games.md)."),
    "LOGGERS": ("Loggers", "`--log NAME`: see [Callbacks](../callbacks.md)."),
    "KINDS": ("Figures", "`neuronet plot --kind NAME`: see [Plotting](../plotting.md)."),
    "REPRODUCTIONS": ("Reproductions", "`neuronet reproduce NAME`: see [Beside published numbers](../published-numbers.md)."),
}
"""Title and use of the registries that have a place in the reference, in this order; others follow by their own names."""

INTERNAL = frozenset(
    {
        "neuronet.baselines.backprop.TORCH_ACTIVATIONS",
        "neuronet.conversion.layers.CONVERTED_TYPES",
        "neuronet.conversion.layers.ORIGINAL_TYPES",
        "neuronet.engines.tensors.kernels.activations.FUSED_ACTIVATIONS",
        "neuronet.engines.tensors.kernels.device.DEVICE_COUNTS",
        "neuronet.engines.tensors.layer_record.FIELD_GETTERS",
        "neuronet.lab.session.ACTIONS",
        "neuronet.models.torch_export.MODULES",
        "neuronet.theory.agreement.POLICY_INSTANCES",
        "neuronet.theory.reference.FUNCTIONS",
        "neuronet.theory.test_case.ENGINES",
        "neuronet.continual.methods.policy_learner.POLICY_RANGES",
    }
)
"""Dictionaries from names to code that no user gives a name for."""


@cache
def registries() -> tuple[Registry, ...]:
    """Return every registry: annotated module-level dictionaries from names to classes or functions, and those of KNOWN.

    A new one is found by itself; its title is its own name unless it is in KNOWN.
    """
    found: dict[int, Registry] = {}
    for module in modules():
        for name in _registry_names(Path(str(module.__file__))):
            path, entries = f"{module.__name__}.{name}", getattr(module, name)
            title, use = KNOWN.get(name, (name.replace("_", " ").capitalize(), "Names that are taken as text."))
            if path not in INTERNAL and id(entries) not in found:
                found[id(entries)] = Registry(path, title, use, entries)
    order = [title for title, _ in KNOWN.values()]
    return tuple(
        sorted(found.values(), key=lambda one: (order.index(one.title) if one.title in order else len(order), one.title))
    )


def _registry_names(file: Path) -> Iterator[str]:
    """Yield the names of a module's registries by its source."""
    if file.suffix != ".py":
        return
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not node.target.id.startswith("_"):
            name, kind = node.target.id, ast.unparse(node.annotation)
            is_mapping = kind.startswith(("dict[str, ", "Mapping[str, "))
            if is_mapping and (name in KNOWN or "type[" in kind or "Callable[" in kind):
                yield name


def anchor(registry: Registry, name: str) -> str:
    """Return the anchor of an entry on the registry's page."""
    return re.sub(r"[^\w -]", "", name).replace(" ", "-").lower()


def pages() -> dict[str, str]:
    """Return the Markdown of a page for each registry, and of the page that lists them."""
    rows = [[f"[{one.title}](plug-ins-{one.slug}.md)", str(len(one.entries)), one.use] for one in registries()]
    intro = (
        "Everything that has a name: what `neuronet` and its Python functions take as text. The tables are read from the\n"
        "registries when this site is built. [The grammar of specs](../specs.md) says how parameters are written.\n"
    )
    out = {"plug-ins.md": f"# Plug-ins\n\n{intro}\n{table(['kind', 'names', 'used as'], rows)}"}
    for one in registries():
        out[f"plug-ins-{one.slug}.md"] = _page(one)
    return out


def _page(registry: Registry) -> str:
    rows = [
        [f"[`{name}`](#{anchor(registry, name)})", cell(first_sentence(describe(registry, name, entry)))]
        for name, entry in registry.entries.items()
    ]
    parts = [f"# {registry.title}\n\n{registry.use}\n\nRegistry: `{registry.path}`.\n", table(["name", "what it is"], rows)]
    for name, entry in registry.entries.items():
        parts.append(f"\n## `{name}`\n\n" + _entry(registry, name, entry))
    if registry.title == "Environments":
        schemes = [[f"`{scheme}`", cell(what)] for scheme, what in URI_SCHEMES.items()]
        parts.append("## Environments by address\n\n" + table(["form", "what it is"], schemes))
    return "\n".join(parts)


def describe(registry: Registry, name: str, entry: Any) -> str:
    """Return what an entry is, in a paragraph."""
    if isinstance(entry, str):
        return f"{entry[:1].upper()}{entry[1:]}."
    described = DESCRIPTIONS.get(registry.title)
    return summary(entry) if described is None else described(name, entry)


def _schedule(name: str, entry: Callable[[float], float]) -> str:
    return ", ".join(f"{entry(share):.3g} at {share:.0%}" for share in (0.0, 0.25, 0.5, 0.75, 1.0)) + " of the rounds."


def _preset(name: str, entry: Any) -> str:
    hidden = "" if getattr(entry, "hidden", None) is None else f", hidden layers {entry.hidden}"
    schedule = entry.schedule
    length = f"{schedule.epochs} epochs" if schedule.iterations == 0 else f"{schedule.iterations:,} rounds"
    source = getattr(entry, "source", "") or ""
    return f"{length} of {schedule.batch_size} samples a task{hidden}. {source and f'Source: {source}.'}".strip()


DESCRIPTIONS: dict[str, Callable[[str, Any], str]] = {
    "Activations": lambda name, entry: f"`{name}`; weights are initialised by `{entry.init}` unless `--init` says otherwise.",
    "Continual presets": _preset,
    "Initialisations": lambda name, entry: f"Variance {entry:g} / number of connections; see `initial_weights`.",
    "Learning-rate schedules": _schedule,
    "Reproductions": lambda name, entry: f"{entry.title} Source: {entry.source}.",
}
"""Descriptions of entries that are no classes or functions with a docstring, by the title of their registry."""


def first_sentence(text: str) -> str:
    """Return a text up to its first full stop that ends a sentence."""
    return re.split(r"(?<!et al)(?<!\b[A-Z])\. ", text)[0].removesuffix(".") + "."


def _entry(registry: Registry, name: str, entry: Any) -> str:
    parts = [describe(registry, name, entry) + "\n"]
    if inspect.isclass(entry) or (callable(entry) and hasattr(entry, "__qualname__")):
        public = (one for one in public_names() if one.name == entry.__name__ and value_of(one.door, one.name) is entry)
        one = next(public, None)
        shown = f"`{entry.__module__}.{entry.__qualname__}`" if one is None else python_role(one)
        parts.append(f"In Python: {shown}\n" if entry.__name__ != "<lambda>" else "")
    if dataclasses.is_dataclass(entry) and isinstance(entry, type):
        rows = [
            [f"`{field.name}`", f"`{_default(field)}`", cell(_attribute(entry, field.name))]
            for field in dataclasses.fields(entry)
        ]
        rows = [row for row, field in zip(rows, dataclasses.fields(entry), strict=True) if field.init]
        parts.append(table(["parameter", "default", "meaning"], rows) if rows else "It has no parameters.\n")
    if registry.title == "Policies":
        parts.append(_traits(entry) + f"\nGuide: [{name}](../policies.md#{name})\n")
    if registry.title == "Environments":
        parts.append(f"Guide: [{name}](../environments.md#{name})\n")
    if registry.title == "Reproductions":
        parts.append(table(["size", "what is played"], [[f"`{size}`", cell(what)] for size, what in entry.sizes.items()]))
    return "\n".join(part for part in parts if part)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    if field.default_factory is not dataclasses.MISSING:
        factory: Callable[[], Any] = field.default_factory
        return repr(factory())
    return "required"


def _attribute(cls: type, name: str) -> str:
    """Return what the docstring of a class, or of one that it inherits from, says about a parameter."""
    for parent in cls.__mro__:
        lines = inspect.cleandoc(parent.__doc__ or "").splitlines()
        for number, line in enumerate(lines):
            head, colon, text = line.strip().partition(":")
            if colon and head.split(" ")[0] == name and line.startswith("    "):
                indent = len(line) - len(line.lstrip())
                more = []
                for later in lines[number + 1 :]:
                    if not later.strip() or len(later) - len(later.lstrip()) <= indent:
                        break
                    more.append(later.strip())
                return " ".join([text.strip(), *more])
    return ""


def _traits(policy: type) -> str:
    """Return what a policy of default parameters needs, if it can be made without arguments."""
    try:
        made = policy()
    except (TypeError, NeuroNetError):
        return ""
    needs = sorted(getattr(made, "needs", ()))
    listed = ", ".join(f"`{need}`" for need in needs) or "nothing beyond its neighbours' messages"
    return f"Needs, with default parameters: {listed}.\n"
