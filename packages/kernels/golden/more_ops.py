"""Makes more_ops.json and more_ops.safetensors: values of PyTorch for the kernels that ops.json does not reach, in its format.

    pip install torch==2.13.0 numpy safetensors
    python more_ops.py

Inputs are F32 (I32 for indices, U8 for packed codes). Outputs and gradients are computed in float64 from them; gradients are of the sum of
output * cotangent. torch_f32_error is the largest error of the same lines in float32. What PyTorch leaves open is said in a case's note.
"""
import json
import math
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

SEED = 20261126
torch.manual_seed(SEED)
random = np.random.default_rng(SEED)
tensors, cases, counts = {}, [], {}


def draw(*shape, deviation=1.0, mean=0.0):
    return mean + deviation * torch.randn(shape)


def integers(below, *shape):
    return torch.randint(0, below, shape, dtype=torch.int32)


def given(values, *shape):
    return torch.tensor(values, dtype=torch.float32).reshape(shape or (-1,))


def run(inputs, compute, differentiated, cotangents, dtype):
    own = {name: value.to(dtype) if value.is_floating_point() else value for name, value in inputs.items()}
    for name in differentiated:
        own[name].requires_grad_()
    outputs = compute(own)
    if isinstance(outputs, torch.Tensor):
        outputs = {'y': outputs}
    if not differentiated:
        return outputs, {}
    loss = sum((value * cotangents[name].to(dtype)).sum() for name, value in outputs.items() if name in cotangents)
    return outputs, dict(zip(differentiated, torch.autograd.grad(loss, [own[name] for name in differentiated])))


def case(op, params, inputs, compute, differentiated=(), note=None, seeds=None):
    """seeds: the outputs that a loss is made of; all of them unless said."""
    number = counts.get(op, 0)
    counts[op] = number + 1
    id = f'{op}/{number}'
    inputs = {name: value.clone() for name, value in inputs.items() if value is not None}
    probe, _ = run(inputs, compute, (), {}, torch.float64)
    cotangents = {name: torch.randn(value.shape) for name, value in probe.items() if seeds is None or name in seeds} if differentiated else {}
    outputs, gradients = run(inputs, compute, differentiated, cotangents, torch.float64)
    outputs32, gradients32 = run(inputs, compute, differentiated, cotangents, torch.float32)
    errors = {}
    for name, value in outputs.items():
        if value.is_floating_point():
            errors[name] = worst(outputs32[name], value)
    for name, value in gradients.items():
        errors[f'grad.{name}'] = worst(gradients32[name], value)
    entry = {'op': op, 'id': id, 'params': params, 'inputs': [f'{id}/{name}' for name in inputs], 'outputs': [f'{id}/{name}' for name in outputs]}
    entry['grads'] = {f'{id}/{name}': f'{id}/grad.{name}' for name in gradients}
    entry['cotangents'] = {f'{id}/{name}': f'{id}/cot.{name}' for name in cotangents}
    entry['torch_f32_error'] = errors
    if note is not None:
        entry['note'] = note
    for prefix, some in (('', inputs), ('', outputs), ('grad.', gradients), ('cot.', cotangents)):
        for name, value in some.items():
            tensors[f'{id}/{prefix}{name}'] = value.detach().clone().contiguous()
    cases.append(entry)


def worst(found, expected):
    difference = (found.double() - expected).abs()
    difference = difference[expected.isfinite()]
    return float(f'{difference.max().item():.3g}') if difference.numel() else 0.0


# Elements by index

for shape, index, axis in [((7,), (23,), 0), ((5, 7), (5, 3), 1), ((5, 7), (11, 7), 0), ((5, 7), (4, 13), -1), ((3, 5, 7), (2, 9, 4), 1), ((2, 3, 4, 5), (2, 1, 6, 3), 2)]:
    places = integers(shape[axis], *index)
    case('gather', {'dim': axis}, {'x': draw(*shape), 'index': places}, lambda t, axis=axis: t['x'].gather(axis, t['index'].long()), ['x'])
    case('scatter_add', {'dim': axis}, {'x': draw(*shape), 'index': places, 'source': draw(*index)},
         lambda t, axis=axis: t['x'].scatter_add(axis, t['index'].long(), t['source']), ['x', 'source'])


def argmax(t, axis):
    found = torch.from_numpy(np.argmax(t['x'].numpy(), axis)).int()
    best = t['x'].gather(axis, found.long().unsqueeze(axis)).squeeze(axis)
    largest = t['x'].amax(axis)
    assert torch.equal(best.nan_to_num(9e9), largest.nan_to_num(9e9))
    return {'index': found}


which = 'torch leaves the index of a tie open; here numpy.argmax: the lowest, and the first NaN'
for shape, axis in [((7, 11), -1), ((7, 11), 0), ((3, 5, 17), 1), ((1, 1), 1), ((4, 37), -1)]:
    case('argmax', {'dim': axis}, {'x': draw(*shape)}, lambda t, axis=axis: argmax(t, axis))
case('argmax', {'dim': 1}, {'x': integers(3, 13, 41).float()}, lambda t: argmax(t, 1), note=which)
case('argmax', {'dim': 0}, {'x': integers(2, 19, 5).float()}, lambda t: argmax(t, 0), note=which)
rows = integers(5, 6, 35).float()
rows[1, 20], rows[1, 30], rows[2, 0], rows[3, 34], rows[4] = math.nan, math.nan, math.nan, math.nan, -math.inf
case('argmax', {'dim': 1}, {'x': rows}, lambda t: argmax(t, 1), note=which)

# Reductions

for op, of in (('min', torch.amin), ('max', torch.amax)):
    for shape, dims, keep, values in [((5, 9), [-1], False, None), ((3, 4, 5), [0, 2], True, None), ((2, 3, 4, 5), [1, 3], False, 3), ((6, 35), [1], False, 4), ((6, 35), [0], True, 2), ((2, 70), [0, 1], False, 2)]:
        x = draw(*shape) if values is None else integers(values, *shape).float() - 1
        case(op, {'dims': dims, 'keepdim': keep}, {'x': x}, lambda t, of=of, dims=dims, keep=keep: of(t['x'], dims, keep), ['x'],
             note=None if values is None else 'ties share the gradient evenly')
for shape, dims, correction, mean in [((5, 9), [-1], 1, 0), ((3, 4, 5), [0, 2], 1, 5), ((4, 33), [1], 2, -1000)]:
    case('var', {'dims': dims, 'keepdim': False, 'correction': correction}, {'x': draw(*shape, mean=mean)},
         lambda t, dims=dims, correction=correction: t['x'].var(dims, correction=correction), ['x'])
masked = draw(4, 6, deviation=3)
masked[0, 2:] = -math.inf
masked[2, 0] = -math.inf
masked[3] = 1e4 + draw(6)
case('logsumexp', {'dims': [-1], 'keepdim': False}, {'x': masked}, lambda t: t['x'].logsumexp(-1), ['x'])
for shape, axis in [((3, 67, 5), 1), ((2, 131), -1), ((1,), 0)]:
    case('cumsum', {'dim': axis}, {'x': draw(*shape)}, lambda t, axis=axis: t['x'].cumsum(axis), ['x'])

# What only moves values

for shapes, axis in [([(2, 3), (2, 1), (2, 5)], 1), ([(2, 3, 4), (5, 3, 4), (1, 3, 4)], 0), ([(2, 3, 4), (2, 2, 4), (2, 4, 4)], -2)]:
    case('concat', {'dim': axis}, {name: draw(*shape) for name, shape in zip('abc', shapes)}, lambda t, axis=axis: torch.cat([t['a'], t['b'], t['c']], axis), ['a', 'b', 'c'])
for shape, axis, start, length in [((7,), 0, 2, 4), ((3, 5, 4), 1, 1, 3), ((3, 5, 4), -1, 3, 1), ((3, 5, 4), 0, 0, 3)]:
    case('slice', {'dim': axis, 'start': start, 'length': length}, {'x': draw(*shape)}, lambda t, a=axis, s=start, n=length: t['x'].narrow(a, s, n), ['x'])
for shape, order in [((3, 5), [1, 0]), ((2, 3, 4), [2, 0, 1]), ((2, 3, 4, 5), [0, 2, 1, 3]), ((2, 3, 4, 5), [3, 1, 0, 2])]:
    case('transpose', {'permutation': order}, {'x': draw(*shape)}, lambda t, order=order: t['x'].permute(order).contiguous(), ['x'])
for a, b, left, right in [((5, 3), (5, 4), True, False), ((3, 5), (4, 5), False, True), ((5, 3), (4, 5), True, True), ((2, 5, 3), (4, 5), True, True), ((5, 3), (2, 6, 5, 4), True, False)]:
    case('matmul_transposed', {'transpose_a': left, 'transpose_b': right}, {'a': draw(*a), 'b': draw(*b)},
         lambda t, left=left, right=right: (t['a'].mT if left else t['a']) @ (t['b'].mT if right else t['b']), ['a', 'b'])

# Losses

for reduction in ('none', 'sum', 'mean', 'batchmean'):
    for logarithms in (False, True):
        target = torch.softmax(draw(5, 9), -1)
        case('kl_div_from_target', {'reduction': reduction, 'log_target': logarithms}, {'input': torch.log_softmax(draw(5, 9), -1), 'target': target.log() if logarithms else target},
             lambda t, r=reduction, g=logarithms: torch.nn.functional.kl_div(t['input'], t['target'], reduction=r, log_target=g), ['input', 'target'])

# Norms

for shape, p, axis in [((5, 9), 1, -1), ((5, 9), 3, 0), ((2, 7, 3), 1.5, 1), ((4, 33), 5, -1)]:
    case('p_normalize', {'p': p, 'dim': axis, 'eps': 1e-12}, {'x': draw(*shape)}, lambda t, p=p, a=axis: torch.nn.functional.normalize(t['x'], p, a), ['x'])

forms = {
    'erf': torch.erf,
    'isru': lambda u: u / (1 + u * u).sqrt(),
    'clip': lambda u: u.clamp(-1, 1),
}


def pointwise(form):
    def compute(t):
        y = forms[form](t['alpha'] * t['x'] + t.get('shift', 0))
        return y * t.get('gain', 1) + t.get('bias', 0)

    return compute


def elementwise_layer_norm(t):
    y = math.sqrt(t['x'].shape[-1]) * t['x'] / (t['x'] ** 2 + t['c']).sqrt()
    return y * t.get('gain', 1) + t.get('bias', 0)


for form in forms:
    for shape, many, shift, affine in [((4, 9), False, False, False), ((2, 3, 17), False, True, True), ((5, 33), True, True, True), ((3, 1), True, False, True)]:
        size = shape[-1] if many else 1
        inputs = {'x': draw(*shape), 'alpha': draw(size, mean=0.7, deviation=0.2), 'shift': draw(size, deviation=0.3) if shift else None}
        inputs |= {'gain': draw(shape[-1], mean=1, deviation=0.3) if affine else None, 'bias': draw(shape[-1]) if affine else None}
        case(f'pointwise_{form}', {}, inputs, pointwise(form), [name for name, value in inputs.items() if value is not None])
for shape, many, affine in [((4, 9), False, False), ((2, 3, 17), False, True), ((5, 33), True, True)]:
    inputs = {'x': draw(*shape), 'c': draw(shape[-1] if many else 1).abs() + 0.2}
    inputs |= {'gain': draw(shape[-1], mean=1, deviation=0.3) if affine else None, 'bias': draw(shape[-1]) if affine else None}
    case('elementwise_layer_norm', {}, inputs, elementwise_layer_norm, [name for name, value in inputs.items() if value is not None])


class Projected(torch.autograd.Function):
    """x / root, whose gradient takes off a running projection in place of the batch's (Shen et al. 2020, algorithm 2)."""

    @staticmethod
    def forward(context, x, root, projection):
        context.save_for_backward(x / root, root, projection)
        return x / root

    @staticmethod
    def backward(context, gradient):
        normalized, root, projection = context.saved_tensors
        return (gradient - normalized * projection) / root, None, None


def power_norm(statistics, eps, momentum):
    def compute(t):
        x = t['x']
        axes = [axis for axis in range(x.ndim) if axis != 1]
        over = lambda of: of.reshape([1, -1] + [1] * (x.ndim - 2))
        squares = (x ** 2).mean(axes)
        if statistics == 'batch':
            normalized = x / over((squares + eps).sqrt())
        elif statistics == 'evaluation':
            normalized = x / over((t['mean_square'] + eps).sqrt())
        else:
            normalized = Projected.apply(x, over((t['mean_square'] + eps).sqrt()), over(t['projection']))
        y = normalized * over(t['gain']) + over(t['bias'])
        moved = t['mean_square'] if statistics == 'evaluation' else (1 - momentum) * t['mean_square'] + momentum * squares.detach()
        return {'y': y, 'new_mean_square': moved}

    return compute


for statistics in ('batch', 'running', 'evaluation'):
    for shape in ((6, 5), (3, 4, 7)):
        inputs = {'x': draw(*shape), 'gain': draw(shape[1], mean=1, deviation=0.3), 'bias': draw(shape[1]), 'mean_square': draw(shape[1]).abs() + 0.3, 'projection': draw(shape[1], deviation=0.2)}
        case('power_norm', {'statistics': statistics, 'eps': 1e-5, 'momentum': 0.1}, inputs, power_norm(statistics, 1e-5, 0.1), ['x', 'gain', 'bias'], seeds=['y'])


def sylvester(size):
    matrix = torch.ones(1, 1, dtype=torch.float64)
    while len(matrix) < size:
        matrix = torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64), matrix)
    return matrix


for shape, size in [((3, 8), 8), ((2, 3, 24), 8), ((5, 64), 16), ((2, 1), 1), ((2, 256), 256)]:
    case('hadamard', {'size': size}, {'x': draw(*shape)},
         lambda t, size=size: (t['x'].unflatten(-1, (-1, size)) @ (sylvester(size) / math.sqrt(size)).to(t['x'].dtype)).flatten(-2), ['x'])

# Attention in parts, with a bias that learns and padding that hides keys

for heads, key_heads, causal, shared in [(4, 4, False, False), (4, 2, True, True), (6, 1, True, False)]:
    time, dim = 5, 7
    bias = draw(1 if shared else 2, heads, time, time)
    padding = torch.zeros(2, 1, 1, time)
    padding[1, ..., 3 if not causal else 4:] = -math.inf

    def attention(t, heads=heads, key_heads=key_heads, causal=causal):
        mask = t['bias'] + t['padding']
        if causal:
            mask = mask + torch.full((time, time), -math.inf, dtype=mask.dtype).triu(1)
        k, v = (t[name].repeat_interleave(heads // key_heads, 1) for name in ('k', 'v'))
        return torch.nn.functional.scaled_dot_product_attention(t['q'], k, v, attn_mask=mask)

    inputs = {'q': draw(2, heads, time, dim), 'k': draw(2, key_heads, time, dim), 'v': draw(2, key_heads, time, dim), 'bias': bias, 'padding': padding}
    case('attention_biased', {'causal': causal}, inputs, attention, ['q', 'k', 'v', 'bias'])

# Dropped by numbers that are counted: Philox4x32 with ten rounds (Salmon et al. 2011), written here once more


def philox4x32(counter, key):
    counter, key = list(counter), list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(second >> 32) ^ counter[1] ^ key[0], second & 0xFFFFFFFF, (first >> 32) ^ counter[3] ^ key[1], first & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def uniform(seed, stream, position):
    halves = lambda value: (value & 0xFFFFFFFF, value >> 32)
    return (philox4x32(halves(position // 4) + halves(stream), halves(seed))[position % 4] >> 8) / 2**24


def dropped(whole, rate, seed, stream, position):
    def compute(t):
        x = t['x']
        draws = len(x) if whole else x.numel()
        kept = torch.tensor([uniform(seed, stream, position + i) >= rate for i in range(draws)], dtype=x.dtype)
        return x * kept.reshape([-1] + [1] * (x.ndim - 1) if whole else x.shape) * float(np.float32(1 / (1 - rate)))

    return compute


drawn = 'kept where number position + i of the stream is at least the rate: (word >> 8) / 2^24 of Philox4x32-10; the factor 1 / (1 - rate) is a float32'
for rate, seed, stream, position in [(0.5, 7, 3, 0), (0.75, 2**40 + 5, 2**33 + 1, 4 * (2**32 - 3) + 2), (0.25, 0, 0, 3), (0, 1, 1, 0)]:
    params = {'rate': rate, 'seed': seed, 'stream': stream, 'position': position}
    case('dropout', params, {'x': draw(7, 13)}, dropped(False, rate, seed, stream, position), ['x'], note=drawn)
    case('drop_path', params, {'x': draw(29, 2, 3)}, dropped(True, rate, seed, stream, position), ['x'], note=drawn)

# Products on packed and on sparse weights


def packed(codes, bits, row_bytes=None):
    """Rows of a little-endian stream of bits, each starting on a byte."""
    stream = ((codes.numpy().astype(np.int64)[..., None] >> np.arange(bits)) & 1).astype(np.uint8).reshape(*codes.shape[:-1], -1)
    rows = np.packbits(stream, -1, 'little')
    if row_bytes is not None:
        rows = np.concatenate([rows, np.zeros((*rows.shape[:-1], row_bytes - rows.shape[-1]), np.uint8)], -1)
    return torch.from_numpy(rows)


def grouped(scale, group, width):
    return scale.repeat_interleave(group, -1)[..., :width]


for bits, group, width, zeros in [(4, 32, 70, False), (8, 16, 40, True), (3, 8, 21, True), (2, 16, 33, False)]:
    out, groups = 6, math.ceil(width / group)
    codes = integers(2**bits, out, width)
    inputs = {'x': draw(5, width), 'codes': packed(codes, bits), 'scale': draw(out, groups).abs() + 0.05, 'zero_point': integers(2**bits, out, groups).float() if zeros else None, 'bias': draw(out)}

    def product(t, codes=codes, group=group, width=width, bits=bits):
        zero = grouped(t['zero_point'], group, width) if 'zero_point' in t else 2 ** (bits - 1)
        return t['x'] @ ((codes - zero) * grouped(t['scale'], group, width)).to(t['x'].dtype).mT + t['bias']

    case('quantized_linear', {'bits': bits, 'group': group, 'in': width, 'out': out}, inputs, product, ['x', 'bias'])

def rounded(x, group):
    """Rows of int8 in groups and the groups' scales, in float32 whatever the rest is computed in: one division for a scale, one for a code."""
    width = x.shape[-1]
    x = torch.nn.functional.pad(x.float(), (0, -width % group)).unflatten(-1, (-1, group))
    scales = x.abs().amax(-1) / 127
    return torch.where(scales[..., None] > 0, (x / scales[..., None]).round(), 0).flatten(-2)[..., :width], scales


for bits, group, width, by_group in [(8, 32, 70, False), (4, 32, 96, True), (4, 16, 37, True), (8, 64, 64, True)]:
    rows, out, groups = 5, 6, math.ceil(width / group)
    codes = integers(2**bits, out, width)
    x = draw(rows, width)
    x[2] = 0
    inputs = {'x': x, 'codes': packed(codes, bits), 'scale': draw(out, groups).abs() + 0.05}

    def integer_product(t, codes=codes, group=group, width=width, bits=bits, by_group=by_group):
        signed, scales = rounded(t['x'], group if by_group else width)
        spread = scales.repeat_interleave(group if by_group else width, -1)[..., :width].to(t['x'].dtype)
        weight = (codes - 2 ** (bits - 1)).to(t['x'].dtype) * grouped(t['scale'], group, width)
        return {'y': (signed.to(t['x'].dtype) * spread) @ weight.mT, 'x_codes': signed.to(torch.int8).view(torch.uint8), 'x_scales': scales.squeeze(-1) if not by_group else scales}

    case('integer_linear', {'bits': bits, 'group': group, 'in': width, 'out': out, 'by_group': by_group}, inputs, integer_product)

for bits, width in [(8, 13), (4, 21), (2, 40)]:
    outer, length, first, parts = 3, 6, 2, [2, 0, 0, 1]
    x = draw(outer, length, width)
    x[1, 3] = 0

    def table(t, bits=bits, width=width, parts=parts):
        x = t['x'].float()
        scales = x.abs().amax(-1) / (2 ** (bits - 1) - 1)
        codes = torch.where(scales[..., None] > 0, (x / scales[..., None]).round(), 0)
        bytes_of_row = 4 * math.ceil(width * bits / 32)
        return {'y': (codes.to(t['x'].dtype) * scales[..., None])[parts], 'codes': packed(codes.int() & (2**bits - 1), bits, bytes_of_row)[parts], 'scales': scales[parts]}

    case('packed_rows', {'bits': bits, 'first': first, 'parts': parts}, {'x': x}, table)


def sparse_case(kind, params, width, out, mask, block=(1, 1)):
    """mask: which blocks of the weight [out, in] are stored."""
    block_rows, block_columns = block
    stored = [(o, i) for o in range(mask.shape[0]) for i in range(mask.shape[1]) if mask[o, i]]
    places = torch.tensor([[[(o * block_rows + r) * width + i * block_columns + c for c in range(block_columns)] for r in range(block_rows)] for o, i in stored])
    inputs = {'x': draw(4, width), 'bias': draw(out)}
    if kind == 'n-of-m':
        kept, of = params['kept'], params['of']
        places = places.reshape(out, -1)
        bits = max(1, math.ceil(math.log2(of)))
        inputs['positions'] = packed((places % width % of).int(), bits)
    else:
        if kind == 'rows':
            places = places.flatten()
        inputs['row_starts'] = torch.tensor([0] + mask.sum(1).cumsum(0).tolist(), dtype=torch.int32)
        inputs['columns'] = torch.tensor([i for _, i in stored], dtype=torch.int32)
    inputs['values'] = draw(*places.shape)

    def compute(t):
        weight = torch.zeros(out * width, dtype=t['x'].dtype).scatter(0, places.flatten(), t['values'].flatten()).reshape(out, width)
        return t['x'] @ weight.mT + t['bias']

    case('sparse_linear', {'kind': kind, **params, 'in': width, 'out': out}, inputs, compute, ['x', 'values', 'bias'])


sparse_case('rows', {}, 37, 11, torch.from_numpy(random.random((11, 37)) < 0.3))
sparse_case('rows', {}, 20, 9, torch.from_numpy(random.random((9, 20)) < 0.05))
sparse_case('blocks', {'block_rows': 4, 'block_columns': 4}, 32, 16, torch.from_numpy(random.random((4, 8)) < 0.4), (4, 4))
sparse_case('blocks', {'block_rows': 3, 'block_columns': 17}, 68, 9, torch.from_numpy(random.random((3, 4)) < 0.5), (3, 17))
for kept, of in [(2, 4), (1, 3), (3, 16)]:
    width, out = of * 4, 5
    chosen = np.argsort(random.random((out, width // of, of)), -1) < kept
    sparse_case('n-of-m', {'kept': kept, 'of': of}, width, out, torch.from_numpy(chosen.reshape(out, width)))

for threshold, biased in [(0, False), (0.5, True), (1.5, True)]:
    inputs = {'x': draw(4, 23).relu() if threshold == 0 else draw(4, 23), 'columns': draw(23, 7), 'bias': draw(7) if biased else None}
    case('activation_sparse_linear', {'threshold': threshold}, inputs,
         lambda t, threshold=threshold: torch.where(t['x'].abs() > threshold, t['x'], 0) @ t['columns'] + t.get('bias', 0))

# Windows: what ops.json leaves out

for shape, window, params in [((2, 6, 9, 7), (6, 1, 3, 3), {'stride': 2, 'padding': 1, 'dilation': 1, 'groups': 6}), ((1, 4, 11, 8), (6, 2, 3, 2), {'stride': [3, 2], 'padding': [2, 1], 'dilation': [2, 3], 'groups': 2})]:
    case('conv2d', params, {'x': draw(*shape), 'weight': draw(*window), 'bias': draw(window[0])},
         lambda t, p=params: torch.nn.functional.conv2d(t['x'], t['weight'], t['bias'], p['stride'], p['padding'], p['dilation'], p['groups']), ['x', 'weight', 'bias'])
tied = integers(3, 2, 3, 7, 8).float()
case('max_pool2d', {'kernel': 3, 'stride': 2, 'padding': 1}, {'x': tied}, lambda t: torch.nn.functional.max_pool2d(t['x'], 3, 2, 1), ['x'], note='the first of equals takes the gradient')
case('max_pool1d', {'kernel': 3, 'stride': 2}, {'x': integers(2, 2, 3, 11).float()}, lambda t: torch.nn.functional.max_pool1d(t['x'], 3, 2), ['x'], note='the first of equals takes the gradient')

folder = pathlib.Path(__file__).parent


def write(family, name, precision):
    save_file(tensors, folder / f'{name}.safetensors')
    lines = ',\n'.join(json.dumps(entry) for entry in cases)
    head = {'family': family, 'file': f'{name}.safetensors', 'torch': torch.__version__, 'precision': precision, 'seed': SEED}
    (folder / f'{name}.json').write_text(json.dumps(head)[:-1] + f', "cases": [\n{lines}\n]}}\n')
    tensors.clear()
    cases.clear()


def side_by_side(codes, scale, bits, group, half):
    """u8 [ceil(out / 16), in / group, bytes]: a group's sixteen scales, then word by word the four bytes of each of sixteen rows."""
    out, width = codes.shape
    groups, panels = width // group, math.ceil(out / 16)
    rows = np.zeros((panels * 16, width * bits // 8), np.uint8)
    rows[:out] = packed(codes, bits).numpy()
    words = rows.reshape(panels, 16, groups, -1, 4).transpose(0, 2, 3, 1, 4).reshape(panels, groups, -1)
    scales = np.zeros((panels * 16, groups), np.float16 if half else np.float32)
    scales[:out] = scale.numpy()
    scales = np.ascontiguousarray(scales.reshape(panels, 16, groups).transpose(0, 2, 1)).view(np.uint8)
    return torch.from_numpy(np.concatenate([scales, words], -1))


for bits, group, width, out, half in [(4, 32, 96, 19, True), (8, 32, 64, 16, True), (4, 8, 40, 7, False), (8, 64, 128, 33, False)]:
    codes = integers(2**bits, out, width)
    scale = draw(out, width // group)
    if half:
        scale = scale.half().float()
    x = draw(5, width)
    x[2, :group] = 0
    inputs = {'x': x, 'blocks': side_by_side(codes, scale, bits, group, half), 'bias': draw(out)}

    def interleaved_product(t, codes=codes, scale=scale, group=group, width=width, bits=bits):
        signed, scales = rounded(t['x'], group)
        weight = (codes - 2 ** (bits - 1)).to(t['x'].dtype) * grouped(scale, group, width).to(t['x'].dtype)
        return (signed.to(t['x'].dtype) * grouped(scales, group, width).to(t['x'].dtype)) @ weight.mT + t['bias']

    case('interleaved_linear', {'bits': bits, 'group': group, 'in': width, 'out': out, 'half_scales': half}, inputs, interleaved_product)

write('ops', 'more_ops', 'float64 from float32 inputs')

# The gradient of a zero point: torch's own learnable fake quantization, in float32, within 1e-5 of these lines


def learnable(per_channel, low, high, zero, factor):
    def compute(t):
        x, scale = t['x'], t['scale'].reshape(-1, *[1] * (t['x'].ndim - 1)) if per_channel else t['scale']
        zero_point = t['zero_point'].reshape(scale.shape)
        ratio = x / scale
        code = ratio + (ratio.round() - ratio).detach() + zero_point
        y = (code.clamp(low, high) - zero_point) * scale
        return y

    return compute


for per_channel, low, high, zero, factor in [(False, 0, 15, 7, 1.0), (False, -8, 7, 2, 0.125), (True, -4, 3, -1, 0.25), (True, 0, 255, 128, 1.0)]:
    x = draw(5, 11)
    scale = (torch.rand(5 if per_channel else 1) + 0.5) * 4 / (high - low)
    zeros = torch.full_like(scale, zero)
    cotangent = torch.randn(5, 11)
    own = [value.clone().requires_grad_() for value in (x, scale, zeros)]
    torch_y = (torch._fake_quantize_learnable_per_channel_affine(*own, 0, low, high, factor) if per_channel
               else torch._fake_quantize_learnable_per_tensor_affine(*own, low, high, factor))
    torch_gradients = torch.autograd.grad((torch_y * cotangent).sum(), own)
    y, gradients = run({'x': x, 'scale': scale, 'zero_point': zeros}, learnable(per_channel, low, high, zero, factor), ['x', 'scale', 'zero_point'], {'y': cotangent}, torch.float64)
    gradients = {name: value * (1 if name == 'x' else factor) for name, value in gradients.items()}
    for found, expected in zip((torch_y, *torch_gradients), (y['y'], *gradients.values())):
        assert torch.allclose(found.double(), expected, rtol=1e-5, atol=1e-5), (found, expected)
    id = f'lsq/{len(cases)}'
    params = {'zero_point': zero, 'qmin': low, 'qmax': high, 'grad_factor': factor, 'granularity': 'channel' if per_channel else 'tensor'}
    roles = ('x', 'scale', 'zero_point')
    cases.append({'op': 'lsq', 'id': id, 'params': params, 'inputs': [f'{id}/{name}' for name in roles], 'outputs': [f'{id}/y'],
                  'grads': {f'{id}/{name}': f'{id}/grad.{name}' for name in roles}, 'cotangents': {f'{id}/y': f'{id}/cot.y'},
                  'torch_f32_error': {'y': worst(torch_y, y['y'])} | {f'grad.{name}': worst(found, gradients[name]) for name, found in zip(roles, torch_gradients)}})
    stored = {'x': x, 'scale': scale, 'zero_point': zeros, 'y': y['y'], 'cot.y': cotangent} | {f'grad.{name}': value for name, value in gradients.items()}
    tensors.update({f'{id}/{name}': value.detach().clone().contiguous() for name, value in stored.items()})
write('quantization', 'more_quantization', 'float64 from float32 inputs')
