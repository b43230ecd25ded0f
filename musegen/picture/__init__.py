"""From arrays to what one can see: SVG, PNG, and pages that need no network.

`roll` draws a piano roll, `engraving` sheet music, `curves` how a model learnt, `page` and its
kin whole pages that play. Nothing here knows of models: it draws the arrays that it is given.
"""
