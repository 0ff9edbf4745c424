"""`neuronet game`: networks as games of self-interested players."""

from __future__ import annotations

import typer

from neuronet.cli.commands.game.credit import credit
from neuronet.cli.commands.game.distances import distances
from neuronet.cli.commands.game.evolve import evolve
from neuronet.cli.commands.game.exploitability import exploitability
from neuronet.cli.commands.game.horizon import horizon
from neuronet.cli.commands.game.lengths import lengths
from neuronet.cli.commands.game.meta import meta
from neuronet.cli.commands.game.policy_choice.certify import certify
from neuronet.cli.commands.game.policy_choice.mechanisms import mechanisms
from neuronet.cli.commands.game.policy_choice.regret import regret
from neuronet.cli.commands.game.potential import potential
from neuronet.cli.commands.game.psro import psro
from neuronet.cli.commands.game.solve import solve
from neuronet.cli.commands.game.welfare import welfare

app = typer.Typer(
    name="game",
    help="Analyse a network as a game: exploitability, best responses, evolution, welfare, meta-games, credit.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(exploitability)
app.command()(distances)
app.command()(horizon)
app.command()(lengths)
app.command()(evolve)
app.command()(welfare)
app.command()(meta)
app.command()(certify)
app.command()(mechanisms)
app.command()(regret)
app.command()(credit)
app.command()(potential)
app.command()(psro)
app.command()(solve)
