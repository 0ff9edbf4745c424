"""Pages of the docs: sources, commands, pictures, formulas and anchors."""

from __future__ import annotations

import re

import pytest

from docs.site import citations, formulas, links, notebooks, published, results
from docs.site.navigation import DOCS
from neuronet.reproduction import SCRIPTED_RESULTS
from tests.helpers.paths import ROOT

PAGES = sorted(path.name for path in DOCS.glob("*.md"))
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))
OUTSIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def test_every_citation_of_the_code_is_in_the_bibliography():
    found = citations.citations()
    assert len({(one.first, one.year) for one in found}) > 80
    absent = {f"{one.first} {one.year} ({one.file})" for one in found if not citations.entries_of(one)}
    assert absent == set(), "add an entry to docs/bibliography.md"


def test_every_entry_of_the_bibliography_is_cited_and_complete():
    cited = {id(entry) for one in citations.citations() for entry in citations.entries_of(one)}
    for entry in citations.entries():
        assert id(entry) in cited, f"{entry.first} {entry.year} is cited nowhere in the code"
        assert "Taken: " in entry.text, entry.text
        assert "Code: " in entry.text, entry.text


def test_entries_of_the_bibliography_are_there_once():
    keys = [(entry.first, entry.year) for entry in citations.entries()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Liao, Leibo and Poggio 2016, in a text", {("liao", "2016")}),
        ("(Zeng et al. 2019)", {("zeng", "2019")}),
        ("After Watts and Strogatz 1998, on a ring", {("watts", "1998")}),
        ("van de Ven, Tuytelaars, Tolias 2022 (arXiv 1904.07734)", {("van de ven", "2022"), ("", "1904.07734")}),
        ("In 2019 something else, and since 2020.", set()),
    ],
)
def test_citations_are_found_in_a_text(text, found):
    assert {(one.first, one.year) for one in citations._cited("file.py", text)} == found


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_every_figure_and_table_has_a_command(page):
    listed = {(entry.page, entry.heading) for entry in SCRIPTED_RESULTS}
    exempt = {
        "gallery.md",  # every picture has its command below it
        "published-numbers.md",  # every part names its command
        "devices.md",  # the Python block below the table computes it, and is run
        "environments.md",  # sizes of data sets, which are no results
    }
    for result in results.results(page):
        assert result.commands, f"{page}, '{result.heading}': no command beside '{result.what}'"
        entry = f'("{page}", "{result.heading}", "{result.commands[0]}")'
        assert page in exempt or (page, result.heading) in listed, f"add {entry} to neuronet/reproduction/scripted.py"


@pytest.mark.parametrize("entry", SCRIPTED_RESULTS, ids=lambda entry: f"{entry.page}: {entry.heading}")
def test_listed_commands_belong_to_pages_and_name_files_that_exist(entry):
    assert entry.heading in {result.heading for result in results.results(entry.page)}
    words = entry.command.split()
    assert words[0] in ("neuronet", "python")
    if words[0] == "python" and words[1] != "-m":
        assert (ROOT / words[1]).exists()


def test_results_without_a_command_are_found(tmp_path, monkeypatch):
    (tmp_path / "page.md").write_text("# Page\n\n## Part\n\n| a | b |\n|---|---|\n| x | 1.5 ± 0.2 |\n", encoding="utf-8")
    monkeypatch.setattr(results, "DOCS", tmp_path)
    assert [(one.heading, one.commands) for one in results.results("page.md")] == [("Part", ())]


def test_published_numbers_are_those_of_the_records():
    written = (DOCS / "published-numbers.md").read_text(encoding="utf-8")
    assert written == published.page(), "python -m docs.site.published writes the page"


def test_gallery_has_twelve_pictures_with_their_commands():
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[([^\]]+)\]\((images/[^)]+)\)\n\n\*[^*]+\*\n\n```sh\n((?:neuronet|python) .*?)```", text, re.DOTALL)
    assert len(shown) == text.count("![") == 12
    assert len({picture for _, picture, _ in shown}) == 12


@pytest.mark.parametrize("page", [*PAGES, *OUTSIDE])
def test_pictures_have_alternative_text(page):
    text = ((ROOT if page in OUTSIDE else DOCS) / page).read_text(encoding="utf-8")
    assert [picture for words, picture in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text) if len(words.strip()) < 5] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_become_pages_whose_pictures_have_alternative_text(notebook):
    text, pictures = notebooks.to_markdown(notebook)
    assert text.startswith("# ")
    shown = re.findall(r"!\[([^\]]*)\]\(([^)]+\.png)\)", text)
    assert {name for _, name in shown} == set(pictures)
    assert [name for words, name in shown if len(words) < 20] == []


@pytest.mark.parametrize("page", PAGES)
def test_formulas_become_mathml(page):
    text = re.sub(r"^```.*?^```|`[^`]*`", "", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for tex in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL):
        assert "<math " in formulas.block(tex)
    for tex in re.findall(r"(?<!\$)\$([^$\n]+?)\$(?!\$)", text):
        assert "<math " in formulas.inline(tex)


def test_names_of_functions_in_formulas_have_no_space_around_them():
    assert "<mi>max</mi>" in formulas.inline(r"\lambda_{\max}")


def test_unknown_tex_is_refused():
    with pytest.raises(ValueError, match="nonsense"):
        formulas.inline(r"\nonsense{x}")


def test_number_of_a_formula_stands_beside_it():
    assert '<span class="formula-number">(1)</span>' in formulas.block(r"x = 1 \tag{1}")


@pytest.mark.parametrize("page", [*(f"docs/{page}" for page in PAGES), *OUTSIDE])
def test_anchors_of_links_exist(page):
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target, fragment in re.findall(r"\]\(([^)#:\s]*)#([^)\s]+)\)", text):
        file = (ROOT / page).parent / target if target else ROOT / page
        if file.suffix == ".md":
            assert fragment in anchors(file), f"{page}: {target}#{fragment}"


def anchors(file):
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = [re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", line) for line in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def test_links_to_files_outside_of_docs_lead_into_the_site():
    kept = []

    def keep(path):
        kept.append(path.name)
        return f"files/{path.name}"

    text = "[a](../CHANGELOG.md) [b](../benchmarks/channels.csv) [c](games.md#credit)\n```sh\n[d](../README.md)\n```\n"
    assert links.rewrite(text, "docs/channels.md", keep) == (
        "[a](changelog.md) [b](files/channels.csv) [c](games.md#credit)\n```sh\n[d](../README.md)\n```\n"
    )
    assert kept == ["channels.csv"]


def test_links_of_a_notebook_lead_up():
    text = links.rewrite("[a](../theory.md) [b](who_forgets.ipynb)", "docs/notebooks/invent_a_rule.ipynb", lambda path: "")
    assert text == "[a](../theory.md) [b](../notebooks/who_forgets.md)"
