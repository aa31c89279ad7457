"""Small models as ONNX text: plausible graphs with odd numbers, and operators at random."""

import re
from collections.abc import Sequence

import onnx
from hypothesis import strategies as st
from onnx import defs

STEPS: dict[str, tuple[str, str]] = {
    "relu": ("{y} = Relu ({x})", ""),
    "leaky": ("{y} = LeakyRelu <alpha = 0.1> ({x})", ""),
    "elu": ("{y} = Elu <alpha = 2.0> ({x})", ""),
    "softmax": ("{y} = Softmax <axis = 1> ({x})", ""),
    "logsoftmax": ("{y} = LogSoftmax <axis = -1> ({x})", ""),
    "hardmax": ("{y} = Hardmax <axis = 1> ({x})", ""),
    "clip": ("{y} = Clip ({x}, {w}_l, {w}_h)", "float {w}_l = {{-1}}, float {w}_h = {{1}}"),
    "log": ("{y}_a = Abs ({x}) {y} = Log ({y}_a)", ""),
    "add": ("{y} = Add ({x}, {w})", "float[3, 1, 1] {w} = {{1, -2, 3}}"),
    "mul": ("{y} = Mul ({x}, {w})", "float[1, 3, 4, 4] {w}"),
    "div": ("{y} = Div ({x}, {w})", "float {w} = {{2}}"),
    "pow": ("{y} = Pow ({x}, {w})", "float {w} = {{2}}"),
    "prelu": ("{y} = PRelu ({x}, {w})", "float[3, 1, 1] {w} = {{0.1, 0.2, 0.3}}"),
    "where": (
        "{y}_c = Greater ({x}, {w}) {y} = Where ({y}_c, {x}, {w})",
        "float[3, 4, 4] {w}",
    ),
    "conv": (
        "{y} = Conv <dilations = [1, 1], group = 1, kernel_shape = [3, 3], pads = [1, 1, 1, 1], "
        "strides = [1, 1]> ({x}, {w}, {w}_b)",
        "float[3, 3, 3, 3] {w}, float[3] {w}_b = {{1, 2, 3}}",
    ),
    "depthwise": ("{y} = Conv <group = 3> ({x}, {w})", "float[3, 1, 1, 1] {w} = {{1, 2, 3}}"),
    "deconv": (
        "{y} = ConvTranspose <strides = [1, 1], output_padding = [0, 0], pads = [1, 1, 1, 1]> "
        "({x}, {w})",
        "float[3, 3, 3, 3] {w}",
    ),
    "maxpool": (
        "{y} = MaxPool <ceil_mode = 0, kernel_shape = [3, 3], pads = [1, 1, 1, 1], "
        "strides = [1, 1], dilations = [1, 1]> ({x})",
        "",
    ),
    "avgpool": (
        "{y} = AveragePool <count_include_pad = 1, kernel_shape = [3, 3], pads = [1, 1, 1, 1]> "
        "({x})",
        "",
    ),
    "lppool": ("{y} = LpPool <kernel_shape = [1, 1], p = 2> ({x})", ""),
    "unpool": (
        "{y}_p, {y}_i = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> ({x}) "
        "{y} = MaxUnpool <kernel_shape = [2, 2], strides = [2, 2]> ({y}_p, {y}_i)",
        "",
    ),
    "batchnorm": (
        "{y} = BatchNormalization <epsilon = 0.001> ({x}, {w}, {w}_b, {w}_m, {w}_v)",
        "float[3] {w} = {{1, 2, 3}}, float[3] {w}_b = {{1, 2, 3}}, float[3] {w}_m = {{1, 2, 3}}, "
        "float[3] {w}_v = {{1, 2, 3}}",
    ),
    "instancenorm": (
        "{y} = InstanceNormalization ({x}, {w}, {w}_b)",
        "float[3] {w} = {{1, 2, 3}}, float[3] {w}_b = {{0, 0, 0}}",
    ),
    "layernorm": (
        "{y} = LayerNormalization <axis = -1> ({x}, {w})",
        "float[4] {w} = {{1, 2, 3, 4}}",
    ),
    "lrn": ("{y} = LRN <size = 3, alpha = 0.1, beta = 0.5, bias = 1.0> ({x})", ""),
    "matmul": ("{y} = MatMul ({x}, {w})", "float[4, 4] {w}"),
    "einsum": (
        '{y} = Einsum <equation = "nchw,wv->nchv"> ({x}, {w})',
        "float[4, 4] {w}",
    ),
    "reshape": (
        "{y}_r = Reshape <allowzero = 0> ({x}, {w}) {y} = Reshape ({y}_r, {w}_2)",
        "int64[3] {w} = {{0, 3, 16}}, int64[4] {w}_2 = {{-1, 3, 4, 4}}",
    ),
    "expand": ("{y} = Expand ({x}, {w})", "int64[4] {w} = {{1, 1, 1, 4}}"),
    "tile": ("{y} = Tile ({x}, {w})", "int64[4] {w} = {{1, 1, 1, 1}}"),
    "pad": (
        '{y}_p = Pad <mode = "reflect"> ({x}, {w}) {y} = Slice ({y}_p, {w}_s, {w}_e)',
        "int64[8] {w} = {{0, 0, 1, 1, 0, 0, 1, 1}}, int64[4] {w}_s = {{0, 0, 1, 1}}, "
        "int64[4] {w}_e = {{9999, 9999, 5, 5}}",
    ),
    "slice": (
        "{y} = Slice ({x}, {w}_s, {w}_e, {w}_a, {w}_t)",
        "int64[1] {w}_s = {{3}}, int64[1] {w}_e = {{-9}}, int64[1] {w}_a = {{3}}, "
        "int64[1] {w}_t = {{-1}}",
    ),
    "gather": ("{y} = Gather <axis = 3> ({x}, {w})", "int64[4] {w} = {{3, 0, -1, 2}}"),
    "embedding": (
        "{y}_i = Cast <to = 7> ({x}) {y}_g = Gather <axis = 0> ({w}, {y}_i) "
        "{y} = ReduceMax <keepdims = 0> ({y}_g, {w}_a)",
        "float[9, 2] {w}, int64[1] {w}_a = {{4}}",
    ),
    "gatherelements": (
        "{y}_i = ArgMax <axis = 3, keepdims = 1> ({x}) "
        "{y}_g = GatherElements <axis = 3> ({x}, {y}_i) {y} = Add ({x}, {y}_g)",
        "",
    ),
    "gathernd": (
        "{y}_g = GatherND <batch_dims = 0> ({w}, {w}_i) {y} = Add ({x}, {y}_g)",
        "float[3, 4, 4] {w}, int64[1, 2] {w}_i = {{0, -1}}",
    ),
    "scatternd": (
        '{y}_g = ScatterND <reduction = "add"> ({w}, {w}_i, {w}_u) {y} = Add ({x}, {y}_g)',
        "float[4, 4] {w}, int64[1, 1] {w}_i = {{2}}, float[1, 4] {w}_u = {{1, 2, 3, 4}}",
    ),
    "scatterelements": (
        '{y}_g = ScatterElements <axis = 0, reduction = "none"> ({w}, {w}_i, {w}_u) '
        "{y} = Add ({x}, {y}_g)",
        "float[4, 4] {w}, int64[1, 2] {w}_i = {{2, 1}}, float[1, 2] {w}_u = {{1, 2}}",
    ),
    "topk": (
        "{y}, {y}_i = TopK <axis = 3, largest = 1, sorted = 1> ({x}, {w})",
        "int64[1] {w} = {{4}}",
    ),
    "split": (
        "{y}_a, {y}_b = Split <axis = 2> ({x}, {w}) {y} = Concat <axis = 2> ({y}_b, {y}_a)",
        "int64[2] {w} = {{1, 3}}",
    ),
    "transpose": (
        "{y}_t = Transpose <perm = [0, 2, 3, 1]> ({x}) "
        "{y} = Transpose <perm = [0, 3, 1, 2]> ({y}_t)",
        "",
    ),
    "unsqueeze": (
        "{y}_u = Unsqueeze ({x}, {w}) {y} = Squeeze ({y}_u, {w})",
        "int64[1] {w} = {{-1}}",
    ),
    "resize": (
        '{y}_r = Resize <mode = "linear", axes = [2, 3]> ({x}, , {w}) '
        "{y} = Resize <axes = [2, 3]> ({y}_r, , , {w}_s)",
        "float[2] {w} = {{2, 2}}, int64[2] {w}_s = {{4, 4}}",
    ),
    "depthtospace": (
        "{y}_s = SpaceToDepth <blocksize = 2> ({x}) "
        '{y} = DepthToSpace <blocksize = 2, mode = "CRD"> ({y}_s)',
        "",
    ),
    "cast": ("{y}_c = Cast <to = 10> ({x}) {y} = Cast <to = 1> ({y}_c)", ""),
    "quantize": (
        "{y}_q = QuantizeLinear <axis = 1> ({x}, {w}, {w}_z) "
        "{y} = DequantizeLinear <axis = 1> ({y}_q, {w}, {w}_z)",
        "float {w} = {{0.1}}, int8 {w}_z = {{3}}",
    ),
    "perchannel": (
        "{y}_w = DequantizeLinear <axis = 0> ({w}_q, {w}, {w}_z) {y} = Conv ({x}, {y}_w)",
        "float[3] {w} = {{0.1, 0.2, 0.3}}, int8[3] {w}_z = {{0, 0, 0}}, int8[3, 3, 1, 1] {w}_q",
    ),
    "dynamic": (
        "{y}_q, {y}_s, {y}_z = DynamicQuantizeLinear ({x}) "
        "{y} = DequantizeLinear ({y}_q, {y}_s, {y}_z)",
        "",
    ),
    "cumsum": ("{y} = CumSum <exclusive = 0, reverse = 1> ({x}, {w})", "int64 {w} = {{2}}"),
    "trilu": ("{y} = Trilu <upper = 1> ({x}, {w})", "int64 {w} = {{-1}}"),
    "reduce": (
        "{y}_r = ReduceMean <keepdims = 1> ({x}, {w}) {y} = Sub ({x}, {y}_r)",
        "int64[2] {w} = {{2, 3}}",
    ),
    "dropout": ("{y} = Dropout ({x}, {w})", "float {w} = {{0.5}}"),
    "noise": (
        "{y}_n = RandomNormalLike <dtype = 1, mean = 0.0, scale = 1.0, seed = 1.0> ({x}) "
        "{y} = Add ({x}, {y}_n)",
        "",
    ),
    "constantofshape": (
        "{y}_k = ConstantOfShape ({w}) {y} = Add ({x}, {y}_k)",
        "int64[3] {w} = {{3, 4, 4}}",
    ),
    "range": (
        "{y}_k = Range ({w}_a, {w}_b, {w}_c) {y} = Add ({x}, {y}_k)",
        "float {w}_a = {{0}}, float {w}_b = {{4}}, float {w}_c = {{1}}",
    ),
    "onehot": (
        "{y}_o = OneHot <axis = -1> ({w}_i, {w}_d, {w}_v) {y} = MatMul ({x}, {y}_o)",
        "int64[4] {w}_i = {{0, 1, 2, 3}}, int64 {w}_d = {{4}}, float[2] {w}_v = {{0, 1}}",
    ),
    "lstm": (
        "{y}_f = Reshape ({x}, {w}_s) {y}_l = LSTM <hidden_size = 4> ({y}_f, {w}, {w}_r) "
        "{y} = Reshape ({y}_l, {w}_t)",
        "int64[3] {w}_s = {{-1, 12, 4}}, int64[4] {w}_t = {{-1, 3, 4, 4}}, "
        "float[1, 16, 4] {w}, float[1, 16, 4] {w}_r",
    ),
    "gru": (
        '{y}_f = Reshape ({x}, {w}_s) {y}_l = GRU <hidden_size = 4, direction = "reverse"> '
        "({y}_f, {w}, {w}_r) {y} = Reshape ({y}_l, {w}_t)",
        "int64[3] {w}_s = {{-1, 12, 4}}, int64[4] {w}_t = {{-1, 3, 4, 4}}, "
        "float[1, 12, 4] {w}, float[1, 12, 4] {w}_r",
    ),
    "gridsample": (
        '{y}_g = GridSample <align_corners = 0, mode = "bilinear", padding_mode = "zeros"> '
        "({w}_x, {w}) {y} = Add ({x}, {y}_g)",
        "float[1, 3, 4, 4] {w}_x, float[1, 4, 4, 2] {w}",
    ),
    "roialign": (
        "{y}_g = RoiAlign <output_height = 4, output_width = 4, sampling_ratio = 1> "
        "({w}_x, {w}, {w}_i) {y} = Add ({x}, {y}_g)",
        "float[1, 3, 4, 4] {w}_x, float[1, 4] {w} = {{0, 0, 3, 3}}, int64[1] {w}_i = {{0}}",
    ),
    "nms": (
        "{y}_b = NonMaxSuppression ({w}, {w}_s, {w}_m) {y}_f = Cast <to = 1> ({y}_b) "
        "{y}_r = ReduceMax <keepdims = 0> ({y}_f) {y} = Add ({x}, {y}_r)",
        "float[1, 2, 4] {w}, float[1, 1, 2] {w}_s, int64 {w}_m = {{2}}",
    ),
    "if": (
        "{y}_s = ReduceSum <keepdims = 0> ({x}) {y}_c = Greater ({y}_s, {w}) {y} = If ({y}_c) <"
        "then_branch = {y}g () => (float[N, 3, 4, 4] {y}_t) {{ {y}_t = Relu ({x}) }}, "
        "else_branch = {y}h () => (float[N, 3, 4, 4] {y}_e) {{ {y}_e = Neg ({x}) }}>",
        "float {w} = {{0}}",
    ),
    "loop": (
        "{y} = Loop ({w}, {w}_c, {x}) <body = {y}g (int64 i, bool go, float[N, 3, 4, 4] {y}_s) "
        "=> (bool on, float[N, 3, 4, 4] {y}_r) {{ "
        "on = Identity (go) {y}_r = Mul ({y}_s, {w}_k) }}>",
        "int64 {w} = {{2}}, bool {w}_c = {{1}}, float {w}_k = {{0.5}}",
    ),
    "while": (
        "{y}, {y}_n = Loop (, {w}_c, {x}, {w}) <body = {y}g (int64 i, bool go, "
        "float[N, 3, 4, 4] {y}_s, float {y}_m) => (bool on, float[N, 3, 4, 4] {y}_r, float {y}_o) "
        "{{ {y}_o = Sub ({y}_m, {w}_1) on = Greater ({y}_o, {w}_0) {y}_r = Neg ({y}_s) }}>",
        "float {w} = {{3}}, float {w}_1 = {{1}}, float {w}_0 = {{0}}, bool {w}_c = {{1}}",
    ),
    "sequence": (
        "{y}_q = SequenceConstruct ({x}, {x}) {y} = SequenceAt ({y}_q, {w})",
        "int64 {w} = {{1}}",
    ),
    "compress": (
        "{y}_k = Compress <axis = 3> ({x}, {w}) {y} = Expand ({y}_k, {w}_s)",
        "bool[4] {w} = {{0, 1, 0, 0}}, int64[4] {w}_s = {{1, 3, 4, 4}}",
    ),
}
"""Name -> (nodes, initializers) that make of ``x``, shaped (N, 3, 4, 4), another such ``y``."""

HEAD = """<ir_version: 8, opset_import: ["" : 18]>
fuzz (float[N, 3, 4, 4] image) => (float[N, 5] scores)
<{stored}float[48, 5] fc, float[5] bias = {{1, 2, 3, 4, 5}}> {{
{nodes}
flat = Flatten <axis = 1> ({last})
scores = Gemm <transB = 0> (flat, fc, bias)
}}
"""

NUMBERS = (
    *("0", "1", "-1", "2", "-3", "5", "16", "17", "255", "65536", "1000003", "2147483647"),
    *("4294967296", "9223372036854775807", "-9223372036854775808", "0.5", "1e38", "1e-40"),
)
USUAL_TYPES = ("float", "double", "float16", "bfloat16", "int8", "uint8", "int32", "int64")
TYPES = (*USUAL_TYPES, "bool", "string", "int4", "uint4", "int16", "float8e4m3fn", "complex64")
TOKENS = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])|\b(?:float|int64|bool|int8)\b")

NO_VALUES = re.compile(r"(float|int8)\[([\d, ]+)\] (\w+)(?= *[,>])")


def graph_text(steps: Sequence[str]) -> str:
    """A model that goes through ``steps`` and ends in five scores."""
    nodes, stored, last = [], "", "image"
    for number, step in enumerate(steps):
        names = {"x": last, "y": f"v{number}", "w": f"w{number}"}
        nodes.append(STEPS[step][0].format(**names))
        if STEPS[step][1]:
            stored += STEPS[step][1].format(**names) + ", "
        last = names["y"]
    text = HEAD.format(stored=stored, nodes="\n".join(nodes), last=last)
    return NO_VALUES.sub(_with_values, text)


def _with_values(match: re.Match[str]) -> str:
    """Initializers that are listed without values get some: 1, -2, 3, ..."""
    size = 1
    for dimension in match[2].split(","):
        size *= int(dimension)
    values = ", ".join(str((i % 7 + 1) * (-1) ** i) for i in range(size))
    return f"{match[0]} = {{{values}}}"


@st.composite
def chains(draw: st.DrawFn) -> str:
    """A chain of steps in which up to three numbers or types are replaced by odd ones."""
    steps = draw(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=3))
    text = graph_text(steps)
    places = [m.span() for m in TOKENS.finditer(text)]
    few = st.lists(st.sampled_from(places), max_size=3, unique=True)
    for start, end in sorted(draw(few), reverse=True):
        is_type = text[start].isalpha()
        odd = draw(st.sampled_from(TYPES if is_type else NUMBERS))
        text = text[:start] + odd + text[end:]
    return text


# Any operator with anything


NEWEST = 18
SCHEMAS = {
    s.name: s
    for s in defs.get_all_schemas_with_history()
    if s.domain == "" and not s.deprecated and s.since_version <= NEWEST
}
"""Operators of the standard domain in opset `NEWEST`."""

ATTRIBUTES = {
    defs.OpSchema.AttrType.INT: st.sampled_from(("0", "1", "-1", "2", "7", "9223372036854775807")),
    defs.OpSchema.AttrType.FLOAT: st.sampled_from(("0.0", "1.0", "-1.0", "0.5", "1e38")),
    defs.OpSchema.AttrType.STRING: st.sampled_from(
        ('""', '"x"', '"linear"', '"add"', '"SAME_UPPER"', '"ij,jk->ik"', '"forward"')
    ),
    defs.OpSchema.AttrType.INTS: st.sampled_from(
        ("[0]", "[1, 1]", "[-1]", "[3, 3]", "[0, 1, 2, 3]", "[2147483647, 2]", "[0, 2, 3, 1]")
    ),
    defs.OpSchema.AttrType.FLOATS: st.sampled_from(("[1.0]", "[0.5, 2.0]", "[]")),
    defs.OpSchema.AttrType.STRINGS: st.sampled_from(('["a"]', '["a", "b"]')),
}

SHAPES = (
    "",
    "[1]",
    "[0]",
    "[3]",
    "[2, 2]",
    "[3, 1, 1]",
    "[1, 3, 4, 4]",
    "[2, 3, 4]",
    "[3, 3, 2, 2]",
)


@st.composite
def anythings(draw: st.DrawFn) -> str:
    """One to three operators with inputs and attributes at random, of the image or of constants."""
    values, stored, nodes = ["image"], [], []
    for number in range(draw(st.integers(1, 3))):
        schema = SCHEMAS[draw(st.sampled_from(sorted(SCHEMAS)))]
        inputs = []
        wanted = draw(st.integers(schema.min_input, min(schema.max_input, schema.min_input + 2)))
        for position in range(min(wanted, 6)):
            if draw(st.booleans()):
                inputs.append(draw(st.sampled_from(values)))
            else:
                name = f"w{number}_{position}"
                stored.append(_initializer(draw, name))
                inputs.append(name)
        given = []
        for attribute in schema.attributes.values():
            strategy = ATTRIBUTES.get(attribute.type)
            if strategy is not None and (attribute.required or draw(st.integers(0, 3)) == 0):
                given.append(f"{attribute.name} = {draw(strategy)}")
        outputs = [f"v{number}_{i}" for i in range(max(1, min(schema.min_output, 4)))]
        listed = f" <{', '.join(given)}>" if given else ""
        nodes.append(f"{', '.join(outputs)} = {schema.name}{listed} ({', '.join(inputs)})")
        values += outputs
    kind = draw(st.sampled_from(("float[N]", "float[N, 3, 4, 4]", "float", "int64[N, M]")))
    return (
        '<ir_version: 8, opset_import: ["" : 18]>\n'
        f"fuzz (float[N, 3, 4, 4] image) => ({kind} {values[-1]})\n"
        f"<{', '.join(stored)}> {{\n" + "\n".join(nodes) + "\n}\n"
    )


def _initializer(draw: st.DrawFn, name: str) -> str:
    kind, shape = draw(st.sampled_from(USUAL_TYPES)), draw(st.sampled_from(SHAPES))
    size = 1
    for dimension in re.findall(r"\d+", shape):
        size *= int(dimension)
    numbers = st.lists(st.integers(-3, 9), min_size=size, max_size=size)
    values = [abs(n) if kind.startswith("u") else n for n in draw(numbers)]
    return f"{kind}{shape} {name} = {{{', '.join(map(str, values))}}}"


def to_bytes(text: str) -> bytes | None:
    """The model, or None where the parser of ONNX text refuses it before relcheck could."""
    try:
        return bytes(onnx.parser.parse_model(text).SerializeToString())
    except (onnx.parser.ParseError, UnicodeDecodeError, ValueError):
        return None
