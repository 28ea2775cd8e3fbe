# Steps of fine-tuning a GPT-2 folder in PyTorch, as nanobard makes them; docs/formats.md has the numbers:
#
#     python bench/peers/gpt2.py FOLDER
import sys
import time

import torch
from transformers import GPT2LMHeadModel

torch.set_num_threads(2)
model = GPT2LMHeadModel.from_pretrained(sys.argv[1]).train()
for module in model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = 0.0
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.99), weight_decay=0.1, fused=True)
tokens = torch.randint(0, model.config.vocab_size, (1, 257))
milliseconds = []
for _ in range(7):
    begun = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    logits = model(input_ids=tokens[:, :-1]).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    loss.item()
    milliseconds.append(1000 * (time.perf_counter() - begun))
print(f"PyTorch {torch.__version__}, eager: {sorted(milliseconds[2:])[2]:.0f} ms a step")
