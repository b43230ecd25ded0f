"""How likely, how like, how new: figures about a trained model and its music.

`trained.load` opens a model folder: a network and its vocabulary together. `likelihood` and
`evaluate` measure nats on pieces, beside those of `baselines`; `explain` tells what surprised it
and what it looked back to, `classify` which style it takes a piece for, `originality` what it
copied.
"""
