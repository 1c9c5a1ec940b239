"""A report: every kind of directory makes one whole page, with the numbers of the directory, and loads nothing."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from batch_worlds import SMALL, do, write
from import_files import ONSETS, files, imported
from made_panels import made_panel
from report_page import Report, read_report
from typer.testing import CliRunner

import r2psim
from r2psim.analysis.comparison_export import read_comparison, write_comparison
from r2psim.analysis.findings import METRIC_NAMES, money, ranged
from r2psim.cli import app, main
from r2psim.ensemble.intervals import Interval
from r2psim.ensemble.output import OutputDirectory
from r2psim.ensemble.store import OutputError
from r2psim.reports import CAVEAT
from r2psim.reports.kinds import KINDS
from r2psim.scenario import shipped_path
from r2psim.verbs.import_world import write_world
from r2psim.world.expand import expand

VERBS = {
    "compare": "compare seminar --runs 60 --years 6 --seed 7",
    "break-even": "break-even seminar --over effect --runs 50 --places 9 --years 2",
    "marginal": "marginal seminar --runs 2 --years 1",
    "warning": "warning seminar --runs 2 --years 4",
    "optimise": "optimise seminar --population 4 --generations 1 --runs 2 --keep 2 --fresh-runs 2 --years 2",
    "random": "optimise seminar --random 3 --base late-response --runs 2 --fresh-runs 2 --years 2",
    "sensitivity": "sensitivity seminar --over observation.noise,assistance.effect_scale --by parameter --rows 64 "
    "--years 1 --outcomes deaths,total_cost",
    "morris": "sensitivity seminar --method morris --rows 2 --years 1 --replicates 1 --outcomes deaths",
    "trials": "trials pk-killing-police --scenario seminar --runs 2 --years 2",
    "rows": "rows mediation --scenario seminar --runs 2 --years 1",
    "value-of-information": "value-of-information seminar --runs 50 --years 1",
    "validate": "validate seminar --runs 2 --years 12",
    "across": "validate seminar --also insurgency --runs 2 --years 12",
}
"""Directories that are made once, by name."""

ALL = (*VERBS, "discover", "batch", "hindcast", "panel", "not-told", "without-effects")


SOON = {"compare", "break-even", "warning", "sensitivity", "random", "batch", "not-told", "without-effects"}
"""Those whose pages the quick suite reads."""

EACH = [name if name in SOON else pytest.param(name, marks=pytest.mark.slow) for name in ALL]


def said(words: list[str]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        # An output keeps the command that wrote it.
        patch.setattr(sys, "argv", ["r2psim", *words])
        done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give a directory by its name, made when it is first asked for."""
    home = tmp_path_factory.mktemp("studies")

    def batch(out: Path) -> None:
        text = SMALL.replace("[design]", '[headline]\nmetric = "deaths"\n[design]')
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["r2psim", "batch", "small.toml", "--out", str(out)])
            do(write(home, text), out)

    def hindcast(out: Path) -> None:
        out.with_name("world").mkdir()
        write_world(imported(files()), files(), 1, out.with_name("world"))
        said(["hindcast", str(out.with_name("world")), "--onsets", str(ONSETS), "--runs", "10", "--out", str(out)])

    def panel(out: Path) -> None:
        out.with_name("panel-files").mkdir()
        files = made_panel(out.with_name("panel-files"))
        said(["hindcast", "--panel", str(files), "--years", "1995", "--runs", "10", "--draws", "2", "--out", str(out)])

    def discover(out: Path) -> None:
        said(["discover", str(made("sensitivity")), "--where", "total_cost: prevention > 2e9", "--out", str(out)])

    def compared(*changes: str, **asked: Any) -> Callable[[Path], None]:
        full = r2psim.load("seminar", changes)

        def write_it(out: Path) -> None:
            with OutputDirectory(out) as target, pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", ["r2psim", "compare", "seminar", "--out", str(out)])
                found = r2psim.compare(full, **asked)
                target.fill(lambda folder: write_comparison(found, expand(full).resolved(), folder))

        return write_it

    own = {
        "batch": batch,
        "hindcast": hindcast,
        "panel": panel,
        "discover": discover,
        "not-told": compared(runs=2, years=2, seed=7),
        "without-effects": compared("assistance.effect_scale=0", runs=60, years=4, controls=True),
    }

    def made(name: str) -> Path:
        out = home / name
        if not out.exists():
            if name in own:
                own[name](out)
            else:
                said([*VERBS[name].split(), "--out", str(out)])
        return out

    return made


@pytest.fixture(scope="module")
def page(directory: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Report]:
    """Give the page of a directory, made once."""
    home = tmp_path_factory.mktemp("pages")
    kept: dict[str, Report] = {}

    def made(name: str) -> Report:
        if name not in kept:
            file = r2psim.report(directory(name), home / f"{name}.html")
            kept[name] = read_report(file.read_text(encoding="utf-8"))
        return kept[name]

    return made


# -- every kind --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_kind_is_tried(directory: Callable[[str], Path]) -> None:
    known = {kind.file for kind in KINDS}
    assert known == {kind.file for kind in KINDS for name in ALL if (directory(name) / kind.file).is_file()}


@pytest.mark.parametrize("name", EACH)
def test_a_page_is_whole_and_loads_nothing(name: str, page: Callable[[str], Report]) -> None:
    made = page(name)
    assert made.language == "en"
    assert not made.tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    inside = [link for link in made.goes if link.startswith("#")]
    assert inside and {link[1:] for link in inside} <= set(made.ids)
    assert all(link.startswith("data:image/png;base64,") for link in made.goes if link not in inside)
    assert not [style for style in made.styles if "url(" in style or "@import" in style]
    # The caveat is the first thing that is said, and the last.
    assert made.marked["caveat"] == [CAVEAT, CAVEAT]
    body = made.text[made.text.index(CAVEAT) :].strip()
    assert body.startswith(CAVEAT) and body.endswith(CAVEAT)


@pytest.mark.parametrize("name", EACH)
def test_a_page_can_be_read_by_those_who_do_not_see_it(name: str, page: Callable[[str], Report]) -> None:
    made = page(name)
    levels = [level for level, _ in made.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert set(made.scopes) <= {"col", "row"} and all(made.captions)
    for image in made.images:
        assert len(image["alt"] or "") > 30, "what a figure shows, and where its numbers are"
        assert int(image["width"] or 0) > 100 and int(image["height"] or 0) > 100


@pytest.mark.parametrize("name", EACH)
def test_a_page_says_what_was_asked_found_and_is_not_known(
    name: str, page: Callable[[str], Report], directory: Callable[[str], Path]
) -> None:
    made = page(name)
    headings = [told for _, told in made.headings]
    for heading in ("What was asked, and what was found", "Where it fails", "What is not known", "The world"):
        assert heading in headings
    assert made.marked["question"][0].endswith(("?", "."))
    assert "null line" in " ".join(headings) and "How to make it again" in headings
    assert "digest of the rules" in made.text and f"r2psim{r2psim.__version__}" in made.text
    (command,) = made.code
    assert command.startswith("r2psim ") and command.endswith(f"--out {directory(name)}")
    # Nobody's directories are told to whoever reads the page, but in the command that made it.
    assert str(directory(name)) not in made.text.replace(command, "")


@pytest.mark.parametrize("name", EACH)
def test_a_headline_with_an_estimate_has_its_interval(name: str, page: Callable[[str], Report]) -> None:
    (headline,) = page(name).marked["headline"]
    if re.search(r"\d(\.\d+)? (fewer|more|less)\b|US\$ ?[\d.]|\bAUC\b", headline):
        assert re.search(r"\(.*\d.* to .*\d.*\)|\bup to\b|not defined", headline), headline


# -- the numbers are those of the directory ----------------------------------------------------------------------------


def test_a_comparison_tells_what_its_files_say(directory: Callable[[str], Path], page: Callable[[str], Report]) -> None:
    found = json.loads((directory("compare") / "comparison.json").read_text())
    rows = page("compare").table("Prevention instead of late-response, a run")
    by_name = {row[0].split("\n")[0]: row for row in rows[1:]}
    differences = found["against"]["prevention"]["differences"]
    told = 0
    for metric, (name, _) in METRIC_NAMES.items():
        if name in by_name and differences[metric]["mean"]:
            interval = Interval(*(differences[metric][end] for end in ("mean", "low", "high")))
            more, limits = ranged(metric, interval)
            assert by_name[name][1].split("\n")[:2] == [more, limits]
            told += 1
    assert told >= 8
    # The null line: harm is the same in every run, and what money is withheld is told.
    for name in ("episodes of atrocity", "killed", "response needed", "GDP lost"):
        assert by_name[name][2] == "the same in every run"
    twins = found["null_twins"]
    withheld = twins["prevention"]["response_cost"]["mean"] - twins["late-response"]["response_cost"]["mean"]
    assert by_name["external response"][2].startswith(f"{money(abs(withheld))} less")


def test_a_comparison_is_read_back_as_it_was(directory: Callable[[str], Path]) -> None:
    out = directory("compare")
    found, scenario = read_comparison(out)
    assert json.loads(json.dumps(found.summary())) == json.loads((out / "comparison.json").read_text())
    assert set(found.added) == {"prevention"} and scenario.name == "seminar"


def test_returns_have_the_controls_beside_them(directory: Callable[[str], Path], page: Callable[[str], Report]) -> None:
    against = json.loads((directory("compare") / "comparison.json").read_text())["against"]["prevention"]
    rows = page("compare").table("Prevention instead of late-response: what a further dollar")
    response = next(row for row in rows if row[0].startswith("external response"))
    for place, told in ((1, against["returns"]), (4, against["controls"]["added_money"]["returns"])):
        mean = told["response"]["harm_avoided"]["mean"]
        assert response[place].split("\n")[0] == money(mean)


def unsealed(directory: Path, out: Path) -> Path:
    """Copy a directory that does not say what its files held, as those of earlier versions."""
    shutil.copytree(directory, out)
    facts = json.loads((out / "provenance.json").read_text("utf-8"))
    kept = {key: facts[key] for key in facts if key not in ("seal", "contents")}
    (out / "provenance.json").write_text(json.dumps(kept), encoding="utf-8")
    return out


def test_a_mean_that_runs_cannot_give_is_left_out(directory: Callable[[str], Path], tmp_path: Path) -> None:
    out = unsealed(directory("random"), tmp_path / "out")
    file = out / "optimise.json"
    found = json.loads(file.read_text("utf-8"))
    found["mean_portfolio"] = dict.fromkeys(found["mean_portfolio"])
    file.write_text(json.dumps(found), encoding="utf-8")
    text = r2psim.report([out], tmp_path / "page.html").read_text("utf-8")
    assert "The mean portfolio: fewer killed -; saved of the bill - (95\xa0%)." in text


@pytest.mark.slow
def test_studies_tell_what_their_files_say(directory: Callable[[str], Path], page: Callable[[str], Report]) -> None:
    found = json.loads((directory("break-even") / "break-even.json").read_text())
    made = page("break-even")
    assert len(made.table("Every place")) == len(found["places_looked_at"]) + 1
    for told in found["ledgers"].values():
        assert told["sentence"][1:] in made.text
    rows = json.loads((directory("marginal") / "marginal.json").read_text())["found"]
    assert {row["name"] for row in rows} <= page("marginal").cells
    sights = page("warning").table("Each quality of warning")
    assert len(sights) == 7 and sights[1][0] == "no information"
    for name, among in (("optimise", "found-1"), ("random", "random-1")):
        portfolios = json.loads((directory(name) / "optimise.json").read_text())
        assert among in portfolios["shares"] and among in page(name).cells
    lead = portfolios["told_better_on_both"]
    assert f"{lead} of 3 random divisions" in page("random").text
    for row in json.loads((directory("validate") / "validation.json").read_text())["targets"].values():
        assert row["quantity"] in page("validate").cells
    indices = json.loads((directory("sensitivity") / "sensitivity.json").read_text())["indices"]
    first = next(row for row in indices if row["metric"] == "deaths" and row["baseline"])
    wanted = f"{first['total']:.3f}".replace("-0.000", "0.000")
    assert any(row[0] == first["factor"] and row[2].startswith(wanted) for row in page("sensitivity").tables[0])
    assert page("sensitivity").captions[0].startswith("Killed: prevention minus late-response")


def test_every_point_of_a_batch_is_told(directory: Callable[[str], Path], page: Callable[[str], Report]) -> None:
    made = page("batch")
    assert [row[0] for row in made.table("Killed")[1:]] == [str(k) for k in range(6)]
    assert "No null line" in made.text and "cannot be told apart from no difference" in made.marked["headline"][0]


def test_a_batch_with_effects_at_none_has_its_null_line(tmp_path: Path) -> None:
    text = SMALL.replace('"assistance.budget_scale" = { values = [0.5, 1.0, 2.0] }',
                         '"assistance.effect_scale" = { values = [0.0, 1.0] }')  # fmt: skip
    text = text.replace("[design]", '[headline]\nmetric = "deaths"\n[design]')
    do(write(tmp_path, text), tmp_path / "out")
    made = read_report(r2psim.report(tmp_path / "out").read_text(encoding="utf-8"))
    null = re.findall(r"Point \d, with all effects at none: no difference", made.text)
    assert len(null) == 2


# -- verdicts ----------------------------------------------------------------------------------------------------------


def test_what_is_not_told_apart_is_said_so_and_has_no_number(page: Callable[[str], Report]) -> None:
    (headline,) = page("not-told").marked["headline"]
    assert "cannot be told apart from no difference at 2 runs" in headline
    assert not re.search(r"\d", headline.replace("2 runs", "")), headline
    assert "not told apart" in page("not-told").cells


def test_with_effects_at_none_nothing_was_gained(page: Callable[[str], Report]) -> None:
    made = page("without-effects")
    (headline,) = made.marked["headline"]
    assert headline.endswith("assistance has no effect here, and nothing was bought.")
    rows = made.table("Prevention instead of late-response, a run")
    for row in rows[1:]:
        if row[0].split("\n")[0] in ("episodes of atrocity", "killed", "driven from home", "GDP lost"):
            assert row[1] == row[2] == "the same in every run"


# -- what comes from files is text -------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script>"


def test_what_comes_from_a_file_is_text(tmp_path: Path) -> None:
    text = shipped_path("insurgency").read_text(encoding="utf-8")
    text = re.sub(r'^title = ".*"$', f'title = "{HOSTILE} & \\"more\\""', text, flags=re.MULTILINE)
    file = tmp_path / "<script>.toml"
    file.write_text(text, encoding="utf-8")
    # A directory may be named so too.
    out = tmp_path / "<img src=x onerror=alert(1)>"
    said(["compare", str(file), "--runs", "2", "--years", "1", "--no-controls", "--out", str(out)])
    html = r2psim.report(out, tmp_path / "page.html").read_text(encoding="utf-8")
    made = read_report(html)
    assert HOSTILE in made.text and "<script" not in html and "<img src=x" not in html
    assert "script" not in made.tags and f"compare '{file}'" in made.code[0]


# -- several, and where they go ----------------------------------------------------------------------------------------


def test_several_directories_are_one_page(directory: Callable[[str], Path], tmp_path: Path) -> None:
    names = ("compare", "break-even", "sensitivity")
    file = r2psim.report([directory(name) for name in names], tmp_path / "study.html")
    made = read_report(file.read_text(encoding="utf-8"))
    assert len(made.marked["headline"]) == 3 and made.marked["caveat"] == [CAVEAT, CAVEAT]
    parts = [told for _, told in made.headings if told.startswith(names)]
    assert [told.split(" ")[0] for told in parts] == list(names)
    levels = [level for level, _ in made.headings]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(made.ids) == len(set(made.ids))
    assert "The policies" in [told for _, told in made.headings]


def test_a_page_lies_in_its_directory_and_is_not_replaced_unasked(
    directory: Callable[[str], Path], tmp_path: Path
) -> None:
    out = shutil.copytree(directory("compare"), tmp_path / "out")
    before = {file: file.read_bytes() for file in out.iterdir()}
    assert said(["report", str(out)]) == f"Written to {out / 'report.html'}.\n"
    assert {file: file.read_bytes() for file in before} == before and len(list(out.iterdir())) == len(before) + 1
    (out / "report.html").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="exists; name a new file, or say --force"):
        r2psim.report(out)
    assert (out / "report.html").read_text(encoding="utf-8") == "mine"
    r2psim.report(out, force=True)
    assert read_report((out / "report.html").read_text(encoding="utf-8")).headings
    # It is no part of the output: that is read, and told again, as before.
    assert r2psim.Results.load(out).runs == 60
    with pytest.raises(ValueError, match="each directory once"):
        r2psim.report([out, tmp_path / "." / "out"])
    with pytest.raises(ValueError, match="a directory is needed"):
        r2psim.report([])


# -- what is refused ---------------------------------------------------------------------------------------------------


def nothing(home: Path, _: Callable[[str], Path]) -> Path:
    return home / "nothing"


def a_file(home: Path, _: Callable[[str], Path]) -> Path:
    (home / "file").write_text("x", encoding="utf-8")
    return home / "file"


def empty(home: Path, _: Callable[[str], Path]) -> Path:
    (home / "empty").mkdir()
    return home / "empty"


def foreign(home: Path, _: Callable[[str], Path]) -> Path:
    (home / "foreign").mkdir()
    (home / "foreign" / "provenance.json").write_text('{"tool": "another"}', encoding="utf-8")
    return home / "foreign"


def unfinished(home: Path, directory: Callable[[str], Path]) -> Path:
    shutil.copytree(directory("break-even") / "worlds", home / "out" / "worlds")
    return home / "out"


def changed(home: Path, directory: Callable[[str], Path]) -> Path:
    out = shutil.copytree(directory("warning"), home / "out")
    file = out / "warning.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"runs": 2', '"runs": 3'), encoding="utf-8")
    return out


def cut_off(home: Path, directory: Callable[[str], Path]) -> Path:
    out = shutil.copytree(directory("compare"), home / "out")
    file = out / "runs.parquet"
    file.write_bytes(file.read_bytes()[:100])
    return out


def without_a_figure(home: Path, directory: Callable[[str], Path]) -> Path:
    out = shutil.copytree(directory("warning"), home / "out")
    (out / "warning.png").unlink()
    return out


def without_added_money(home: Path, directory: Callable[[str], Path]) -> Path:
    out = shutil.copytree(directory("compare"), home / "out")
    (out / "added_ledgers.parquet").unlink()
    return out


def of_another_version(home: Path, directory: Callable[[str], Path]) -> Path:
    out = unsealed(directory("warning"), home / "out")
    (out / "warning.json").write_text('{"scenario": "seminar"}', encoding="utf-8")
    return out


def a_single_run(home: Path, _: Callable[[str], Path]) -> Path:
    said(["run", "insurgency", "--years", "1", "--out", str(home / "out")])
    return home / "out"


def runs_alone(home: Path, _: Callable[[str], Path]) -> Path:
    r2psim.simulate("insurgency", runs=2, years=1).save(home / "out")
    return home / "out"


def half_a_batch(home: Path, directory: Callable[[str], Path]) -> Path:
    out = shutil.copytree(directory("batch"), home / "out")
    manifest = out / "manifest.jsonl"
    lines = manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    manifest.write_text("".join(lines[:-1]), encoding="utf-8")
    return out


def a_damaged_batch(home: Path, directory: Callable[[str], Path]) -> Path:
    out = shutil.copytree(directory("batch"), home / "out")
    part = next((out / "runs").iterdir())
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(bytes(content))
    return out


REFUSED: dict[Callable[[Path, Callable[[str], Path]], Path], str] = {
    nothing: "nothing: is not there",
    a_file: "file: is a file",
    empty: "is empty; a report is made of the directory of --out of compare, batch, break-even",
    foreign: "provenance.json is another program's",
    unfinished: "is unfinished: finished runs of r2psim break-even are kept in it; the same command goes on",
    changed: "warning.json: is damaged: its content is not what was written",
    cut_off: "runs.parquet: is damaged",
    without_a_figure: "warning.png: is missing",
    without_added_money: "added_ledgers.parquet: is missing",
    of_another_version: "warning.json: cannot be told: KeyError: 'sights'",
    a_single_run: "holds a single run, of which no report is made; one of compare, batch, break-even",
    runs_alone: "holds runs without a comparison",
    half_a_batch: "% done; go on with: r2psim batch small.toml --out",
    a_damaged_batch: "is damaged or missing",
}
"""What is no directory for a report, and what is said of it."""


@pytest.fixture
def said_on_the_error_stream(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[Any, str]]]:
    def run(*words: str) -> tuple[Any, str]:
        monkeypatch.setattr(sys, "argv", ["r2psim", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, capsys.readouterr().err

    yield run


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_what_is_no_such_directory_is_refused_in_one_line(
    make: Callable[[Path, Callable[[str], Path]], Path],
    directory: Callable[[str], Path],
    tmp_path: Path,
    said_on_the_error_stream: Callable[..., tuple[Any, str]],
) -> None:
    path = make(tmp_path, directory)
    page = tmp_path / "page.html"
    # What is said once is not written for the others either.
    code, told = said_on_the_error_stream("report", str(directory("warning")), str(path), "--out", str(page))
    assert code == 2 and REFUSED[make] in told and len(told.splitlines()) == 1, told
    assert str(path) in told and "Traceback" not in told and not page.exists()


def test_a_page_cannot_take_the_place_of_a_directory(
    directory: Callable[[str], Path], tmp_path: Path, said_on_the_error_stream: Callable[..., tuple[Any, str]]
) -> None:
    code, told = said_on_the_error_stream("report", str(directory("warning")), "--out", str(tmp_path))
    assert code == 2 and "is a directory, and a file is needed" in told
    code, told = said_on_the_error_stream("report", str(directory("warning")), "--out", str(tmp_path / "no" / "x"))
    assert code == 2 and "there is no directory" in told
