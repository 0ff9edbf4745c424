"""`neuronet game evolve`: evolutionary dynamics of policies while the network learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import MEASURE_OPTION, PAYOFF_HELP, game_command
from neuronet.cli.commands.game.parsing import parse_policies
from neuronet.training import OptionInfo

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from neuronet.games import EvolutionResult, Invasion

POLICIES = "attention,greedy,sign-symmetric,free-rider"

EVOLUTION = "Evolution"
RULE_OPTIONS = {
    "rule": OptionInfo(str, EVOLUTION, "Update rule of imitation: fermi or moran", "fermi", "update_rule"),
    "payoff": OptionInfo(str, EVOLUTION, PAYOFF_HELP.format("Payoff that is compared"), "gain"),
    "strength": OptionInfo(float, EVOLUTION, "Intensity of selection, per standard deviation of payoffs (>= 0)", "1.0"),
    "mutation": OptionInfo(float, EVOLUTION, "Probability of a random policy instead (0 to 1)", "0.0"),
    "events": OptionInfo(int, EVOLUTION, "Changes of policy in a layer and generation, at most (>= 1)", "2"),
}
"""Options of imitation, by field of UpdateRule."""


@game_command(**MEASURE_OPTION, **RULE_OPTIONS)
def evolve(
    game: GameCall,
    policies: Annotated[
        list[str] | None,
        typer.Option(help=escape(f"Policies with equal shares at the start, with commas in between [default: {POLICIES}]")),
    ] = None,
    generations: Annotated[int, typer.Option(help="Number of generations (>= 1)")] = 60,
    rounds: Annotated[int, typer.Option(help="Rounds of learning in a generation (>= 1)")] = 15,
    seeds: Annotated[int, typer.Option(help="Number of networks (>= 1), with seeds from --seed on")] = 5,
    invade: Annotated[
        bool,
        typer.Option(
            "--invade", help=escape("Measure the fixation of one mutant of each policy among each other one, too [default: off]")
        ),
    ] = False,
    trials: Annotated[int, typer.Option(help="Networks of each invasion (>= 1)")] = 64,
) -> None:
    """Let neurons imitate neurons with higher payoffs while the network learns, and measure composition and accuracy.

    With --invade, one mutant among residents is followed until its policy has taken over the first hidden layer or is gone; if
    policies did not matter, it would take over with probability 1 / n.
    """
    from neuronet.core import Shares
    from neuronet.games import UpdateRule, single_policy_histories
    from neuronet.games import evolve as play_evolution
    from neuronet.plotting.games import evolution_figure

    game.refuse_run("evolve")
    runs, game_setup = game.seeds(seeds), game.setup()
    named = parse_policies(policies or [POLICIES])
    rule_options = {name: value for name, value in game.options.items() if name in RULE_OPTIONS}
    rule = UpdateRule(**{**rule_options, "payoff": game.payoff_name("gain")})
    length: dict[str, Any] = {"generations": generations, "rounds": rounds}
    shares = Shares(tuple((policy, 1 / len(named)) for policy in named))
    found = play_evolution(game_setup, shares, runs, update_rule=rule, policies=named, **length)
    pure = single_policy_histories(game_setup, named, runs, **length)
    test = "loss" if found.history["accuracy"].isna().any() else "accuracy"
    tables = {"composition": found.composition, "history": found.history, "pure": pure}
    invasions = _invasions(game_setup, named, rule, trials, game.seed) if invade else []
    if invasions:
        tables["invasions"] = _invasion_table(invasions)
    last = _final_shares(found, pure, test)
    game.write(
        "evolve",
        tables=tables,
        pictures={"evolution": evolution_figure(found, pure, test)},
        shown=_results_table(last, test, found, invasions),
        headline=_headline(last, test, found),
        summary={
            "last": last.to_dict("records"),
            test: float(found.history[found.history["generation"] == generations][test].mean()),
            "invasions": _invasion_table(invasions).to_dict("records") if invasions else [],
        },
    )


def _final_shares(found: EvolutionResult, pure: pd.DataFrame, test: str) -> pd.DataFrame:
    """Return the share of each policy in each layer at start and end, and the result of a network of that policy alone."""
    import pandas as pd

    from neuronet.statistics import interval

    table = found.composition
    ends = {"first": table["generation"].min(), "last": table["generation"].max()}
    rows = []
    for (layer, policy), part in table.groupby(["layer", "policy"], sort=False):
        shares = {name: part[part["generation"] == end]["share"] for name, end in ends.items()}
        mean, low, high = interval(shares["last"].to_numpy())
        alone = pure[(pure["policy"] == policy) & (pure["generation"] == ends["last"])][test].mean()
        row = {"layer": layer, "policy": policy, "first": shares["first"].mean(), "last": mean, "low": low, "high": high}
        rows.append({**row, f"{test}_alone": alone})
    return pd.DataFrame(rows)


def _invasions(game_setup: Any, policies: Any, rule: Any, trials: int, seed: int) -> list[tuple[str, str, Invasion]]:
    from itertools import permutations

    from neuronet.games import invade as play_invasion
    from neuronet.registry import short_name

    found = []
    for resident, mutant in permutations(policies, 2):
        found.append(
            (
                short_name(resident),
                short_name(mutant),
                play_invasion(game_setup, resident, mutant, trials=trials, update_rule=rule, seed=seed),
            )
        )
        console.print_err(f"{short_name(mutant)} among {short_name(resident)}: {found[-1][2].fixed} of {trials} took over")
    return found


def _invasion_table(invasions: list[tuple[str, str, Invasion]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "resident": resident,
                "mutant": mutant,
                "neurons": invasion.neurons,
                "fixed": invasion.fixed,
                "lost": invasion.lost,
                "undecided": invasion.undecided,
                "fixation": invasion.fixation,
                "low": invasion.interval[0],
                "high": invasion.interval[1],
                "neutral": invasion.neutral,
                "p": invasion.p_value,
            }
            for resident, mutant, invasion in invasions
        ]
    )


def _results_table(
    last: pd.DataFrame, test: str, found: EvolutionResult, invasions: list[tuple[str, str, Invasion]]
) -> RenderableType:
    from rich.console import Group

    rule, history = found.update_rule, found.history
    end = history[history["generation"] == history["generation"].max()]
    unit = " (%)" if test == "accuracy" else ""
    scale = 100 if test == "accuracy" else 1
    table = console.make_table(
        f"Imitation ({rule.rule}) by {rule.payoff}, {console.counted(int(end['round'].iloc[0]), 'round')}; "
        f"test {test}{unit} in the end: {scale * end[test].mean():.4g}",
        f"Shares are means over {console.counted(len(end), 'network')}; ± spans 95% intervals (Student's t).",
    )
    console.add_columns(table, "layer", "policy", no_wrap=True)
    console.add_columns(table, "share at first (%)", "in the end (%)", f"test {test} of all such{unit}", justify="right")
    for row in last.itertuples(index=False):
        alone = scale * row[-1]
        spread = "" if row.high != row.high else f" ± {100 * (row.high - row.last):.0f}"
        table.add_row(
            str(row.layer), escape(row.policy), f"{100 * row.first:.1f}", f"{100 * row.last:.1f}{spread}", f"{alone:.4g}"
        )
    if not invasions:
        return table
    fixations = console.make_table(
        f"One mutant in the first hidden layer, of {invasions[0][2].neurons} neurons: how often its policy takes over",
        "95% intervals (Clopper and Pearson); p of the exact binomial test against 1 / n, not corrected for several.",
    )
    console.add_columns(fixations, "mutant", "among")
    console.add_columns(fixations, "takes over (%)", "neutral (%)", "p", "undecided", justify="right", no_wrap=True)
    for resident, mutant, invasion in invasions:
        low, high = invasion.interval
        probability = f"{100 * invasion.fixation:.1f} ({100 * low:.1f} to {100 * high:.1f})"
        names = (escape(mutant), escape(resident))
        fixations.add_row(
            *names, probability, f"{100 * invasion.neutral:.1f}", f"{invasion.p_value:.2g}", str(invasion.undecided)
        )
    return Group(table, fixations)


def _headline(last: pd.DataFrame, test: str, found: EvolutionResult) -> str:
    """Return which policy has the largest share of the first hidden layer in the end, and whether that is decided."""
    rows = last[last["layer"] == last["layer"].min()].sort_values("last", ascending=False)
    first, others = rows.iloc[0], rows.iloc[1:]
    sure = bool(first["low"] > others["high"].max())
    measured = found.history[found.history["generation"] == found.history["generation"].max()][test].mean()
    return (
        f"By '{found.update_rule.payoff}', {first['policy']} has the largest share in the end, {100 * first['last']:.0f}%"
        f"{'' if sure else ', but these seeds do not decide: intervals overlap'}; test {test} {measured:.4g}."
    )
