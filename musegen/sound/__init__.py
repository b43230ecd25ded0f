"""From a score to what one can hear.

`synthesiser` makes sound with nothing to install; `player` writes it to a WAV, `ports` and `card`
play in real time.
"""
