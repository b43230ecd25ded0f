"""From a corpus to a trained model.

`run.Run` is a run in its folder, which can be killed at any instant and gone on with; `fit.Fit`
is the loop, whose events a progress bar, a log and the tests consume. `compare` trains many kinds
of network side by side; `distributed` lets several processes learn as one.
"""
