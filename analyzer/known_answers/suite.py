"""All known answers, and what the installed tool makes of them."""

from typing import Any

from analyzer.known_answers import (
    fixed_point,
    fixed_point_halves,
    halves,
    ieee754,
    integers,
    nibbles,
    several,
)
from analyzer.known_answers.records import Topic
from analyzer.known_answers.stored import check_stored

TOPICS: tuple[Topic[Any], ...] = (
    Topic("float32 and float64", ieee754.FLOAT32 + ieee754.FLOAT64, check_stored),
    Topic("float16 and bfloat16", halves.FLOAT16 + halves.BFLOAT16, check_stored),
    Topic("integers", integers.INT32 + integers.INT8 + integers.UINT8, check_stored),
    Topic("4-bit", nibbles.INT4 + nibbles.UINT4, check_stored),
    Topic(
        "fixed",
        fixed_point.FLOAT32
        + fixed_point.FLOAT64
        + fixed_point_halves.FLOAT16
        + fixed_point_halves.BFLOAT16,
        check_stored,
    ),
    Topic("several", several.SEVERAL, check_stored),
)
