"""PyTorch's side of bench/peak-memory.mjs: eager, with its fused attention and AdamW, which hold least."""

import io
import json
import re
import sys

stdin, sys.stdin = sys.stdin, io.StringIO("")
import train_step_peer


def field(name):
    return 1024 * int(re.search(name + r":\s+(\d+)", open("/proc/self/status").read()).group(1))


spec = dict(
    layers=4, hiddenSize=256, feedForwardSize=1024, heads=4, contextLength=128, vocabularySize=512, batchSize=16,
    norm="layerNorm", variant="sdpa", threads=1,
)
before = field("VmRSS")
session = train_step_peer.Session(spec)
for _ in range(5):
    session.step()
print(json.dumps({"before": before, "peak": field("VmHWM")}))
