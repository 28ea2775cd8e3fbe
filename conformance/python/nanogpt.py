"""A folder that nanobard exported for nanoGPT: its script makes a checkpoint, nanoGPT's model computes the same with it,
and the other script makes a model of nanobard again, FOLDER/back.safetensors.

    python nanogpt.py FOLDER

The model is that of scripts/fixtures/gpt.py, whose names are nanoGPT's.
"""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/fixtures"))
from gpt import GPT, Config

folder = Path(sys.argv[1]).resolve()
run = lambda *args: subprocess.run([sys.executable, *map(str, args)], cwd=folder, check=True, stdout=subprocess.DEVNULL)
run("from_nanobard.py", "model.safetensors", "out", "text")
checkpoint = torch.load(folder / "out/ckpt.pt", weights_only=False)
args = checkpoint["model_args"]
names = ["vocab_size", "block_size", "n_layer", "n_head", "n_embd", "bias"]
model = GPT(Config(**{name: args[name] for name in names}))
state = checkpoint["model"]
assert state.pop("lm_head.weight") is state["transformer.wte.weight"]  # tied, and not part of this GPT
model.load_state_dict(state)
model.eval()
meta = pickle.loads((folder / "data/text/meta.pkl").read_bytes())
worst = 0.0
for case in json.loads((folder / "expected.json").read_text()):
    tokens = case["tokens"]
    assert [meta["stoi"][c] for c in case["prompt"]] == tokens[: case["promptTokens"]]
    assert "".join(meta["itos"][i] for i in tokens) == case["text"]
    with torch.no_grad():
        idx = torch.tensor([tokens])
        logits = model(idx, idx)[0][0]
    worst = max(worst, (logits - torch.tensor(case["logits"]).reshape(logits.shape)).abs().max().item())
assert worst < 1e-5, worst
run("to_nanobard.py", "out/ckpt.pt", "data/text/meta.pkl", "back.safetensors")
print(f"{folder.name}: torch {torch.__version__}: logits within {worst:.1e}, and back")
