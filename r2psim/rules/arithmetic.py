"""Exponential, logarithm and normal quantile in plain arithmetic, so that every machine gives the same bits.

The mathematical libraries of different processors and systems differ in the last bit. These use only ``+ - * /``,
square roots, comparisons and moves of bits, which IEEE 754 fixes.
"""

from __future__ import annotations

import math

import numpy as np

from r2psim.rules.compiled import inline

__all__ = ["clip01", "exp", "larger", "log", "normal_quantile", "probability"]

_LOG2E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_SQRT_HALF = 0.7071067811865476
_MANTISSA_BITS = np.int64(52)
_MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
_HALF_EXPONENT = np.int64(0x3FE0000000000000)
_WHOLE = 6755399441055744.0
"""1.5 * 2**52: added to a small whole number, it leaves that number in the low bits (a move that vectorises)."""
_WHOLE_LESS_BIAS = np.int64(0x4338000000000000 - 1023)
"""Bits of `_WHOLE`, less the bias of an exponent."""


@inline
def exp(x: float) -> float:
    """Exponential function, relative error below 1e-14.

    Parameters
    ----------
    x : float
        Clipped to -700..700, so that the result neither overflows nor becomes subnormal.

    Examples
    --------
    >>> float(exp(0.0))
    1.0
    """
    x = -700.0 if x < -700.0 else x
    x = 700.0 if x > 700.0 else x
    k = np.floor(x * _LOG2E + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    # Taylor series to r**13, |r| <= ln(2)/2: the remainder is below 5e-18.
    s = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0)
    s = 1.0 / 39916800.0 + r * s
    s = 1.0 / 3628800.0 + r * s
    s = 1.0 / 362880.0 + r * s
    s = 1.0 / 40320.0 + r * s
    s = 1.0 / 5040.0 + r * s
    s = 1.0 / 720.0 + r * s
    s = 1.0 / 120.0 + r * s
    s = 1.0 / 24.0 + r * s
    s = 1.0 / 6.0 + r * s
    s = 0.5 + r * s
    s = 1.0 + r * s
    s = 1.0 + r * s
    power = (np.float64(k + _WHOLE).view(np.int64) - _WHOLE_LESS_BIAS) << _MANTISSA_BITS
    result: float = s * np.int64(power).view(np.float64)
    return result


@inline
def log(x: float) -> float:
    """Natural logarithm of a positive normal number, relative error below 1e-14.

    Parameters
    ----------
    x : float
        Values below 1e-300 count as 1e-300.

    Examples
    --------
    >>> float(log(1.0))
    0.0
    """
    x = 1e-300 if x < 1e-300 else x
    bits = np.float64(x).view(np.int64)
    exponent = (bits >> _MANTISSA_BITS) - np.int64(1022)
    m = np.int64((bits & _MANTISSA) | _HALF_EXPONENT).view(np.float64)
    below = m < _SQRT_HALF
    m = m * 2.0 if below else m
    e = np.float64(exponent) - (1.0 if below else 0.0)
    # log(m) = 2 atanh(f), f = (m - 1) / (m + 1), |f| <= 0.172: the series to f**21 leaves less than 1e-17.
    f = (m - 1.0) / (m + 1.0)
    q = f * f
    s = 1.0 / 19.0 + q * (1.0 / 21.0)
    s = 1.0 / 17.0 + q * s
    s = 1.0 / 15.0 + q * s
    s = 1.0 / 13.0 + q * s
    s = 1.0 / 11.0 + q * s
    s = 1.0 / 9.0 + q * s
    s = 1.0 / 7.0 + q * s
    s = 1.0 / 5.0 + q * s
    s = 1.0 / 3.0 + q * s
    return e * _LN2_HIGH + (2.0 * f + (2.0 * f * (q * s) + e * _LN2_LOW))


@inline
def normal_quantile(u: float) -> float:
    """Quantile of the standard normal distribution (Wichura 1988, algorithm AS 241, PPND16).

    Parameters
    ----------
    u : float
        Probability; 0 counts as 2**-54.

    Examples
    --------
    >>> float(normal_quantile(0.5))
    0.0
    """
    u = 5.551115123125783e-17 if u < 5.551115123125783e-17 else u
    q = u - 0.5
    if -0.425 <= q <= 0.425:
        r = 0.180625 - q * q
        a = (
            (
                (
                    (((2509.0809287301227 * r + 33430.57558358813) * r + 67265.7709270087) * r + 45921.95393154987) * r
                    + 13731.69376550946
                )
                * r
                + 1971.5909503065513
            )
            * r
            + 133.14166789178438
        ) * r + 3.3871328727963665
        b = (
            (
                (
                    (((5226.495278852854 * r + 28729.085735721943) * r + 39307.89580009271) * r + 21213.794301586596)
                    * r
                    + 5394.196021424751
                )
                * r
                + 687.1870074920579
            )
            * r
            + 42.31333070160091
        ) * r + 1.0
        return q * a / b
    tail = u if q < 0.0 else 1.0 - u
    tail = 5.551115123125783e-17 if tail < 5.551115123125783e-17 else tail
    r = math.sqrt(-log(tail))
    if r <= 5.0:
        r = r - 1.6
        a = (
            (
                (
                    (
                        ((7.745450142783414e-4 * r + 0.022723844989269184) * r + 0.2417807251774506) * r
                        + 1.2704582524523684
                    )
                    * r
                    + 3.6478483247632045
                )
                * r
                + 5.769497221460691
            )
            * r
            + 4.630337846156546
        ) * r + 1.4234371107496835
        b = (
            (
                (
                    (
                        ((1.0507500716444169e-9 * r + 5.475938084995345e-4) * r + 0.015198666563616457) * r
                        + 0.14810397642748008
                    )
                    * r
                    + 0.6897673349851
                )
                * r
                + 1.6763848301838038
            )
            * r
            + 2.053191626637759
        ) * r + 1.0
    else:
        r = r - 5.0
        a = (
            (
                (
                    (
                        ((2.0103343992922881e-7 * r + 2.7115555687434876e-5) * r + 0.0012426609473880784) * r
                        + 0.026532189526576124
                    )
                    * r
                    + 0.29656057182850487
                )
                * r
                + 1.7848265399172913
            )
            * r
            + 5.463784911164114
        ) * r + 6.657904643501103
        b = (
            (
                (
                    (
                        ((2.0442631033899397e-15 * r + 1.4215117583164459e-7) * r + 1.8463183175100548e-5) * r
                        + 7.868691311456133e-4
                    )
                    * r
                    + 0.014875361290850615
                )
                * r
                + 0.13692988092273581
            )
            * r
            + 0.599832206555888
        ) * r + 1.0
    x = a / b
    return -x if q < 0.0 else x


@inline
def probability(hazard: float) -> float:
    """Probability that an event of constant hazard happens within the month, ``1 - exp(-hazard)``.

    Parameters
    ----------
    hazard : float
        Per month, not negative.
    """
    return 1.0 - exp(-hazard)


@inline
def clip01(x: float) -> float:
    """Clip to 0-1."""
    x = 0.0 if x < 0.0 else x
    return 1.0 if x > 1.0 else x


@inline
def larger(a: float, b: float) -> float:
    """Give the larger of two numbers."""
    return a if a > b else b
