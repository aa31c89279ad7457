"""The requirements on the tool that known answers verify."""

from analyzer.faults.kinds import fault_rules

REQUIREMENTS: dict[str, str] = {
    "R-1": "A bit at risk of a float64, float32, float16 or bfloat16 tensor is that bit of the "
    "element as serialized: sign, exponent, mantissa from the top, bit 0 the least significant. "
    "An upset changes that bit and no other, whatever value results: subnormal, infinite, NaN.",
    "R-2": "A bit at risk of an int32, int8, uint8, int4 or uint4 tensor is that bit of the "
    "element as serialized: two's complement or unsigned, little-endian, 4-bit elements two to a "
    "byte, the first in the low half. Integers stay as stored under every encoding.",
    "R-3": "Under q15.16 a floating-point value is held as round(v * 65536) in 32-bit two's "
    "complement, ties to even, saturated, NaN as 0; the golden run uses the value so held, and "
    "what is read is rounded to the tensor's own type.",
    "R-4": fault_rules() + ".",
    "R-5": "Every bit at risk has exactly one number: tensor by tensor, element by element, bit 0 "
    "first.",
    "R-6": "The answer under a fault is that of the file with these bits changed: from live "
    "weights and from the edited file alike, wherever ONNX Runtime keeps the tensor.",
    "R-7": "After every trial all weights are golden again, bit for bit.",
    "R-8": "The number of upsets follows Binomial(bits at risk, rate), given that there is at "
    "least one; the probability of at least one is 1 - (1 - rate)^bits, without cancellation.",
    "R-9": "Given their number, all sets of places are equally likely; a batch is chosen in "
    "proportion to its images.",
    "R-10": "What a trial draws is a function of the plan, the rate and the trial's index: the "
    "same on every machine and with every version of the libraries.",
    "R-11": "The plan's id changes with everything that decides what a trial draws or how it is "
    "judged.",
    "R-12": "An image is DUE if the run ended in an error or an output holds NaN, or infinity "
    "where golden's is finite; else SDC if the decision differs; else masked.",
    "R-13": "Right answers are counted against the labels, or golden where there are none; a DUE "
    "is never a right answer.",
    "R-14": "Intervals claim no more than the trials show: the images of a trial share its "
    "pattern, and where nothing was observed the limit is that of the rule of three.",
    "R-15": "Patterns without upset enter with their known probability and golden's answer; "
    "strata enter with theirs; sums over trials add exactly.",
    "R-16": "A condition passes if the whole interval meets its bound, fails if all of it misses, "
    "and is undecided otherwise; one failed condition fails the gate.",
    "R-17": "Patterns may be told apart by their severe upsets, those that move a value beyond its "
    "tensor's range: how many move it up, and whether others do; each such stratum has its exact "
    "probability.",
    "R-18": "A raw rate in FIT/Mbit becomes events per bit and hour, FIT of a memory, FIT of an "
    "outcome with its interval, and time in a bad state, by the formulas of "
    "docs/method-targets.md.",
}
"""Id -> what must hold."""
