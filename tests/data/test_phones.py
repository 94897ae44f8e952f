"""Made-up phones: pairs begin alike and end apart."""

import numpy as np
import pytest

from jlstm.data.synthetic.phones import PhoneConfig, phone_strings

QUIET = PhoneConfig(noise=0.0, least=1, most=1, shortest=4, longest=4)


def test_pairs_begin_alike_and_end_apart():
    sounds = {int(s.phones[0]): s.features for s in phone_strings(60, QUIET, seed=0)}
    assert sorted(sounds) == list(range(6))
    for even in (0, 2, 4):
        np.testing.assert_array_equal(sounds[even][:2], sounds[even + 1][:2])
        assert abs(sounds[even][2:] - sounds[even + 1][2:]).max() > 0.5
    assert abs(sounds[0][:2] - sounds[2][:2]).max() > 0.5


def test_the_nth_depends_on_the_seed_and_n_only():
    few, many = (phone_strings(n, PhoneConfig(), seed=1) for n in (2, 5))
    for one, two in zip(few, many[:2], strict=True):
        np.testing.assert_array_equal(one.features, two.features)
    other = phone_strings(2, PhoneConfig(), seed=2)
    assert not np.array_equal(few[0].features[:8], other[0].features[:8])


def test_lengths_are_within_what_is_asked_for():
    config = PhoneConfig(least=2, most=3, shortest=4, longest=5)
    for one in phone_strings(40, config, seed=0):
        count = len(one.phones)
        assert 2 <= count <= 3 and 4 * count <= len(one.features) <= 5 * count


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"phones": 3}, "phones.phones is 3; give an even number of 2 or more"),
        ({"least": 4, "most": 3}, "phones.least and phones.most must be 1 <= least"),
        ({"shortest": 1}, "phones.shortest is 1; a phone has two halves"),
        ({"noise": -1.0}, "PhoneConfig: noise is -1.0; give 0 or a positive"),
    ],
)
def test_what_cannot_sound_is_refused(options, line):
    with pytest.raises(ValueError, match=line):
        PhoneConfig(**options)
