"""What a model folder keeps of the music that was learnt from: passages, and what it is like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from musegen.corpus.prepare import Encoded, Prepared
from musegen.evaluation.originality import Passages
from musegen.evaluation.profile import Profile, Traits, traits_of
from musegen.score.score import Part


def learnt_from(prepared: Prepared, pieces: Sequence[Encoded]) -> tuple[Passages, Profile]:
    """The passages and the profile of pieces as their words say them, each decoded once."""
    vocabulary, words = prepared.vocabulary, prepared.words
    traits: list[Traits] = []

    def music() -> Iterator[tuple[str, tuple[Part, ...]]]:
        for piece in pieces:
            score = vocabulary.decode(words[piece.start : piece.stop])
            if score.n_notes:
                traits.append(traits_of(score))
            yield piece.path, score.parts

    passages = Passages.of(music())
    return passages, Profile.of(traits, hears_sound=bool(vocabulary.instruments))
