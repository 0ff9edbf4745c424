"""Numbers in the digits of other scripts, which Python's int and float take, are refused by every reader of texts."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.cli.commands.game.parsing import parse_integers
from neuronet.cli.commands.options import parse_sizes
from neuronet.core import NeuroNetError, as_numbers
from neuronet.engines.tensors import resolve_device
from neuronet.environments import Table
from neuronet.games import read_nfg
from neuronet.interventions import parse_scheduled_intervention
from neuronet.recording import StudyStore
from neuronet.recording.traces import parse_trace
from neuronet.registry import parse_environment, parse_policy, parse_population
from tests.environments.table_fixtures import lines, write

DIGITS = ["٣", "\uff13", "1_0", "²"]


def read_table(folder, number):
    write(folder / "data.csv", lines("a,y", *("1,0", "3,1") * 5, f"{number},1"))
    return Table.read(folder / "data.csv")


def read_wide_table(folder, number):
    names, row = (",".join(words) for words in ([f"x{place}" for place in range(5000)], ["1"] * 5000))
    write(folder / "data.csv", lines(f"{names},a,y", *(f"{row},1,0", f"{row},3,1") * 5, f"{row},{number},1"))
    return Table.read(folder / "data.csv")


def read_game(folder, number, count="2"):
    (folder / "game.nfg").write_text(f'NFG 1 R "t" {{ "A" "B" }} {{ {count} 2 }}\n\n1 2 3 4 5 6 7 {number}', encoding="utf-8")
    return read_nfg(folder / "game.nfg")


def read_record(folder, number):
    (folder / "rows.csv").write_text(f"name,epoch\nan_x,1\nan_y,{number}\n", encoding="utf-8")
    return StudyStore(folder, "study").read_table("rows.csv", {"name": "object", "epoch": "int64"})


READERS = {
    "array": lambda folder, number: as_numbers(np.array([["1", number]]), "here"),
    "list": lambda folder, number: as_numbers([[1, number]], "here"),
    "table": read_table,
    "wide table": read_wide_table,
    "game": read_game,
    "strategies of a game": lambda folder, number: read_game(folder, "8", number),
    "record": read_record,
    "policy": lambda folder, number: parse_policy(f"greedy(top={number})"),
    "share": lambda folder, number: parse_population(f"attention:0.5, greedy:0.{number}"),
    "images": lambda folder, number: parse_environment(f"images:{folder}(size={number})"),
    "trace": lambda folder, number: parse_trace(f"hidden:{number} every 2"),
    "traced layer": lambda folder, number: parse_trace(f"layer {number}"),
    "traced node": lambda folder, number: parse_trace(f"node 1,{number}"),
    "intervention": lambda folder, number: parse_scheduled_intervention(f"{number}: revive()"),
    "device": lambda folder, number: resolve_device(f"cpu:{number}"),
}
GROUPED = {
    "hidden": lambda number: parse_sizes(f"8,{number}"),
    "epochs": lambda number: parse_integers("at_epochs", f"0,{number}", least=0),
}
"""Options, where underscores group digits as in Python and TOML."""


@pytest.mark.parametrize("number", DIGITS)
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_other_digits_are_refused(tmp_path, reader, number):
    with pytest.raises(NeuroNetError, match=number):
        reader(tmp_path, number)


@pytest.mark.parametrize("name", sorted(READERS.keys() - {"device", "images"}))
def test_plain_digits_are_read(tmp_path, name):
    READERS[name](tmp_path, {"share": "5"}.get(name, "2"))


@pytest.mark.parametrize("parse", GROUPED.values(), ids=GROUPED)
def test_options_take_groups_of_plain_digits(parse):
    assert [*parse("1_0")][1] == 10
    for number in ("٣", "\uff13", "²", "1__0"):
        with pytest.raises(NeuroNetError, match=number):
            parse(number)
