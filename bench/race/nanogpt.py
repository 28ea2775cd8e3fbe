"""PyTorch's side of the race, nanoGPT's recipe for a CPU: python3 nanogpt.py TEXT SEED STEPS EVERY eager|compile.

The settings are those of nanoGPT's config/train_shakespeare_char.py with its README's changes for a CPU. STEPS
may only cut the run short: the learning rate falls over MAX_ITERS. Compilation is not counted.
"""

import json
import math
import sys
import time
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parent.parent / "peers"))
from pytorch import GPT, THREADS, version  # noqa: E402

CONFIG = {"nLayer": 4, "nHead": 4, "nEmbd": 128, "blockSize": 64}
BATCH_SIZE = 12
MAX_ITERS, WARMUP_ITERS = 2000, 100
LEARNING_RATE, MIN_LR = 1e-3, 1e-4
EVALUATION_BATCH = 16


def initialize(model):
    """Normal with deviation 0.02; less for what adds to the residual stream."""
    for name, parameter in model.named_parameters():
        if parameter.dim() < 2:
            continue
        scale = 1 / math.sqrt(2 * CONFIG["nLayer"]) if name.endswith("c_proj.weight") else 1
        torch.nn.init.normal_(parameter, std=0.02 * scale)


def learning_rate(iteration):
    """Linear warm-up, then half a cosine."""
    if iteration < WARMUP_ITERS:
        return LEARNING_RATE * (iteration + 1) / (WARMUP_ITERS + 1)
    progress = (iteration - WARMUP_ITERS) / (MAX_ITERS - WARMUP_ITERS)
    return MIN_LR + 0.5 * (1 + math.cos(math.pi * progress)) * (LEARNING_RATE - MIN_LR)


def batch(data):
    T = CONFIG["blockSize"]
    starts = torch.randint(len(data) - T, (BATCH_SIZE,))
    x = torch.stack([data[i : i + T] for i in starts])
    y = torch.stack([data[i + 1 : i + 1 + T] for i in starts])
    return x, y  # (B, T)


@torch.no_grad()
def whole_split(model, data):
    """Mean loss over windows that do not overlap, each token but the first predicted once."""
    T = CONFIG["blockSize"]
    targets = len(data) - 1
    full = targets // T * T
    x, y = data[:full].view(-1, T), data[1 : full + 1].view(-1, T)
    pieces = list(zip(x.split(EVALUATION_BATCH), y.split(EVALUATION_BATCH)))
    if full < targets:
        pieces.append((data[full:-1][None], data[full + 1 :][None]))
    return sum(model(x, y).item() * y.numel() for x, y in pieces) / targets


def is_due(iteration, steps, every):
    """The same updates as in nanobard.ts."""
    return iteration & (iteration - 1) == 0 or iteration % every == 0 or iteration == steps


def main():
    path, (seed, steps, every), mode = sys.argv[1], map(int, sys.argv[2:5]), sys.argv[5]
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    ids = {character: i for i, character in enumerate(sorted(set(text)))}
    data = torch.tensor([ids[character] for character in text])
    boundary = int(0.9 * len(data))
    train, validation = data[:boundary], data[boundary:]

    model = GPT({**CONFIG, "vocabSize": len(ids)})
    initialize(model)
    groups = [
        {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.99), eps=1e-8)

    step_model = model
    if mode == "compile":
        step_model = torch.compile(model)
        random_state = torch.get_rng_state()
        step_model(*batch(train)).backward()
        optimizer.zero_grad(set_to_none=True)
        torch.set_rng_state(random_state)

    seconds = 0.0
    points = [(0, seconds, whole_split(model, validation))]
    for iteration in range(steps):
        begin = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(iteration)
        loss = step_model(*batch(train))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds += time.perf_counter() - begin
        if is_due(iteration + 1, steps, every):
            points.append((iteration + 1, seconds, whole_split(model, validation)))

    parameters = sum(p.numel() for p in model.parameters())
    print(json.dumps({"name": f"PyTorch {version()}, {mode}", "parameters": parameters, "points": points}))


if __name__ == "__main__":
    main()
