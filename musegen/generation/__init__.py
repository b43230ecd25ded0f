"""From a trained model to new music.

`compose` draws words one after the other, as `sampling` says, within what the vocabulary allows;
`plan` is what is asked for: bars, key, metre, an end. `infill` and `accompany` write to music
that is given, `adapt` learns from the seed first, `rank` puts the best candidate first.
"""
