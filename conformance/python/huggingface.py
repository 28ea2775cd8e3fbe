"""A folder that nanobard exported, in Python's transformers: the same tokens, logits and text.

    python huggingface.py FOLDER

FOLDER/expected.json: [{"prompt", "promptTokens", "tokens", "text", "logits"}, …], logits of all tokens in one row.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = Path(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder).eval()
worst = 0.0
for case in json.loads((folder / "expected.json").read_text()):
    tokens, n = case["tokens"], case["promptTokens"]
    assert tokenizer(case["prompt"])["input_ids"] == tokens[:n], (case["prompt"], tokenizer(case["prompt"]), tokens[:n])
    assert tokenizer.decode(tokens) == case["text"], (tokenizer.decode(tokens), case["text"])
    with torch.no_grad():
        logits = model(torch.tensor([tokens])).logits[0]
    error = (logits - torch.tensor(case["logits"]).reshape(logits.shape)).abs().max().item()
    worst = max(worst, error)
    assert error < 1e-5, f"logits differ by {error}"
    prompt = torch.tensor([tokens[:n]])
    made = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=64, do_sample=False, eos_token_id=None, pad_token_id=0)
    assert made[0].tolist() == tokens, (made[0].tolist(), tokens)
print(f"{folder.name}: transformers {transformers.__version__}: 64 greedy tokens, logits within {worst:.1e}")
