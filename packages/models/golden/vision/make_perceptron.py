"""Makes perceptron.json: a perceptron of two hidden layers, plain and of BitLinear, trained for five steps of AdamW in float64.

    pip install numpy==2.4.6
    python make_perceptron.py

Nothing here is shared with the code that is tested: gradients are written out by hand, and those of the plain network are held against
differences of the loss. BitLinear: inputs through a LayerNorm without parameters, then rounded to 8 bits by the largest of each row; weights
rounded to -1, 0 or 1 times the mean of their magnitudes; gradients pass the rounding. Ties and near ties of the rounding, where float32 may
fall on the other side, are refused.
"""
import json
import pathlib

import numpy as np

SIZES = [12, 9, 8, 4]
STEPS, BATCH = 5, 6
RATE, BETA1, BETA2, EPSILON, DECAY = 0.02, 0.9, 0.95, 1e-8, 0.1
LARGEST_TIE = 1e-5

draws = np.random.default_rng(289)
features = draws.choice([-1.0, 1.0], size=(STEPS, BATCH, SIZES[0]))
labels = draws.integers(0, SIZES[-1], size=(STEPS, BATCH))
first = {}
for layer, (inputs, outputs) in enumerate(zip(SIZES, SIZES[1:]), start=1):
    first[f'fc{layer}.weight'] = np.float32(draws.normal(0, np.sqrt(2 / inputs), size=(outputs, inputs)))
    first[f'fc{layer}.bias'] = np.float32(draws.normal(0, 0.1, size=outputs))


def rounded(x, scale, lowest, highest):
    quotient = x / scale
    nearest = np.abs(np.abs(quotient - np.floor(quotient)) - 0.5)
    assert nearest.min() > LARGEST_TIE, nearest.min()
    return scale * np.clip(np.round(quotient), lowest, highest)


def normed(x):
    deviation = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return (x - x.mean(axis=1, keepdims=True)) / deviation, deviation


def through_norm(gradient, y, deviation):
    return (gradient - gradient.mean(axis=1, keepdims=True) - y * (gradient * y).mean(axis=1, keepdims=True)) / deviation


def loss_and_gradients(values, x, label, bit):
    layers = len(SIZES) - 1
    seen = []
    for layer in range(1, layers + 1):
        weight, bias = values[f'fc{layer}.weight'], values[f'fc{layer}.bias']
        y, deviation = normed(x) if bit else (x, None)
        if bit:
            inputs = rounded(y, np.abs(y).max(axis=1, keepdims=True) / 128, -128, 127)
            used = rounded(weight, np.abs(weight).mean(), -1, 1)
        else:
            inputs, used = x, weight
        total = inputs @ used.T + bias
        seen.append((inputs, used, y, deviation, total))
        x = np.maximum(total, 0) if layer < layers else total
    shifted = x - x.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -logarithms[np.arange(len(label)), label].mean()
    gradient = np.exp(logarithms)
    gradient[np.arange(len(label)), label] -= 1
    gradient /= len(label)
    gradients = {}
    for layer in range(layers, 0, -1):
        inputs, used, y, deviation, total = seen[layer - 1]
        if layer < layers:
            gradient = gradient * (total > 0)
        gradients[f'fc{layer}.weight'] = gradient.T @ inputs
        gradients[f'fc{layer}.bias'] = gradient.sum(axis=0)
        gradient = gradient @ used
        if bit:
            gradient = through_norm(gradient, y, deviation)
    return loss, gradients


def check_by_differences(values):
    loss, gradients = loss_and_gradients(values, features[0], labels[0], False)
    for name, value in values.items():
        at = tuple(draws.integers(0, extent) for extent in value.shape)
        apart = []
        for sign in (1, -1):
            moved = {key: array.copy() for key, array in values.items()}
            moved[name][at] += sign * 1e-6
            apart.append(loss_and_gradients(moved, features[0], labels[0], False)[0])
        difference = (apart[0] - apart[1]) / 2e-6
        assert abs(difference - gradients[name][at]) < 1e-7, (name, difference, gradients[name][at])


def trained(bit):
    values = {name: value.astype(np.float64) for name, value in first.items()}
    moments = {name: (np.zeros_like(value), np.zeros_like(value)) for name, value in values.items()}
    losses, norms = [], []
    for step in range(STEPS):
        loss, gradients = loss_and_gradients(values, features[step], labels[step], bit)
        losses.append(loss)
        norms.append(np.sqrt(sum((gradient**2).sum() for gradient in gradients.values())))
        for name, gradient in gradients.items():
            mean, square = moments[name]
            mean[:] = BETA1 * mean + (1 - BETA1) * gradient
            square[:] = BETA2 * square + (1 - BETA2) * gradient**2
            if gradient.ndim > 1:
                values[name] *= 1 - RATE * DECAY
            corrected = np.sqrt(square / (1 - BETA2 ** (step + 1))) + EPSILON
            values[name] -= RATE * mean / (1 - BETA1 ** (step + 1)) / corrected
    return {'losses': losses, 'gradientNorms': norms, 'after': {name: value.ravel().tolist() for name, value in values.items()}}


check_by_differences({name: value.astype(np.float64) for name, value in first.items()})
golden = {
    'sizes': SIZES,
    'learningRate': RATE,
    'weightDecay': DECAY,
    'features': features.reshape(STEPS, -1).astype(int).tolist(),
    'labels': labels.tolist(),
    'first': {name: value.ravel().tolist() for name, value in first.items()},
    'dense': trained(False),
    'bit': trained(True),
}
pathlib.Path(__file__).with_name('perceptron.json').write_text(json.dumps(golden) + '\n')
