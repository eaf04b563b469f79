"""Makes residual-network.safetensors: a tiny residual network of PyTorch, its weights, and what it computes in float64.

    pip install torch==2.13.0 safetensors
    python make.py

logits.evaluation: with running statistics; then one pass in training mode: logits.training, loss (mean cross-entropy), grad.NAME, and the
running statistics behind it (after.NAME). Weights have PyTorch's layout [out, in, height, width].
"""
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn


class Block(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        if stride != 1 or inputs != channels:
            self.shortcut = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.shortcut_norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        branch = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        kept = self.shortcut_norm(self.shortcut(x)) if hasattr(self, 'shortcut') else x
        return torch.relu(kept + branch)


class ResidualNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.ModuleDict({'conv': nn.Conv2d(2, 4, 3, 1, 1, bias=False), 'norm': nn.BatchNorm2d(4)})
        self.blocks = nn.ModuleList([Block(4, 4, 1), Block(4, 6, 2), Block(6, 6, 1)])
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        x = torch.relu(self.stem['norm'](self.stem['conv'](x)))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3)))


torch.manual_seed(3)
model = ResidualNetwork()
with torch.no_grad():
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        if value.ndim == 1 and value.is_floating_point():
            value.copy_(1 + 0.3 * torch.rand(value.shape) if name.endswith(('weight', 'running_var')) else 0.3 * torch.randn(value.shape))
out = {name: value.clone() for name, value in model.state_dict().items() if value.is_floating_point()}
images = torch.randn(3, 2, 7, 6)
labels = torch.tensor([0, 3, 4])
out['images'] = images
out['labels'] = labels.int()
model = model.double()
with torch.no_grad():
    out['logits.evaluation'] = model.eval()(images.double())
model.train()
logits = model(images.double())
loss = nn.functional.cross_entropy(logits, labels)
loss.backward()
out['logits.training'] = logits.detach()
out['loss'] = loss.detach()
for name, parameter in model.named_parameters():
    out[f'grad.{name}'] = parameter.grad
for name, value in model.named_buffers():
    if value.is_floating_point():
        out[f'after.{name}'] = value
save_file({name: value.contiguous() for name, value in out.items()}, pathlib.Path(__file__).parent / 'residual-network.safetensors')
