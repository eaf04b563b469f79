"""The peer of evaluation.mjs: a Llama in PyTorch with the weights of a safetensors-like JSON header, scoring windows that come on standard input.

Reads one line {"config", "weights", "threads", "rows"}; `weights` names a raw f32 file with the tensors one after another, `rows` a raw i32 file
[count, time] and targets with -1 where nothing is scored, in batches. Answers {"ready": true}, then to each line `eval` {"seconds", "cpu", "nats", "tokens"}.
"""
import json
import sys
import time

import numpy
import torch
import torch.nn.functional as F

setup = json.loads(sys.stdin.readline())
torch.set_num_threads(setup['threads'])
torch.set_grad_enabled(False)
config = setup['config']
hidden, heads, kv, size = config['hiddenSize'], config['heads'], config['keyValueHeads'], config['headSize']
flat = torch.from_numpy(numpy.fromfile(setup['weights'], dtype=numpy.float32))
weights, at = {}, 0
for name, shape in setup['shapes']:
    count = int(numpy.prod(shape))
    weights[name] = flat[at : at + count].reshape(shape)
    at += count
batches = [
    (torch.from_numpy(numpy.fromfile(inputs, dtype=numpy.int32).reshape(shape)).long(),
     torch.from_numpy(numpy.fromfile(targets, dtype=numpy.int32).reshape(shape)).long())
    for inputs, targets, shape in setup['batches']
]
angles = torch.arange(config['contextLength'])[:, None] / config['theta'] ** (torch.arange(0, size, 2) / size)
cos, sin = angles.cos(), angles.sin()


def turned(x):
    time_ = x.shape[1]
    even, odd = x[..., 0::2], x[..., 1::2]
    c, s = cos[:time_, None], sin[:time_, None]
    return torch.stack((even * c - odd * s, even * s + odd * c), -1).flatten(-2)


def norm(x, name):
    return F.rms_norm(x, (hidden,), weights[f'norms.{name}.weight'], config['eps'])


layers = range(config['layers'])
norms = [[weights[f'layers.{l}.norms.{n}.weight'] for n in ('attentionInput', 'mlpInput')] for l in layers]


def logits_of(ids):
    x = F.embedding(ids, weights['embed_tokens.weight'])
    batch, time_ = ids.shape
    for l in layers:
        at = lambda name: weights[f'layers.{l}.{name}.weight']
        h = F.rms_norm(x, (hidden,), norms[l][0], config['eps'])
        q = turned(F.linear(h, at('self_attn.q_proj')).view(batch, time_, heads, size)).transpose(1, 2)
        k = turned(F.linear(h, at('self_attn.k_proj')).view(batch, time_, kv, size)).transpose(1, 2)
        v = F.linear(h, at('self_attn.v_proj')).view(batch, time_, kv, size).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=kv != heads)
        x = x + F.linear(mixed.transpose(1, 2).reshape(batch, time_, heads * size), at('self_attn.o_proj'))
        h = F.rms_norm(x, (hidden,), norms[l][1], config['eps'])
        x = x + F.linear(F.silu(F.linear(h, at('mlp.gate_proj'))) * F.linear(h, at('mlp.up_proj')), at('mlp.down_proj'))
    x = norm(x, 'final')
    head = weights.get('lm_head.weight', weights['embed_tokens.weight'])
    return F.linear(x, head)


def evaluate():
    nats, tokens, correct = 0.0, 0, 0
    for inputs, targets in batches:
        logits = logits_of(inputs).flatten(0, 1)
        wanted = targets.flatten()
        nats += float(F.cross_entropy(logits, wanted, ignore_index=-1, reduction='none').double().sum())
        kept = wanted != -1
        correct += int((logits.argmax(-1) == wanted)[kept].sum())
        tokens += int(kept.sum())
    return nats, tokens, correct


print(json.dumps({'ready': True, 'torch': torch.__version__}), flush=True)
for _ in sys.stdin:
    started, cpu = time.perf_counter(), time.process_time()
    nats, tokens, correct = evaluate()
    print(json.dumps({'seconds': time.perf_counter() - started, 'cpu': time.process_time() - cpu, 'nats': nats, 'tokens': tokens, 'correct': correct}), flush=True)
