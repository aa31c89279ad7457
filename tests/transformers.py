"""Transformers in ONNX text: one that sees, one that reads; weights are random numbers."""

from collections.abc import Mapping

import numpy as np
import onnx

from analyzer.faults.elements import Values
from tests.support import parse_model, with_initializers

WIDTH, HEADS, CLASSES = 16, 2, 5

BLOCK = """
    {i}n = LayerNormalization <axis = -1> ({x}, {i}_g1, {i}_b1)
    {i}q = MatMul ({i}n, {i}_wq) {i}k = MatMul ({i}n, {i}_wk) {i}v = MatMul ({i}n, {i}_wv)
    {i}q4 = Reshape ({i}q, split) {i}k4 = Reshape ({i}k, split) {i}v4 = Reshape ({i}v, split)
    {i}qh = Transpose <perm = [0, 2, 1, 3]> ({i}q4) {i}kh = Transpose <perm = [0, 2, 3, 1]> ({i}k4)
    {i}vh = Transpose <perm = [0, 2, 1, 3]> ({i}v4)
    {i}s = MatMul ({i}qh, {i}kh) {i}ss = Mul ({i}s, root) {mask}
    {i}p = Softmax <axis = -1> ({i}sm) {i}o = MatMul ({i}p, {i}vh)
    {i}ot = Transpose <perm = [0, 2, 1, 3]> ({i}o) {i}oj = Reshape ({i}ot, join)
    {i}w = MatMul ({i}oj, {i}_wo) {i}r = Add ({x}, {i}w)
    {i}m = LayerNormalization <axis = -1> ({i}r, {i}_g2, {i}_b2)
    {i}h = MatMul ({i}m, {i}_w1) {i}hb = Add ({i}h, {i}_c1)
    {i}d = Div ({i}hb, sqrt2) {i}e = Erf ({i}d) {i}e1 = Add ({i}e, one) {i}g = Mul ({i}hb, {i}e1)
    {i}gg = Mul ({i}g, half)
    {i}z = MatMul ({i}gg, {i}_w2) {i}y = Add ({i}r, {i}z)
"""


def blocks(first: str, mask: str) -> tuple[str, dict[str, Values], str]:
    """Two blocks: their text, their weights, and the name of what comes out."""
    rng = np.random.default_rng(7)
    text, values, x = "", {}, first
    for i in ("l0", "l1"):
        text += BLOCK.format(i=i, x=x, mask=mask.format(i=i))
        for name in ("wq", "wk", "wv", "wo"):
            values[f"{i}_{name}"] = normal(rng, WIDTH, WIDTH)
        values |= {f"{i}_w1": normal(rng, WIDTH, 32), f"{i}_c1": normal(rng, 32)}
        values |= {f"{i}_w2": normal(rng, 32, WIDTH)}
        for name in ("g1", "b1", "g2", "b2"):
            values[f"{i}_{name}"] = normal(rng, WIDTH) + np.float32(name[0] == "g")
        x = f"{i}y"
    constants: dict[str, Values] = {
        "split": np.array([0, -1, HEADS, WIDTH // HEADS]),
        "join": np.array([0, -1, WIDTH]),
        "root": np.array((WIDTH // HEADS) ** -0.5, np.float32),
        "sqrt2": np.array(2**0.5, np.float32),
        "one": np.array(1, np.float32),
        "half": np.array(0.5, np.float32),
    }
    return text, values | constants, x


def normal(rng: np.random.Generator, *shape: int) -> Values:
    return np.asarray(rng.standard_normal(shape) * 0.3, np.float32)


def _model(head: str, body: str, values: Mapping[str, Values]) -> onnx.ModelProto:
    opening = '<ir_version: 8, opset_import: ["" : 17]>'
    return with_initializers(parse_model(f"{opening} {head} {{ {body} }}"), values)


def vision() -> onnx.ModelProto:
    """Patches of an image, a class token, positions, two blocks, a head."""
    text, values, x = blocks("xp", "{i}sm = Identity ({i}ss)")
    rng = np.random.default_rng(3)
    body = f"""
        pc = Conv <strides = [4, 4]> (image, patch)
        ps = Reshape (pc, flat) pt = Transpose <perm = [0, 2, 1]> (ps)
        n = Shape <start = 0, end = 1> (image) cs = Concat <axis = 0> (n, tail)
        ce = Expand (cls, cs) xc = Concat <axis = 1> (ce, pt) xp = Add (xc, positions)
        {text}
        first = Gather <axis = 1> ({x}, zero) scores = MatMul (first, w_head)
    """
    values |= {
        "patch": normal(rng, WIDTH, 3, 4, 4),
        "flat": np.array([0, WIDTH, -1]),
        "tail": np.array([1, WIDTH]),
        "cls": normal(rng, 1, 1, WIDTH),
        "positions": normal(rng, 1, 17, WIDTH),
        "zero": np.array(0),
        "w_head": normal(rng, WIDTH, CLASSES),
    }
    head = f"vision (float[N, 3, 16, 16] image) => (float[N, {CLASSES}] scores)"
    return _model(head, body, values)


VOCABULARY = 40


def text() -> onnx.ModelProto:
    """Tokens of sequences of any length, with a mask of those that count."""
    mask = "{i}sm = Add ({i}ss, bias)"
    body_text, values, x = blocks("xe", mask)
    rng = np.random.default_rng(5)
    body = f"""
        emb = Gather (table, input_ids) seg = Gather (segments, token_type_ids) xe = Add (emb, seg)
        mf = Cast <to = 1> (attention_mask) inv = Sub (one, mf) far = Mul (inv, minus)
        bias = Unsqueeze (far, axes)
        {body_text}
        m3 = Unsqueeze (mf, last) kept = Mul ({x}, m3)
        total = ReduceSum <keepdims = 0> (kept, middle)
        count = ReduceSum <keepdims = 0> (m3, middle)
        mean = Div (total, count) scores = MatMul (mean, w_head)
    """
    values |= {
        "table": normal(rng, VOCABULARY, WIDTH),
        "segments": normal(rng, 2, WIDTH),
        "minus": np.array(-1e4, np.float32),
        "axes": np.array([1, 2]),
        "last": np.array([2]),
        "middle": np.array([1]),
        "w_head": normal(rng, WIDTH, CLASSES),
    }
    head = (
        "text (int64[N, S] input_ids, int64[N, S] attention_mask, int64[N, S] token_type_ids) "
        f"=> (float[N, {CLASSES}] scores)"
    )
    return _model(head, body, values)
