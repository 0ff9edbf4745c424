from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import OPTIMIZERS, Optimizer
from neuronet.core.policy import Policy
from neuronet.core.structure.graph_wirings import WIRINGS
from neuronet.core.structure.wiring import Wiring
from neuronet.environments import ENVIRONMENTS
from neuronet.policies import POLICIES, AttentionSeeking, Greedy, Noisy
from neuronet.registry import parse_spec


def policy(text: str) -> Policy:
    return parse_spec(text, "policy", Policy, POLICIES)


@dataclass(frozen=True)
class Probe:
    """Keeps what it is given, to see what was read."""

    one: object = None
    two: object = None
    three: object = None


@dataclass(frozen=True)
class Other:
    """No probe."""


def probe(text: str) -> Probe:
    return parse_spec(text, "probe", Probe, {"probe": Probe, "other-probe": Probe, "p.2_x": Probe})


@pytest.mark.parametrize("name", POLICIES)
def test_known_name_gives_the_defaults(name):
    assert policy(name) == POLICIES[name]()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("greedy(3)", Greedy(3)),
        ("greedy(top=3)", Greedy(top=3)),
        ("attention(p=4, foresight=0.5)", AttentionSeeking(4, 0.5)),
        ("attention(4, foresight=.5)", AttentionSeeking(4, 0.5)),
        ("noisy(greedy)", Noisy(Greedy())),
        ("noisy(attention(p=4), sigma=0.1)", Noisy(AttentionSeeking(p=4), sigma=0.1)),
        ("noisy(sigma=0.1, policy=noisy(greedy(2), sigma=1e-2))", Noisy(Noisy(Greedy(2), sigma=0.01), sigma=0.1)),
        ("  greedy (\ttop = 3 )  ", Greedy(3)),
        ("greedy()", Greedy()),
    ],
)
def test_spec_gives_the_policy(text, expected):
    assert policy(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.5", -0.5),
        ("1e-3", 1e-3),
        ("-2.5E+3", -2500.0),
        ("1e5", 1e5),
        ("true", True),
        ("false", False),
    ],
)
def test_values_keep_their_type(text, value):
    read = probe(f"probe({text}, two={text})")
    assert (read.one, read.two) == (value, value)
    assert type(read.one) is type(read.two) is type(value)


@given(value=st.floats(allow_nan=False, allow_infinity=False) | st.integers(1 - 10**17, 10**17 - 1))
def test_numbers_are_parsed_as_in_python(value):
    read = probe(f"probe(one={value!r})").one
    assert read == value
    assert type(read) is type(value)


values = st.integers(1 - 10**17, 10**17 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
probes = st.recursive(
    st.builds(Probe, values, values, values), lambda inner: st.builds(Probe, inner, values | inner, inner), max_leaves=8
)


@settings(max_examples=60, deadline=None)
@given(item=probes, data=st.data())
def test_written_spec_is_parsed_back(item, data):
    def written(value) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if not isinstance(value, Probe):
            return repr(value)
        named = data.draw(st.integers(0, 3), label="parameters without a name")
        space = data.draw(st.sampled_from(["", " ", "  "]), label="space")
        parts = [("" if i < named else f"{name}{space}={space}") + written(getattr(value, name)) for i, name in FIELDS]
        return f"{data.draw(st.sampled_from(['probe', 'other-probe', 'p.2_x']))}({f'{space},{space}'.join(parts)})"

    assert probe(written(item)) == item


FIELDS = list(enumerate(("one", "two", "three")))


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A module of one's own, `mine`, in a folder on the path."""
    (tmp_path / "mine.py").write_text(
        "from dataclasses import dataclass\n"
        "from neuronet.core.policy import LinearPolicy\n"
        "@dataclass(frozen=True)\n"
        "class Mine(LinearPolicy):\n"
        "    rate: float = 1.0\n"
        "    def feedback_weights(self, obs, memory):\n"
        "        return self.rate * obs.attention\n"
        "class Loose(LinearPolicy):\n"
        "    def __init__(self, rate=1.0):\n"
        "        self.rate = rate\n"
        "    def feedback_weights(self, obs, memory):\n"
        "        return self.rate * obs.attention\n"
        "value = 3\n"
        "def function():\n"
        "    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "mine"
    sys.modules.pop("mine", None)


def test_custom_class_is_found_by_its_module(plugin):
    made = policy("mine:Mine(rate=-2)")
    assert repr(made) == "Mine(rate=-2)"
    assert policy("mine:Mine") == type(made)()
    assert policy("noisy(mine:Mine(0.5), sigma=0)").policy == type(made)(0.5)
    assert policy("mine:Loose(rate=2)").rate == 2
    assert policy("neuronet.policies.attention.greedy:Greedy(2)") == Greedy(2)


BAD = {
    "": r"at its end: write name or name\(parameter=value\)",
    "   ": "at its end",
    "greedy(": r"'greedy\(' at",
    "greedy)": r"at '\)'",
    "greedy(3": r"'greedy\(3' at",
    "greedy(3))": r"at '\)'",
    "greedy(3 4)": "at '3'",
    "greedy(,)": "at ','",
    "greedy(top=)": r"at '\)'",
    "greedy(=3)": "at '='",
    "greedy(top=3, 4)": r"'greedy\(top=3, 4\)' at",
    "greedy 3": "at '3'",
    "greedy greedy": "at 'greedy'",
    "3": "at '3'",
    "greedy(top=3px)": "at '3px",
    "greedy(top='3')": "top must be an integer of 1 or more, got '3'",
    "greedy(top='3)": "at ''3",
    "greedy[3]": r"'greedy\[3\]' at",
    "greedy;": "at ';'",
    "gredy": "unknown policy 'gredy': did you mean 'greedy'",
    "Greedi": "unknown policy 'Greedi': did you mean 'greedy'",
    "noisy(gredy)": "unknown policy 'gredy': did you mean 'greedy'",
    "greedy(topp=3)": "policy 'greedy' has no parameter 'topp': it takes top",
    "greedy(3, 4)": "policy 'greedy' has only 1 parameters: it takes top",
    "greedy(top=1, top=2)": "as 'top' is given twice",
    f"attention(p={'9' * 400})": "9999999999... has too many digits",
    f"greedy(top={'9' * 5000})": "9999999999... has too many digits",
    "noisy(" * 3000: "its brackets are too deep",
    "greedy(3, top=4)": "policy 'greedy' cannot be made from",
    "greedy(top=0)": "top must be an integer of 1 or more, got 0",
    "greedy(top=1.0)": "top must be an integer of 1 or more, got 1.0",
    "greedy(top=true)": "top must be an integer of 1 or more, got True",
    "greedy(top=greedy)": "top must be an integer, got 'greedy'",
    "attention(p=0.5)": "p must be a finite number of 1 or more, got 0.5",
    "attention(p=1e999)": "p must be a finite number of 1 or more, got inf",
    "attention(p=nan)": "policy 'attention': p must be a number, got 'nan'",
    "noisy(sigma=greedy(top=2))": r"policy 'noisy': sigma must be a number, got 'greedy\(top=2\)'",
    "attention(measure=nonsense)": "unknown measure 'nonsense'",
    "attention(scaled=maybe)": "policy 'attention': scaled must be true or false, got 'maybe'",
    "attention(foresight=2)": "foresight must be a number from 0 to 1, got 2",
    "noisy(3)": "wraps a policy, got 3",
    "noisy(sigma=-0.1)": "sigma must be a finite number of 0 or more, got -0.1",
    "trembling-hand(tremble=1.5)": "tremble must be a number from 0 to 1, got 1.5",
    "absent.at.all:Thing": "cannot import the module of policy 'absent.at.all:Thing': No module named 'absent'",
    "os..path:Thing": "cannot import the module of policy",
    "a-b:Thing": "cannot import the module of policy",
    "math:Thing": "module math has no Thing; it has no policy",
    "math:sin": "'math:sin' is not a valid policy: it must be a subclass of Policy",
    "decimal:Decimal": "'decimal:Decimal' is not a valid policy: it must be a subclass of Policy",
    "neuronet.core.policy:Policy": "policy 'neuronet.core.policy:Policy' has no method feedback",
    "math:": "at ':'",
    ":Greedy": "at ':Greedy'",
    "a:b:c": "at ':c'",
}


@pytest.mark.parametrize(("text", "message"), BAD.items(), ids=[repr(text[:40]) for text in BAD])
def test_invalid_spec_is_refused_in_one_sentence(text, message):
    with pytest.raises(NeuroNetError, match=message) as caught:
        policy(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["value", "function"])
def test_attribute_of_another_type_is_refused(plugin, name):
    with pytest.raises(NeuroNetError, match=f"'mine:{name}' is not a valid policy: it must be a subclass of Policy"):
        policy(f"{plugin}:{name}")


def test_unknown_argument_of_a_plain_class_is_refused(plugin):
    with pytest.raises(NeuroNetError, match=r"policy 'mine:Loose' cannot be made from 'mine:Loose\(speed=2\)'"):
        policy("mine:Loose(speed=2)")


@pytest.mark.parametrize(
    ("source", "message"),
    [("def (:\n", "SyntaxError: invalid syntax"), ("1 / 0\n", "ZeroDivisionError: division by zero"), ("nothing\n", "NameError")],
)
def test_failing_module_is_named(tmp_path, monkeypatch, source, message):
    (tmp_path / "broken.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        NeuroNetError, match=rf"cannot import the module of policy 'broken:It': broken\.py line 1: {message}"
    ) as caught:
        policy("broken:It")
    assert "\n" not in str(caught.value)


def test_module_with_a_missing_import_is_named(tmp_path, monkeypatch):
    (tmp_path / "needy.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        NeuroNetError, match=r"policy 'needy:It': needy\.py line 1: ModuleNotFoundError: No module named 'nowhere_to_be_found'"
    ):
        policy("needy:It")


# Any text is either read or refused. Modules are looked for in a package that is not there, so that no text can import one.
pieces = st.sampled_from(
    [
        *POLICIES,
        *OPTIMIZERS,
        *WIRINGS,
        *"(),=:.-+ \t",
        "true",
        "false",
        "p",
        "top",
        "sigma",
        "policy",
        "1",
        "-2",
        "0.5",
        "1e9",
        "1e999",
        "absent.x:Thing",
        "é",
        "\0",
        "'",
    ]
)
KINDS = [
    ("policy", Policy, POLICIES),
    ("optimizer", Optimizer, OPTIMIZERS),
    ("connectivity", Wiring, WIRINGS),
    ("environment", object, ENVIRONMENTS),
]


@settings(max_examples=150, deadline=None)
@given(text=st.lists(pieces, max_size=14).map("".join), kind=st.sampled_from(KINDS))
def test_random_pieces_are_parsed_or_refused(text, kind):
    name, base, known = kind
    try:
        built = parse_spec(text, name, base, known)
    except NeuroNetError as error:
        assert str(error)
    else:
        assert isinstance(built, base)


@settings(max_examples=100, deadline=None)
@given(text=st.text().filter(lambda text: ":" not in text), known=st.sampled_from(KINDS))
def test_random_text_is_refused(text, known):
    with pytest.raises(NeuroNetError):
        parse_spec(f"{text}\N{SNOWMAN}", *known)  # no name ends like that


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_corrupt_spec_is_parsed_or_refused(data):
    text = data.draw(st.sampled_from(["noisy(attention(p=4, foresight=0.5), sigma=1e-1)", "greedy(top=3)"]))
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.text(max_size=2))
    try:
        assert isinstance(policy(text[:place] + letter + text[place + 1 :]), Policy)
    except NeuroNetError as error:
        assert str(error)


def test_bare_word_is_a_text_where_a_text_is_taken():
    assert policy("attention(measure=log)") == policy("attention(measure='log')")
