"""A GPT's training step in PyTorch: python3 step.py CONFIG STEPS eager|compile fp32|tf32|bf16 DEVICE."""

import json
import sys
import time
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parent.parent / "peers"))
from pytorch import GPT  # noqa: E402

WARM_UP_STEPS = 5


def main():
    config, steps, mode, precision = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    device = torch.device(sys.argv[5])
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("no GPU that PyTorch knows")
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.manual_seed(1)
    model = GPT(config).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    step_model = torch.compile(model) if mode == "compile" else model
    x, y = (
        torch.randint(config["vocabSize"], (config["batchSize"], config["blockSize"]), device=device)
        for _ in range(2)
    )

    def synchronize():
        if device.type == "cuda":
            torch.cuda.synchronize()

    def step():
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            loss = step_model(x, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def milliseconds(count):
        """Of so many steps from one synchronisation to the next."""
        begin = time.perf_counter()
        for _ in range(count):
            step()
        synchronize()
        return 1000 * (time.perf_counter() - begin)

    milliseconds(WARM_UP_STEPS)
    step_ms = milliseconds(steps) / steps
    print(json.dumps({"stepMs": step_ms, "aloneMs": [milliseconds(1) for _ in range(steps)]}))


if __name__ == "__main__":
    main()
