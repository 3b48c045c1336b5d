"""xoshiro128** 1.1 transcribed from the authors' description (Blackman and Vigna, prng.di.unimi.it), in Python integers.

Writes test/reference/xoshiro128.json: the first 1000 outputs' ends from the state 1, 2, 3, 4.
Run: python3 test/reference/xoshiro128.py
"""
import json
import pathlib

MASK = 2 ** 32 - 1


def rotate(x, k):
    return ((x << k) | (x >> (32 - k))) & MASK


def outputs(state, count):
    s = list(state)
    for _ in range(count):
        yield (rotate(s[1] * 5 & MASK, 7) * 9) & MASK
        t = s[1] << 9 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 11)


draws = list(outputs((1, 2, 3, 4), 1000))
# Two words make a uniform of 53 bits: 27 high bits of the first, 26 of the second.
uniforms = [((draws[2 * i] >> 5) * 2 ** 26 + (draws[2 * i + 1] >> 6)) / 2 ** 53 for i in range(500)]
pathlib.Path(__file__).with_suffix('.json').write_text(json.dumps({
    'first': draws[:10], 'last': draws[-10:], 'firstUniforms': uniforms[:5], 'lastUniforms': uniforms[-5:]}, indent=1) + '\n')
