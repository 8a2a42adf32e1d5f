"""Every check of a scalar argument, and its message: name, rule, value, remedy."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from tastemaker import _validation as v
from tastemaker.errors import ArgumentError, ArgumentTypeError, UnknownIdError


class TestInt:
    @pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3)])
    def test_integers_of_any_kind_come_back_as_int(self, value):
        number = v.check_int("n", value, low=1)
        assert number == 3
        assert type(number) is int

    @pytest.mark.parametrize("value", [3.0, "3", None, True, np.True_, [3], np.array([3]), np.float32(3), 3j])
    def test_other_kinds_are_refused(self, value):
        with pytest.raises(ArgumentTypeError, match=r"`n` must be an int >= 1, got .*\(\w+\)\.$"):
            v.check_int("n", value, low=1)

    @pytest.mark.parametrize(
        ("value", "limits", "message"),
        [
            (0, {"low": 1}, "`n` must be an int >= 1, got 0."),
            (6, {"high": 5}, "`n` must be an int <= 5, got 6."),
            (-1, {"low": 0, "high": 5}, "`n` must be an int >= 0 and <= 5, got -1."),
            (0, {"low": 1, "remedy": "Ask for one."}, "`n` must be an int >= 1, got 0. Ask for one."),
        ],
    )
    def test_values_out_of_range_are_refused(self, value, limits, message):
        with pytest.raises(ArgumentError) as caught:
            v.check_int("n", value, **limits)
        assert str(caught.value) == message

    def test_the_ends_of_the_range_are_allowed(self):
        assert v.check_int("n", 1, low=1, high=5) == 1
        assert v.check_int("n", 5, low=1, high=5) == 5
        assert v.check_int("n", -(10**30)) == -(10**30)


class TestFloat:
    @pytest.mark.parametrize(
        "value", [2, 2.0, np.float32(2), np.int64(2), np.array(2.0), Fraction(2), Decimal(2)]
    )
    def test_numbers_of_any_kind_come_back_as_float(self, value):
        number = v.check_float("reg", value)
        assert number == 2.0
        assert type(number) is float

    @pytest.mark.parametrize(
        "value", ["1", b"1", None, True, np.False_, [1.0], np.array([1.0]), 1j, object()]
    )
    def test_other_kinds_are_refused(self, value):
        with pytest.raises(ArgumentTypeError, match=r"`reg` must be a finite number, got .*\(\w+\)\.$"):
            v.check_float("reg", value)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), np.float32("nan"), 10**400])
    def test_what_is_not_finite_is_refused(self, value):
        with pytest.raises(ArgumentError, match=r"`reg` must be a finite number, got"):
            v.check_float("reg", value)

    @pytest.mark.parametrize(
        ("value", "limits", "message"),
        [
            (-0.1, {"low": 0}, "`reg` must be a finite number >= 0, got -0.1."),
            (0, {"low": 0, "open_low": True}, "`reg` must be a finite number > 0, got 0.0."),
            (1.5, {"low": 0, "high": 1}, "`reg` must be a finite number >= 0 and <= 1, got 1.5."),
            (2, {"high": 1, "remedy": "Lower it."}, "`reg` must be a finite number <= 1, got 2.0. Lower it."),
        ],
    )
    def test_values_out_of_range_are_refused(self, value, limits, message):
        with pytest.raises(ArgumentError) as caught:
            v.check_float("reg", value, **limits)
        assert str(caught.value) == message

    def test_the_ends_of_the_range_are_allowed(self):
        assert v.check_float("reg", 0, low=0, high=1) == 0
        assert v.check_float("reg", 1, low=0, high=1, open_low=True) == 1


class TestBoolAndChoice:
    @pytest.mark.parametrize("value", [True, False, np.True_])
    def test_bools(self, value):
        assert v.check_bool("exclude_seen", value) is bool(value)

    @pytest.mark.parametrize("value", [1, 0, "yes", None, [True]])
    def test_truthy_objects_are_no_bools(self, value):
        with pytest.raises(ArgumentTypeError, match=r"`exclude_seen` must be True or False, got"):
            v.check_bool("exclude_seen", value)

    def test_a_choice_comes_back(self):
        assert v.check_choice("solver", "cg", ("cg", "cholesky")) == "cg"

    def test_a_misspelt_choice_is_answered_with_the_near_one(self):
        with pytest.raises(ArgumentError) as caught:
            v.check_choice("solver", "cholesk", ("cg", "cholesky"))
        assert str(caught.value) == (
            "`solver` must be one of 'cg', 'cholesky', got 'cholesk'. Did you mean 'cholesky'?"
        )

    def test_a_far_choice_is_refused_without_a_guess(self):
        with pytest.raises(ArgumentError, match=r"got 'xyz'\.$"):
            v.check_choice("solver", "xyz", ("cg", "cholesky"))

    @pytest.mark.parametrize("value", [None, 1, ["cg"]])
    def test_a_choice_is_a_string(self, value):
        with pytest.raises(ArgumentTypeError, match=r"`solver` must be one of 'cg', 'cholesky', got"):
            v.check_choice("solver", value, ("cg", "cholesky"))


class TestUnknownArgument:
    def test_a_peers_name_is_answered_with_ours(self):
        error = v.unknown_argument("ALS", "random_state", ["factors", "rng"])
        assert isinstance(error, TypeError)
        assert str(error) == "`ALS` has no argument `random_state`. Use `rng` (`random_state` -> `rng`)."

    def test_the_first_name_that_the_call_knows_is_offered(self):
        assert "`k` -> `neighbors`" in str(v.unknown_argument("KNN", "k", ["neighbors"]))
        assert "`k` -> `n`" in str(v.unknown_argument("recommend", "k", ["users", "n"]))

    def test_a_misspelling_is_answered_with_the_near_name(self):
        assert "`factor` -> `factors`" in str(v.unknown_argument("ALS", "factor", ["factors", "rng"]))

    def test_anything_else_gets_the_list(self):
        assert str(v.unknown_argument("SVD", "zzz", ["factors", "rng"])).endswith("It takes: factors, rng.")

    def test_friendly_functions_answer_so_and_keep_the_rest(self):
        @v.friendly
        def recommend(users, n=10):
            """Recommend."""
            return users, n

        assert recommend(1, n=2) == (1, 2)
        assert recommend.__doc__ == "Recommend."
        with pytest.raises(ArgumentTypeError, match="`N` -> `n`"):
            recommend(1, N=5)
        with pytest.raises(TypeError, match="users"):
            recommend()

    def test_every_peers_name_leads_somewhere_else(self):
        for peer, ours in v.PEER_NAMES.items():
            assert ours, peer
            assert peer not in ours


class TestIndices:
    @pytest.mark.parametrize(
        "values", [[0, 2], np.array([0, 2], dtype=np.uint64), (0, 2), np.array([0, 2], np.int8)]
    )
    def test_integers_of_any_kind_come_back_as_int32(self, values):
        indices = v.check_indices("users", values, 3)
        assert indices.dtype == np.int32
        assert indices.tolist() == [0, 2]

    def test_one_index_is_a_list_of_one_and_none_is_none(self):
        assert v.check_indices("users", 1, 3).tolist() == [1]
        assert v.check_indices("users", [], 3).tolist() == []

    @pytest.mark.parametrize("values", [[0.0], ["0"], [True, False], [None], 1.5, [[1], [1, 2]]])
    def test_other_kinds_are_refused(self, values):
        with pytest.raises(ArgumentTypeError, match="`users` must be integer indices"):
            v.check_indices("users", values, 3)

    @pytest.mark.parametrize("bad", [-1, 3, 2**40])
    def test_indices_outside_are_refused_before_anything_is_indexed(self, bad):
        with pytest.raises(
            UnknownIdError, match=rf"`users` must be indices in \[0, 3\), got {bad} \(1 are outside\)"
        ):
            v.check_indices("users", [0, bad, 1], 3)

    def test_two_dimensions_are_refused(self):
        with pytest.raises(ArgumentError, match=r"`users` must be a scalar or 1-d, got 2-d"):
            v.check_indices("users", [[0, 1]], 3)


class TestFinite:
    def test_the_first_entry_that_is_not_finite_is_named(self):
        v.check_finite("weight", np.array([1.0, -2.0]))
        v.check_finite("weight", np.empty(0))
        with pytest.raises(
            ValueError, match=r"`weight` must hold finite values, got inf at entry 1 \(2 in all\)"
        ):
            v.check_finite("weight", np.array([1.0, np.inf, np.nan]))


def test_a_long_value_is_cut_in_messages():
    assert v.shown("x" * 200) == "'" + "x" * 56 + "..."
    assert len(v.shown(list(range(1000)))) == 60
