"""Makes encoder.json: an encoder in the style of ModernBERT fills in masked tokens for five steps of AdamW, in float64.

    pip install torch==2.13.0 numpy==2.4.6
    python make.py

Nothing here is shared with the code that is tested: the model is written out below, gradients are PyTorch's, and so is AdamW. Rotary positions
turn the halves of a head (theta 10,000); LayerNorm has no biases; the MLP is down(gelu(gate x) * up x); the logits are those of the embedding,
behind a dense layer, GELU and a norm.
"""
import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

LAYERS, HIDDEN, HEADS, FEED_FORWARD, CONTEXT, WORDS = 2, 16, 2, 24, 12, 20
MASK = WORDS
STEPS, BATCH, HIDDEN_TOKENS = 5, 4, 2
RATE, BETA1, BETA2, EPSILON, DECAY = 0.01, 0.9, 0.95, 1e-8, 0.1
IGNORED = -1

draws = np.random.default_rng(2412)
shapes = {'embed_tokens.weight': (WORDS + 1, HIDDEN), 'norms.final.weight': (HIDDEN,)}
for layer in range(LAYERS):
    for name in ('q_proj', 'k_proj', 'v_proj', 'o_proj'):
        shapes[f'layers.{layer}.self_attn.{name}.weight'] = (HIDDEN, HIDDEN)
    for name, shape in (('gate', (FEED_FORWARD, HIDDEN)), ('up', (FEED_FORWARD, HIDDEN)), ('down', (HIDDEN, FEED_FORWARD))):
        shapes[f'layers.{layer}.mlp.{name}_proj.weight'] = shape
    for name in ('attentionInput', 'mlpInput'):
        shapes[f'layers.{layer}.norms.{name}.weight'] = (HIDDEN,)
shapes |= {
    'lm_head_transform.weight': (HIDDEN, HIDDEN),
    'lm_head_transform.bias': (HIDDEN,),
    'lm_head.bias': (WORDS + 1,),
    'norms.transform.weight': (HIDDEN,),
}
first = {name: np.float32(draws.normal(1.0 if 'norms' in name else 0.0, 0.3, size=shape)) for name, shape in shapes.items()}

windows = draws.integers(0, WORDS, size=(STEPS, BATCH, CONTEXT))
inputs, targets = windows.copy(), np.full_like(windows, IGNORED)
for step in range(STEPS):
    for row in range(BATCH):
        places = draws.choice(CONTEXT, size=HIDDEN_TOKENS, replace=False)
        targets[step, row, places] = windows[step, row, places]
        inputs[step, row, places[0]] = MASK
        if row % 2 == 0:
            inputs[step, row, places[1]] = MASK

values = {name: torch.tensor(data, dtype=torch.float64, requires_grad=True) for name, data in first.items()}


def norm(x, name):
    return F.layer_norm(x, (HIDDEN,), values[f'norms.{name}.weight' if '.' not in name else name], None, 1e-5)


def turned(x):
    half = HIDDEN // HEADS // 2
    angles = torch.arange(CONTEXT, dtype=torch.float64)[:, None] * 10_000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def logits_of(ids):
    x = values['embed_tokens.weight'][ids]
    for layer in range(LAYERS):
        weight = lambda name: values[f'layers.{layer}.{name}.weight']
        heads = lambda y: y.reshape(len(ids), CONTEXT, HEADS, HIDDEN // HEADS).transpose(1, 2)
        y = norm(x, f'layers.{layer}.norms.attentionInput.weight')
        q, k, v = (heads(y @ weight(f'self_attn.{name}_proj').T) for name in 'qkv')
        scores = turned(q) @ turned(k).transpose(-1, -2) / math.sqrt(HIDDEN // HEADS)
        seen = (scores.softmax(-1) @ v).transpose(1, 2).reshape(len(ids), CONTEXT, HIDDEN)
        x = x + seen @ weight('self_attn.o_proj').T
        y = norm(x, f'layers.{layer}.norms.mlpInput.weight')
        x = x + (F.gelu(y @ weight('mlp.gate_proj').T) * (y @ weight('mlp.up_proj').T)) @ weight('mlp.down_proj').T
    x = norm(x, 'final')
    x = norm(F.gelu(x @ values['lm_head_transform.weight'].T + values['lm_head_transform.bias']), 'transform')
    return x @ values['embed_tokens.weight'].T + values['lm_head.bias']


matrices = [value for value in values.values() if value.dim() > 1]
vectors = [value for value in values.values() if value.dim() == 1]
groups = [{'params': matrices, 'weight_decay': DECAY}, {'params': vectors, 'weight_decay': 0.0}]
optimiser = torch.optim.AdamW(groups, lr=RATE, betas=(BETA1, BETA2), eps=EPSILON)
losses, norms = [], []
for step in range(STEPS):
    optimiser.zero_grad()
    logits = logits_of(torch.tensor(inputs[step]))
    loss = F.cross_entropy(logits.reshape(-1, WORDS + 1), torch.tensor(targets[step]).reshape(-1), ignore_index=IGNORED)
    loss.backward()
    losses.append(loss.item())
    norms.append(math.sqrt(sum((value.grad**2).sum().item() for value in values.values())))
    optimiser.step()

listed = lambda tensors: {name: np.asarray(data, dtype=np.float64).reshape(-1).round(7).tolist() for name, data in tensors.items()}
golden = {
    'architecture': {
        'style': 'modernbert',
        'layers': LAYERS,
        'hiddenSize': HIDDEN,
        'heads': HEADS,
        'feedForwardSize': FEED_FORWARD,
        'contextLength': CONTEXT,
    },
    'words': WORDS,
    'learningRate': RATE,
    'weightDecay': DECAY,
    'inputs': inputs.reshape(STEPS, -1).tolist(),
    'targets': targets.reshape(STEPS, -1).tolist(),
    # Nine digits are a float32, exactly.
    'first': {name: [float(f'{value:.9g}') for value in data.reshape(-1)] for name, data in first.items()},
    'losses': losses,
    'gradientNorms': norms,
    'after': listed({name: value.detach().numpy() for name, value in values.items()}),
}
pathlib.Path(__file__).with_name('encoder.json').write_text(json.dumps(golden) + '\n')
