"""Figures and tables of the pages in docs/, and the command that makes each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScriptedResult:
    """Figure or table of a page.

    Attributes:
        page: File name of the page in docs/, or README.md.
        heading: Heading above it, of the first or the second level.
        command: Command that makes it, in a clone of the repository.
    """

    page: str
    heading: str
    command: str


_RECORDS = "neuronet reproduce --records benchmarks/reproduction"
_CONTINUAL = "neuronet continual-summary benchmarks/continual"

SCRIPTED_RESULTS: tuple[ScriptedResult, ...] = tuple(
    ScriptedResult(*entry)
    for entry in (
        ("attention-budget.md", "What is compared", "python docs/images/make_lab_image.py docs/images/attention-budget-lab.png"),
        ("attention-budget.md", "Five thousand digits", f"{_RECORDS}/budgeted-forgetting"),
        ("attention-budget.md", "New seeds", f"{_RECORDS}/budgeted-forgetting-new-seeds"),
        ("attention-budget.md", "Larger batches, other images", f"{_RECORDS}/budgeted-forgetting"),
        ("attention-budget.md", "Beside the published figure", f"{_RECORDS}/budgeted-forgetting"),
        ("attention-budget.md", "All comparisons", f"{_RECORDS}/budgeted-forgetting"),
        ("attention-budget.md", "Capacity", f"{_RECORDS}/budgeted-capacity"),
        ("attention-budget.md", "Depth", f"{_RECORDS}/budgeted-depth"),
        (
            "attention-budget.md",
            "Feedback rules beside an outside table",
            "python benchmarks/lenet.py benchmarks/reproduction/feedback-rules/errors.csv",
        ),
        (
            "channels.md",
            "Results: attention-seeking with channels",
            "python benchmarks/channels.py --csv benchmarks/channels.csv",
        ),
        ("compare.md", "Digits", "neuronet compare digits --seeds 5 --tune"),
        (
            "continual-learning.md",
            "Protocols",
            "neuronet reproduce --records benchmarks/reproduction/published-forgetting",
        ),
        ("continual-learning.md", "Comparison with Avalanche", "python benchmarks/against_avalanche.py"),
        (
            "continual-study.md",
            "Equal memory, equal budgets",
            "neuronet reproduce --records benchmarks/reproduction/continual-domain",
        ),
        (
            "continual-study.md",
            "The same methods, all classes",
            "neuronet reproduce --records benchmarks/reproduction/continual-class",
        ),
        (
            "continual-study.md",
            "The same methods, permuted inputs",
            "neuronet reproduce --records benchmarks/reproduction/continual-permuted",
        ),
        ("continual-study.md", "Convolutions", "neuronet reproduce --records benchmarks/reproduction/continual-lenet"),
        ("continual-study.md", "Fifty permutations", "neuronet reproduce --records benchmarks/reproduction/continual-stream"),
        (
            "continual-study.md",
            "Rotations, drift, letters",
            "neuronet reproduce --records benchmarks/reproduction/continual-others",
        ),
        (
            "continual-study.md",
            "Less and more memory",
            "neuronet reproduce --records benchmarks/reproduction/continual-memory",
        ),
        ("continual-study.md", "What of the matrix matters", "python benchmarks/continual/ablation.py FOLDER"),
        (
            "continual-study.md",
            "The first edition's studies",
            "neuronet continual-summary benchmarks/continual/{domain,permuted,class}",
        ),
        (
            "continual-study.md",
            "Comparison at equal learning",
            "python benchmarks/continual/at_equal_learning.py benchmarks/continual/{domain,permuted,class}",
        ),
        (
            "continual-study.md",
            "Long sequences: fifty tasks",
            "python benchmarks/continual/stream.py benchmarks/continual/stream stream.png",
        ),
        ("continual-study.md", "All methods", f"{_CONTINUAL}/trial-permuted benchmarks/continual/trial-split-domain"),
        ("control.md", "CartPole-v1 with other policies", "neuronet control CartPole-v1 --policy POLICY --seed SEED --json"),
        ("convert.md", "Measured", "python benchmarks/convert.py"),
        ("convert.md", "A nonlinear rule of your own", "python benchmarks/convert.py --nonlinear"),
        ("games.md", "Distance from the local best response", "neuronet game distances digits --networks 5"),
        ("games.md", "A longer horizon", "neuronet game horizon digits --networks 5"),
        (
            "games.md",
            "Where a budget leads away from backpropagation",
            "neuronet game lengths digits --hidden 32,32 --networks 5",
        ),
        ("games.md", "Is attention-seeking an equilibrium?", "neuronet game exploitability digits --policy attention"),
        ("games.md", "Evolution of policies", "neuronet game evolve digits --seeds 8"),
        ("games.md", "Price of anarchy", "neuronet game welfare digits"),
        ("games.md", "Mechanisms", "neuronet game mechanisms digits"),
        ("games.md", "Regret in hindsight", "neuronet game regret digits --networks 40"),
        ("games.md", "The meta-game", "neuronet game meta digits --policies attention,greedy,noisy,free-rider"),
        ("games.md", "Learning as a game", "neuronet game potential digits --networks 3"),
        ("games.md", "Credit", "neuronet game credit digits"),
        ("interventions.md", "Lesion study", "python examples/lesions.py --full"),
        ("lab.md", "The lab", "python docs/images/make_lab_image.py docs/images/lab.png"),
        ("plotting.md", "Plotting", "neuronet plot runs/digits --kind fields --max-neurons 40 --out fields.svg"),
        ("plotting.md", "Attention over time", "neuronet plot converted --kind attention --out attention.svg"),
        ("policies.md", "reinforce", "neuronet run digits --policy POLICY --hidden 16 --replicas 3 --lr-schedule constant"),
        (
            "populations.md",
            "Inequality",
            "neuronet run digits --policy attention:85%,free-rider:10%,contrarian:5% --inequality --replicas 20 --epochs 10",
        ),
        ("populations.md", "Example: growing shares of another policy", "python examples/mixed_population.py --full"),
        ("README.md", "NeuroNet", "python docs/images/make_lab_image.py docs/images/lab.png"),
        ("README.md", "One result", f"{_RECORDS}/continual-domain"),
        ("results.md", "Digits, default settings", "python benchmarks/digits.py"),
        ("results.md", "Other data, default settings", "neuronet run fashion-mnist --hidden 256,256 --epochs 10 --json"),
        ("results.md", "Cost of the agent engine", "python benchmarks/agents.py"),
        ("results.md", "Cost of the agent engine", "python benchmarks/agents.py --growth"),
        ("speed.md", "Compiled rounds", "python -m benchmarks.tiny"),
        ("speed.md", "Keeping promises", "python -m benchmarks.projection"),
        ("speed.md", "Products by machine", "python -m benchmarks.products"),
        ("speed.md", "Replicas", "python -m benchmarks.gpu --device cpu --only replicas"),
        ("speed.md", "Sparse networks", "python benchmarks/sparse.py growth"),
        ("speed.md", "Figures", "python -m benchmarks.rounds --quick --markdown speed.md --plot docs/images/speed.png"),
        ("sweeps.md", "Verification", "python benchmarks/sweep_killed.py --seed 1"),
        ("theory.md", "Propositions", "neuronet check"),
    )
)
"""Every figure and table of results in README.md and docs/; a test holds the pages to it."""
