"""`neuronet game meta`: the game in which players choose policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import GAME_OPTIONS, MEASURE_OPTION, PAYOFF_HELP, game_command
from neuronet.cli.commands.game.parsing import parse_policies
from neuronet.cli.console import counted
from neuronet.core import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

    from neuronet.core import Policy
    from neuronet.games import Analysis, GameSetup, InitialState

POLICIES = "attention,greedy,noisy,free-rider"

META_OPTIONS = {"hidden": replace(GAME_OPTIONS["hidden"], default="31, or 16,16 for layers"), **MEASURE_OPTION}

Payoff = Annotated[str, typer.Option(help=escape(PAYOFF_HELP.format("Payoff of the game")))]


@game_command("one epoch", **META_OPTIONS)
def meta(
    game: GameCall,
    policies: Annotated[
        list[str] | None,
        typer.Option(help=escape(f"Policies that players choose among, with commas in between [default: {POLICIES}]")),
    ] = None,
    players_are: Annotated[str, typer.Option(help="Players: neurons of a layer, or two layers")] = "neurons",
    payoff: Payoff = "attention",
    num_players: Annotated[
        int, typer.Option(help="Players of the reduced game: one neuron, and groups of the others (>= 2)")
    ] = 4,
    layer: Annotated[int, typer.Option(help="Layer of the players (>= 1), 1 for the first hidden layer")] = 1,
    seeds: Annotated[int, typer.Option(help="Games of each profile (>= 2), with seeds from --seed on")] = 20,
    alpha: Annotated[float, typer.Option(help="Intensity of selection, per spread of the mean payoffs (> 0)")] = 10.0,
    population: Annotated[
        int | None, typer.Option(help=escape("Size of the imitating population [default: the layer's]"))
    ] = None,
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of the payoff table, for intervals (>= 1)")] = 200,
) -> None:
    """Measure what policies earn against each other, and find equilibria, alpha-rank, and where replicator dynamics leads.

    Games are played for many counts of neurons with each policy; the payoff table is that of a game whose players choose
    policies. Intervals are by bootstrap over seeds.
    """
    if players_are not in ("neurons", "layers"):
        raise ConfigurationError(f"players_are must be neurons or layers, got '{players_are}'")
    played = game.seeds(seeds, 2)
    game.choose_payoff(payoff)
    if game.run is None:
        game.options.setdefault("hidden", (31,) if players_are == "neurons" else (16, 16))
    elif players_are == "layers":
        game.refuse_run("meta --players-are layers")
    game_setup, payoff = game.setup(), game.payoff_name()
    starts = () if game.run is None else game.run.starts
    chosen = parse_policies(policies or [POLICIES])
    settings = {"alpha": alpha, "size": population, "resamples": resamples, "seed": game.seed}
    about = {"players_are": players_are, "payoff": payoff, "seeds": seeds, "rounds": game_setup.rounds}
    if players_are == "layers":
        parts = _play_layers(game_setup, chosen, played, payoff, settings)
    else:
        parts = _play_neurons(game_setup, chosen, played, payoff, settings, num_players, layer, starts)
    described = {**about, "policies": parts["summary"]["policies"], "neurons": parts["summary"]["neurons"]}
    files = {**parts["files"], "game.json": dumps({**described, "players": parts["summary"].get("players", 2)}, indent=2) + "\n"}
    game.write("meta", **{**parts, "files": files, "summary": {**about, **parts["summary"]}})


def _play_neurons(
    game_setup: GameSetup,
    policies: list[Policy],
    seeds: range,
    payoff: str,
    settings: dict[str, Any],
    num_players: int,
    layer: int,
    starts: Sequence[InitialState],
) -> dict[str, Any]:
    from neuronet.cli.tables.meta_game import headline, meta_game_tables, shown_kinds
    from neuronet.games import MAX_PROFILES, analyse, fixation_graphml, meta_game, nfg_of_symmetric, ranks_by_payoff
    from neuronet.plotting.games import phase_figure

    measured = meta_game(game_setup, policies, seeds, players=num_players, layer=layer, starts=starts)
    console.print_err(
        f"played {counted(measured.loss.size, 'game')} of {counted(game_setup.rounds, 'round')}, "
        f"{counted(measured.neurons, 'neuron')} in layer {layer}"
    )
    found = analyse(measured, payoff, **settings)
    ranks = ranks_by_payoff(measured, found, settings["resamples"], settings["seed"])
    game = measured.game(payoff)
    files = {"fixation.graphml": fixation_graphml(found)}
    if len(game.names) ** game.players <= MAX_PROFILES:
        files["game.nfg"] = nfg_of_symmetric(game, f"neurons of layer {layer}, payoff {payoff}")
    resampled = measured.resampled(payoff, settings["resamples"], settings["seed"])
    return {
        "tables": {
            "payoffs": measured.table(),
            "means": measured.means(payoff),
            "equilibria": found.equilibria_table(),
            "alpha_rank": found.rank_table(),
            "alpha_rank_by_payoff": ranks,
            "fixation": found.fixation_table(),
        },
        "pictures": {"phase": phase_figure(game, found, resampled)},
        "files": files,
        "shown": meta_game_tables(
            found, ranks, {kind: measured.means(kind, settings["resamples"]) for kind in shown_kinds(found)}
        ),
        "headline": headline(found, ranks),
        "summary": {"players": num_players, "neurons": measured.neurons, "layer": layer, **_summary(found)},
    }


def _play_layers(
    game_setup: GameSetup, policies: list[Policy], seeds: range, payoff: str, settings: dict[str, Any]
) -> dict[str, Any]:
    from neuronet.cli.tables.meta_game import layers_headline, layers_table
    from neuronet.games import analyse_layers, layer_game, nfg_of_layers
    from neuronet.plotting.games import layers_figure

    measured = layer_game(game_setup, policies, seeds)
    console.print_err(f"played {counted(measured.loss.size, 'game')} of {counted(game_setup.rounds, 'round')} between two layers")
    found = analyse_layers(measured, payoff, **settings)
    payoffs = measured.payoffs(payoff)
    return {
        "tables": {
            "payoffs": measured.table(),
            "equilibria": found.equilibria_table(),
            "alpha_rank": found.rank_table(),
        },
        "pictures": {"layers": layers_figure(payoffs, measured.resampled(payoff, 1000), found)},
        "files": {"game.nfg": nfg_of_layers(measured.names, payoffs, f"two layers, payoff {payoff}")},
        "shown": layers_table(found),
        "headline": layers_headline(found),
        "summary": {"neurons": list(measured.neurons), **_summary(found)},
    }


def _summary(found: Analysis) -> dict[str, Any]:
    return {
        "policies": list(found.names),
        "alpha": found.alpha,
        "population": found.size,
        "equilibria": _records(found.equilibria_table()),
        "alpha_rank": _records(found.rank_table().query("alpha == @found.alpha")),
        "fixation": _records(found.fixation_table()),
        "degenerate": found.degenerate,
        "endings": found.ending_counts,
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in line.items()} for line in table.to_dict("records")]
