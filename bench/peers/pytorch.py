"""nanoGPT's training step in PyTorch: python3 pytorch.py FILE STEPS SECONDS eager|compile (see task.ts)."""

import json
import math
import re
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

THREADS = 2
WARM_UP_STEPS = 2


def read_safetensors(path):
    """Tensors by name, and the metadata."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__")
    dtypes = {"F32": torch.float32, "I32": torch.int32}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = torch.frombuffer(
            data, dtype=dtypes[entry["dtype"]], offset=start + begin, count=(end - begin) // 4
        )
        tensors[name] = values.reshape(entry["shape"]).clone()
    return tensors, metadata


class LayerNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, None, 1e-5)


class Attention(nn.Module):
    def __init__(self, width, heads, block_size):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width, bias=False)
        self.c_proj = nn.Linear(width, width, bias=False)
        future = torch.ones(block_size, block_size, dtype=torch.bool).triu(1)
        self.register_buffer("future", future, persistent=False)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (
            y.view(B, T, self.heads, C // self.heads).transpose(1, 2)
            for y in self.c_attn(x).split(C, dim=2)
        )  # (B, H, T, D)
        if hasattr(F, "scaled_dot_product_attention"):  # from PyTorch 2.0
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-2, -1) * (1 / math.sqrt(C // self.heads))
            y = scores.masked_fill(self.future[:T, :T], -math.inf).softmax(dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).reshape(B, T, C))


class MLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width, bias=False)
        self.c_proj = nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, width, heads, block_size):
        super().__init__()
        self.ln_1 = LayerNorm(width)
        self.attn = Attention(width, heads, block_size)
        self.ln_2 = LayerNorm(width)
        self.mlp = MLP(width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, block_size = config["nEmbd"], config["blockSize"]
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(config["vocabSize"], width),
                "wpe": nn.Embedding(block_size, width),
                "h": nn.ModuleList(
                    Block(width, config["nHead"], block_size) for _ in range(config["nLayer"])
                ),
                "ln_f": LayerNorm(width),
            }
        )

    def forward(self, x, y):
        wte, wpe = self.transformer.wte, self.transformer.wpe
        h = wte(x) + wpe(torch.arange(x.shape[1], device=x.device))
        for block in self.transformer.h:
            h = block(h)
        logits = F.linear(self.transformer.ln_f(h), wte.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), y.view(-1))


def version():
    """PyTorch's version, the library of its matrix products and the instructions that it uses."""
    built = torch.__config__.show()
    blas = re.search(r"BLAS_INFO=(\w+)", built)
    capability = re.search(r"CPU capability usage: (\S+)", built)
    parts = [blas and f"BLAS {blas[1]}", capability and capability[1]]
    return ", ".join([torch.__version__, *filter(None, parts)])


def main():
    path, steps, seconds, mode = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(THREADS)
    tensors, metadata = read_safetensors(path)
    xs, ys = tensors.pop("x").long(), tensors.pop("y").long()
    model = GPT(json.loads(metadata["config"]))
    model.load_state_dict(tensors)
    groups = [
        {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8)

    step_model = torch.compile(model) if mode == "compile" else model  # compiles in the first step, a warm-up
    losses, step_ms, deadline = [], [], math.inf
    while len(step_ms) < steps:
        begin = time.perf_counter()
        if len(losses) == WARM_UP_STEPS:
            deadline = begin + seconds
        if begin > deadline:
            break
        i = len(losses) % len(xs)
        loss = step_model(xs[i], ys[i])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if len(losses) > WARM_UP_STEPS:
            step_ms.append(1000 * (time.perf_counter() - begin))

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = {
        "peer": f"PyTorch, {mode}",
        "version": version(),
        "losses": losses,
        "stepMs": step_ms,
        "peakRssMb": peak / (2**20 if sys.platform == "darwin" else 2**10),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
