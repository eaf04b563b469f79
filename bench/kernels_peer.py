"""The peers of bench/kernels.mjs, each in a process of its own: `kernels_peer.py torch|openblas|onnxruntime THREADS wall|cpu`.

Protocol: one JSON object a line on stdin, one answer a line on stdout. Every request has "seconds": how long to repeat its work; the answer is {"each": seconds of one}.
  {"product": [m, n, k]}                    y [m, n] = x [m, k] weight [n, k]ᵀ in float32
  {"packed": [m, n, k], "bits": 4 | 8, "level": 0 | 4}      the same with MatMulNBits, blocks of 32; at level 4 x is rounded to int8 (onnxruntime)
  {"read": bytes} | {"copy": bytes}         one sweep over so much memory (torch)
  {"convolution": [batch, channels, size, kernel, groups], "both": false | true}    same padding, as many channels out; with its backward pass where both (torch)
  {"norm": [rows, width], "kind": name}     forward and backward of a norm (torch)
"""

import json
import sys
import time


clock = {"wall": time.perf_counter, "cpu": time.process_time}[sys.argv[3]]


def repeat(work, seconds):
    # Caches and threads have been somebody else's: half the time goes by before it counts, here and on our side.
    start = clock()
    work()
    while clock() - start < seconds / 2:
        work()
    count, start = 0, clock()
    while True:
        work()
        count += 1
        took = clock() - start
        if took >= seconds:
            return took / count


class Torch:
    def __init__(self, threads):
        import torch

        torch.set_num_threads(threads)
        self.torch, self.version = torch, torch.__version__

    def product(self, m, n, k):
        torch = self.torch
        x, weight, y = torch.randn(m, k), torch.randn(n, k), torch.empty(m, n)
        linear = torch.nn.functional.linear
        works = [lambda: torch.mm(x, weight.t(), out=y), lambda: linear(x, weight)]
        return works

    def read(self, size):
        x = self.torch.ones(size // 4)
        return [lambda: x.sum()]

    def copy(self, size):
        x, y = self.torch.ones(size // 4), self.torch.empty(size // 4)
        return [lambda: y.copy_(x)]

    def convolution(self, batch, channels, size, kernel, groups, both):
        torch = self.torch
        bias = torch.randn(channels, requires_grad=True)
        dy = torch.randn(batch, channels, size, size)

        def work(layout):
            x = torch.randn(batch, channels, size, size).to(memory_format=layout).requires_grad_()
            weight = torch.randn(channels, channels // groups, kernel, kernel).to(memory_format=layout).requires_grad_()
            seed = dy.to(memory_format=layout)

            def step():
                x.grad = weight.grad = bias.grad = None
                with torch.set_grad_enabled(both):
                    y = torch.nn.functional.conv2d(x, weight, bias, padding=kernel // 2, groups=groups)
                if both:
                    y.backward(seed)

            return step

        return [work(torch.contiguous_format), work(torch.channels_last)]

    def norm(self, rows, width, kind):
        torch = self.torch
        x = torch.randn(rows, width, requires_grad=True)
        dy = torch.randn(rows, width)
        if kind == "rmsNorm":
            module = torch.nn.RMSNorm(width, eps=1e-5)
        elif kind == "layerNorm":
            module = torch.nn.LayerNorm(width)
        else:
            alpha = torch.tensor([0.5], requires_grad=True)
            gain, bias = torch.ones(width, requires_grad=True), torch.zeros(width, requires_grad=True)
            module = lambda x: gain * torch.tanh(alpha * x) + bias
        compiled = torch.compile(module)

        def step(apply):
            def work():
                x.grad = None
                apply(x).backward(dy)

            return work

        return [step(module), step(compiled)]


class OpenBlas:
    def __init__(self, threads):
        import numpy
        from scipy.linalg import blas

        self.numpy, self.version = numpy, f"numpy {numpy.__version__}"
        self.blas = blas

    def product(self, m, n, k):
        numpy = self.numpy
        random = numpy.random.default_rng(1)
        x, weight = random.standard_normal((m, k), "f"), random.standard_normal((n, k), "f")
        y = numpy.empty((m, n), "f")
        return [lambda: numpy.matmul(x, weight.T, out=y)]


class OnnxRuntime:
    def __init__(self, threads):
        import numpy, onnx, onnxruntime

        self.numpy, self.onnx, self.ort, self.threads = numpy, onnx, onnxruntime, threads
        self.version = onnxruntime.__version__

    def packed(self, m, n, k, bits, level):
        numpy, helper, types = self.numpy, self.onnx.helper, self.onnx.TensorProto
        block = 32
        random = numpy.random.default_rng(1)
        codes = random.integers(0, 256, (n, k // block, block * bits // 8), dtype=numpy.uint8)
        scales = random.random((n, k // block), dtype=numpy.float32)
        node = helper.make_node(
            "MatMulNBits", ["x", "codes", "scales"], ["y"], domain="com.microsoft",
            K=k, N=n, bits=bits, block_size=block, accuracy_level=level,
        )
        graph = helper.make_graph(
            [node], "packed",
            [helper.make_tensor_value_info("x", types.FLOAT, [m, k])],
            [helper.make_tensor_value_info("y", types.FLOAT, [m, n])],
            [self.onnx.numpy_helper.from_array(codes, "codes"), self.onnx.numpy_helper.from_array(scales, "scales")],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)], ir_version=10
        )
        options = self.ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        session = self.ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        x = random.standard_normal((m, k)).astype("f")
        return [lambda: session.run(None, {"x": x})]


def main():
    kind, threads = sys.argv[1], int(sys.argv[2])
    peer = {"torch": Torch, "openblas": OpenBlas, "onnxruntime": OnnxRuntime}[kind](threads)
    print(json.dumps({"version": peer.version}), flush=True)
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line)
        seconds = request.pop("seconds")
        key = json.dumps(request, sort_keys=True)
        if key not in prepared:
            if len(prepared) > 3:
                prepared.clear()
            if "product" in request:
                works = peer.product(*request["product"])
            elif "packed" in request:
                works = peer.packed(*request["packed"], request["bits"], request["level"])
            elif "read" in request:
                works = peer.read(request["read"])
            elif "copy" in request:
                works = peer.copy(request["copy"])
            elif "convolution" in request:
                works = peer.convolution(*request["convolution"], request["both"])
            else:
                works = peer.norm(*request["norm"], request["kind"])
            # The quickest way the peer has, found once.
            prepared[key] = min(works, key=lambda work: min(repeat(work, seconds / 4) for _ in range(3)))
        print(json.dumps({"each": repeat(prepared[key], seconds)}), flush=True)


main()
