"""A study file reads like the table it becomes, and a wrong one is refused."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from film.config import Architecture, Config, FilmPlacement, ImageInput
from film.world.config import world_preset
from studies.catalogue import RENAMED, catalogue, find_study
from studies.errors import StudyError
from studies.schema import schema_path, study_schema
from studies.study import Study
from studies.study_file import read_study
from studies.trial import BASELINE

FINGERPRINTS = {ImageInput.FEATURES: "f" * 12, ImageInput.PIXELS: "p" * 12}

SMALL = """
study: small
question: Does it matter where FiLM stands?
settings: {model.width: 16}
seeds: [3, 5]
margin: 0.5
groups:
  Moving FiLM:
    after residual connection: {model.film.placement: after_residual}
  Other:
    deeper: {model.n_blocks: 5}
    from pixels: {model.stem.input: pixels}
"""


def read(tmp_path: Path, text: str) -> Study:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return read_study(path)


def test_a_study_has_its_baseline_first_and_its_rows_in_order(tmp_path: Path) -> None:
    study = read(tmp_path, SMALL)
    assert [row.label for row in study.rows] == [
        BASELINE,
        "after residual connection",
        "deeper",
        "from pixels",
    ]
    assert study.groups == ("Moving FiLM", "Other")
    assert study.baseline.config == Config().with_changes({"model.width": 16})
    assert study.rows[1].config.model.film.placement is FilmPlacement.AFTER_RESIDUAL
    assert study.rows[1].config.model.width == 16
    assert study.seeds == (3, 5)
    assert study.margin == 0.5
    assert study.inputs == (ImageInput.FEATURES, ImageInput.PIXELS)


def test_a_world_may_be_named(tmp_path: Path) -> None:
    text = SMALL.replace("study: small", "study: small\nworld: tiny")
    assert read(tmp_path, text).world == world_preset("tiny")


def test_a_study_wants_every_row_with_every_seed(tmp_path: Path) -> None:
    trials = read(tmp_path, SMALL).trials(FINGERPRINTS)
    assert [(t.row, t.seed) for t in trials[:5]] == [
        (BASELINE, 3),
        ("after residual connection", 3),
        ("deeper", 3),
        ("from pixels", 3),
        (BASELINE, 5),
    ]
    assert len({t.trial_id for t in trials}) == len(trials) == 8
    assert trials[3].data == "p" * 12
    assert trials[0].data == "f" * 12
    assert trials[2].changes == {"model.n_blocks": 5}


def test_a_row_that_sees_no_picture_has_data_of_that_kind(tmp_path: Path) -> None:
    text = f"{SMALL}    question only: {{model.architecture: lstm}}\n"
    study = read(tmp_path, text)
    assert study.inputs == (ImageInput.FEATURES, ImageInput.PIXELS, None)
    trials = study.trials({**FINGERPRINTS, None: "q" * 12})
    assert {t.data for t in trials if t.row == "question only"} == {"q" * 12}
    assert trials[0].data == "f" * 12


def test_other_seeds_can_be_asked_for(tmp_path: Path) -> None:
    trials = read(tmp_path, SMALL).trials(FINGERPRINTS, seeds=(9,))
    assert {t.seed for t in trials} == {9}


class TestIdentity:
    def test_labels_are_no_part_of_it(self, tmp_path: Path) -> None:
        one = read(tmp_path, SMALL).trials(FINGERPRINTS)
        renamed = SMALL.replace("deeper", "five blocks").replace("small", "other")
        other = read(tmp_path, renamed).trials(FINGERPRINTS)
        assert [t.trial_id for t in one] == [t.trial_id for t in other]

    def test_settings_seed_and_data_are(self, tmp_path: Path) -> None:
        first = read(tmp_path, SMALL).trials(FINGERPRINTS)[0]
        wider = SMALL.replace("model.width: 16", "model.width: 32")
        assert read(tmp_path, wider).trials(FINGERPRINTS)[0].trial_id != first.trial_id
        (other_seed, *_) = read(tmp_path, SMALL).trials(FINGERPRINTS, seeds=(4,))
        assert other_seed.trial_id != first.trial_id
        other_data = read(tmp_path, SMALL).trials(
            dict.fromkeys(ImageInput, "another name")
        )
        assert other_data[0].trial_id != first.trial_id

    def test_the_papers_baseline_is_trained_once_for_both_tables(self) -> None:
        first, second = (
            find_study(name).trials(FINGERPRINTS)[0]
            for name in ("architecture", "depth")
        )
        assert first.trial_id == second.trial_id


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("study: small", "study: Small!", r"study: got 'Small!'"),
        ("study: small", "name: small", r"name: no such setting|study: is missing"),
        ("question: ", "questoin: ", r"did you mean 'question'"),
        ("after_residual", "after_residul", r"row 'after residual .*got 'after_resid"),
        ("model.n_blocks: 5", "model.blocks: 5", r"row 'deeper': model\.blocks: no su"),
        ("model.n_blocks: 5", "model.n_blocks: 4", r"row 'deeper' computes the same a"),
        (
            "deeper",
            "after residual connection",
            r"row 'after residual connection' stands twice",
        ),
        ("from pixels:", "deeper:", r"'deeper' stands twice"),
        ("deeper:", "baseline:", r"row 'baseline' is the baseline's own name"),
        ("deeper:", "1:", r"groups\.Other\.1: got 1 as a name; put it in quotes"),
        ("deeper:", '"a\\nb":', r"should be one printable line"),
        ("deeper:", "? [a, b]\n    :", r"is not valid YAML: .*cannot be a name"),
        ("deeper:", "!!int foo:", r"is not valid YAML"),
        ("deeper: {model.n_blocks: 5}", "deeper: null", r"groups\.Other\.deeper: got"),
        ("margin: 0.5", "margin: true", r"margin: got True"),
        ("margin: 0.5", "margin: .inf", r"margin: got inf"),
        ("margin: 0.5", "margin: 2026-13-45", r"is not valid YAML"),
        ("seeds: [3, 5]", "seeds: [1, -2]", r"seeds\.1: got -2"),
        ("seeds: [3, 5]", "seeds: 2000000000", r"seeds: got 2000000000"),
        ("Other:", "Empty: {}\n  Other:", r"groups\.Empty: got \{\}"),
        (
            "study: small",
            "study: small\nworld: {n_trian: 5}",
            r"world\.n_trian: no such setting; did you mean 'n_train'",
        ),
        ("margin: 0.5", "margin: -1", r"margin: got -1"),
        ("seeds: [3, 5]", "seeds: [3, 3]", r"seeds.*\[3, 3\].*different"),
        ("seeds: [3, 5]", "seeds: 0", r"seeds"),
        (
            "model.n_blocks: 5",
            "model.n_blocks: 5, train.max_epochs: 9, train.learning_rate: 1e-3",
            r"'deeper' also .* \(train\.learning_rate, train\.max_epochs\), .*: \[tra",
        ),
        (
            "margin: 0.5",
            "confounds: [train.max_epoch]",
            r"'train\.max_epoch' is no setting of training; did you mean 'train\.max_e",
        ),
        ("margin: 0.5", "confounds: [model.width]", r"'model\.width' is no setting of"),
        ("study: small", "study: small\nbaseline: best", r"'best'; there is paper"),
        ("study: small", "study: small\nworld: smal", r"world: .*no world 'smal'; did"),
        ("study: small", "study: small\nworld: 3", r"world: .*the name of a preset"),
        (
            "study: small",
            "study: small\nworld: {n_train: 0}",
            r"world\.n_train: got 0",
        ),
        ("groups:", "groups: [", r"is not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in SMALL
    with pytest.raises(StudyError, match=message) as error:
        read(tmp_path, SMALL.replace(old, new, 1))
    assert "\n" not in str(error.value)
    assert "study.yaml" in str(error.value)


def test_files_that_are_no_study_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"absent\.yaml: cannot be read"):
        read_study(tmp_path / "absent.yaml")
    with pytest.raises(StudyError, match="should begin with `study: NAME`"):
        read(tmp_path, "- a list")


def test_a_study_is_found_by_name_or_by_file(tmp_path: Path) -> None:
    assert find_study("depth").name == "depth"
    (tmp_path / "own.yaml").write_text(SMALL, encoding="utf-8")
    assert find_study(str(tmp_path / "own.yaml")).name == "small"
    with pytest.raises(StudyError, match="'qick'; did you mean 'quick'"):
        find_study("qick")


@pytest.mark.parametrize("name", sorted(RENAMED))
def test_a_former_name_leads_to_the_present_one(name: str) -> None:
    assert name not in catalogue()
    assert RENAMED[name] in catalogue()
    with pytest.raises(StudyError, match=f"'{name}' is called '{RENAMED[name]}' now"):
        find_study(name)


def test_settings_can_be_merged_into_a_row(tmp_path: Path) -> None:
    text = SMALL.replace(
        "deeper: {model.n_blocks: 5}",
        "deeper: &deep {model.n_blocks: 5}\n"
        "    deeper still: {<<: *deep, model.n_blocks: 6, model.residual: false}",
    )
    row = next(r for r in read(tmp_path, text).rows if r.label == "deeper still")
    assert row.changes == {"model.n_blocks": 6, "model.residual": False}


class TestConfounds:
    MORE = SMALL.replace("n_blocks: 5", "n_blocks: 5, train.max_epochs: 9")

    def test_a_study_may_say_that_its_rows_are_trained_otherwise(
        self, tmp_path: Path
    ) -> None:
        text = self.MORE.replace("margin: 0.5", "confounds: [train.max_epochs]")
        study = read(tmp_path, text)
        found = {row.label: study.trained_otherwise(row) for row in study.rows}
        assert found.pop("deeper") == {"train.max_epochs": (9, 80)}
        assert not any(found.values())

    def test_to_say_so_changes_nothing_that_is_computed(self, tmp_path: Path) -> None:
        text = SMALL.replace("margin: 0.5", "confounds: [train.max_epochs]")
        one, other = read(tmp_path, SMALL), read(tmp_path, text)
        assert [t.trial_id for t in one.trials(FINGERPRINTS)] == [
            t.trial_id for t in other.trials(FINGERPRINTS)
        ]

    @pytest.mark.parametrize(
        "changes",
        [
            "train.max_epochs: 9, train.learning_rate: 1e-3",  # studies training
            "model.n_blocks: 5, train.max_epochs: 80",  # as the baseline has it
            "model.n_blocks: 5, train.patience: 79",  # could stop the last epoch alone
            "train.max_epochs: 9, model.norm_groups: 4",  # no norm is in groups
        ],
    )
    def test_what_makes_no_second_difference_is_no_confound(
        self, tmp_path: Path, changes: str
    ) -> None:
        study = read(tmp_path, SMALL.replace("model.n_blocks: 5", changes))
        assert not any(study.trained_otherwise(row) for row in study.rows)

    def test_a_row_that_changes_more_than_it_names_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = Config.with_changes

        def with_side_effect(self: Config, changes: Mapping[str, Any]) -> Config:
            deeper = "model.n_blocks" in changes
            return plain(self, {**changes, **({"model.width": 8} if deeper else {})})

        monkeypatch.setattr(Config, "with_changes", with_side_effect)
        message = r"'deeper' differs from the baseline in more .*: model\.width; name"
        with pytest.raises(StudyError, match=message):
            read(tmp_path, SMALL)

    def test_so_is_one_that_is_made_in_python(self, tmp_path: Path) -> None:
        study = read(tmp_path, SMALL)
        first, *_ = study.rows[1:]
        hidden = first.config.with_changes({"model.residual": False})
        rows = (study.baseline, replace(first, config=hidden))
        with pytest.raises(StudyError, match=r"more than it names: model\.residual"):
            replace(study, rows=rows)
        inert = first.config.with_changes({"model.norm_groups": 4})
        replace(study, rows=(study.baseline, replace(first, config=inert)))


class TestCatalogue:
    def test_what_is_trained_otherwise_is_in_few_studies(self) -> None:
        found = {
            (name, row.label): set(find_study(name).trained_otherwise(row))
            for name in catalogue()
            if not name.startswith("clevr-systems")  # others, as their authors have it
            for row in find_study(name).rows
            if find_study(name).trained_otherwise(row)
        }
        epochs, rate = "train.max_epochs", "train.learning_rate"
        assert found == {
            ("small", "raw pixels, 6 epochs"): {epochs},
            ("small", "question only, an LSTM"): {epochs, rate},
            ("architecture-embedded", "raw pixels instead of features"): {epochs},
        }

    @pytest.mark.parametrize("name", sorted(catalogue()))
    def test_every_study_reads_and_is_named_like_its_file(self, name: str) -> None:
        study = find_study(name)
        assert study.name == name
        assert len(study.rows) >= 2

    def test_table_2_has_the_rows_of_the_paper(self) -> None:
        study = find_study("architecture")
        assert len(study.rows) == 18
        assert study.baseline.config == Config()
        by_label = {row.label: row.config.model for row in study.rows}
        assert by_label["no FiLM in ResBlocks 3-4"].conditioned_blocks == (1, 2)
        assert not by_label["no FiLM in ResBlocks 1-4"].hears_question
        assert by_label["γ := σ(γ)"].film.gamma_baseline == 0

    def test_every_system_is_in_the_study_of_systems_at_both_scales(self) -> None:
        full, small = (
            find_study(name).rows
            for name in ("clevr-systems", "clevr-systems-embedded")
        )
        for rows in (full, small):
            assert {row.config.model.architecture for row in rows} == set(Architecture)
        missing = {row.label for row in full} - {row.label for row in small}
        assert missing == {"PG+EE (9K programs)", "PG+EE (700K programs)"}
        assert find_study("quick").baseline.config == small[0].config

    @pytest.mark.parametrize(
        "name", ["clevr-systems", "architecture", "depth", "humans", "cogent"]
    )
    def test_every_study_of_the_paper_has_a_small_scale_too(self, name: str) -> None:
        full, small = find_study(name), find_study(f"{name}-embedded")
        assert full.baseline.config == Config()
        assert full.world is None
        assert small.world is not None

    def test_the_small_ablations_train_no_row_of_quick_again(self) -> None:
        quick = find_study("quick")
        both = {
            trial.row: trial.trial_id
            for trial in find_study("architecture-embedded").trials(FINGERPRINTS)
            if trial.seed == 0
        }
        wanted = [trial for trial in quick.trials(FINGERPRINTS) if trial.seed == 0]
        assert {trial.row: trial.trial_id for trial in wanted}.items() <= both.items()
        (first, *_) = find_study("depth-embedded").trials(FINGERPRINTS)
        assert first.trial_id == wanted[0].trial_id

    def test_systems_that_read_programs_have_data_of_their_own(self) -> None:
        keys = {
            row.config.model.architecture: row.data_key
            for row in find_study("clevr-systems").rows
        }
        assert {one for one, key in keys.items() if "programs" in (key or "")} == {
            Architecture.QTYPE,
            Architecture.PG_EE,
            Architecture.N2NMN,
        }
        assert keys[Architecture.QTYPE] == "questions and programs"
        assert keys[Architecture.PG_EE] == "features and programs"
        assert keys[Architecture.LSTM] is None

    def test_table_3_has_the_depths_of_the_paper(self) -> None:
        depths = [row.config.model.n_blocks for row in find_study("depth").rows]
        assert sorted(depths) == [1, 2, 3, 4, 5, 6, 7, 8, 12]

    def test_the_world_of_the_quick_study_can_be_made_by_its_name(self) -> None:
        assert find_study("quick").world == world_preset("quick")

    def test_a_variation_changes_what_it_names_and_nothing_else(self) -> None:
        for name in catalogue():
            study = find_study(name)
            before = study.baseline.config.flat()
            for row in study.rows[1:]:
                after = row.config.flat()
                changed = {key for key in before if before[key] != after[key]}
                assert changed == set(row.changes), row.label


def test_the_shipped_schema_is_that_of_the_models() -> None:
    shipped = json.loads(schema_path().read_text(encoding="utf-8"))
    assert shipped == study_schema(), "run: python -m studies.schema"


def test_the_schema_knows_every_setting_and_its_choices() -> None:
    settings = study_schema()["$defs"]["Settings"]["properties"]
    assert set(settings) == set(Config().flat())
    placement = settings["model.film.placement"]
    assert placement["enum"] == [place.value for place in FilmPlacement]
    assert placement["default"] == "after_norm"


def test_studies_load_without_anything_heavy() -> None:
    code = (
        "import sys; from studies.catalogue import find_study; find_study('quick'); "
        "heavy = {'torch', 'ray', 'mlflow', 'pandas', 'numpy'} & set(sys.modules); "
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_deviations_are_sentences_of_one_line(tmp_path: Path) -> None:
    said = "deviations: [half of the training questions]\n"
    assert read(tmp_path, SMALL + said).deviations == (
        "half of the training questions",
    )
    with pytest.raises(StudyError, match=r"deviations"):
        read(tmp_path, SMALL + 'deviations: ["two\\nlines"]\n')
