"""The weights of attention, worked out for a person, are those that it reads by."""

import pytest
import torch

from musegen.network.attention import Attention, Rotary

WIDTH, HEADS, CONTEXT = 12, 3, 5


@pytest.mark.parametrize("parts", [(4,), (9,), (3, 4), (6, 1, 1, 7)])
def test_weights_sum_to_one_over_the_context_and_give_what_is_read(parts: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    attention, rotary = Attention(WIDTH, HEADS, CONTEXT), Rotary(WIDTH // HEADS)
    words = torch.randn(2, sum(parts), WIDTH)
    value = attention.query_key_value(words)[..., 2 * WIDTH :]
    cache, done = None, 0
    for length in parts:
        now, angles = words[:, done : done + length], rotary(torch.arange(done, done + length))
        weights = attention.weights(now, angles, cache)
        read, cache = attention(now, angles, cache)
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, HEADS, length))
        first = done + length - weights.shape[-1]
        for row in range(length):
            seen = weights[:, :, row].bool().any(0).any(0).nonzero()[:, 0] + first
            assert seen.max() == done + row
            assert len(seen) == min(done + row + 1, CONTEXT)
        values = value[:, first : done + length].view(2, -1, HEADS, WIDTH // HEADS)
        mixed = torch.einsum("bhts,bshd->bthd", weights, values).flatten(2)
        torch.testing.assert_close(attention.out(mixed), read)
        done += length
