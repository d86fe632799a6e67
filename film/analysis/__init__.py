"""What a trained network learned, one kind of look at it per module.

A kind of analysis is a function from a run's network and some questions to tables and
arrays; it is kept in the trial's folder, from where the command and the report take
it. To add a kind named ``example``:

1. ``film/analysis/example.py``: ``find_example(model, split, n_questions, ...)`` gives
   the `Analysis` of a `TrainedModel`, which opens the questions that are wanted
   (``model.open(split, n_questions)``). What the figures need of a run goes into its
   ``tables`` (frames) and ``arrays``; ``model.about(questions, split)`` is where its
   ``about`` begins. `AnalysisError` says in a line that a run has nothing to look at.
2. ``reports/analyses/example.py``: ``summarise(name, runs) -> Learnt``, over all runs
   of all rows: tables and sentences; and a line in ``reports/analyses/kinds.py``.
3. ``reports/figures/example.py``: ``example_drawings(runs, width)``, which gives
   drawings by the stems of their files, a stem being the kind or beginning with it;
   and a line in ``reports/figures/of_analyses.py``.
4. ``runner/cli/analyse/example.py``: a command, with ``analysis_options`` and
   options of its own, that calls ``analyse_runs``; and a line in
   ``runner/cli/analyse/__init__.py``.

``film analyse example RUN`` then computes it, prints its tables and writes its figures,
and the report of every study that has the run shows them.
"""
