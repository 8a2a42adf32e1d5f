"""All checks, and running them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from tastemaker._validation import shown
from tastemaker.errors import ArgumentTypeError
from tastemaker.models.base import Recommender
from tastemaker.testing import _life, _lists

_rules: tuple[Callable[[Recommender], None], ...] = (
    _life.parameters_are_stored_unchanged,
    _life.fit_checks_every_parameter,
    _life.a_configuration_makes_the_same_model,
    _life.the_notebook_shows_sizes_and_abilities,
    _life.an_unfitted_model_says_so,
    _life.fit_forgets_the_earlier_fit,
    _life.bad_data_is_refused,
    _life.any_form_of_the_same_data_gives_the_same_model,
    _life.arguments_of_fit_are_checked,
    _life.partial_fit_grows_with_the_data,
    _lists.lists_are_the_best_by_score,
    _lists.allow_deny_and_seen_act_together,
    _lists.deny_for_one_user_leaves_the_others_alone,
    _lists.batches_are_the_whole,
    _lists.lists_do_not_depend_on_the_company,
    _lists.threads_change_nothing,
    _lists.who_has_seen_everything_gets_nothing,
    _lists.an_item_without_interactions_does_no_harm,
    _lists.ranks_are_places_in_the_list,
    _lists.scores_are_of_pairs,
    _lists.new_users_are_answered_and_not_stored,
    _lists.neighbours_are_ordered_and_others,
    _lists.wrong_arguments_name_the_rule,
    _life.copies_answer_alike,
    _life.files_bring_the_model_back,
)


@dataclass(frozen=True)
class Check:
    """One rule of the contract, to be checked on one model by calling it.

    Attributes
    ----------
    name : str
        The rule in a few words; ``str(check)`` is the same.
    rule : str
        The rule in a sentence.
    """

    name: str
    rule: str
    _model: Recommender
    _function: Callable[[Recommender], None]

    def __call__(self) -> None:
        """Check the rule on a new model of the same parameters; raise AssertionError where it is broken."""
        with warnings.catch_warnings(action="ignore"):  # the checks hand bad data over on purpose
            self._function(type(self._model)(**self._model.get_params()))

    def __str__(self) -> str:
        return self.name


def checks_of(model: Recommender) -> list[Check]:
    """Return the checks of a model one by one, to be the cases of a test.

    Parameters
    ----------
    model : Recommender
        Its parameters count, not what it learned. Give it a seed, and ``deterministic=True`` where it has that.

    Returns
    -------
    list of Check
        Each is called without arguments and has a ``name``.

    Examples
    --------
    >>> import tastemaker as tm
    >>> from tastemaker.testing import checks_of
    >>> check = checks_of(tm.Popular())[0]
    >>> check.name
    'parameters are stored unchanged'
    >>> check()
    """
    if not isinstance(model, Recommender):
        raise ArgumentTypeError(f"`model` must be a Recommender, got {shown(model)}.")
    return [
        Check(rule.__name__.replace("_", " "), (rule.__doc__ or "").strip(), model, rule) for rule in _rules
    ]


def check_recommender(model: Recommender) -> None:
    """Check that a model keeps the contract of all models, and name every rule that it breaks.

    The model is fitted some hundred times on 40 users and 30 items, so give it few factors and epochs.

    Parameters
    ----------
    model : Recommender
        As in ``checks_of``.

    Raises
    ------
    AssertionError
        At least one rule is broken; the message lists them all, each with what was found.
    ArgumentTypeError
        ``model`` is no ``Recommender``.

    Examples
    --------
    >>> import tastemaker as tm
    >>> from tastemaker.testing import check_recommender
    >>> check_recommender(tm.Popular())
    """
    broken = []
    for check in checks_of(model):
        try:
            check()
        except Exception as error:
            found = f"{error}" if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
            broken.append(f"- {check.rule}\n  {found.strip()}")
    if broken:
        raise AssertionError(f"{model!r} breaks {len(broken)} rules:\n" + "\n".join(broken))
