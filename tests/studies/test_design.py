"""A design makes the rows that it promises, each once and under a good name."""

from pathlib import Path

import pytest

from film.config import Config, ImageInput
from studies.catalogue import catalogue, find_study
from studies.design import Component, Design, DesignKind, describe
from studies.errors import StudyError
from studies.fraction import alias_pairs, resolution, term_name
from studies.study import Study
from studies.study_file import read_study
from studies.trial import BASELINE

WITHOUT = {
    "γ": "{model.film.gamma: one}",
    "β": "{model.film.beta: zero}",
    "residual": "{model.residual: false}",
    "norm": "{model.norm: none, model.classifier.norm: none}",
    "coordinates": "{model.coordinates: none}",
}
DATA = dict.fromkeys(ImageInput, "0123abcd")


def make(
    tmp_path: Path, kind: str, n: int = 3, *, switch: str = "without", more: str = ""
) -> Study:
    lines = [
        f"    {label}: {{{switch}: {changes}}}"
        for label, changes in list(WITHOUT.items())[:n]
    ]
    return read(
        tmp_path, f"\n  kind: {kind}\n{more}  components:\n" + "\n".join(lines) + "\n"
    )


def read(tmp_path: Path, design: str) -> Study:
    path = tmp_path / "study.yaml"
    text = f"study: parts\nquestion: Which parts matter?\ndesign: {design}"
    path.write_text(text, encoding="utf-8")
    return read_study(path)


def labels(study: Study) -> list[str]:
    return [row.label for row in study.rows]


class TestRows:
    def test_leaving_one_out(self, tmp_path: Path) -> None:
        study = make(tmp_path, "leave-one-out")
        assert labels(study) == [
            BASELINE,
            "without γ",
            "without β",
            "without residual",
        ]
        assert study.groups == ("Leaving one out",)
        assert study.baseline.on == {"γ", "β", "residual"}
        assert study.rows[2].on == {"γ", "residual"}
        assert study.rows[2].changes == {"model.film.beta": "zero"}

    def test_adding_one_in(self, tmp_path: Path) -> None:
        study = make(tmp_path, "add-one-in")
        assert labels(study)[1:] == [
            "none of γ, β and residual",
            "only γ",
            "only β",
            "only residual",
        ]
        assert study.rows[1].on == frozenset()
        assert study.rows[2].changes == {
            "model.film.beta": "zero",
            "model.residual": False,
        }

    def test_leaving_two_out(self, tmp_path: Path) -> None:
        study = make(tmp_path, "leave-two-out", 5)
        assert len(study.rows) == 16
        assert study.groups == ("Leaving one out", "Leaving two out")
        assert study.rows[6].label == "without γ and β"

    @pytest.mark.parametrize("n", [2, 3, 4, 5])
    def test_a_full_factorial_has_every_combination_once(
        self, tmp_path: Path, n: int
    ) -> None:
        study = make(tmp_path, "full-factorial", n)
        assert len(study.rows) == len({row.on for row in study.rows}) == 2**n
        assert len(set(labels(study))) == 2**n

    def test_a_half_fraction_has_everything_on_and_an_even_number_off(
        self, tmp_path: Path
    ) -> None:
        study = make(tmp_path, "half-fraction", 5)
        assert len(study.rows) == 16
        off = [5 - len(row.on) for row in study.rows if row.on is not None]
        assert sorted(off) == [0] + [2] * 10 + [4] * 5
        assert labels(study)[-1] == "only γ"

    def test_a_path_is_walked_both_ways_and_meets_no_row_twice(
        self, tmp_path: Path
    ) -> None:
        assert labels(make(tmp_path, "path")) == [
            BASELINE,
            "without γ",
            "without γ and β",
            "none of γ, β and residual",
            "only γ",
            "γ + β",
        ]
        one_way = make(tmp_path, "path", more="  direction: adding\n")
        assert labels(one_way) == [
            BASELINE,
            "none of γ, β and residual",
            "only γ",
            "γ + β",
        ]

    def test_components_may_be_what_the_baseline_has_not(self, tmp_path: Path) -> None:
        study = make(tmp_path, "full-factorial", 3, switch="with")
        assert study.baseline.on == frozenset()
        assert labels(study)[1:] == [
            "only γ",
            "only β",
            "only residual",
            "γ + β",
            "γ + residual",
            "β + residual",
            "γ + β + residual",
        ]
        assert study.groups[0] == "One component on"
        assert len(labels(make(tmp_path, "leave-one-out", switch="with"))) == 5

    def test_a_level_of_the_baseline_is_the_baseline(self, tmp_path: Path) -> None:
        study = read(
            tmp_path,
            "\n  kind: levels\n  factor: Depth\n  levels:\n"
            "    2 blocks: {model.n_blocks: 2}\n    4 blocks: {model.n_blocks: 4}\n",
        )
        assert labels(study) == [BASELINE, "2 blocks"]
        assert study.groups == ("Depth",)
        assert study.design is not None
        assert study.design.baseline_level == "4 blocks"
        assert study.rows[1].on is None
        assert describe(study.design) == "levels: Depth; the baseline has 4 blocks"

    def test_named_rows_stand_below_those_of_the_design(self, tmp_path: Path) -> None:
        path = tmp_path / "study.yaml"
        make(tmp_path, "leave-one-out")
        more = "groups:\n  Other:\n    deeper: {model.n_blocks: 5}\n"
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
        study = read_study(path)
        assert labels(study)[-1] == "deeper"
        assert study.rows[-1].on is None


TWO = "{kind: %s, components: {γ: {without: %s}, %s: {without: %s}}}\n"
GAMMA = "{model.film.gamma: one}"
LEVELS = "{kind: levels, factor: Depth, levels: {%s}}\n"


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (
            "{kind: full-factoral}",
            r"design: got kind .*; did you mean 'full-factorial'",
        ),
        ("{components: {}}", r"design: got kind None; choose levels, leave-one-out"),
        ("{kind: path, components: {γ: {with: {a: 1}}}}", r"at least 2"),
        (
            "{kind: path, components: {γ: {off: {a: 1}}, β: {with: {a: 1}}}}",
            r"design\.path\.components\.γ: YAML reads .*write `with` and `without`",
        ),
        (
            "{kind: path, components: {γ: {}, β: {with: {a: 1}}}}",
            r"components\.γ: should say either what switches it off \(`without",
        ),
        (
            TWO % ("path", GAMMA, "depth", "{model.nblocks: 1}"),
            r"row 'none of γ and depth': model\.nblocks: no such setting; did you mean",
        ),
        (
            TWO % ("leave-two-out", "{model.n_blocks: 1}", "β", "{model.n_blocks: 2}"),
            r"'γ' and 'β' set model\.n_blocks to different values.*in `groups`",
        ),
        (
            TWO % ("full-factorial", GAMMA, "FiLM", "{model.film.blocks: none}"),
            r"'none of γ and FiLM' computes the same as 'without FiLM': a component m",
        ),
        (
            TWO % ("leave-one-out", GAMMA, "four", "{model.n_blocks: 4}"),
            r"'without four' computes the same as 'baseline'",
        ),
        (
            LEVELS % "four: {model.n_blocks: 4}, none: {model.residual: true}",
            r"levels 'four' and 'none' are both the baseline",
        ),
        (LEVELS % "one: {model.n_blocks: 1}", r"levels: .*at least 2"),
    ],
)
def test_a_wrong_design_is_refused_in_one_line(
    tmp_path: Path, design: str, message: str
) -> None:
    with pytest.raises(StudyError, match=message) as error:
        read(tmp_path, design)
    assert "\n" not in str(error.value)


def test_a_study_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("study: empty\nquestion: What?\n", encoding="utf-8")
    with pytest.raises(StudyError, match="has no rows: name them in `groups`, or give"):
        read_study(path)


def components(n: int, *, in_baseline: bool = True) -> tuple[Component, ...]:
    return tuple(
        Component(label=label, changes={label: 0}, is_in_baseline=in_baseline)
        for label in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:n]
    )


@pytest.mark.parametrize(
    ("kind", "n", "message"),
    [
        (DesignKind.FULL_FACTORIAL, 6, r"64 rows; take at most 5 .*half-fraction \(32"),
        (
            DesignKind.HALF_FRACTION,
            3,
            r"from a pair of others; take 4 to 8, or .*\(8 r",
        ),
        (DesignKind.HALF_FRACTION, 9, r"256 rows; take at most 8 \(128 rows\)"),
        (DesignKind.LEAVE_TWO_OUT, 16, r"137 rows; take fewer"),
    ],
)
def test_too_many_rows_or_too_few_to_learn_from_are_refused(
    kind: DesignKind, n: int, message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        Design(kind=kind, components=components(n))


def test_the_baseline_of_a_half_fraction_has_everything() -> None:
    with pytest.raises(StudyError, match="has all components on; say of each what"):
        Design(
            kind=DesignKind.HALF_FRACTION, components=components(4, in_baseline=False)
        )


class TestAliases:
    # Box, Hunter and Hunter's 2^(5-1) with E = ABCD.
    BY_HAND = (
        "A = BCDE, B = ACDE, C = ABDE, D = ABCE, E = ABCD, AB = CDE, AC = BDE, "
        "AD = BCE, AE = BCD, BC = ADE, BD = ACE, BE = ACD, CD = ABE, CE = ABD, DE = ABC"
    )

    def test_those_of_five_components_are_those_by_hand(self) -> None:
        pairs = alias_pairs("ABCDE")
        found = [f"{''.join(one)} = {''.join(other)}" for one, other in pairs]
        assert found == self.BY_HAND.split(", ")
        assert resolution("ABCDE") == "V"

    @pytest.mark.parametrize("n", [4, 5, 6])
    def test_aliases_are_the_same_contrast_of_the_rows(self, n: int) -> None:
        design = Design(kind=DesignKind.HALF_FRACTION, components=components(n))
        rows = [design.baseline_on, *(row.on or frozenset() for row in design.rows())]

        def signs(term: tuple[str, ...]) -> list[int]:
            return [(-1) ** len(set(term) - on) for on in rows]

        pairs = alias_pairs(design.labels)
        assert len(pairs) == len(rows) - 1
        assert all(signs(one) == signs(other) for one, other in pairs)
        assert len({tuple(signs(one)) for one, _ in pairs}) == len(pairs)

    def test_words(self) -> None:
        assert term_name(("γ", "β")) == "γ × β"
        assert (("γ",), ("β", "norm")) in alias_pairs(("γ", "β", "norm"))


class TestCatalogue:
    def test_there_is_a_study_of_each_design(self) -> None:
        designs = [find_study(name).design for name in catalogue()]
        assert {one.kind for one in designs if one} == set(DesignKind)

    def test_they_share_their_trials_with_the_quick_study(self) -> None:
        quick = {(t.row, t.seed): t.trial_id for t in find_study("quick").trials(DATA)}
        same = {
            BASELINE: BASELINE,
            "without γ": "γ := 1",
            "without β": "β := 0",
            "without residual": "no residual connection",
        }
        factorial = find_study("gamma-beta-residual-factorial").trials(DATA)
        found = {(same[t.row], t.seed): t.trial_id for t in factorial if t.row in same}
        shared = {key: value for key, value in found.items() if key in quick}
        assert len(shared) == 8
        assert shared.items() <= quick.items()

    def test_they_share_their_trials_with_each_other(self) -> None:
        def trials(name: str) -> set[str]:
            return {t.trial_id for t in find_study(f"parts-{name}").trials(DATA)}

        assert len(trials("leave-one-out") & trials("leave-two-out")) == 5 * 3
        assert len(trials("half-fraction") & trials("leave-two-out")) == 7 * 3
        assert len(trials("half-fraction") & trials("add-one-in")) == 6 * 3
        assert len(trials("path") & trials("leave-two-out")) == 5 * 3

    def test_all_have_the_configuration_of_the_quick_study(self) -> None:
        quick = find_study("quick")
        for name in catalogue():
            study = find_study(name)
            if study.design is not None:
                assert study.baseline.config == quick.baseline.config, name
                assert study.world == quick.world, name

    def test_no_row_is_the_baseline_in_other_words(self) -> None:
        for name in catalogue():
            study = find_study(name)
            rows = study.rows if study.design else ()
            assert len({row.config.identity() for row in rows}) == len(rows), name


def test_a_design_without_components_in_common_changes_nothing_else() -> None:
    study = find_study("parts-half-fraction")
    assert study.baseline.config != Config()
    switches = {c.label: set(c.changes) for c in study.design.components}  # type: ignore[union-attr]
    for row in study.rows[1:]:
        missing = set(switches) - (row.on or set())
        assert set(row.changes) == set.union(*(switches[one] for one in missing))
